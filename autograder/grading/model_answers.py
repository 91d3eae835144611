"""Formgrader's page of a submission, with the instructor's answer below each written answer.

The answers are read from ``source`` when the page is shown. They are never written into ``autograded``, from which
feedback is made.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.utils import is_grade, is_solution

HANDLERS = "nbgrader.server_extensions.formgrader.handlers"
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")


def model_answers(notebook: Path) -> dict[str, str]:
    """Return what to show below each answer that a person reads, as Markdown, by the id of its cell.

    Parameters
    ----------
    notebook : Path
        The notebook in ``source``. If it is not there, there are no answers.
    """
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except (OSError, ValueError):
        return {}
    return {cell.metadata.nbgrader.grade_id: _shown(cell) for cell in cells if is_grade(cell) and is_solution(cell)}


def _shown(cell: Any) -> str:
    points = float(cell.metadata.nbgrader.get("points") or 0)
    worth = f" ({points:g} {'point' if points == 1 else 'points'})" if points else ""
    text = "\n".join(line for line in cell.source.splitlines() if line.strip() not in MARKS).strip()
    if cell.cell_type == "code":
        text = f"```python\n{text}\n```"
    return "\n".join(f"> {line}".rstrip() for line in (f"**Model answer{worth}**", "", *text.splitlines()))


def put_below(cells: list[Any], answers: Mapping[str, str]) -> list[Any]:
    """Return cells of a submission with a cell below each answer that has a model answer."""
    shown: list[Any] = []
    for cell in cells:
        shown.append(cell)
        said = cell.metadata.get("nbgrader", {})
        answer = answers.get(said.get("grade_id", "")) if said.get("solution") and said.get("grade") else None
        if answer is not None:
            shown.append(nbformat.v4.new_markdown_cell(answer))
    return shown


class WithModelAnswers:
    """Formgrader's exporter, which adds the model answers.

    Parameters
    ----------
    exporter : nbconvert.HTMLExporter
    coursedir : nbgrader.coursedir.CourseDirectory
    """

    def __init__(self, exporter: Any, coursedir: Any) -> None:
        self._exporter, self._coursedir = exporter, coursedir

    def from_filename(self, filename: str, resources: dict[str, Any]) -> Any:
        """Return the page of a graded notebook."""
        name, source = resources["notebook_id"], self._coursedir.source_directory
        folder = Path(self._coursedir.format_path(source, ".", resources["assignment_id"]))
        notebook = nbformat.read(filename, as_version=4)
        notebook.cells = put_below(notebook.cells, model_answers(folder / f"{name}.ipynb"))
        metadata = {"name": name, "path": str(Path(filename).parent)}
        return self._exporter.from_notebook_node(notebook, resources={**resources, "metadata": metadata})


def _exporter(handler: Any) -> WithModelAnswers:
    return WithModelAnswers(handler.settings["nbgrader_exporter"], handler.coursedir)


def configure(_: Any) -> None:
    """Make formgrader show the model answers, where Jupyter's server has loaded it.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    if HANDLERS in sys.modules:
        sys.modules[HANDLERS].SubmissionHandler.exporter = property(_exporter)
