"""Where a course's things lie: its source, release, secret, data and store. One object instead of many paths.

Finds and remembers; does not build, judge or grade.
"""

import os
import secrets
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from autograder.checks.facts import tell
from autograder.checks.public import lend
from autograder.errors import SetupError
from autograder.intake.kept import Kept
from autograder.kit import Data, JudgeKit

from .assignment import SETTINGS, Assignment, Part, read_assignment

GRADERS = Path("autograder", "assignments")
"""Where a course keeps its assignments' graders."""
STATE = ".autograder"
ENGINE = Path(__file__).resolve().parent


class CourseError(SetupError):
    """The current folder is not a course, or lacks something: one sentence says what."""


@dataclass(frozen=True)
class Course:
    """A course's folder, and one of its assignments.

    Attributes
    ----------
    root : Path
        Holds ``source``, ``release`` and ``nbgrader_config.py``.
    data : Path or None
        Folder of the data to judge on; by default what the assignment's kit finds.
    name : str
        The assignment's; "" where the course has only one.
    """

    root: Path
    data: Path | None = None
    name: str = ""

    def __reduce__(self) -> tuple[type["Course"], tuple[Path, Path | None, str]]:
        """Let it travel to another process without what it has found so far: a kit may hold modules."""
        return Course, (self.root, self.data, self.name)

    @cached_property
    def assignment(self) -> Assignment:
        """The assignment.

        Raises
        ------
        CourseError
            If there is none of this name, or it has to be named.
        """
        source = self.root / "source"
        names = [path.name for path in sorted(source.glob("*")) if _grader(self.root, path.name) is not None]
        name = self.name or (names[0] if len(names) == 1 else "")
        folder = _grader(self.root, name) if name in names else None
        if folder is None and not names:
            raise CourseError(
                f"{self.root} is not a course's folder (no assignment in source/ has a grader in {GRADERS}): "
                "go there and run this again."
            )
        if folder is None:
            raise CourseError(f"Say which assignment is meant with --assignment: {', '.join(names)}.")
        return read_assignment(folder, source / name)

    @property
    def source(self) -> Path:
        """The instructor's assignment."""
        return self.assignment.source

    @property
    def release(self) -> Path:
        """What students receive."""
        return self.root / "release" / self.assignment.name

    def require_release(self) -> Path:
        """Return what students receive.

        Raises
        ------
        CourseError
            If it was not built yet.
        """
        if not self.release.is_dir():
            raise CourseError(f"There is no {self.release} yet: run `autograder build` first.")
        return self.release

    @property
    def state(self) -> Path:
        """What grading leaves behind: verdicts, secret, caches."""
        return self.root / STATE

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, from the source notebooks."""
        return self.assignment.parts

    @property
    def submissions(self) -> Kept:
        """The submissions that were taken in."""
        return Kept(self.state / "submissions", self.assignment.rules)

    def room(self, name: str) -> Path:
        """Return a folder of the course's own that is released as part of the package.

        Raises
        ------
        CourseError
            If there is none.
        """
        found = next((root / name for root in (self.root, ENGINE.parent) if (root / name).is_dir()), None)
        if found is None:
            raise CourseError(f"There is no {self.root / name}, which {SETTINGS} names among the rooms.")
        return found

    @cached_property
    def secret(self) -> bytes:
        """What random inputs are drawn from; made once, kept out of version control.

        ``AUTOGRADER_SECRET`` in the environment takes its place.
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
        """What the assignment adds to the trusted side."""
        module = self.assignment.module("kit.judge")
        kit: JudgeKit = JudgeKit(self) if module is None else module.Kit(self)
        return kit

    @cached_property
    def judged_on(self) -> Data:
        """The data that submissions are judged on.

        Raises
        ------
        SetupError
            If the folder that was named does not hold them.
        """
        return self.kit.data()


def _grader(root: Path, name: str) -> Path | None:
    """The folder of an assignment's grader: the course's own or, where it has none, one beside the engine."""
    folders = (root / GRADERS / name, ENGINE / GRADERS.name / name)
    return next((folder for folder in folders if (folder / SETTINGS).is_file()), None)


def put_tools_on_path() -> None:
    """Let nbgrader find the programs that lie beside this Python (it calls ``alembic``), activated or not."""
    folder, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + path


def find_course(folder: Path | None = None, data: Path | None = None, name: str = "") -> Course:
    """Return the course of a folder, by default the current one.

    Raises
    ------
    CourseError
        If it holds no assignment, or several and none is named.
    """
    course = Course((folder or Path.cwd()).resolve(), data, name)
    _ = course.assignment
    return course


def lend_rooms(package: str, init: str) -> list[str]:
    """Let the instructor's package find what the builder puts into the students': tools, kit, and rooms of the course.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    init : str
        Its ``__file__``.

    Returns
    -------
    list of str
        Folders in which more of its modules lie.
    """
    source = Path(init).resolve().parent.parent
    root = source.parent.parent
    course = Course(root, name=source.name)
    facts = course.assignment.facts
    tell(source, facts)
    lend(replace(facts, package=package))
    return list(dict.fromkeys(str(course.room(name).parent) for name in course.assignment.settings.rooms))
