"""Formgrader beside the model answer: whoever reads a written answer sees the instructor's, and the points it is worth.

The model answer is added while formgrader renders the page. It is never written into ``autograded``, from which the
students' feedback is made.
"""

import functools
import logging
import sys
from pathlib import Path
from typing import Any

import nbformat

from autograder.builder.strip import reveal
from autograder.course import Course, find_course
from autograder.errors import AutograderError

from .cells import INSTRUCTOR, by
from .pages import Pages

HANDLERS = "nbgrader.server_extensions.formgrader.handlers"
log = logging.getLogger(__name__)


def with_model_answers(course: Course, name: str, notebook: Any) -> Any:
    """Return a notebook with the instructor's answer below each written answer.

    Parameters
    ----------
    course : Course
    name : str
        The notebook's name without its ending.
    notebook : NotebookNode
        A notebook of ``autograded``. It is changed.
    """
    source = nbformat.read(course.source / f"{name}.ipynb", as_version=4)
    points = {exercise.id: exercise.points for part in course.parts for exercise in part.exercises}
    answers = {_id(cell): cell for cell in source.cells if _is_read_by_people(cell)}
    cells: list[Any] = []
    for cell in notebook.cells:
        cells.append(cell)
        if _id(cell) in answers:
            cells += _shown(answers.pop(_id(cell)), points)
    notebook.cells = cells
    return notebook


def _shown(answer: Any, points: dict[str, float]) -> list[Any]:
    """Return the cells that show a model answer."""
    worth = points.get(_id(answer), 0.0)
    title = f"**Model answer** ({worth:g} point{'' if worth == 1 else 's'}), not shown to students"
    text = reveal(answer.source).strip("\n") or "(the source has no answer)"
    if answer.cell_type == "code":
        head = nbformat.v4.new_markdown_cell(f"{OPEN}\n\n{title}\n\n{CLOSE}")
        return [by(INSTRUCTOR, head), by(INSTRUCTOR, nbformat.v4.new_code_cell(text))]
    cell = by(INSTRUCTOR, nbformat.v4.new_markdown_cell(f"{OPEN}\n\n{title}\n\n{text}\n\n{CLOSE}"))
    if "attachments" in answer:
        cell.attachments = answer.attachments
    return [cell]


OPEN, CLOSE = '<div class="alert alert-info model-answer">', "</div>"


def _id(cell: Any) -> str:
    said = cell.metadata.get("nbgrader")
    return str(said.get("grade_id", "")) if said else ""


def _is_read_by_people(cell: Any) -> bool:
    said = cell.metadata.get("nbgrader") or {}
    return bool((said.get("grade") and said.get("solution")) or said.get("task"))


class BesideModelAnswers:
    """The exporter for one page of formgrader, which adds the model answers to the notebook that it renders.

    Parameters
    ----------
    exporter : Pages
    root : Path
        The course's folder.
    """

    def __init__(self, exporter: Pages, root: Path) -> None:
        self._exporter = exporter
        self._root = root

    def from_filename(self, filename: str, resources: dict[str, Any]) -> Any:
        """Return the page of a notebook in ``autograded``, as nbgrader's exporter does."""
        assignment, name = resources["assignment_id"], resources["notebook_id"]
        try:
            course = find_course(self._root, name=assignment)
            notebook = with_model_answers(course, name, nbformat.read(filename, as_version=4))
        except (AutograderError, OSError, ValueError) as error:  # the page is useful without them
            log.warning("Model answers of %s are not shown: %s", name, error)
            return self._exporter.from_filename(filename, resources=resources)
        path = Path(filename)
        about = {"name": path.stem, "path": str(path.parent)}
        return self._exporter.from_notebook_node(notebook, resources={**resources, "metadata": about})


def configure() -> None:
    """Make formgrader show model answers, if this process serves formgrader."""
    handlers = sys.modules.get(HANDLERS)
    if handlers is not None:
        handlers.SubmissionHandler.exporter = property(_exporter)


def _exporter(handler: Any) -> BesideModelAnswers:
    return BesideModelAnswers(_pages(handler.settings["nbgrader_exporter"]), Path(handler.coursedir.root))


@functools.cache
def _pages(usual: Any) -> Pages:
    """Return the exporter that takes the place of nbgrader's own, with its configuration."""
    return Pages(config=usual.config)
