"""Feedback pages say which points are open: nbgrader's own pages show an answer that nobody has read as zero."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor

from . import record
from .answers import UNREAD
from .cells import quiet
from .record import Waiting


def still_open(grades: Iterable[Any], kept: Mapping[str, Waiting]) -> dict[str, Waiting]:
    """Return the grades that nobody has decided yet, with points and reasons.

    Parameters
    ----------
    grades : iterable of nbgrader.api.Grade
    kept : mapping
        What the student's record says is waiting.

    Returns
    -------
    dict
        Maps the names of grades to what is waiting, without grades that a person has given since.
    """
    return {
        grade.name: kept.get(grade.name) or Waiting(grade.max_score, "open", UNREAD)
        for grade in grades
        # a cell of an alternative has no points: they are in another notebook
        if grade.needs_manual_grade and grade.manual_score is None and (grade.name in kept or grade.max_score)
    }


class ShowOpen(NbGraderPreprocessor):  # type: ignore[misc]
    """Inserts what is open into a page: a list at the top, and a sentence before each answer that nobody has read."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Insert the cells, and return the notebook and the resources."""
        said = resources["nbgrader"]
        root = Path(self.parent.parent.coursedir.root)  # this converter's exporter has the converter as its parent
        kept = record.read(root, said["assignment"], said["student"]).waiting
        with Gradebook(said["db_url"]) as gradebook:
            notebook = gradebook.find_submission_notebook(said["notebook"], said["assignment"], said["student"])
            waiting = still_open(notebook.grades, kept)
        cells = [_summary(waiting)] if waiting else []
        for cell in nb.cells:
            own = waiting.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            if own is not None and utils.is_solution(cell):
                text = f"**Open:** nobody has read this answer yet. It counts {_points(own.points)}."
                cells.append(_cell(text, len(cells)))
            cells.append(cell)
        nb.cells = cells
        return nb, resources


PREPROCESSORS = [ShowOpen, GetGrades, CSSHTMLHeaderPreprocessor]
"""What makes a notebook a page of feedback, in this order: nbgrader's own, and what is open."""


def _summary(waiting: Mapping[str, Waiting]) -> Any:
    total = sum(one.points for one in waiting.values())
    lines = [f"- {quiet(name)} ({_points(one.points)}): {quiet(one.why)}" for name, one in waiting.items()]
    verb = "is" if total == 1 else "are"
    begin = f"**Open:** {_points(total)} of this notebook {verb} not decided yet, and not in the score."
    return _cell("\n".join([begin, "", *lines]), 0)


def _points(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def _cell(text: str, number: int) -> Any:
    return nbformat.v4.new_markdown_cell(text, id=f"open-{number}")
