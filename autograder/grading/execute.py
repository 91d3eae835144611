"""Execute a submission's notebook in the sandbox, so that its readers see fresh outputs. Never for scores.

The runner executes one cell at a time. Its answers are hostile input: only plain text and images are kept. Grade cells
are not executed, because the verdict is written there. See ``store`` for keeping the outputs.
"""

import base64
import functools
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from autograder import temporary
from autograder.assignment import Part
from autograder.builder.releases import as_received, release_of
from autograder.checks.code_under_test import CodeError
from autograder.course import Course
from autograder.errors import GraderFault
from autograder.intake.kept import lay, view
from autograder.intake.submission import Submission
from autograder.judge.alternatives import is_begun
from autograder.judge.extension import provide
from autograder.sandbox import launch, profiles
from autograder.sandbox.client import Remote, printable

from .answers import Answers, find
from .cells import (
    GRADER,
    MAX_ALL_PICTURES,
    MAX_ALL_TEXT,
    MAX_OUTPUTS,
    MAX_PICTURE,
    MAX_TEXT,
    PICTURES,
    by,
    plain_output,
    read_notebook,
    restore,
)

MAX_ONE_PICTURE = MAX_PICTURE * 3 // 4 - 4
"""Limit on the bytes of one image."""
TOOLS = ("checks", "coach", "desk", "kit")
"""Folders of the package that notebooks use. Intake leaves them out, because they are not the student's work."""
SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
COLOURS = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
EARLIER = "This notebook was begun with the release of {}. Its answers are read as of that release."
STARTING_SECONDS = 60.0


class ExecutionFault(GraderFault):
    """A notebook could not be executed, and the grader is at fault. The message says why."""


@dataclass(frozen=True)
class Patience:
    """Time limits for executing a notebook.

    Attributes
    ----------
    cell, notebook : float
        Seconds for one cell, and for all cells.
    """

    cell: float = 120.0
    notebook: float = 600.0


@dataclass(frozen=True)
class Executed:
    """The outputs of an executed notebook.

    Attributes
    ----------
    sources : str
        Digest of the executed cells; see `sources_digest`.
    cells : dict
        Maps a cell's index to its execution count (None: not executed) and its outputs, in the notebook's format.
    summary : str
        A short text for the reader.
    level : int
        Sandbox level.
    hurried : Patience or None
        The time limits, if one of them was reached.
    """

    sources: str
    cells: dict[int, tuple[int | None, list[dict[str, Any]]]]
    summary: str
    level: int
    hurried: Patience | None = None

    def put_into(self, notebook: Any) -> None:
        """Write the outputs into a notebook with the same cells, and insert the summary as its first cell."""
        for number, (count, outputs) in self.cells.items():
            cell = notebook.cells[number]
            cell.execution_count = count
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
        notebook.cells.insert(0, by(GRADER, nbformat.v4.new_markdown_cell(self.summary, id="cell-executed")))


def handed_in(course: Course, part: Part, submission: Submission) -> tuple[Any, Answers]:
    """Return the student's notebook of a part, with the release's graded cells restored, and what was found in it.

    Raises
    ------
    NotebookError
        If there is no readable notebook.
    """
    release = nbformat.read(course.release / part.notebook, as_version=4)
    student = read_notebook(submission.folder / part.notebook)
    origin = release_of(course, part.name, student.cells)
    received = as_received(origin, release)
    answers = find(student.cells, received.cells)
    if origin is not None and not origin.current:
        answers = replace(answers, notes=(EARLIER.format(origin.version.built[:10]), *answers.notes))
    return restore(student, received, answers), answers


def shows_own_work(course: Course, alternative: Part, submission: Submission) -> bool:
    """Tell whether a notebook shows the student's own work when it is executed.

    It does if the student began it, or if the part has no other notebook and the student changed the package.
    """
    single = len(next(part for part in course.parts if part.number == alternative.number).alternatives) == 1
    return is_begun(course, alternative, submission) or (single and _changed_package(course, submission))


def _changed_package(course: Course, submission: Submission) -> bool:
    modules = (name for name in submission.files if name.endswith((".py", ".pyx")))
    return any(
        not (course.release / name).is_file()
        or (course.release / name).read_bytes() != (submission.folder / name).read_bytes()
        for name in modules
    )


