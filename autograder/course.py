"""A course's folders and settings: its source, release, secret, data and state, in one object.

This module finds them and keeps them. It does not build, judge or grade.
"""

import difflib
import os
import secrets
import shlex
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from autograder.checks.alias import alias
from autograder.checks.facts import tell
from autograder.checks.public import lend
from autograder.errors import SetupError
from autograder.intake.kept import Kept
from autograder.kit import Data, JudgeKit

from .assignment import ENGINE, SETTINGS, Assignment, Part, read_assignment

GRADERS = Path("autograder", "assignments")
"""The folder of a course's graders, relative to the course or to the engine's parent."""
STATE = ".autograder"
PATTERN = "*?["
"""Characters that nbgrader reads as a pattern, also in the path of the course's folder."""


class CourseError(SetupError):
    """The folder is not a course, or a part of the course is missing. One sentence names the fault."""


@dataclass(frozen=True)
class Course:
    """A course's folder, and one of its assignments.

    Attributes
    ----------
    root : Path
        The folder that holds ``source``, ``release`` and ``nbgrader_config.py``.
    data : Path or None
        The folder of the data for judging; None for the data that the assignment's kit finds.
    name : str
        The assignment's name; "" if the course has only one assignment.
    """

    root: Path
    data: Path | None = None
    name: str = ""

    def __reduce__(self) -> tuple[type["Course"], tuple[Path, Path | None, str]]:
        """Pickle the course without its cached properties, because a kit may hold modules."""
        return Course, (self.root, self.data, self.name)

    @cached_property
    def assignment(self) -> Assignment:
        """The assignment.

        Raises
        ------
        CourseError
            If the course has no assignment of this name, or has several and ``name`` is "".
        """
        names = assignments_of(self.root)
        name = self.name or (names[0] if len(names) == 1 else "")
        folder = _grader(self.root, name) if name in names else None
        if folder is None:
            near = difflib.get_close_matches(name, names, 1) if name else []
            wrong = f"There is no assignment {name}. " if name else ""
            meant = f"Did you mean {near[0]}? " if near else ""
            raise CourseError(
                f"{wrong}{meant}Choose one of this course's assignments with --assignment: {', '.join(names)}."
            )
        return read_assignment(folder, self.root / "source" / name)

    @property
    def source(self) -> Path:
        """The folder of the assignment's source."""
        return self.assignment.source

    def name_of(self, path: Path) -> str:
        """Return a file's name for messages, relative to the course's folder if it lies there."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @property
    def release(self) -> Path:
        """The folder of the release, which students receive."""
        return self.root / "release" / self.assignment.name

    def require_plain_path(self) -> None:
        """Require a path that nbgrader takes literally.

        Raises
        ------
        CourseError
            If the path of the course's folder holds a character of `PATTERN`.
        """
        marks = [mark for mark in PATTERN if mark in str(self.root)]
        if marks:
            raise CourseError(
                f"The path {self.root} holds {' and '.join(marks)}, which nbgrader reads as a pattern: move the course "
                f"with `mv {shlex.quote(str(self.root))} NEW_PATH`."
            )

    def require_release(self) -> Path:
        """Return the folder of the release.

        Raises
        ------
        CourseError
            If the release is not built yet.
        """
        if not self.release.is_dir():
            raise CourseError(f"There is no {self.release} yet: run `autograder build` first.")
        return self.release

    @property
    def state(self) -> Path:
        """The folder of the state that grading keeps: verdicts, secret, submissions, caches."""
        return self.root / STATE

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, from the source notebooks."""
        return self.assignment.parts

    @property
    def submissions(self) -> Kept:
        """The submissions that intake has stored."""
        return Kept(self.state / "submissions", self.assignment.rules)

    def room(self, name: str) -> Path:
        """Return a folder with the course's tools, which the release holds as part of the package.

        Raises
        ------
        CourseError
            If there is no such folder, in the course or beside the engine.
        """
        found = next((root / name for root in (self.root, ENGINE.parent) if (root / name).is_dir()), None)
        if found is None:
            raise CourseError(
                f"There is no folder {self.root / name}: create it, or remove it from rooms in {SETTINGS}."
            )
        return found

    @cached_property
    def secret(self) -> bytes:
        """The secret that seeds the random inputs. It is created once and kept out of version control.

        The environment variable ``AUTOGRADER_SECRET`` overrides it.
        """
        given = os.environ.get("AUTOGRADER_SECRET")
        if given:
            return given.encode()
        path = self.state / "secret"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(secrets.token_hex(32).encode())
            except FileExistsError:
                pass
        return path.read_bytes()

    @cached_property
    def kit(self) -> JudgeKit:
        """The assignment's hooks for the judge."""
        module = self.assignment.module("kit.judge")
        if module is None:
            return JudgeKit(self)
        made = getattr(module, "Kit", None)
        if not (isinstance(made, type) and issubclass(made, JudgeKit)):
            raise CourseError(
                f"{self.assignment.kit / 'judge'} defines no class Kit that derives from JudgeKit: add one."
            )
        return made(self)

    @cached_property
    def judged_on(self) -> Data:
        """The data that submissions are judged on.

        Raises
        ------
        SetupError
            If the folder that the user gave does not hold the data.
        """
        return self.kit.data()


def facts_folder(root: Path, assignment: str) -> Path:
    """Return the folder in which grading keeps what it found about an assignment's hand-ins, one file a student."""
    return root / STATE / "graded" / assignment


def assignments_of(root: Path) -> list[str]:
    """Return the names of a course's assignments.

    Raises
    ------
    CourseError
        If the folder holds none.
    """
    names = [path.name for path in sorted((root / "source").glob("*")) if _grader(root, path.name) is not None]
    if not names:
        raise CourseError(
            f"{root} is not a course's folder (no assignment in source/ has a grader in {GRADERS}): "
            "change to the course's folder and run the command again."
        )
    return names


def _grader(root: Path, name: str) -> Path | None:
    """Return the folder of an assignment's grader: in the course or, if it is not there, beside the engine."""
    folders = (root / GRADERS / name, ENGINE / GRADERS.name / name)
    return next((folder for folder in folders if (folder / SETTINGS).is_file()), None)


def put_tools_on_path() -> None:
    """Put this Python's folder on ``PATH``: nbgrader calls ``alembic``, and the environment may not be activated."""
    folder, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + path


def find_course(folder: Path | None = None, data: Path | None = None, name: str = "") -> Course:
    """Return the course of a folder, by default the current folder.

    Raises
    ------
    CourseError
        If the folder holds no assignment, or several assignments and ``name`` is none of them.
    """
    course = Course((folder or Path.cwd()).resolve(), data, name)
    _ = course.assignment
    return course


def lend_rooms(package: str, init: str) -> list[str]:
    """Make the tools, the kit and the course's rooms importable from the instructor's package.

    In a release the builder puts them into the students' package.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    init : str
        The package's ``__file__``.

    Returns
    -------
    list of str
        Folders to add to the package's ``__path__``.
    """
    source = Path(init).resolve().parent.parent
    root = source.parent.parent
    course = Course(root, name=source.name)
    facts = course.assignment.facts
    tell(source, facts)
    lend(replace(facts, package=package))
    alias(f"{package}.desk", f"{ENGINE.name}.desk")
    return list(dict.fromkeys(str(course.room(name).parent) for name in course.assignment.settings.rooms))
