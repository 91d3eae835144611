"""The steps of hints: for each exercise and each known mistake a question that leads, then the idea.

They lie in an assignment's ``steps`` and are never a solution: ``validate`` looks for one. A release holds as many of
them as the assignment's settings say. The first step, what is wrong and where, comes from the check itself.
"""

import functools
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from .assignment import Assignment
from .catalogue import Mistake, mistakes_of
from .errors import SetupError


class StepsError(SetupError):
    """The steps of an assignment cannot be read, or do not fit its exercises and mistakes."""


class Leading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The steps behind what is wrong, in their order."""

    question: str
    idea: str

    def texts(self) -> tuple[str, ...]:
        """Return the steps."""
        return self.question, self.idea


class Shared(Leading, frozen=True, forbid_unknown_fields=True):
    """The steps of known mistakes, whose keys match one of the patterns ``of``."""

    of: tuple[str, ...]


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of one file of steps."""

    exercises: dict[str, Leading] = {}
    mistakes: tuple[Shared, ...] = ()


@functools.cache
def steps_of(assignment: Assignment) -> Content:
    """Return the steps of an assignment, of all of its files together; they are optional.

    Raises
    ------
    StepsError
        If a file cannot be read.
    """
    exercises: dict[str, Leading] = {}
    mistakes: list[Shared] = []
    for path in sorted((assignment.folder / "steps").glob("*.toml")):
        found = _read(path)
        exercises |= found.exercises
        mistakes += found.mistakes
    return Content(exercises, tuple(mistakes))


def of_exercise(assignment: Assignment, exercise: str) -> tuple[str, ...]:
    """Return the steps of an exercise that its release holds."""
    found = steps_of(assignment).exercises.get(exercise)
    return found.texts()[: assignment.settings.steps] if found else ()


def of_mistake(assignment: Assignment, mistake: Mistake) -> tuple[str, ...]:
    """Return the steps of a known mistake that its release holds; those of its exercise come after if it has none."""
    found = next((one for one in steps_of(assignment).mistakes if _fits(one, mistake)), None)
    return found.texts()[: assignment.settings.steps] if found else ()


def misfits(assignment: Assignment) -> Iterator[str]:
    """Yield a sentence for each exercise and mistake without steps or with two, and each name that stands for nothing.

    An assignment without any steps is fine.
    """
    known = steps_of(assignment)
    if not known.exercises and not known.mistakes:
        return
    automatic = [one.id for part in assignment.parts for one in part.automatic]
    for name in automatic:
        if name not in known.exercises:
            yield f"The exercise {name} has no steps: write [exercises.{name}] in a file of `steps`."
    for name in known.exercises:
        if name not in automatic:
            yield f"The steps of {name} belong to no exercise that tests judge: correct the name."
    mistakes = mistakes_of(assignment)
    for mistake in mistakes:
        fitting = [one for one in known.mistakes if _fits(one, mistake)]
        if len(fitting) != 1:
            yield f"The mistake {mistake.key} has {len(fitting)} entries in `steps`: it needs one whose `of` names it."
    for one in known.mistakes:
        for pattern in one.of:
            if not any(fnmatchcase(_key(mistake), pattern) for mistake in mistakes):
                yield f"The steps of {pattern} belong to no known mistake: correct the name."


def _read(path: Path) -> Content:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Content)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise StepsError(f"{path} cannot be read: {error}.") from None


def _key(mistake: Mistake) -> str:
    """Return the key by which steps name a mistake: another form of a mistake has its steps."""
    return f"{mistake.exercise}/{mistake.form_of or mistake.id}"


def _fits(shared: Shared, mistake: Mistake) -> bool:
    return any(fnmatchcase(_key(mistake), pattern) for pattern in shared.of)
