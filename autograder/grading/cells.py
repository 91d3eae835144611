"""Prepare a student's notebook for nbgrader: keep answers and outputs, restore graded cells, insert the verdict.

Notebooks are hostile input here, and nothing is executed. See ``gradebook`` for scores.
"""

import copy
import re
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.checks.definitions import read_cells
from autograder.verdict import ExerciseResult, PartVerdict

PICTURES = ("image/png", "image/jpeg")
"""Types of images that are kept as submitted. Of all other outputs, only the plain text is kept."""
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""The start of an HTML tag. Markdown may hold HTML, which nbgrader's pages show unescaped to other people."""
MAX_TEXT = 20_000
MAX_PICTURE = 2 * 2**20
MAX_OUTPUTS = 50
MAX_ALL_TEXT = 50 * MAX_TEXT
"""Limit on the characters of all outputs of a notebook together."""
MAX_COUNT = 10**6
MAX_LEFT_OUT = 20
"""Left-out files that the first cell lists."""
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


def read_notebook(path: Path) -> Any:
    """Return a student's notebook.

    Raises
    ------
    NotebookError
        If the notebook cannot be read. The message says why in one sentence.
    """
    return nbformat.NotebookNode(cells=read_cells(path))  # nbformat's reader would copy and validate every part


def restore(student: Any, release: Any) -> Any:
    """Return the student's notebook with the release's graded cells restored.

    Parameters
    ----------
    student, release : NotebookNode
        The submitted and the released notebook.

    Returns
    -------
    NotebookNode
        Each cell that has a ``grade_id`` in the release occurs once with the release's metadata. A locked cell also
        gets the release's source. If the student's notebook has such a cell twice, the last one counts. All other
        metadata of the student's cells is dropped.
    """
    named = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    last: dict[str, int] = {}
    for number, cell in enumerate(student.cells):
        identity = _identity(cell)
        if identity in named and cell.get("cell_type") == named[identity].cell_type:
            last[identity] = number
    cells: list[Any] = []
    room = MAX_ALL_TEXT
    for number, cell in enumerate(student.cells):
        identity = _identity(cell)
        plain = _plain_cell(cell)
        room = _within(room, plain)
        if last.get(identity) == number:
            plain.metadata = copy.deepcopy(named[identity].metadata)
            if not named[identity].metadata.nbgrader.solution:
                plain.source = named[identity].source
        cells.append(plain)
    _add_missing(cells, release, named)
    restored = copy.deepcopy(release)
    restored.cells = cells
    _number(restored)
    return restored


def _within(room: int, cell: Any) -> int:
    """Replace output texts that are longer than the room, in characters. Return the room that is left."""
    for output in cell.get("outputs", []):
        holder, name = (output, "text") if output.output_type == "stream" else (output.data, "text/plain")
        if len(holder.get(name, "")) > room:
            holder[name] = "(left out: this notebook has too much output)"
        else:
            room -= len(holder.get(name, ""))
    return room


def _identity(cell: Any) -> str:
    metadata = cell.get("metadata", {})
    nbgrader = metadata.get("nbgrader", {}) if isinstance(metadata, dict) else {}
    identity = nbgrader.get("grade_id", "") if isinstance(nbgrader, dict) else ""
    return identity if isinstance(identity, str) else ""


def _plain_cell(cell: Any) -> Any:
    """Return a cell with only the source, the execution count, harmless outputs and attached images."""
    source = _clean(str(cell.get("source", "")))[: 50 * MAX_TEXT]
    if cell.get("cell_type") == "code":
        new = nbformat.v4.new_code_cell(source)
        count = cell.get("execution_count")
        new.execution_count = count if type(count) is int and 0 < count < MAX_COUNT else None
        outputs = cell.get("outputs", [])
        new.outputs = [
            kept for output in (outputs if isinstance(outputs, list) else [])[:MAX_OUTPUTS]
            if (kept := plain_output(output)) is not None
        ]  # fmt: skip
        return new
    make = nbformat.v4.new_markdown_cell if cell.get("cell_type") == "markdown" else nbformat.v4.new_raw_cell
    new = make(TAG.sub("&lt;", source))
    if attached := _attached(cell.get("attachments")):
        new.attachments = attached
    return new


