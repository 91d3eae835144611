"""What an assignment is made of: its settings, and the parts, exercises and points that its notebooks hold.

The settings are in ``assignment.toml``, which says what cannot be read from the notebooks; nothing is declared twice.
An exercise is a grade cell: its id the ``grade_id``, its points the cell's. Not for results: see ``verdict``.
"""

import functools
import importlib
import importlib.util
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

import autograder
from autograder.checks.definitions import METADATA, NotebookError, read_cells
from autograder.checks.facts import Facts
from autograder.errors import SetupError
from autograder.intake.submission import Rules

ROOM = f"{autograder.__name__}.assignments"
"""The package in which graders are imported."""
SETTINGS = "assignment.toml"


class AssignmentError(SetupError):
    """The settings or the source notebooks do not make an assignment: one sentence says why."""


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package for which notebooks are written, besides NumPy.

    Attributes
    ----------
    title : str
        What people call it.
    install : str
        The command that installs it where submissions are graded.
    model : str
        The file in which a part's model is handed in; ``{part}`` is the part's number.
    distributions : tuple of str
        What its runner needs besides the framework and what that says that it needs.
    memory, cpu_seconds : int
        Of its runner: bytes, and processor time.
    seconds : float
        For all tests of a part.
    environment : dict of str
        Of its runner, and of what trains the reference's model.
    reads_itself : bool
        Whether it ends the program where it cannot read its own path and arguments in ``/proc``.
    """

    title: str
    install: str
    model: str = ""
    distributions: tuple[str, ...] = ()
    memory: int = 2 * 2**30
    cpu_seconds: int = 240
    seconds: float = 200.0
    environment: dict[str, str] = {}
    reads_itself: bool = False


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Cython extension that students write.

    Attributes
    ----------
    exercise : str
        The exercise that it is.
    source : str
        Its ``.pyx`` file, relative to the submission.
    """

    exercise: str
    source: str


class Seconds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of time, in seconds: for all tests of a part, one answer, and one answer of a test that trains."""

    part: float = 100.0
    call: float = 10.0
    learning: float = 45.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``assignment.toml`` says.

    Attributes
    ----------
    package : str
        The students' package.
    title : str
        Of the assignment, for people.
    points : float or None
        What all exercises add up to; None leaves that unchecked.
    packages : tuple of str
        Installed packages in the reach of a submission.
    computing : tuple of str
        Packages that would do the exercise: they can be imported and not used, and constants may be made of them.
    model : str
        The file in which a part's model is handed in, ``{part}`` being its number; "" where there is none.
    files : dict of int
        Kinds of files that are taken in, besides code and notebooks: the ending, and how many MB of each at the most.
    namespaces : tuple of str
        Below which tests find the functions of ``kit/runner``.
    rooms : tuple of str
        Folders of the course that are released as part of the package: tools of the course's own.
    skipped : tuple of str
        Names of folders that are not the student's work and are not looked at.
    data_variable, quick_variable : str
        Environment variables that name the folder of the data, and that let notebooks run through quickly.
    own_design : tuple of str
        Classes that each student designs: no exercise asks for them, so no test can say what is wrong.
    rest : float
        The share of an exercise's points that tests other than core tests decide.
    seconds : Seconds
    extension : Extension or None
    frameworks : dict of Framework
        By the name under which each is imported.
    """

    package: str
    title: str
    points: float | None = None
    packages: tuple[str, ...] = ("numpy",)
    computing: tuple[str, ...] = ()
    model: str = ""
    files: dict[str, int] = {}
    namespaces: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    data_variable: str = ""
    quick_variable: str = ""
    own_design: tuple[str, ...] = ()
    rest: float = 0.2
    seconds: Seconds = Seconds()
    extension: Extension | None = None
    frameworks: dict[str, Framework] = {}


@dataclass(frozen=True)
class Exercise:
    """One graded cell.

    Attributes
    ----------
    id : str
    points : float
    manual : bool
        Read by a person; else judged by tests.
    given : bool
        Handed out complete: an untouched release earns it.
    """

    id: str
    points: float
    manual: bool
    given: bool


