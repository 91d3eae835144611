"""nbgrader's ``generate_assignment``, made safe: no solution is ever copied, and a bad release is never used.

nbgrader itself copies modules verbatim before anything else runs. Therefore ``configure`` replaces its converter, for
the command and for formgrader's button. Notebooks go through nbgrader's own preprocessors.
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbgrader.apps.api
import nbgrader.apps.generateassignmentapp
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import SaveCells
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Bool, Dict

from autograder import files
from autograder.checks import update
from autograder.course import Course, find_course, put_tools_on_path
from autograder.errors import AutograderError

from . import papers, releases, tools
from .gradebook_cells import COLLECTED, CollectCells, GradebookError, ReleasedNotebook, Update
from .leaks import scan
from .record import record
from .strip import strip
from .written import written

COPIED = {".csv", ".ini", ".toml", ".cfg", ".txt", ".md", ".png", ".sh"}
"""Kinds of source files that students receive unchanged."""
STRIPPED = {".py", ".pyx"}
NOT_RELEASED = {"__pycache__", ".ipynb_checkpoints", "models", "checkpoints", "build", "recorded"}


class ReleaseError(SystemExit):
    """The release cannot be built, or leaks. nbgrader would swallow an exception that is no ``SystemExit``."""


class ReleaseBuilder(GenerateAssignment):  # type: ignore[misc]
    """Builds a release from the source: stripped modules, public tests with recorded answers, no leaks.

    The release is built in a folder aside and then takes the old one's place, together with the assignment's cells in
    the gradebook. Until then both stay as they are. It has all options of `GenerateAssignment`, and the options below.
    """

    renamed = Dict(help="New ids of exercises and cells, by their old ids: their scores and comments stay.").tag(
        config=True
    )
    discard_scores = Bool(
        False, help="Remove an exercise from the gradebook although a person entered scores or comments for it."
    ).tag(config=True)

    tell: Callable[[str], None] | None = None
    """Takes each sentence about what changes in hand-ins, before anything is written. Default: the log."""
    _aside: Path | None = None
    _gradebook: Any = None

    def start(self) -> None:
        """Build the release. Report an error in one sentence.

        Raises
        ------
        ReleaseError
            If nbgrader would read the course's path as a pattern.
        """
        try:
            self._course.require_plain_path()
        except AutograderError as error:
            raise ReleaseError(str(error)) from None
        replaced = {SaveCells: CollectCells, "nbgrader.preprocessors.SaveCells": CollectCells}
        steps: list[Any] = self.preprocessors  # type: ignore[has-type]
        self.preprocessors = [replaced.get(step, step) for step in steps]
        super().start()

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        """Return the folder in which the release is built."""
        return str(self._aside or super()._format_dest(assignment_id, student_id, escape))

    def init_destination(self, assignment_id: str, student_id: str) -> bool:  # noqa: ARG002 (what it is called with)
        """Return True: `convert_notebooks` decides, and nothing is removed before the new release exists."""
        return True

    def init_assignment(self, assignment_id: str, student_id: str) -> None:  # noqa: ARG002 (what it is called with)
        """Write everything except the notebooks."""
        assert self._aside is not None
        assemble(self._course, self._aside)

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

    def write_single_notebook(self, output: str, resources: Any) -> None:
        """Write a converted notebook, and keep its cells for the gradebook."""
        found = resources["nbgrader"].pop(COLLECTED, None)
        self._collected += [found] if found is not None else []
        super().write_single_notebook(output, resources)

    def convert_notebooks(self) -> None:
        """Build the release aside, scan it, and put it in place together with its cells in the gradebook.

        Raises
        ------
        ReleaseError
            If the release leaks, nbgrader fails, or the gradebook cannot follow. The message names the first leaks or
            the error. The old release and the gradebook are unchanged.
        """
        home = Path(self._format_dest(self.coursedir.assignment_id, "."))
        if not self._is_wanted(home):
            self.log.warning("Skipping existing assignment: %s. Build it again with --force.", home)
            return
        self._collected: list[ReleasedNotebook] = []
        with self._errors_said(), contextlib.ExitStack() as self._opened:
            course = self._course
            official = home.resolve() == course.release.resolve()
            # The gradebook's transaction is open while the folders are exchanged, and is committed right after: if that
            # fails, the old release returns. After a kill in between, the next build changes the gradebook.
            with files.swapped_folder(home, course.state if official else None, self._commit) as fresh:
                self._build(home, fresh)
                leaks = scan(fresh, course.assignment)
                if leaks:
                    raise ReleaseError("\n".join(["The release leaks:", *(f"  {leak}" for leak in leaks[:10])]))
                if official:
                    releases.keep(course, home)
                    releases.keep(course, fresh)
                if not self.no_database:
                    self._change_gradebook(course)

    def _is_wanted(self, home: Path) -> bool:
        """Tell, by nbgrader's rules, whether the release is built: if it is missing or older, or with ``--force``."""
        notebooks = [Path(path).name for paths in self.assignments.values() for path in paths]
        if self.force or not all((home / name).exists() for name in notebooks):
            return True
        source = self.coursedir.get_existing_timestamp(self._format_source(self.coursedir.assignment_id, "."))
        release = self.coursedir.get_existing_timestamp(str(home))
        return source is not None and release is not None and source > release

    def _build(self, home: Path, fresh: Path) -> None:
        if self.coursedir.notebook_id != "*" and home.is_dir():  # the other notebooks stay
            shutil.copytree(home, fresh, dirs_exist_ok=True)
        self._aside = fresh
        try:
            super().convert_notebooks()
            self._describe(fresh)
        finally:
            self._aside = None

    def _describe(self, fresh: Path) -> None:
        """Write what the release consists of, for students who bring a corrected release into their folder."""
        found = {path.relative_to(fresh).as_posix(): path for path in sorted(fresh.rglob("*")) if path.is_file()}
        assignment = self._course.assignment
        rooms = ("checks", "coach", "desk", "kit", *assignment.settings.rooms)
        folders = ["tests", *(f"{assignment.package}/{room}" for room in rooms)]
        contents = {name: path.read_bytes() for name, path in found.items()}
        _write(fresh / update.DESCRIPTION, update.describe(contents, assignment.package, folders))
        self.set_permissions(self.coursedir.assignment_id, ".")

    def _change_gradebook(self, course: Course) -> None:
        """Say what changes in hand-ins, and write the release's cells into the gradebook, without a commit."""
        name = self.coursedir.assignment_id
        gradebook = self._opened.enter_context(Gradebook(self.coursedir.db_url, self.coursedir.course_id))
        if not self.create_assignment and name not in {assignment.name for assignment in gradebook.assignments}:
            raise ReleaseError(f"The gradebook has no assignment {name}, and create_assignment is off.")
        whole = self.coursedir.notebook_id == "*"
        change = Update(gradebook, name, self._collected, whole, self.renamed, written(course.root, name))
        for sentence in change.sentences():
            (self.tell or self.log.warning)(sentence)
        lost = change.lost()
        if lost and not self.discard_scores:
            raise GradebookError("\n".join([*lost, DISCARDING]))
        if lost:
            path = course.state / "discarded" / f"{name}-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}.json"
            files.write(path, json.dumps(change.entered(), indent=1, ensure_ascii=False).encode())
            (self.tell or self.log.warning)(f"What people entered there is kept in {course.name_of(path)}.")
        change.write()
        self._gradebook = gradebook

    def _commit(self) -> None:
        """Commit what was written into the gradebook."""
        if self._gradebook is not None:
            self._gradebook.db.commit()

    @contextlib.contextmanager
    def _errors_said(self) -> Iterator[None]:
        """Turn expected errors into one sentence."""
        try:
            yield
        except (NbGraderException, SyntaxError, AutograderError, SQLAlchemyError, OSError) as error:
            raise ReleaseError(f"The release was not built: {_reason(error)}.") from None