def _attached(attachments: Any) -> dict[str, dict[str, str]]:
    """Return the images that are attached to a text cell."""
    found = attachments.items() if isinstance(attachments, dict) else ()
    kept = {_clean(name): _pictures(data) for name, data in found if isinstance(data, dict)}
    return {name: pictures for name, pictures in kept.items() if pictures}


def plain_output(output: Any) -> Any:
    """Return an output with only its plain text and images, or None if it has neither."""
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        return nbformat.v4.new_output("stream", name="stdout", text=_text(output.get("text", "")))
    if kind == "error":
        text = f"{_text(output.get('ename', ''))}: {_text(output.get('evalue', ''))}"
        return nbformat.v4.new_output("stream", name="stdout", text=text)
    data = output.get("data", {})
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return None
    kept: dict[str, str] = _pictures(data)
    if "text/plain" in data:
        kept["text/plain"] = _text(data["text/plain"])
    return nbformat.v4.new_output("display_data", data=kept) if kept else None


def _pictures(data: dict[str, Any]) -> dict[str, str]:
    """Return the images that are pure base64: nbgrader's pages put them into an HTML attribute."""
    found = {name: _joined(data.get(name)) for name in PICTURES}
    return {name: text for name, text in found.items() if 0 < len(text) < MAX_PICTURE and BASE64.fullmatch(text)}


def _text(value: Any) -> str:
    text = _clean(_joined(value))
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "\n(the rest is left out)"


def _joined(value: Any) -> str:
    """Return a text that a notebook may hold as a list of lines."""
    return value if isinstance(value, str) else "".join(map(str, value)) if isinstance(value, list) else ""


def _clean(text: str) -> str:
    """Return a text that UTF-8 can encode: JSON may hold lone surrogates, which are replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _add_missing(cells: list[Any], release: Any, named: dict[str, Any]) -> None:
    """Restore each named cell that the student deleted, after its predecessor in the release."""
    place = -1
    where = {_identity(cell): number for number, cell in enumerate(cells) if _identity(cell) in named}
    for cell in release.cells:
        identity = _identity(cell)
        if identity not in named:
            continue
        if identity in where:
            place = where[identity]
            continue
        place += 1
        cells.insert(place, copy.deepcopy(cell))
        where = {key: number + (number >= place) for key, number in where.items()}


def _number(notebook: Any) -> None:
    """Give every cell a unique id: ids in a student's notebook may be missing or repeated."""
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"


def show(notebook: Any, verdict: PartVerdict) -> None:
    """Write each exercise's result into the output of its grade cell, and into a first cell what concerns all of it."""
    results = {exercise.id: exercise for exercise in verdict.exercises}
    for cell in notebook.cells:
        identity = _identity(cell)
        if identity in results and cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [_display(results[identity])]
    told = [f"**Please note:** {_quiet(problem)}\n" for problem in verdict.problems]
    told += [f"**Left out:** {_quiet(name)}\n" for name in verdict.left_out[:MAX_LEFT_OUT]]
    if len(verdict.left_out) > MAX_LEFT_OUT:
        told.append(f"**Left out:** {len(verdict.left_out) - MAX_LEFT_OUT} more files or folders.\n")
    if told:
        text = "\n".join(told)
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text, id="cell-problems"))


def _quiet(text: str) -> str:
    """Return the text escaped, so that Markdown and HTML show it literally."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]()#+!|~<>$" else char for char in text)


def _display(result: ExerciseResult) -> Any:
    html = TEMPLATES.get_template("verdict.html.jinja").render(exercise=result)
    plain = TEMPLATES.from_string("{{ exercise.id }}: {{ exercise.score }} of {{ exercise.points }}").render(
        exercise=result
    )
    lines = [plain]
    for test in result.tests:
        lines += [f"- {test.title}: {test.message or test.outcome}", *([f"  {test.example}"] if test.example else [])]
    return nbformat.v4.new_output("display_data", data={"text/html": html, "text/plain": "\n".join(lines)})
