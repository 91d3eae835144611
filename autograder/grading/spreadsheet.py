"""Values for CSV files that people open in a spreadsheet."""

import unicodedata
from typing import Any

FORMULAS = ("=", "+", "-", "@")
"""Characters that begin a formula in a spreadsheet."""


def harmless(value: Any) -> Any:
    """Return a value as one line that no spreadsheet reads as a formula: a student may have written the text."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    seen = "".join(
        char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) not in ("Cc", "Cf")
    )
    return f"'{text}" if seen.lstrip().startswith(FORMULAS) else text
