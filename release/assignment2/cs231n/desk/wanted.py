"""What the course wants: its notebooks, modules, models and written answers, as the release describes them.

The builder writes the description, ``tests/hand_in.json``. It holds no secret, and the grader does not read it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

DESCRIPTION = Path("tests", "hand_in.json")


@dataclass(frozen=True)
class Exercise:
    """An exercise: its id, its points, and whether a person reads its answer."""

    id: str
    points: float
    manual: bool


@dataclass(frozen=True)
class Notebook:
    """A notebook that the course wants.

    Attributes
    ----------
    name : str
        The file's name.
    part : int
        The part's number. Notebooks of the same part are alternatives, of which one is enough.
    framework : str
        The framework that it needs, such as ``torch``, or "".
    model : str
        The file of the model that is handed in with it, or "".
    exercises : tuple of Exercise
    """

    name: str
    part: int
    framework: str
    model: str
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Wanted:
    """The description of what students hand in.

    Attributes
    ----------
    assignment, title, package : str
    notebooks : tuple of Notebook
    modules : tuple of str
        The package's files, relative to the folder.
    given : tuple of str
        Those modules in which students need not write anything.
    tools : tuple of str
        Folders and modules of the package that the course brings along, and that nobody hands in.
    limits : dict of int
        The most bytes of a file, by its ending.
    extension : str
        The source of the compiled extension, or "".
    frameworks : dict of str
        The title of each framework, by its import name.
    """

    assignment: str
    title: str
    package: str
    notebooks: tuple[Notebook, ...]
    modules: tuple[str, ...]
    given: tuple[str, ...]
    tools: tuple[str, ...]
    limits: dict[str, int]
    extension: str
    frameworks: dict[str, str]

    @property
    def parts(self) -> dict[int, list[Notebook]]:
        """The notebooks of each part."""
        found: dict[int, list[Notebook]] = {}
        for notebook in self.notebooks:
            found.setdefault(notebook.part, []).append(notebook)
        return dict(sorted(found.items()))

    @property
    def points(self) -> dict[str, float]:
        """The points of each exercise."""
        return {one.id: one.points for notebooks in self.parts.values() for one in notebooks[0].exercises}

    def text(self) -> str:
        """Return the description's text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def read(folder: Path) -> Wanted:
    """Return the description in a student's folder.

    Raises
    ------
    FileNotFoundError
        If the folder has none.
    """
    said = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    notebooks = tuple(
        Notebook(**{**one, "exercises": tuple(Exercise(**exercise) for exercise in one["exercises"])})
        for one in said.pop("notebooks")
    )
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    return Wanted(**{**said, **lists, "notebooks": notebooks})


def points_of(wanted: Wanted, exercises: Sequence[str]) -> str:
    """Return the points of several exercises in words, such as ``2 points``."""
    total = sum(wanted.points[one] for one in exercises)
    return f"{total:g} point{'' if total == 1 else 's'}"
