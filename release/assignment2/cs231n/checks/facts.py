"""The facts about an assignment that the students' tools need: its package, its kit, its frameworks.

In a release ``tests/assignment.toml`` holds these facts. For the instructor's source the course provides them.
"""

import importlib.util
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOM = (__package__ or "").rpartition(".")[0]
"""The parent package: the students' package in a release, else the engine."""
RELEASED = Path("tests", "assignment.toml")
_TOLD: dict[Path, "Facts"] = {}


@dataclass(frozen=True)
class PublicExercise:
    """An exercise as students know it: its id, its points, and whether a person grades it."""

    id: str
    points: float
    person: bool = False


@dataclass(frozen=True)
class PublicPart:
    """A part as students know it: its number, the file names of its notebooks, and its exercises in their order."""

    number: int
    notebooks: tuple[str, ...]
    exercises: tuple[PublicExercise, ...]

    @property
    def name(self) -> str:
        """The notebooks' names."""
        return " or ".join(notebook.removesuffix(".ipynb") for notebook in self.notebooks)


@dataclass(frozen=True)
class Facts:
    """The facts about an assignment.

    Attributes
    ----------
    package : str
        The students' package.
    kit : str
        The kit's package, or "".
    computing : tuple of str
        Packages whose functions a notebook's constants may call.
    frameworks : tuple of (str, str)
        The import name and the title of each framework that notebooks use.
    parts : tuple of PublicPart
    rest : float
        The share of an exercise's points that tests other than core tests decide.
    """

    package: str
    kit: str = ""
    computing: tuple[str, ...] = ()
    frameworks: tuple[tuple[str, str], ...] = ()
    parts: tuple[PublicPart, ...] = ()
    rest: float = 0.2

    def room(self, name: str) -> str:
        """Return the package of one of the kit's rooms, such as ``runner``, or "" if the kit does not have it."""
        return f"{self.kit}.{name}" if self.kit and _is_there(f"{self.kit}.{name}") else ""


def tell(folder: Path, facts: Facts) -> None:
    """Store the facts of the assignment in a folder that is not a release."""
    _TOLD[folder.resolve()] = facts


def facts_of(folder: Path) -> Facts:
    """Return the facts of the assignment in a folder: a release, or the instructor's source.

    Raises
    ------
    FileNotFoundError
        If there are no facts for this folder.
    """
    told = _TOLD.get(folder.resolve())
    if told is not None:
        return told
    said = tomllib.loads((folder / RELEASED).read_text(encoding="utf-8"))
    kit = f"{ROOM}.kit"
    frameworks = tuple((name, one["title"]) for name, one in said.get("frameworks", {}).items())
    parts = tuple(
        PublicPart(part["number"], tuple(part["notebooks"]), tuple(PublicExercise(**one) for one in part["exercises"]))
        for part in said.get("parts", ())
    )
    computing = tuple(said.get("computing", ()))
    return Facts(
        said["package"], kit if _is_there(kit) else "", computing, frameworks, parts, said.get("rest", Facts.rest)
    )


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
