"""The mistakes that students make, as code: they test the tests, and they name a student's mistake."""

from .catalogue import CATALOGUE, of_exercise
from .mistake import Mistake, MistakeError

__all__ = ["CATALOGUE", "Mistake", "MistakeError", "of_exercise"]
