"""What the students' tools must know of an assignment: its package, and what its notebooks are written for.

A release holds these facts in ``tests/assignment.toml``; of the instructor's source the course tells them.
"""

import importlib.util
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOM = (__package__ or "").rpartition(".")[0]
"""The package that this one lies in: the students' in a release, else the engine."""
RELEASED = Path("tests", "assignment.toml")
_TOLD: dict[Path, "Facts"] = {}


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

    def room(self, name: str) -> str:
        """Return the package of one of the kit's rooms, such as ``runner``; "" where there is none."""
        return f"{self.kit}.{name}" if self.kit and _is_there(f"{self.kit}.{name}") else ""


def tell(folder: Path, facts: Facts) -> None:
    """Tell the facts of the assignment in a folder, which is no release."""
    _TOLD[folder.resolve()] = facts


def facts_of(folder: Path) -> Facts:
    """Return the facts of the assignment in a folder: a release, or the instructor's source.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    told = _TOLD.get(folder.resolve())
    if told is not None:
        return told
    said = tomllib.loads((folder / RELEASED).read_text(encoding="utf-8"))
    kit = f"{ROOM}.kit"
    frameworks = tuple((name, one["title"]) for name, one in said.get("frameworks", {}).items())
    return Facts(said["package"], kit if _is_there(kit) else "", tuple(said.get("computing", ())), frameworks)


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