DISCARDING = (
    "To keep them for a renamed exercise, build with --rename OLD=NEW (in nbgrader: "
    "--ReleaseBuilder.renamed=OLD=NEW); to remove them, build with --discard-scores "
    "(--ReleaseBuilder.discard_scores=True)"
)


def _reason(error: Exception) -> str:
    """Return the reason of an error, and what to do about it, without the full stop."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}, is no valid Python ({error.msg})"
    said = str(error).strip().rstrip(".") or type(error).__name__
    if isinstance(error, SQLAlchemyError):
        why = str(getattr(error, "orig", None) or error).strip().rstrip(".")
        advice = next((advice for words, advice in DATABASE.items() if words in why), "")
        return f"the gradebook cannot be written ({why})" + (f"; {advice}" if advice else "")
    return said


DATABASE = {
    "locked": "close the program that uses it, such as formgrader, and build again",
    "readonly": "make gradebook.db and its folder writable",
    "no such column": "copy gradebook.db, then run `nbgrader db upgrade`",
    "not a database": "move gradebook.db away, or put back a copy of it",
    "malformed": "move gradebook.db away, or put back a copy of it",
    "full": "make room on the disk",
}
"""Advice on errors of the gradebook's database, by words of its message."""


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
        for name, text in (*tools.files(course), *papers.files(course)):
            _write(release / name, text)
        record(assignment, release)
    except (AutograderError, OSError) as error:
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
