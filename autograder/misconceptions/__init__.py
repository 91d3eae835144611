"""The mistakes that students make, as code: they test the tests, and they name a student's mistake."""

from .catalogue import CATALOGUE, of_exercise
from .misconception import Misconception, MisconceptionError

__all__ = ["CATALOGUE", "Misconception", "MisconceptionError", "of_exercise"]
