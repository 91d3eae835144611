"""What is missing, changed, blank or too large in a student's folder, with the exercises that it concerns.

The rules are those that a student can act on. What the grader decides about a submission is its own affair.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..checks.notebook import NotebookError, id_of, nbgrader_of, read
from ..checks.public import PublicTests
from ..checks.update import DESCRIPTION as RELEASED
from ..checks.update import describe
from .wanted import Notebook, Wanted

NEWER = 60.0
"""Seconds by which a file must be newer than a notebook before the notebook counts as older."""
CHECKPOINTS = ".ipynb_checkpoints"


@dataclass(frozen=True)
class Trouble:
    """Something that a student should know before handing in.

    Attributes
    ----------
    what : str
        A sentence.
    exercises : tuple of str
        The exercises whose points it puts at risk.
    serious : bool
        Whether nobody should hand in without agreeing to it, although nothing tells which points it costs.
    """

    what: str
    exercises: tuple[str, ...] = ()
    serious: bool = False


def troubles(folder: Path, wanted: Wanted, sizes: Mapping[str, int]) -> Iterator[Trouble]:
    """Yield what is wrong, without running the student's code.

    Parameters
    ----------
    folder : Path
    wanted : Wanted
    sizes : mapping of int
        The size in bytes of each file that is handed in, by its name.
    """
    released = _released(folder)
    lost = [name for name in wanted.modules if not (folder / name).is_file()]
    if lost:
        what = f"Missing in the package: {listed(lost)}. Take them from the assignment again."
        yield Trouble(what, serious=True)
    for name in sizes:
        if name.endswith(".py") and (fault := _syntax(folder / name)):
            yield Trouble(f"{name} is not valid Python ({fault}): nothing in it can be graded.", serious=True)
    for notebooks in wanted.parts.values():
        yield from _notebooks(folder, wanted, notebooks, released)
    yield from _models(folder, wanted)
    for name, size in sizes.items():
        limit = wanted.limits[Path(name).suffix]
        if size > limit:
            what = f"{name} has {size / 2**20:.0f} MB, and at most {limit >> 20} MB are taken: it is left out."
            yield Trouble(what, serious=True)
    changed = [name for name in wanted.given if name in sizes and _differs(folder / name, name, released)]
    if changed:
        yield Trouble(
            f"{listed(changed)} came complete, and you changed {'it' if len(changed) == 1 else 'them'}: is that meant?"
        )


def _released(folder: Path) -> dict[str, Any]:
    """Return the release's description of its files."""
    try:
        files: dict[str, Any] = json.loads((folder / RELEASED).read_bytes())["files"]
    except (OSError, ValueError, KeyError):
        return {}
    return files


def _described(name: str, content: bytes) -> Any:
    try:
        return json.loads(describe({name: content}, "", ()))["files"][name]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _differs(path: Path, name: str, released: Mapping[str, Any]) -> bool:
    return name in released and _described(name, path.read_bytes()) != released[name]


def _syntax(path: Path) -> str:
    """Return where a module is not valid Python, or ""."""
    try:
        ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return ""


def _notebooks(
    folder: Path, wanted: Wanted, notebooks: list[Notebook], released: Mapping[str, Any]
) -> Iterator[Trouble]:
    """Yield what is wrong with a part's notebook or, of several, with each that is there and was changed."""
    there = [one for one in notebooks if (folder / one.name).is_file()]
    if not there:
        names = " and ".join(one.name for one in notebooks)
        yield Trouble(f"{names} {'is' if len(notebooks) == 1 else 'are'} missing.", _in_notebook(notebooks[0]))
        return
    used = [one for one in there if _differs(folder / one.name, one.name, released)]
    for one in used or there[:1]:
        yield from _notebook(folder, wanted, one, released.get(one.name))


def _in_notebook(notebook: Notebook) -> tuple[str, ...]:
    """Return the exercises that the notebook answers: those that a person reads, or all if it has a framework."""
    return tuple(one.id for one in notebook.exercises if one.manual or notebook.framework)


def _notebook(folder: Path, wanted: Wanted, notebook: Notebook, released: Any) -> Iterator[Trouble]:
    path = folder / notebook.name
    try:
        cells = read(path).cells
    except NotebookError as error:
        yield Trouble(str(error), _in_notebook(notebook))
        return
    described = _described(notebook.name, path.read_bytes())
    known = released if isinstance(released, dict) else {}
    own = described if isinstance(described, dict) else {}
    written = [one.id for one in notebook.exercises if one.manual]
    filled = {id_of(cell) for cell in cells if cell["source"].strip()}
    blank = [one for one in written if one not in filled or (one in known and own.get(one) == known[one])]
    if known and own == known:
        yield Trouble(
            f"{notebook.name} is as you received it. If you have worked in it, save it first (Ctrl+S, on a Mac Cmd+S).",
            tuple(blank),
        )
    elif blank:
        yield Trouble(
            f"{notebook.name}: still blank {'is' if len(blank) == 1 else 'are'} {listed(blank)}.", tuple(blank)
        )
    graded = {id_of(cell) for cell in cells if nbgrader_of(cell).get("grade")}
    gone = [one.id for one in notebook.exercises if one.id not in graded]
    if gone:
        command = f"python -m {wanted.package}.checks.update"
        yield Trouble(f"{notebook.name}: the cells of {listed(gone)} are gone. `{command} RELEASE` brings them back.")
    yield from _unsaved(folder, wanted, notebook)


def _unsaved(folder: Path, wanted: Wanted, notebook: Notebook) -> Iterator[Trouble]:
    """Yield whether files tell that a notebook's newest state is not on disk."""
    path = folder / notebook.name
    saved = path.stat().st_mtime
    checkpoint = path.parent / CHECKPOINTS / f"{path.stem}-checkpoint.ipynb"
    if (
        checkpoint.is_file()
        and checkpoint.stat().st_mtime > saved + NEWER
        and checkpoint.read_bytes() != path.read_bytes()
    ):
        yield Trouble(f"Jupyter's checkpoint of {notebook.name} is newer than the file: open it, and save it.")
    written = [name for name in wanted.modules if name not in wanted.given and (folder / name).is_file()]
    newest = max(((folder / name).stat().st_mtime, name) for name in written) if written else (0.0, "")
    if newest[0] > saved + NEWER:
        yield Trouble(
            f"{notebook.name} was saved before {newest[1]} was changed last: its outputs may be old. "
            "The grader does not need them."
        )


def _models(folder: Path, wanted: Wanted) -> Iterator[Trouble]:
    """Yield which models are missing, with the exercises that measure them."""
    needing: dict[str, tuple[str, ...]] = {}
    measured = {test.claim.exercise for test in PublicTests(folder).tests if test.claim.kind == "accuracy"}
    for notebooks in wanted.parts.values():
        names = [one.model for one in notebooks if one.model]
        if names and not any((folder / name).is_file() for name in names):
            exercises = tuple(one.id for one in notebooks[0].exercises if one.id in measured)
            needing[" or ".join(names)] = exercises
    for name, exercises in needing.items():
        yield Trouble(f"{name} is missing: train the model, and save it as its notebook says.", exercises)


def listed(names: Sequence[str]) -> str:
    """Return several names in words; of many, only the first ones."""
    return ", ".join(names) if len(names) < 5 else f"{', '.join(names[:4])} and {len(names) - 4} more"
