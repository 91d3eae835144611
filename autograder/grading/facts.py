"""What grading found about each student's hand-in: kept in one JSON file a student, beside nbgrader's gradebook.

See ``record`` for what people are told, which joins these facts with the gradebook.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from autograder import files
from autograder.course import facts_folder

from .decisions import Decision


class PartFacts(msgspec.Struct, frozen=True):
    """What grading found about one part.

    Attributes
    ----------
    number : int
    notebook : str
        The name of the notebook that counts.
    submission, tests : str
        Digests of the files that the part sees, and of all that decides its verdict besides them.
    level : int
        Sandbox level.
    data : str
        A word for the data that the part was judged on.
    seconds : float
    problems, flags : tuple of str
        Sentences for the student and the instructor, and for the instructor only.
    """

    number: int
    notebook: str
    submission: str = ""
    tests: str = ""
    level: int = 0
    data: str = ""
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True):
    """What grading found about a student's hand-in.

    Attributes
    ----------
    submission : str
        Digest of the hand-in; "" if it could not be taken in.
    pages : str
        Digest of everything besides the hand-in that decides the graded notebooks; "": write them again.
    executed : bool
        Whether the notebooks were executed.
    parts : tuple of PartFacts
    decisions : tuple of Decision
        The decision on each graded cell.
    comments : dict
        Maps a notebook to the automatic comments of its solution cells.
    extras : dict
        Maps a notebook and its cells to all extra credit that grading ever wrote to them: other values are a person's.
    notes, left_out : tuple of str
        What intake did to find the work, and files that it left out, each with the reason.
    flags : tuple of str
        Sentences about the hand-in for the instructor only.
    due : datetime or None
        The student's due date when the penalty for lateness was computed; in UTC, without a zone.
    """

    submission: str = ""
    pages: str = ""
    executed: bool = False
    parts: tuple[PartFacts, ...] = ()
    decisions: tuple[Decision, ...] = ()
    comments: dict[str, dict[str, str | None]] = {}
    extras: dict[str, dict[str, tuple[float, ...]]] = {}
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    due: datetime | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """The sentences about all parts, each once."""
        return tuple(dict.fromkeys(problem for part in self.parts for problem in part.problems))


def path_of(root: Path, assignment: str, student: str) -> Path:
    """Return the path of a student's facts in a course's folder."""
    return facts_folder(root, assignment) / f"{student}.json"


def read(root: Path, assignment: str, student: str) -> Facts | None:
    """Return a student's facts, or None if there are none or they cannot be read."""
    try:
        return from_json(path_of(root, assignment, student).read_bytes())
    except OSError:
        return None


def write(root: Path, assignment: str, student: str, facts: Facts) -> None:
    """Write a student's facts atomically."""
    files.write(path_of(root, assignment, student), to_json(facts))


def to_json(facts: Facts) -> bytes:
    """Return facts as JSON."""
    return msgspec.json.encode(facts)


def from_json(content: bytes) -> Facts | None:
    """Return facts from JSON, or None if the content has another form."""
    try:
        return msgspec.json.decode(content, type=Facts)
    except (msgspec.DecodeError, ValueError):
        return None


def extras_after(
    extras: Mapping[str, Mapping[str, tuple[float, ...]]], decided: Iterable[Decision]
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return all extra credit that grading ever wrote, after it has written some decisions: see `Facts.extras`."""
    found = {notebook: dict(cells) for notebook, cells in extras.items()}
    for one in decided:
        if one.extra is not None:
            cells = found.setdefault(one.notebook, {})
            cells[one.cell] = tuple(dict.fromkeys((*cells.get(one.cell, ()), one.extra)))
    return found


def known(root: Path, assignment: str) -> list[str]:
    """Return the students whose facts are kept."""
    return sorted(path.stem for path in facts_folder(root, assignment).glob("*.json"))


def plain(value: Any) -> Any:
    """Return facts, records and changes as plain JSON values."""
    return msgspec.to_builtins(value)
