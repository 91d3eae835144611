"""All known mistakes, one list for each part.

Adding one: say what the student probably did and where to look, and which lines of the reference become which.
"""

from .batch_normalization import MISTAKES as PART_2
from .convolutional_networks import MISTAKES as PART_4
from .dropout import MISTAKES as PART_3
from .fully_connected_nets import MISTAKES as PART_1
from .mistake import Mistake

CATALOGUE: tuple[Mistake, ...] = (*PART_1, *PART_2, *PART_3, *PART_4)


def of_exercise(exercise: str) -> tuple[Mistake, ...]:
    """Return the known mistakes of an exercise."""
    return tuple(mistake for mistake in CATALOGUE if mistake.exercise == exercise)
