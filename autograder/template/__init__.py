"""New assignments, course repositories and exercises, from the templates in ``files``."""

from .assignment import new_assignment
from .exercise import new_exercise

__all__ = ["new_assignment", "new_exercise"]
