"""What students and the judge share: comparing arrays, asking a package questions, the students' ``check``.

Shipped to students as ``cs231n.checks``; it knows neither the hidden tests nor the reference. NumPy only.
"""

from .check import CheckFailed, check
from .saving import save_model

__all__ = ["CheckFailed", "check", "save_model"]