@dataclass(frozen=True)
class Part:
    """What one notebook earns, or one of several.

    Attributes
    ----------
    number : int
    notebook : str
        Its file name.
    exercises : tuple of Exercise
        In the order of the notebook.
    framework : str
        The package that its code is written for, such as ``torch``; "" for NumPy.
    others : tuple of Part
        Notebooks that earn the same exercises: of all that are handed in, the best one counts.
    first : str
        The notebook whose grade cells hold the points: its own, or that of the part which it is one of the others of.
    model : str
        The file that holds the model which is handed in; "" where there is none.
    """

    number: int
    notebook: str
    exercises: tuple[Exercise, ...]
    framework: str = ""
    others: tuple["Part", ...] = ()
    first: str = ""
    model: str = ""

    @property
    def name(self) -> str:
        """The notebook's name without its ending."""
        return self.notebook.removesuffix(".ipynb")

    @property
    def automatic(self) -> tuple[Exercise, ...]:
        """The exercises that tests judge."""
        return tuple(exercise for exercise in self.exercises if not exercise.manual)

    @property
    def alternatives(self) -> tuple["Part", ...]:
        """The ways to earn it, one for each notebook; the first holds the points."""
        return (replace(self, others=()), *self.others)


@dataclass(frozen=True)
class Assignment:
    """An assignment: its grader, which is never released, and its source.

    Attributes
    ----------
    name : str
    folder : Path
        The grader's: ``assignment.toml``, ``hidden``, ``mistakes``, ``accepted``, ``samples``, ``kit``.
    source : Path
        The instructor's notebooks and package.
    settings : Settings
    """

    name: str
    folder: Path
    source: Path
    settings: Settings

    @property
    def package(self) -> str:
        """The students' package."""
        return self.settings.package

    @property
    def hidden(self) -> Path:
        """The folder of the hidden tests."""
        return self.folder / "hidden"

    @property
    def kit(self) -> Path:
        """What it adds to the engine; it need not be there."""
        return self.folder / "kit"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, from the source notebooks."""
        return _read_parts(self)

    @property
    def rules(self) -> Rules:
        """What is taken in."""
        kinds = tuple((ending, megabytes * 2**20) for ending, megabytes in self.settings.files.items())
        return Rules(self.package, kinds, self.settings.skipped)

    @property
    def facts(self) -> Facts:
        """What the students' tools must know."""
        _put_on_path(self.folder)
        kit = f"{ROOM}.{self.name}.kit" if self.kit.is_dir() else ""
        frameworks = tuple((name, framework.title) for name, framework in self.settings.frameworks.items())
        return Facts(self.package, kit, self.settings.computing, frameworks)

    def module(self, name: str) -> ModuleType | None:
        """Import a module of the grader, such as ``kit.judge``; None where it has none of this name."""
        _put_on_path(self.folder)
        full = f"{ROOM}.{self.name}.{name}"
        try:
            found = importlib.util.find_spec(full) is not None
        except ModuleNotFoundError:  # a package above it is not there
            found = False
        return importlib.import_module(full) if found else None

    def framework_of(self, part: Part) -> Framework | None:
        """Return the framework that a part's notebook is written for, if any."""
        return self.settings.frameworks[part.framework] if part.framework else None

    def __hash__(self) -> int:
        return hash((self.name, self.folder, self.source))


def _put_on_path(folder: Path) -> None:
    """Let ``autograder.assignments.NAME`` stand for an assignment's grader, in whichever course's folder it lies."""
    known = sys.modules.get(f"{ROOM}.{folder.name}")
    if known is not None and list(known.__path__) == [str(folder)]:
        return
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{ROOM}.{folder.name}.")]:
        del sys.modules[name]
    _put_first(autograder, folder.parent.parent)
    importlib.invalidate_caches()
    _put_first(importlib.import_module(ROOM), folder.parent)


