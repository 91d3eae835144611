"""Values for CSV files that people open in a spreadsheet."""

from typing import Any

from autograder.sandbox.client import printable

FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Characters that begin a formula in a spreadsheet, also the wide ones, which some read in the same way."""


def harmless(value: Any) -> Any:
    """Return a value as one line that no spreadsheet reads as a formula, and that controls no terminal.

    A student may have written the text.
    """
    if not isinstance(value, str):
        return value
    text = printable(" ".join(value.split()))
    return f"'{text}" if text.startswith(FORMULAS) else text
