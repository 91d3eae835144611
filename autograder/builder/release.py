"""nbgrader's ``generate_assignment``, made safe: no solution is ever copied, and a release that leaks is deleted.

nbgrader itself copies modules verbatim before anything else runs. Therefore ``configure`` replaces its converter, for
the command and for formgrader's button. Notebooks go through nbgrader's own preprocessors.
"""

import shutil
from pathlib import Path
from typing import Any

import nbgrader.apps.api
import nbgrader.apps.generateassignmentapp
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from autograder.course import Course, find_course, put_tools_on_path
from autograder.errors import AutograderError

from . import tools
from .leaks import scan
from .record import record
from .strip import strip

COPIED = {".csv", ".ini", ".toml", ".cfg", ".txt", ".md", ".png", ".sh"}
"""Kinds of source files that students receive unchanged."""
STRIPPED = {".py", ".pyx"}
NOT_RELEASED = {"__pycache__", ".ipynb_checkpoints", "models", "checkpoints", "build", "recorded"}


class ReleaseError(SystemExit):
    """The release cannot be built, or leaks. nbgrader would swallow an exception that is no ``SystemExit``."""


class ReleaseBuilder(GenerateAssignment):  # type: ignore[misc]
    """Builds a release from the source: stripped modules, public tests with recorded answers, no leaks.

    It has all options of `GenerateAssignment`.
    """

    def start(self) -> None:
        """Build the release.

        Raises
        ------
        ReleaseError
            If nbgrader would read the course's path as a pattern.
        """
        try:
            self._course.require_plain_path()
        except AutograderError as error:
            raise ReleaseError(str(error)) from None
        super().start()

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Write everything except the notebooks, and let nbgrader record the assignment."""
        release = Path(self._format_dest(assignment_id, student_id))
        ignored = self.coursedir.ignore
        self.coursedir.ignore = ["*"]  # nbgrader copies nothing by itself
        try:
            super().init_assignment(assignment_id, student_id)
        finally:
            self.coursedir.ignore = ignored
        assemble(self._course, release.resolve())

    @property
    def _course(self) -> Course:
        return find_course(Path(self.coursedir.root), name=self.coursedir.assignment_id)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Convert a notebook.

        Raises
        ------
        ReleaseError
            If nbgrader cannot convert it.
        """
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            raise ReleaseError(f"{Path(notebook_filename).name} cannot be converted: {_reason(error)}.") from error

    def convert_notebooks(self) -> None:
        """Convert the notebooks, then scan the release. Delete the release after any error.

        Raises
        ------
        ReleaseError
            If the release leaks or nbgrader fails. The message names the first leaks or nbgrader's error.
        """
        release = Path(self._format_dest(self.coursedir.assignment_id, ".")).resolve()
        try:
            super().convert_notebooks()
            leaks = scan(release, self._course.assignment) if release.exists() else []
            if leaks:
                raise ReleaseError("\n".join(["The release leaks:", *(f"  {leak}" for leak in leaks[:10])]))
        except BaseException as error:
            shutil.rmtree(release, ignore_errors=True)
            if isinstance(error, NbGraderException | SyntaxError):
                raise ReleaseError(f"The release was not built: {_reason(error)}.") from None
            raise


def _reason(error: Exception) -> str:
    """Return the reason of an error, and what to do about it, without the full stop."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}, is no valid Python ({error.msg})"
    said = str(error).strip().rstrip(".") or type(error).__name__
    if "Cannot add or remove cells" in said:
        return (
            "the gradebook holds submissions, and nbgrader does not add or remove cells then. Move gradebook.db away, "
            "build, and grade again: stored verdicts are used again, but manual grades are only in that file"
        )
    return said


def assemble(course: Course, release: Path) -> None:
    """Write a release's modules, public tests and tools. nbgrader converts the notebooks.

    Raises
    ------
    ReleaseError
        If a module cannot be stripped, a public test does not pass on the reference, or a known mistake does not fit
        the source.
    """
    assignment, source = course.assignment, course.source
    try:
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source)
            if not path.is_file() or path.is_symlink() or NOT_RELEASED & set(name.parts):
                continue
            if path.suffix in STRIPPED:
                _write(release / name, strip(path.read_text(encoding="utf-8"), str(name)))
            elif path.suffix in COPIED:
                _copy(path, release / name)
        for name, text in tools.files(course):
            _write(release / name, text)
        record(assignment, release)
    except AutograderError as error:
        raise ReleaseError(str(error)) from None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def configure(config: Any) -> None:
    """Make nbgrader build releases with `ReleaseBuilder`, in the command and in formgrader.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    put_tools_on_path()
    nbgrader.apps.generateassignmentapp.GenerateAssignment = ReleaseBuilder
    nbgrader.apps.api.GenerateAssignment = ReleaseBuilder
    # A second safeguard: if nbgrader ever copies files itself, it copies no modules.
    config.GenerateAssignmentApp.CourseDirectory.ignore = [
        ".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", "*.pyx", "*.so", "models", "checkpoints",
    ]  # fmt: skip
