"""Parts, exercises and points, read from the source notebooks; they are declared nowhere else.

An exercise is a grade cell: its id the ``grade_id``, its points the cell's. Not for results: see ``verdict``.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.definitions import NotebookError, read_cells


class ManifestError(Exception):
    """The source notebooks do not make a course: one sentence says why."""


@dataclass(frozen=True)
class Exercise:
    """One graded cell.

    Attributes
    ----------
    id : str
    points : float
    manual : bool
        Read by a person; else judged by tests.
    given : bool
        Handed out complete: an untouched release earns it.
    """

    id: str
    points: float
    manual: bool
    given: bool


@dataclass(frozen=True)
class Part:
    """One notebook.

    Attributes
    ----------
    number : int
    notebook : str
        Its file name.
    exercises : tuple of Exercise
        In the order of the notebook.
    """

    number: int
    notebook: str
    exercises: tuple[Exercise, ...]

    @property
    def name(self) -> str:
        """The notebook's name without its ending."""
        return self.notebook.removesuffix(".ipynb")

    @property
    def automatic(self) -> tuple[Exercise, ...]:
        """The exercises that tests judge."""
        return tuple(exercise for exercise in self.exercises if not exercise.manual)


@functools.cache
def read_manifest(source: Path) -> tuple[Part, ...]:
    """Read the parts of the assignment whose source lies in ``source``.

    Raises
    ------
    ManifestError
        If there is no notebook, one cannot be read, or an id is used twice.
    """
    parts = [part for path in sorted(source.glob("*.ipynb")) if (part := _read_part(path)) is not None]
    if not parts:
        raise ManifestError(f"There are no source notebooks in {source}: run this in the course's folder.")
    seen: set[str] = set()
    for exercise in (exercise for part in parts for exercise in part.exercises):
        if exercise.id in seen:
            raise ManifestError(f"The exercise {exercise.id} has two grade cells: give one of them another grade_id.")
        seen.add(exercise.id)
    return tuple(sorted(parts, key=lambda part: part.number))


def _read_part(path: Path) -> Part | None:
    import json

    try:
        cells = read_cells(path)
    except NotebookError as error:
        raise ManifestError(str(error)) from None
    number = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("cs231n", {}).get("part")
    if not isinstance(number, int):
        raise ManifestError(f'{path.name} does not say which part it is: set "cs231n": {{"part": N}} in its metadata.')
    graded = [cell["metadata"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]
    return Part(number, path.name, tuple(_exercise(metadata) for metadata in graded))


def _exercise(metadata: dict[str, Any]) -> Exercise:
    nbgrader = metadata["nbgrader"]
    return Exercise(
        id=nbgrader["grade_id"],
        points=float(nbgrader["points"]),
        manual=bool(nbgrader.get("solution")),
        given=bool(metadata.get("cs231n", {}).get("given")),
    )