def sources_digest(notebook: Any) -> str:
    """Return a digest of the cells to execute: their indices and sources."""
    total = hashlib.sha256()
    for number in _numbers(notebook):
        source = notebook.cells[number].source.encode("utf-8", "surrogatepass")
        total.update(f"{number}\0{len(source)}\0".encode() + source)
    return total.hexdigest()


def _numbers(notebook: Any) -> list[int]:
    """Return the indices of the cells to execute: all code cells except locked grade cells."""

    def graded(cell: Any) -> bool:
        nbgrader = cell.metadata.get("nbgrader", {})
        return bool(nbgrader.get("grade") and not nbgrader.get("solution"))

    return [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code" and not graded(cell)]


def execute(
    course: Course, part: Part, submission: Submission, notebook: Any, level: int, patience: Patience
) -> Executed:
    """Execute a notebook's cells from top to bottom, in quick mode.

    Parameters
    ----------
    course : Course
    part : Part
    submission : Submission
        The submission after intake. It is not changed.
    notebook : NotebookNode
        A notebook of that submission; see `handed_in`.
    level : int
        Sandbox level.
    patience : Patience
        Time limits.

    Returns
    -------
    Executed
        The outputs, also if cells raise errors or end the program.

    Raises
    ------
    ExecutionFault, LaunchError, CourseError, OSError
        If the grader is at fault.
    """
    framework = course.assignment.framework_of(part)
    if framework is not None and not profiles.is_installed(course.assignment, part):
        raise ExecutionFault(profiles.missing(framework))
    with _laid_out(course, part, submission, level) as folder:
        data = course.kit.practice_data()
        data = None if data is None else _within_reach(data, level)
        process = launch.start(level, folder, profiles.for_notebook(course.assignment, part, patience.notebook, data))
        remote = Remote(process, STARTING_SECONDS)
        try:
            remote.ask("execute", source="", limits=_limits(0, 0))
        except CodeError as error:
            remote.close()
            raise ExecutionFault(f"IPython does not start in the sandbox: {error.message}") from None
        try:
            return _Run(remote, notebook, patience, level, MAX_ALL_TEXT, MAX_ALL_PICTURES).result()
        finally:
            remote.close()


def _limits(text: int, pictures: int) -> dict[str, int]:
    """Return the limits that the runner applies to one cell's outputs."""
    return {
        "text": min(text, MAX_TEXT), "number": MAX_OUTPUTS, "picture": MAX_ONE_PICTURE, "pictures": pictures * 3 // 4,
    }  # fmt: skip


@dataclass
class _Run:
    """The execution of one notebook in one runner."""

    remote: Remote
    notebook: Any
    patience: Patience
    level: int
    text: int
    pictures: int
    failed: list[int] = field(default_factory=list)
    ended: str = ""

    def result(self) -> Executed:
        self.remote.seconds = self.patience.cell
        self.remote.deadline = time.monotonic() + self.patience.notebook
        cells: dict[int, tuple[int | None, list[dict[str, Any]]]] = {}
        count = left = 0
        for number in _numbers(self.notebook):
            source = self.notebook.cells[number].source.encode("utf-8", "replace").decode()
            if not source.strip():
                cells[number] = None, []
            elif self.ended:
                left += 1
                cells[number] = None, [_said(f"Not executed, because cell {count} ended the program.")]
            else:
                count += 1
                cells[number] = count, self._outputs(source, count)
        return Executed(
            sources_digest(self.notebook), cells, self._summary(count, left), self.level,
            self.patience if self.remote.timed_out else None,
        )  # fmt: skip

    def _outputs(self, source: str, count: int) -> list[dict[str, Any]]:
        try:
            answer = self.remote.ask("execute", source=source, limits=_limits(self.text, self.pictures))
        except CodeError as error:
            self.failed.append(count)
            if self.remote.over:
                self.ended = self._end(error)
            return [_said(self.ended or error.message)]
        answer = answer if isinstance(answer, dict) else {}
        if answer.get("failed") is not False:
            self.failed.append(count)
        outputs = answer.get("outputs")
        kept = [self._kept(output) for output in (outputs if isinstance(outputs, list) else [])[:MAX_OUTPUTS]]
        return [output for output in kept if output is not None]

    def _end(self, error: CodeError) -> str:
        if not self.remote.timed_out:
            return error.message
        if self.remote.deadline is not None and time.monotonic() >= self.remote.deadline:
            return f"The {self.patience.notebook:g} seconds for this notebook were used up in this cell."
        return f"This cell did not end within {self.patience.cell:g} seconds."

    def _kept(self, output: Any) -> dict[str, Any] | None:
        """Return an output of the runner with only plain text and images, within the notebook's limits, or None."""
        if not isinstance(output, dict):
            return None
        kind, text, data = (output.get(name) for name in ("output_type", "text", "data"))
        plain: dict[str, Any] = {"output_type": kind if isinstance(kind, str) else "", "text": _tidy(text), "data": {}}
        for name, value in data.items() if isinstance(data, dict) else ():
            if name == "text/plain":
                plain["data"][name] = _tidy(value)
            elif name in PICTURES and _is_picture(name, value):
                plain["data"][name] = base64.b64encode(value.tobytes()).decode()
        kept = plain_output(plain)
        if kept is None:
            return None
        shown = kept.get("data", {})
        text_size = len(kept.get("text", "")) + len(shown.get("text/plain", ""))
        picture_size = sum(len(shown[name]) for name in PICTURES if name in shown)
        if text_size > self.text or picture_size > self.pictures:
            return _said("(an output is left out: this notebook has too much output)")
        self.text -= text_size
        self.pictures -= picture_size
        return dict(kept)

    def _summary(self, count: int, left: int) -> str:
        start = "**Executed for grading**, in quick mode. "
        if self.ended:
            behind = f" The {left} cells after it were not executed." if left else ""
            return f"{start}It does not run from top to bottom: cell {count} ended the program.{behind}"
        if not self.failed:
            return f"{start}It runs from top to bottom: none of {count} cells ended in an error."
        errors = f"{len(self.failed)} of {count} cells ended in an error, first cell {self.failed[0]}"
        return f"{start}It does not run from top to bottom: {errors}."


def _said(sentence: str) -> dict[str, Any]:
    return dict(plain_output({"output_type": "stream", "text": _tidy(sentence)}))


def _tidy(text: Any) -> str:
    """Return a text without colour codes and unprintable characters."""
    return printable(COLOURS.sub("", text[: 2 * MAX_TEXT]).expandtabs()) if isinstance(text, str) else ""


def _is_picture(name: str, value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8 or value.ndim != 1:
        return False
    return value.size <= MAX_ONE_PICTURE and value[:8].tobytes().startswith(SIGNATURES[name])


@contextmanager
def _laid_out(course: Course, part: Part, submission: Submission, level: int) -> Iterator[Path]:
    """Yield a folder with the submission, the release's files that intake leaves out, and a built extension."""
    package, rules = Path(course.assignment.package), course.assignment.rules
    tools = (Path("tests"), *(package / name for name in (*TOOLS, *course.assignment.settings.rooms)))
    lent = {
        name: path
        for path in course.release.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        and ((name := path.relative_to(course.release)).suffix not in rules.limits or _is_below(name, tools))
    }  # fmt: skip
    with view(submission, level > 1, lent) as seen:
        extension = provide(course, part, seen, level)
        if extension.fault:
            raise ExecutionFault(extension.fault)
        yield seen.folder


def _is_below(name: Path, folders: Iterable[Path]) -> bool:
    return any(name.is_relative_to(folder) for folder in folders)


def _within_reach(data: Path, level: int) -> Path:
    """Return the data folder, or a copy of it that the sandbox's user can read.

    At level 2 under root, the runner has another user and no mounts, so it cannot enter closed parent folders.
    """
    if level != 2 or os.geteuid() != 0 or all(parent.stat().st_mode & stat.S_IXOTH for parent in data.parents):
        return data
    return _lent(data)


@functools.cache
def _lent(data: Path) -> Path:
    folder = temporary.lasting_folder("data")
    for path in data.iterdir():
        lay(path, folder / path.name)
    folder.chmod(0o755)
    return folder
