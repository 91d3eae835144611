"""What the students' tools must know of an assignment: its package, and what its notebooks are written for.

A release holds these facts in ``tests/assignment.toml``; in the instructor's checkout they are the grader's settings.
"""

import importlib.util
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOM = (__package__ or "").rpartition(".")[0]
"""The package that this one lies in: the students' in a release, else the engine."""
RELEASED = Path("tests", "assignment.toml")
ENGINE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Facts:
    """What is known of an assignment.

    Attributes
    ----------
    package : str
        The students' package.
    kit : str
        The package that holds what the assignment adds, or "".
    computing : tuple of str
        Packages of whose functions a notebook's constants may be made.
    frameworks : dict of str
        Packages for which notebooks are written, besides NumPy, and what people call them.
    """

    package: str
    kit: str = ""
    computing: tuple[str, ...] = ()
    frameworks: tuple[tuple[str, str], ...] = ()


def facts_of(folder: Path) -> Facts:
    """Return the facts of the assignment in a folder: a release, or the instructor's source.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    released = folder / RELEASED
    if released.exists():
        return read_facts(released, f"{ROOM}.kit")
    graders = (root / "assignments" / folder.name for root in (folder.parents[1] / ENGINE.name, ENGINE))
    path = next((path for grader in graders if (path := grader / "assignment.toml").exists()), released)
    return read_facts(path, f"{ROOM}.assignments.{folder.name}.kit")


def read_facts(path: Path, kit: str) -> Facts:
    """Read a file of settings."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    frameworks = tuple((name, one["title"]) for name, one in said.get("frameworks", {}).items())
    return Facts(said["package"], kit if _is_there(kit) else "", tuple(said.get("computing", ())), frameworks)


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
