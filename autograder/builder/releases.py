"""Earlier releases: the notebooks' cells as students received them, so that their hand-ins are read as they were made.

Each build keeps the cells of the release that it replaces, and of the new one, in one small file for each version of a
notebook. The files are state, and not committed: if they are lost, an untouched answer of an earlier release waits for
its reader, as if it had been changed.
"""

import copy
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from nbgrader.utils import compute_checksum

from autograder import files
from autograder.checks.notebook import NotebookError, read_cells
from autograder.course import Course

FOLDER = "releases"
"""The folder in the course's state."""


class ReleasedCell(msgspec.Struct, frozen=True):
    """A cell with a ``grade_id``, as students received it.

    Attributes
    ----------
    cell_type : str
    source : str
    locked : bool
        Whether students cannot write in it.
    checksum : str
        nbgrader's checksum, which a student's notebook still holds.
    """

    cell_type: str
    source: str
    locked: bool
    checksum: str = ""


class Version(msgspec.Struct, frozen=True):
    """A version of a notebook that was released.

    Attributes
    ----------
    built : str
        When it was built first: a time in UTC.
    cells : dict
        Its cells with a ``grade_id``, by that id.
    """

    built: str
    cells: dict[str, ReleasedCell]

    @property
    def digest(self) -> str:
        """The digest of its cells."""
        return hashlib.sha256(msgspec.json.encode(self.cells, order="sorted")).hexdigest()[:32]


@dataclass(frozen=True)
class Origin:
    """The release that a student's notebook comes from.

    Attributes
    ----------
    version : Version
    current : bool
        Whether it is the version that is released now.
    """

    version: Version
    current: bool


def keep(course: Course, release: Path) -> None:
    """Keep the cells of a release's notebooks. A version that is kept already stays as it is."""
    for path in sorted(release.glob("*.ipynb")):
        version = _version_of(path)
        home = _folder(course, path.stem) / f"{version.digest}.json"
        if version.cells and not home.exists():
            files.write(home, msgspec.json.format(msgspec.json.encode(version, order="sorted"), indent=1))


def versions(course: Course, notebook: str) -> list[Version]:
    """Return all known versions of a notebook, from the first to the one that is released now.

    Parameters
    ----------
    course : Course
    notebook : str
        The notebook's name without its ending.
    """
    kept = [_read(path) for path in sorted(_folder(course, notebook).glob("*.json"))]
    found = {version.digest: version for version in kept if version is not None}
    released = course.release / f"{notebook}.ipynb"
    current = _version_of(released) if released.is_file() else None
    earlier = [version for digest, version in found.items() if current is None or digest != current.digest]
    return [*sorted(earlier, key=lambda version: version.built), *([current] if current is not None else [])]


def known_blanks(course: Course, notebook: str, grade_id: str) -> set[str]:
    """Return the texts with which students received a cell, in any release: an equal answer is untouched."""
    return {version.cells[grade_id].source for version in versions(course, notebook) if grade_id in version.cells}


def release_of(course: Course, notebook: str, cells: Iterable[Mapping[str, Any]]) -> Origin | None:
    """Return the release that a student's notebook comes from, or None if it is like none.

    It is the one that shares most cells: by the checksums that the student's notebook holds, else by the texts of
    locked cells. Of several, it is the newest. The notebook is hostile input, and nothing depends on it but which text
    of the course is shown.

    Parameters
    ----------
    course : Course
    notebook : str
        The notebook's name without its ending.
    cells : iterable of mapping
        The student's cells, as `autograder.checks.definitions.read_cells` returns them.
    """
    said = list(map(_said_by, cells))
    best, most = None, 0
    known = versions(course, notebook)
    for version in known:
        marks = {(name, cell.checksum) for name, cell in version.cells.items() if cell.checksum}
        texts = {cell.source for cell in version.cells.values() if cell.locked}
        shared = 2 * len(marks & {(name, checksum) for name, checksum, _ in said})
        shared += len(texts & {source for *_, source in said})
        if shared and shared >= most:
            best, most = version, shared
    return None if best is None else Origin(best, best is known[-1])


def as_received(origin: Origin | None, release: Any) -> Any:
    """Return today's release of a notebook with the texts of the release that a student began with.

    Cells, their order, ids and points are today's. The student's own answer is untouched if it equals the text that the
    student received, so this is the text that nbgrader's checksum is made from.

    Parameters
    ----------
    origin : Origin or None
        The release that the student began with, as `release_of` finds it.
    release : NotebookNode
        Today's released notebook.
    """
    if origin is None or origin.current:
        return release
    received = copy.deepcopy(release)
    for cell in received.cells:
        said = cell.metadata.get("nbgrader")
        old = origin.version.cells.get(said.grade_id) if said else None
        if old is not None and old.cell_type == cell.cell_type:
            cell.source = old.source
            cell.metadata.nbgrader.checksum = compute_checksum(cell)
    return received


def _folder(course: Course, notebook: str) -> Path:
    return course.state / FOLDER / course.assignment.name / notebook


def _version_of(path: Path) -> Version:
    """Return the version of a released notebook."""
    built = datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        return Version(built, dict(_released(read_cells(path))))
    except NotebookError:
        return Version(built, {})


def _released(cells: list[dict[str, Any]]) -> Iterator[tuple[str, ReleasedCell]]:
    for cell in cells:
        said = cell.get("metadata", {}).get("nbgrader")
        if said:
            locked = bool(said.get("locked")) and not said.get("solution")
            yield said["grade_id"], ReleasedCell(cell["cell_type"], cell["source"], locked, said.get("checksum") or "")


@functools.lru_cache(maxsize=200)
def _read(path: Path) -> Version | None:
    """Return a kept version, or None if the file is damaged. A version never changes."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Version)
    except (OSError, msgspec.DecodeError):
        return None


def _said_by(cell: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what a student's cell says of itself: its id, its checksum and its text."""
    metadata = cell.get("metadata")
    said = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name, checksum = (said.get("grade_id"), said.get("checksum")) if isinstance(said, dict) else ("", "")
    return (
        name if isinstance(name, str) else "",
        checksum if isinstance(checksum, str) else "",
        str(cell.get("source", "")),
    )
