"""Pages of students' notebooks, in feedback and formgrader: bounded by notebook, and made in a limited child process.

A student whose page takes too much gets a page that says so; the others' pages are not concerned. See ``markup`` for
what the text of a cell becomes.
"""

import copy
import functools
import re
from dataclasses import dataclass
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.exporter import Exporter
from nbgrader import utils

from autograder import limited
from autograder.checks.notebook import MAX_CELLS, METADATA

from .cells import ATTACHED, GRADER, INSTRUCTOR, STUDENT, Room, as_written, author_of, plain_output
from .markup import INLINE, PLAIN, RAW, SHOWN, is_picture

LIMITS = limited.Limits(memory=2**30, seconds=60, answer=64 * 2**20)
"""For one page. An honest one takes a second or two, 100 MB and a few megabytes."""
MAX_SHOWN = 20_000
"""Limit on the shown characters of one cell."""
MAX_ALL_SHOWN = 20 * MAX_SHOWN
"""Limit on the shown characters of a student's cells together."""
MAX_COLOURED = 5 * MAX_SHOWN
"""Limit on the coloured characters of a notebook: each word of code may become an element."""
REST = "\n(the rest is not shown)"
LATER = "(not shown: this notebook has too much text)"
NO_PAGE = "<!DOCTYPE html><title>No page</title><p>This page cannot be shown: it takes too much.</p>"
NOT_SHOWN = "**This cell is not shown**, because this page takes too much: {why}. Read it in the submitted notebook."


@dataclass
class _Shown:
    """The room that is left for what is shown of one notebook."""

    sources: int = MAX_ALL_SHOWN
    coloured: int = MAX_COLOURED

    def cut(self, text: str) -> str:
        """Return as much of a text as there is room for."""
        most = min(MAX_SHOWN, self.sources)
        self.sources -= min(most, len(text))
        return text if len(text) <= most else (text[:most] + REST if most else LATER)

    def has_colours(self, text: str) -> bool:
        """Tell whether there are colours left for a text, and take them."""
        self.coloured -= min(self.coloured, len(text))
        return self.coloured > 0


def reduced(notebook: Any) -> Any:
    """Return the part of a notebook that a page shows.

    Parameters
    ----------
    notebook : NotebookNode
        A notebook of ``autograded``, which an instructor may have executed and saved. It is changed.

    Returns
    -------
    NotebookNode
        Of outputs only plain text, images and verdicts are left, and of metadata what the page needs.
    """
    room, shown = Room(), _Shown()
    notebook.cells = [_reduced(cell, room, shown) for cell in notebook.cells[: 2 * MAX_CELLS]]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    notebook.metadata = nbformat.from_dict({})
    return notebook


def _reduced(cell: Any, room: Room, shown: _Shown) -> Any:
    author = author_of(cell)
    outputs = cell.get("outputs", [])
    said = {"nbgrader": cell.metadata["nbgrader"]} if "nbgrader" in cell.metadata else {}
    cell.metadata = nbformat.from_dict(said)
    cell.metadata[METADATA] = {"author": author}
    if author == STUDENT:
        _take_students(cell, shown)
    if cell.cell_type == "code":
        if not shown.has_colours(cell.source):
            cell.metadata[METADATA][SHOWN] = PLAIN
        kept = (_verdict(cell, output) or _sound(plain_output(output)) for output in outputs)
        cell.outputs = [output for output in kept if output is not None]
    room.cut(cell)
    return cell


def _take_students(cell: Any, shown: _Shown) -> None:
    """Cut a student's cell, and make it one that Markdown or code shows."""
    if cell.cell_type == "code":
        cell.source = shown.cut(cell.source)
        return
    attached = {name: pictures for name, pictures in cell.get("attachments", {}).items() if isinstance(pictures, dict)}
    source = as_written(cell.source)
    if cell.cell_type == "markdown":
        source = INLINE.sub(functools.partial(_attach, attached), source)
    if cell.cell_type == "raw":
        cell.metadata[METADATA][SHOWN] = RAW
    cell.cell_type, cell.source = "markdown", shown.cut(source)
    cell.attachments = nbformat.from_dict(attached)


def _attach(attached: dict[str, Any], found: re.Match[str]) -> str:
    """Attach a picture that a text writes out, and return its new address: its length does not count as text."""
    name = f"written-out-{len(attached)}"
    attached[name] = {found[1]: found[2]}
    return f"attachment:{name}"


def _verdict(cell: Any, output: Any) -> Any:
    """Return the verdict in an output of a grade cell, or None. ``markup`` leaves only a verdict's tags of it."""
    if not utils.is_grade(cell) or utils.is_solution(cell) or output.output_type != "display_data":
        return None
    html = output.data.get("text/html")
    return nbformat.v4.new_output("display_data", data={"text/html": html}) if isinstance(html, str) else None


def _sound(output: Any) -> Any:
    """Return an output without what is called a picture and is none; None if nothing is left."""
    if output is None or output.output_type == "stream":
        return output
    for kind in ATTACHED:
        if kind in output.data and not is_picture(kind, "".join(output.data[kind].split())):
            del output.data[kind]
    return output if output.data else None


class Pages(HTMLExporter):  # type: ignore[misc]
    """nbconvert's exporter for students' notebooks."""

    def from_notebook_node(self, nb: Any, resources: Any = None, **_: Any) -> tuple[str, Any]:
        """Return the page of a notebook, and the resources."""
        nb, resources = Exporter.from_notebook_node(self, reduced(nb), resources)  # the gradebook is read here
        try:
            return self._made(nb, resources), resources
        except (limited.LimitError, limited.ChildError) as error:
            why = str(error)
            self.log.warning("A page of %s is made without the student's cells: %s", _whose(resources), why)
        try:
            return self._made(_without_answers(nb, why), resources), resources
        except (limited.LimitError, limited.ChildError) as error:
            self.log.error("A page of %s cannot be made: %s", _whose(resources), error)
            return NO_PAGE, resources

    def _made(self, nb: Any, resources: Any) -> str:
        return limited.call(functools.partial(self._page, nb, resources), LIMITS).decode()

    def _page(self, nb: Any, resources: Any) -> bytes:
        exporter = copy.copy(self)  # where there is no child process, this one stays as it is
        exporter._preprocessors = []  # they have worked on the notebook
        page, _ = HTMLExporter.from_notebook_node(exporter, nb, resources)
        return str(page).encode("utf-8", "replace")


def _whose(resources: Any) -> str:
    return str(resources.get("nbgrader", resources).get("student", "a student"))


def _without_answers(notebook: Any, why: str) -> Any:
    """Return a notebook with a sentence in place of each cell of the student's."""
    for cell in notebook.cells:
        if author_of(cell) not in (GRADER, INSTRUCTOR):
            cell.metadata[METADATA] = {"author": GRADER}
            cell.cell_type, cell.source = "markdown", NOT_SHOWN.format(why=why)
            for name in ("outputs", "execution_count", "attachments"):
                cell.pop(name, None)
        elif "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if _verdict(cell, output)]
    return notebook