def _put_first(package: ModuleType, place: Path) -> None:
    package.__path__ = [str(place), *(other for other in package.__path__ if other != str(place))]


@functools.cache
def read_assignment(folder: Path, source: Path) -> Assignment:
    """Read the assignment whose grader lies in ``folder``.

    Raises
    ------
    AssignmentError
        If its settings cannot be read or do not say what they must.
    """
    path = folder / SETTINGS
    try:
        settings = msgspec.toml.decode(path.read_bytes(), type=Settings)
    except OSError:
        raise AssignmentError(f"There is no {path}: it says what the assignment {folder.name} is made of.") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise AssignmentError(f"{path} cannot be read: {error}.") from None
    return Assignment(folder.name, folder, source, settings)


@functools.cache
def _read_parts(assignment: Assignment) -> tuple[Part, ...]:
    """Read the parts of an assignment.

    Raises
    ------
    AssignmentError
        If there is no notebook, one cannot be read, an id is used twice, or two notebooks of a part do not go together.
    """
    source = assignment.source
    read = [_read_part(path, assignment.settings) for path in sorted(source.glob("*.ipynb"))]
    parts = [part for part in read if part.first == part.notebook]
    if not parts:
        raise AssignmentError(f"There are no source notebooks in {source}: run this in the course's folder.")
    _require_single_ids(parts)
    for other in read:
        if other.first != other.notebook:
            number = next((number for number, part in enumerate(parts) if part.notebook == other.first), None)
            if number is None:
                raise AssignmentError(f"{other.notebook} is instead of {other.first}, which is not there.")
            parts[number] = replace(parts[number], others=(*parts[number].others, _with_points(other, parts[number])))
    return tuple(sorted(parts, key=lambda part: part.number))


def _require_single_ids(parts: list[Part]) -> None:
    seen: set[str] = set()
    for exercise in (exercise for part in parts for exercise in part.exercises):
        if exercise.id in seen:
            raise AssignmentError(f"The exercise {exercise.id} has two grade cells: give one of them another grade_id.")
        seen.add(exercise.id)


def _with_points(other: Part, part: Part) -> Part:
    """One of a part's other notebooks, with the points that the first one gives."""
    points = {exercise.id: exercise for exercise in part.exercises}
    if [exercise.id for exercise in other.exercises] != list(points) or other.number != part.number:
        raise AssignmentError(f"{other.notebook} is instead of {part.notebook}, but its grade cells are not the same.")
    if any(exercise.points for exercise in other.exercises):
        raise AssignmentError(
            f"{other.notebook} is instead of {part.notebook}, whose grade cells hold the points: set its own to 0."
        )
    return replace(other, exercises=part.exercises)


def _read_part(path: Path, settings: Settings) -> Part:
    try:
        cells = read_cells(path)
    except NotebookError as error:
        raise AssignmentError(str(error)) from None
    said = json.loads(path.read_text(encoding="utf-8"))["metadata"].get(METADATA, {})
    number, framework = said.get("part"), said.get("framework", "")
    if not isinstance(number, int):
        raise AssignmentError(
            f'{path.name} does not say which part it is: set "{METADATA}": {{"part": N}} in its metadata.'
        )
    if framework and framework not in settings.frameworks:
        names = " and ".join(settings.frameworks) or "any: assignment.toml lists no frameworks"
        raise AssignmentError(f"{path.name} is written for {framework!r}, which is none of {names}.")
    model = settings.frameworks[framework].model if framework else settings.model
    graded = [cell["metadata"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]
    exercises = tuple(_exercise(metadata) for metadata in graded)
    return Part(
        number, path.name, exercises, framework, first=said.get("instead_of", path.name),
        model=model.format(part=number),
    )  # fmt: skip


def _exercise(metadata: dict[str, Any]) -> Exercise:
    nbgrader = metadata["nbgrader"]
    return Exercise(
        id=nbgrader["grade_id"],
        points=float(nbgrader["points"]),
        manual=bool(nbgrader.get("solution")),
        given=bool(metadata.get(METADATA, {}).get("given")),
    )
