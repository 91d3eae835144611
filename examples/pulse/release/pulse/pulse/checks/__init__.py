"""What students and the judge share: comparing arrays, asking a package questions, the students' ``check``.

Shipped to students as a part of their package; it knows neither the hidden tests nor the reference. NumPy only.
"""

import importlib
from typing import Any

from .check import CheckFailed, check

__all__ = ["CheckFailed", "check"]


def __getattr__(name: str) -> Any:
    """Hand on what the assignment's kit offers: notebooks of earlier releases import it from here."""
    package = f"{__name__.rpartition('.')[0]}.kit"
    try:
        return getattr(importlib.import_module(package), name)
    except (ImportError, AttributeError):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
