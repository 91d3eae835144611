"""Values for CSV files that people open in a spreadsheet."""

import unicodedata
from typing import Any

from autograder.sandbox.client import printable

FORMULAS = ("=", "+", "-", "@")
"""Characters that begin a formula in a spreadsheet; so do their wide forms, which NFKC replaces by these."""


def harmless(value: Any) -> Any:
    """Return a value as one line that no spreadsheet reads as a formula, and that controls no terminal.

    A student may have written the text.
    """
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    seen = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) not in ("Cc", "Cf"))
    return f"'{printable(text)}" if seen.lstrip().startswith(FORMULAS) else printable(text)
