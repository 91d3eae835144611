"""Parts, exercises and points, read from the source notebooks; they are declared nowhere else.

An exercise is a grade cell: its id the ``grade_id``, its points the cell's. Not for results: see ``verdict``.
"""

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.checks.definitions import NotebookError, read_cells
from autograder.checks.frameworks import MODEL_ENDINGS


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
    """What one notebook earns, or one of several.

    Attributes
    ----------
    number : int
    notebook : str
        Its file name.
    exercises : tuple of Exercise
        In the order of the notebook.
    framework : str
        The package that its code is written for, such as ``torch``; "" for NumPy.
    others : tuple of Part
        Notebooks that earn the same exercises: of all that are handed in, the best one counts.
    first : str
        The notebook whose grade cells hold the points: its own, or that of the part which it is one of the others of.
    """

    number: int
    notebook: str
    exercises: tuple[Exercise, ...]
    framework: str = ""
    others: tuple["Part", ...] = ()
    first: str = ""

    @property
    def name(self) -> str:
        """The notebook's name without its ending."""
        return self.notebook.removesuffix(".ipynb")

    @property
    def automatic(self) -> tuple[Exercise, ...]:
        """The exercises that tests judge."""
        return tuple(exercise for exercise in self.exercises if not exercise.manual)

    @property
    def alternatives(self) -> tuple["Part", ...]:
        """The ways to earn it, one for each notebook; the first holds the points."""
        return (replace(self, others=()), *self.others)

    @property
    def model(self) -> str:
        """The file that holds the model which is handed in."""
        return f"models/part{self.number}{MODEL_ENDINGS[self.framework]}"


@functools.cache
def read_manifest(source: Path) -> tuple[Part, ...]:
    """Read the parts of the assignment whose source lies in ``source``.

    Raises
    ------
    ManifestError
        If there is no notebook, one cannot be read, an id is used twice, or two notebooks of a part do not go together.
    """
    read = [found for path in sorted(source.glob("*.ipynb")) if (found := _read_part(path)) is not None]
    parts = [part for part in read if part.first == part.notebook]
    if not parts:
        raise ManifestError(f"There are no source notebooks in {source}: run this in the course's folder.")
    _require_single_ids(parts)
    for other in read:
        if other.first != other.notebook:
            number = next((number for number, part in enumerate(parts) if part.notebook == other.first), None)
            if number is None:
                raise ManifestError(f"{other.notebook} is instead of {other.first}, which is not there.")
            parts[number] = replace(parts[number], others=(*parts[number].others, _with_points(other, parts[number])))
    return tuple(sorted(parts, key=lambda part: part.number))


def _require_single_ids(parts: list[Part]) -> None:
    seen: set[str] = set()
    for exercise in (exercise for part in parts for exercise in part.exercises):
        if exercise.id in seen:
            raise ManifestError(f"The exercise {exercise.id} has two grade cells: give one of them another grade_id.")
        seen.add(exercise.id)


def _with_points(other: Part, part: Part) -> Part:
    """One of a part's other notebooks, with the points that the first one gives."""
    points = {exercise.id: exercise for exercise in part.exercises}
    if [exercise.id for exercise in other.exercises] != list(points) or other.number != part.number:
        raise ManifestError(f"{other.notebook} is instead of {part.notebook}, but its grade cells are not the same.")
    if any(exercise.points for exercise in other.exercises):
        raise ManifestError(
            f"{other.notebook} is instead of {part.notebook}, whose grade cells hold the points: set its own to 0."
        )
    return replace(other, exercises=part.exercises)


def _read_part(path: Path) -> Part | None:
    import json

    try:
        cells = read_cells(path)
    except NotebookError as error:
        raise ManifestError(str(error)) from None
    said = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("cs231n", {})
    number, framework = said.get("part"), said.get("framework", "")
    if not isinstance(number, int):
        raise ManifestError(f'{path.name} does not say which part it is: set "cs231n": {{"part": N}} in its metadata.')
    if framework not in MODEL_ENDINGS:
        raise ManifestError(f"{path.name} is written for {framework!r}, which is none of torch and tensorflow.")
    graded = [cell["metadata"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]
    exercises = tuple(_exercise(metadata) for metadata in graded)
    return Part(number, path.name, exercises, framework, first=said.get("instead_of", path.name))


def _exercise(metadata: dict[str, Any]) -> Exercise:
    nbgrader = metadata["nbgrader"]
    return Exercise(
        id=nbgrader["grade_id"],
        points=float(nbgrader["points"]),
        manual=bool(nbgrader.get("solution")),
        given=bool(metadata.get("cs231n", {}).get("given")),
    )
