"""Prepare a student's notebook for nbgrader: keep answers and outputs, restore graded cells, insert the verdict.

Notebooks are hostile input here, and nothing is executed. See ``gradebook`` for scores.
"""

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbgrader import utils

from autograder.checks.notebook import METADATA, id_of, read_cells
from autograder.verdict import ExerciseResult, PartVerdict

from .answers import UNCERTAIN, Answers, find, normal

PICTURES = ("image/png", "image/jpeg")
"""Types of images that are kept as submitted. Of all other outputs, only the plain text is kept."""
ATTACHED = (*PICTURES, "image/gif", "image/webp")
"""Types of images that may be attached to a text."""
STUDENT, INSTRUCTOR, GRADER = "student", "instructor", "grader"
"""Who wrote a cell. Intake drops a student's metadata, so no cell can say of itself that it is the instructor's."""
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""The start of an HTML tag. Markdown may hold HTML, which nbgrader's pages show unescaped to other people."""
IMAGE = re.compile(
    r"!\[(?![^\[\]`<>$\\\n]*\]\((?:attachment:[^\s()\[\]<>$\\`]+|data:image/\w+;base64,[A-Za-z0-9+/=]+)\))"
)
"""The start of an image that is certainly none that the notebook holds: Jupyter would fetch it."""
MAX_TEXT = 20_000
MAX_PICTURE = 2 * 2**20
MAX_OUTPUTS = 50
MAX_ALL_TEXT = 50 * MAX_TEXT
"""Limit on the characters of all outputs of a notebook together."""
MAX_ALL_SOURCES = 100 * MAX_TEXT
"""Limit on the characters of all of a student's cells together."""
MAX_ALL_PICTURES = 8 * MAX_PICTURE
"""Limit on the base64 characters of all images of a notebook together."""
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


def restore(student: Any, release: Any, answers: Answers | None = None) -> Any:
    """Return the student's notebook with the release's graded cells restored.

    Parameters
    ----------
    student, release : NotebookNode
        The submitted and the released notebook.
    answers : Answers, optional
        What `answers.find` finds in them.

    Returns
    -------
    NotebookNode
        Each cell that has a ``grade_id`` in the release occurs once with the release's type and metadata. A locked cell
        also gets the release's source, and what the student has written there instead follows as raw text. All other
        metadata of the student's cells is dropped.
    """
    answers = answers or find(student.cells, release.cells)
    named = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    names = {answer.cell: name for name, answer in answers.found.items() if answer.cell is not None}
    unchanged = {_look(cell): cell for cell in release.cells if "nbgrader" not in cell.metadata}
    cells: list[list[Any]] = []
    room = Room()
    for number, cell in enumerate(student.cells):
        own = named.get(names.get(number, ""))
        locked = own if own is not None and not own.metadata.nbgrader.solution else None
        given = locked if own is not None else unchanged.get(_look(cell))
        plain = _plain_cell(cell, cell.get("cell_type") if own is None else own.cell_type)
        become = [plain]
        if given is not None:
            become = [_given(given, plain)]
        elif own is not None:
            plain.metadata = copy.deepcopy(own.metadata)
        if locked is not None and _look(cell)[1] not in ("", normal(locked.source)):
            become.append(_plain_cell(cell, "raw"))
        for one in become:
            room.cut(one)
        cells.append(become)
    restored = copy.deepcopy(release)
    restored.cells = _with_missing(cells, release, answers)
    _number(restored)
    return restored


def _with_missing(cells: list[list[Any]], release: Any, answers: Answers) -> list[Any]:
    """Return the cells with each missing graded cell behind the cell that precedes it in the release.

    Each element of ``cells`` holds what a cell of the student's has become.
    """
    inserted: dict[int, list[Any]] = {}
    place = -1
    for number, cell in enumerate(release.cells):
        place = answers.places.get(number, place)
        answer = answers.found.get(_identity(cell))
        if answer is not None and answer.cell is None:
            inserted.setdefault(place, []).append(as_given(cell))
    behind = [one for number, own in enumerate(cells) for one in (*own, *inserted.get(number, []))]
    return [*inserted.get(-1, []), *behind]


def author_of(cell: Any) -> str:
    """Return who wrote a cell of a graded notebook: `INSTRUCTOR`, `GRADER`, or by default `STUDENT`."""
    metadata = cell.get("metadata", {})
    if "nbgrader" in metadata:  # they are the release's, and so is the text, unless students write into the cell
        return STUDENT if utils.is_solution(cell) else INSTRUCTOR
    said = metadata.get(METADATA)
    return str(said.get("author", STUDENT)) if isinstance(said, dict) else STUDENT


def by(author: str, cell: Any) -> Any:
    """Return a cell after noting who wrote it, if nbgrader's metadata do not tell."""
    if "nbgrader" in cell.metadata:
        return cell
    said = cell.metadata.get(METADATA)
    cell.metadata[METADATA] = {**(said if isinstance(said, dict) else {}), "author": author}
    return cell


def as_given(cell: Any) -> Any:
    """Return a copy of a release's cell, which is the instructor's unless students write into it."""
    return by(INSTRUCTOR, copy.deepcopy(cell))


