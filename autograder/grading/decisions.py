"""What judging decided about each graded cell of a hand-in. See ``books`` for writing it into nbgrader's gradebook."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nbgrader import utils

from autograder.assignment import Part
from autograder.verdict import FAILED, GRADED, OPEN, UNDECIDED, ExerciseResult, Outcome, PartVerdict

from .answers import UNREAD, UNTOUCHED, Answer, Answers

NO_RESPONSE = "No response."


class Role(StrEnum):
    """How the points of a notebook count.

    A part with alternatives has its points in its ``first`` notebook. The points of another notebook are ``extra``
    credit in nbgrader's books. A notebook that does not count for the part is ``aside``.
    """

    FIRST = "first"
    EXTRA = "extra"
    ASIDE = "aside"


@dataclass(frozen=True)
class Decision:
    """The decision on one graded cell.

    Attributes
    ----------
    notebook, cell : str
        The notebook's name and the cell's ``grade_id``.
    role : Role
    points : float
        The cell's points; in an extra notebook, those of the first notebook.
    outcome : Outcome
        ``graded``, ``failed``, ``error``, ``open`` or ``not_graded``.
    score : float
        The automatic score; 0 unless the outcome is ``graded``.
    why : str
        One sentence: why the cell is not decided, or what is wrong first.
    written : bool
        Whether a person reads the cell, because no test decides it.
    """

    notebook: str
    cell: str
    role: Role
    points: float
    outcome: Outcome
    score: float = 0.0
    why: str = ""
    written: bool = False

    @property
    def waits(self) -> bool:
        """Whether a person or a set-up must decide."""
        return self.role is not Role.ASIDE and self.outcome in UNDECIDED

    @property
    def extra(self) -> float | None:
        """The extra credit that it writes into the gradebook, or None if it writes none."""
        if self.role is not Role.EXTRA or self.written or self.waits:
            return None
        return self.score if self.outcome == GRADED else 0.0


def decisions(
    part: Part, alternative: Part, verdict: PartVerdict, notebook: Any, answers: Answers
) -> Iterator[Decision]:
    """Yield the decision on each graded cell of one notebook.

    Parameters
    ----------
    part : Part
        The part, with the points of its exercises.
    alternative : Part
        The notebook: one of the part's alternatives.
    verdict : PartVerdict
        The verdict on the part, which names the notebook that counts.
    notebook : NotebookNode
        The student's notebook, with the release's metadata restored.
    answers : Answers
        What was found for the release's cells.
    """
    first = alternative.first == alternative.notebook
    role = Role.ASIDE if alternative.name != verdict.name else Role.FIRST if first else Role.EXTRA
    points = {exercise.id: exercise.points for exercise in part.exercises}
    results = {exercise.id: exercise for exercise in verdict.exercises} if role is not Role.ASIDE else {}
    for cell in notebook.cells:
        if utils.is_grade(cell):
            name = cell.metadata.nbgrader.grade_id
            answer = answers.found.get(name) if utils.is_solution(cell) else None
            yield _decided(alternative.name, name, role, points.get(name, 0.0), results.get(name), answer)


def _decided(
    notebook: str, name: str, role: Role, points: float, result: ExerciseResult | None, answer: Answer | None
) -> Decision:
    written = answer is not None
    if role is Role.ASIDE:
        return Decision(notebook, name, role, 0.0, GRADED, written=written)
    if result is not None:
        score = min(max(float(result.score), 0.0), result.points) if result.outcome == GRADED else 0.0
        return Decision(notebook, name, role, result.points, result.outcome, score, result.message, written)
    if answer is not None and answer.state == UNTOUCHED:
        return Decision(notebook, name, role, points, FAILED, 0.0, NO_RESPONSE, written)
    why = answer.why if answer is not None and answer.why else UNREAD
    return Decision(notebook, name, role, points, OPEN, 0.0, why, written)


def comments(notebook: Any, answers: Answers) -> dict[str, str | None]:
    """Return the automatic comment of each solution cell, by its ``grade_id``."""
    names = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if utils.is_solution(cell)]
    found = {name: answers.found.get(name) for name in names}
    return {
        name: NO_RESPONSE if answer is not None and answer.state == UNTOUCHED else None
        for name, answer in found.items()
    }
