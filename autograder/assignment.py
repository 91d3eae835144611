"""An assignment: its settings, and the parts, exercises and points that its notebooks hold.

``assignment.toml`` holds the settings that the notebooks do not hold; nothing is declared twice. An exercise is a grade
cell: the cell's ``grade_id`` is the exercise's id, and the cell's points are its points. See ``verdict`` for results.
"""

import functools
import importlib
import importlib.util
import json
import sys
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

import autograder
from autograder.checks.facts import Facts
from autograder.checks.notebook import METADATA, NotebookError, read_cells
from autograder.errors import SetupError
from autograder.intake.rules import CODE, Rules

ROOM = f"{autograder.__name__}.assignments"
"""The package in which graders are imported."""
SETTINGS = "assignment.toml"
ENGINE = Path(__file__).resolve().parent


class AssignmentError(SetupError):
    """The settings or the source notebooks are not a valid assignment. One sentence says why."""


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A framework that notebooks use besides NumPy.

    Attributes
    ----------
    title : str
        The framework's name for people.
    install : str
        The command that installs the framework where submissions are graded.
    model : str
        The file in which students hand in a part's model; ``{part}`` is the part's number.
    distributions : tuple of str
        Distributions that the runner needs besides the framework and the framework's declared dependencies.
    memory, cpu_seconds : int
        The runner's limits: memory in bytes, and CPU time in seconds.
    seconds : float
        The time limit for all tests of a part.
    environment : dict of str
        Environment variables of the runner, and of the program that trains the reference's model.
    reads_itself : bool
        Whether the framework ends the program if it cannot read the program's path and arguments in ``/proc``.
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
        The exercise in which students write the extension.
    source : str
        The extension's ``.pyx`` file, relative to the submission.
    """

    exercise: str
    source: str


class Seconds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time limits in seconds.

    Attributes
    ----------
    part : float
        For all tests of a part.
    call : float
        For one answer.
    learning : float
        For one answer of a test that trains.
    """

    part: float = 100.0
    call: float = 10.0
    learning: float = 45.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``assignment.toml``.

    Attributes
    ----------
    package : str
        The students' package.
    title : str
        The assignment's title for people.
    points : float or None
        The sum of the points of all exercises, which ``validate`` compares with the notebooks; None to compare nothing.
    packages : tuple of str
        Installed packages that a submission can use.
    computing : tuple of str
        Packages that would solve the exercises. A submission can import them but not use them, and a notebook's
        constants may come from their functions.
    model : str
        The file in which students hand in a part's model; ``{part}`` is the part's number. "" if there is no model.
    files : dict of int
        File endings that intake accepts besides code and notebooks, and the largest size of each such file in MB.
    namespaces : tuple of str
        Names below which tests find the functions of ``kit/runner``.
    rooms : tuple of str
        Folders with the course's tools, which the release holds as part of the package.
    skipped : tuple of str
        Names of folders that intake skips, because they are not the student's work.
    data_variable : str
        The environment variable that names the data folder.
    quick_variable : str
        The environment variable that makes notebooks run quickly.
    own_design : tuple of str
        Classes that each student designs. Mutants leave them alone, because no exercise asks for them.
    rest : float
        The share of an exercise's points, between 0 and 1, that tests other than core tests decide.
    strict : bool
        Whether names that Python and NumPy have dropped, such as ``xrange`` and ``np.int``, are mistakes. By default
        submissions are judged as if the names were still there.
    right_values : bool
        Whether the smallest case of a mistake is shown with the right answer, besides the student's.
    steps : int
        The number of steps of a hint that a release holds, behind what is wrong: 0 for none, 1 for the question, 2 for
        the idea too.
    leaderboard : tuple of int
        Numbers of the parts whose measured accuracies the leaderboard shows.
    seconds : Seconds
        Time limits.
    extension : Extension or None
        The Cython extension that students write.
    frameworks : dict of Framework
        The frameworks, by import name.
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
    strict: bool = False
    right_values: bool = True
    steps: int = 2
    leaderboard: tuple[int, ...] = ()
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
        Whether a person grades the exercise; if not, tests do.
    given : bool
        Whether students receive the exercise complete; an untouched release earns its points.
    """

    id: str
    points: float
    manual: bool
    given: bool


@dataclass(frozen=True)
class Part:
    """The exercises of one notebook, or of several alternative notebooks.

    Attributes
    ----------
    number : int
    notebook : str
        The notebook's file name.
    exercises : tuple of Exercise
        The exercises, in the notebook's order.
    framework : str
        The framework that the notebook uses, such as ``torch``; "" for NumPy.
    others : tuple of Part
        The part's other alternatives, which earn the same exercises. The best of a submission's alternatives counts.
    first : str
        The notebook whose grade cells hold the points: ``notebook``, or the first alternative's.
    model : str
        The file in which students hand in the part's model; "" if there is none.
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
        """The part's alternatives, one for each notebook; the first notebook holds the points."""
        return (replace(self, others=()), *self.others)