def _given(cell: Any, students: Any) -> Any:
    """Return a release's cell with the outputs of the student's."""
    new = by(INSTRUCTOR, copy.deepcopy(cell))
    if new.cell_type == "code":
        new.outputs = students.get("outputs", [])
        new.execution_count = students.get("execution_count")
    return new


def _look(cell: Any) -> tuple[str, str]:
    return str(cell.get("cell_type")), normal(str(cell.get("source", "")))


def point_out(notebook: Any, answers: Answers) -> None:
    """Write before each uncertain answer why it is uncertain, and into a first cell what was done to find the cells."""
    cells: list[Any] = []
    for cell in notebook.cells:
        answer = answers.found.get(_identity(cell))
        if answer is not None and answer.state == UNCERTAIN and utils.is_solution(cell) and utils.is_grade(cell):
            cells.append(note_cell([answer.why], f"note-{len(cells)}"))
        cells.append(cell)
    notebook.cells = cells
    if answers.notes:
        notebook.cells.insert(0, note_cell(answers.notes, "note-answers"))


def note_cell(sentences: Iterable[str], identity: str) -> Any:
    """Return a cell with the grader's sentences."""
    text = "\n".join(f"**Please note:** {quiet(sentence)}\n" for sentence in sentences)
    return by(GRADER, nbformat.v4.new_markdown_cell(text, id=identity))


@dataclass
class Room:
    """What is left for the cells of one notebook, in characters."""

    sources: int = MAX_ALL_SOURCES
    texts: int = MAX_ALL_TEXT
    pictures: int = MAX_ALL_PICTURES

    def cut(self, cell: Any) -> None:
        """Cut what a cell has more than there is room for, saying so, and take the rest from the room."""
        if len(cell.source) > self.sources:
            cell.source = cell.source[: self.sources] + "\n(the rest is left out: this notebook has too much text)"
        self.sources -= min(self.sources, len(cell.source))
        for output in cell.get("outputs", []):
            holder, name = (output, "text") if output.output_type == "stream" else (output.data, "text/plain")
            if len(holder.get(name, "")) > self.texts:
                holder[name] = "(left out: this notebook has too much output)"
            else:
                self.texts -= len(holder.get(name, ""))
            if output.output_type != "stream":
                self._cut_pictures(output.data)
        for pictures in cell.get("attachments", {}).values():
            self._cut_pictures(pictures)

    def _cut_pictures(self, data: dict[str, str]) -> None:
        for name in ATTACHED:
            if len(data.get(name, "")) > self.pictures:
                del data[name]
                data.setdefault("text/plain", "(a picture is left out: this notebook has too many)")
            else:
                self.pictures -= len(data.get(name, ""))


def _identity(cell: Any) -> str:
    return id_of(cell) or ""


def _plain_cell(cell: Any, kind: Any) -> Any:
    """Return a cell of a type with only the source, the execution count, harmless outputs and attached images."""
    source = _clean(str(cell.get("source", "")))[: 50 * MAX_TEXT]
    if kind == "code":
        new = nbformat.v4.new_code_cell(source)
        count = cell.get("execution_count")
        new.execution_count = count if type(count) is int and 0 < count < MAX_COUNT else None
        outputs = cell.get("outputs", [])
        new.outputs = [
            kept for output in (outputs if isinstance(outputs, list) else [])[:MAX_OUTPUTS]
            if (kept := plain_output(output)) is not None
        ]  # fmt: skip
        return new
    make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_raw_cell
    new = make(quenched(source) if kind == "markdown" else TAG.sub("&lt;", source))
    if attached := _attached(cell.get("attachments")):
        new.attachments = attached
    return new


def quenched(source: str) -> str:
    """Return Markdown that Jupyter shows without HTML, and without pictures that are not in the notebook."""
    return IMAGE.sub(r"!\\[", TAG.sub("&lt;", source))


def as_written(source: str) -> str:
    """Return Markdown as it was before `quenched`, for pages that show neither anyway."""
    return source.replace("!\\[", "![").replace("&lt;", "<")


def _attached(attachments: Any) -> dict[str, dict[str, str]]:
    """Return the images that are attached to a text cell."""
    found = attachments.items() if isinstance(attachments, dict) else ()
    kept = {_clean(name): _pictures(data, ATTACHED) for name, data in found if isinstance(data, dict)}
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


def _pictures(data: dict[str, Any], kinds: Iterable[str] = PICTURES) -> dict[str, str]:
    """Return the images that are pure base64: nbgrader's pages put them into an HTML attribute."""
    found = {name: _joined(data.get(name)) for name in kinds}
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
    told = [f"**Please note:** {quiet(problem)}\n" for problem in verdict.problems]
    told += [f"**Left out:** {quiet(name)}\n" for name in verdict.left_out[:MAX_LEFT_OUT]]
    if len(verdict.left_out) > MAX_LEFT_OUT:
        told.append(f"**Left out:** {len(verdict.left_out) - MAX_LEFT_OUT} more files or folders.\n")
    if told:
        text = "\n".join(told)
        notebook.cells.insert(0, by(GRADER, nbformat.v4.new_markdown_cell(text, id="cell-problems")))


def quiet(text: str) -> str:
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
