"""Feedback pages say what counts: the total with its penalty, and what is open and why.

nbgrader's own pages show an answer that nobody has read as zero, and no total. The notes and marks here are made from
the student's record when a page is written, so they hold for that moment.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course import find_course
from autograder.errors import SetupError

from . import penalties, record
from .answers import UNREAD
from .books import Books
from .cells import GRADER, by, quiet
from .record import Exercise, Record


class TellRecord(NbGraderPreprocessor):  # type: ignore[misc]
    """Inserts notes into a page: the total at the top, and a sentence before each answer that nobody has read.

    It also marks open cells for the page's template: ``open`` in a cell's metadata and in the resources of nbgrader is
    the number of points that nobody has decided yet.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Insert the notes, mark the open cells, and return the notebook and the resources."""
        said = resources["nbgrader"]
        root = Path(self.parent.parent.coursedir.root)  # this converter's exporter has the converter as its parent
        try:
            parts = find_course(root, name=said["assignment"]).parts
        except SetupError:  # an assignment without a grader: its points are nbgrader's
            parts = ()
        with Gradebook(said["db_url"]) as gradebook:
            books = Books.of(gradebook, said["assignment"], penalties.rules_of(root, self.config))
            with books.transaction():
                books.penalize(said["student"])  # a due date may have changed since grading
            found = record.of_student(parts, root, said["assignment"], books, said["student"])
        own = {one.id: one for one in found.exercises if one.open and one.notebook == said["notebook"]}
        said["open"] = sum(one.open for one in own.values())
        nb.cells = [_note("\n".join(_summary(found)), "note-total"), *_with_notes(nb.cells, own)]
        return nb, resources


def _summary(found: Record) -> Iterator[str]:
    """Yield the lines of the first cell."""
    yield f"**Total: {_short(found.total)} of {_points(found.points)}**"
    if found.penalty:
        yield ""
        yield f"Without the penalty for late work it is {_points(found.raw)}."
    if found.lateness:
        yield ""
        yield quiet(found.lateness)
    if found.open:
        yield ""
        verb = "is" if found.open == 1 else "are"
        yield f"**Open:** {_points(found.open)} {verb} not decided yet, and not in the total:"
        yield ""
        for one in found.exercises:
            if one.open:
                yield f"- {quiet(one.id)} in {quiet(one.notebook)} ({_points(one.points)}): {quiet(one.why)}"


def _with_notes(cells: list[Any], waiting: dict[str, Exercise]) -> Iterator[Any]:
    for number, cell in enumerate(cells):
        one = waiting.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if one is not None:
            cell.metadata.nbgrader["open"] = one.open
        if one is not None and (utils.is_solution(cell) or utils.is_task(cell)):
            why = "Nobody has read this answer yet" if one.why == UNREAD else one.why.rstrip(".")
            yield _note(f"**Open:** {quiet(why)}. It counts {_points(one.points)}.", f"note-{number}")
        yield cell


def _short(points: float) -> str:
    return f"{round(points, 2):g}"


def _points(points: float) -> str:
    return f"{_short(points)} point{'' if points == 1 else 's'}"


def _note(text: str, identity: str) -> Any:
    return by(GRADER, nbformat.v4.new_markdown_cell(text, id=identity))