@dataclass(frozen=True)
class Assignment:
    """An assignment: its grader, which is never released, and its source.

    Attributes
    ----------
    name : str
    folder : Path
        The grader's folder, with ``assignment.toml``, ``hidden``, ``mistakes``, ``accepted``, ``samples`` and ``kit``.
    source : Path
        The folder of the instructor's notebooks and package.
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
        """The folder of the assignment's kit, which is optional."""
        return self.folder / "kit"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, from the source notebooks."""
        stamps = ((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in self.source.glob("*.ipynb"))
        return _read_parts(self, tuple(sorted(stamps)))

    @property
    def rules(self) -> Rules:
        """The rules by which intake accepts the files of a submission."""
        kinds = tuple((ending, megabytes * 2**20) for ending, megabytes in self.settings.files.items())
        rules = Rules(self.package, kinds, self.settings.skipped)
        alternatives = [one for part in self.parts for one in part.alternatives]
        modules = (path.relative_to(self.source) for path in sorted((self.source / self.package).rglob("*")))
        return replace(
            rules,
            notebooks=tuple(one.notebook for one in alternatives),
            modules=tuple(
                path.as_posix() for path in modules if path.suffix in CODE and not any(map(rules.skips, path.parts))
            ),
            models=tuple(dict.fromkeys(one.model for one in alternatives if one.model)),
        )

    @property
    def facts(self) -> Facts:
        """The facts that the students' tools need."""
        _put_on_path(self.folder)
        kit = f"{ROOM}.{self.name}.kit" if self.kit.is_dir() else ""
        frameworks = tuple((name, framework.title) for name, framework in self.settings.frameworks.items())
        return Facts(self.package, kit, self.settings.computing, frameworks)

    def module(self, name: str) -> ModuleType | None:
        """Import and return a module of the grader, such as ``kit.judge``. Return None if there is no such module.

        Raises
        ------
        AssignmentError
            If the module cannot be imported.
        """
        _put_on_path(self.folder)
        full = f"{ROOM}.{self.name}.{name}"
        try:
            found = importlib.util.find_spec(full) is not None
        except ModuleNotFoundError:  # a parent package does not exist
            found = False
        try:
            return importlib.import_module(full) if found else None
        except Exception as error:
            place = _place_in(self.folder, error) or str(self.folder.joinpath(*name.split(".")))
            why = f"{type(error).__name__}: {error}"
            raise AssignmentError(f"{place} cannot be imported ({why}): correct it.") from error

    def framework_of(self, part: Part) -> Framework | None:
        """Return the framework that a part's notebook uses, or None."""
        return self.settings.frameworks[part.framework] if part.framework else None

    def __hash__(self) -> int:
        return hash((self.name, self.folder, self.source))


def _place_in(folder: Path, error: Exception) -> str:
    """Return the last file and line below a folder that an exception passed through or names, or ""."""
    passed = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    named = [(error.filename, error.lineno)] if isinstance(error, SyntaxError) else []
    own = [(name, line) for name, line in [*passed, *named] if name and Path(name).is_relative_to(folder)]
    return f"{own[-1][0]}, line {own[-1][1]}," if own else ""


def _put_on_path(folder: Path) -> None:
    """Make ``autograder.assignments.NAME`` import the grader in ``folder``, which may lie in any course's folder."""
    known = sys.modules.get(f"{ROOM}.{folder.name}")
    if known is not None and list(known.__path__) == [str(folder)]:
        return
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{ROOM}.{folder.name}.")]:
        del sys.modules[name]
    autograder.__path__ = _first(folder.parent.parent, ENGINE)
    importlib.invalidate_caches()
    importlib.import_module(ROOM).__path__ = _first(folder.parent, ENGINE / "assignments")


def _first(place: Path, engine: Path) -> list[str]:
    """Return a package's path: a course's folder, and behind it the engine's. Another course's folder must not stay."""
    return list(dict.fromkeys([str(place), *([str(engine)] if engine.is_dir() else [])]))


@functools.cache
def read_assignment(folder: Path, source: Path) -> Assignment:
    """Read the assignment whose grader lies in ``folder``.

    Raises
    ------
    AssignmentError
        If the settings cannot be read or are not valid.
    """
    path = folder / SETTINGS
    try:
        settings = msgspec.toml.decode(path.read_bytes(), type=Settings)
    except OSError:
        raise AssignmentError(f"There is no {path}: write the settings of assignment {folder.name} there.") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise AssignmentError(f"{path} cannot be read: {error}.") from None
    return Assignment(folder.name, folder, source, settings)


@functools.lru_cache(maxsize=100)
def _read_parts(assignment: Assignment, stamps: tuple[tuple[str, int, int], ...]) -> tuple[Part, ...]:  # noqa: ARG001
    """Read the parts of an assignment. The stamps of its notebooks are for the cache: a server sees a changed source.

    Raises
    ------
    AssignmentError
        If there is no notebook, a notebook cannot be read, two exercises have the same id, or the alternatives of a
        part do not match.
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
                raise AssignmentError(
                    f"{other.notebook} is an alternative to {other.first}, but that notebook does not exist: "
                    "correct instead_of in the metadata."
                )
            parts[number] = replace(parts[number], others=(*parts[number].others, _with_points(other, parts[number])))
    return tuple(sorted(parts, key=lambda part: part.number))


def _require_single_ids(parts: list[Part]) -> None:
    seen: set[str] = set()
    for exercise in (exercise for part in parts for exercise in part.exercises):
        if exercise.id in seen:
            raise AssignmentError(f"The exercise {exercise.id} has two grade cells: give one of them another grade_id.")
        seen.add(exercise.id)


def _with_points(other: Part, part: Part) -> Part:
    """Return an alternative of a part, with the points of the part's first notebook."""
    points = {exercise.id: exercise for exercise in part.exercises}
    if [exercise.id for exercise in other.exercises] != list(points) or other.number != part.number:
        raise AssignmentError(
            f"{other.notebook} is an alternative to {part.notebook}, but their part numbers or grade cells differ: "
            "make them the same."
        )
    if any(exercise.points for exercise in other.exercises):
        raise AssignmentError(
            f"{other.notebook} is an alternative to {part.notebook}, which holds the points: "
            "set all points in the alternative to 0."
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
            f'{path.name} has no part number: set "{METADATA}": {{"part": N}} in the notebook\'s metadata.'
        )
    if framework and framework not in settings.frameworks:
        names = " and ".join(settings.frameworks) or "none"
        raise AssignmentError(f"{path.name} uses {framework!r}, but the frameworks in assignment.toml are: {names}.")
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
