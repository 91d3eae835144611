"""What was written about a student: from what it was graded, and what of it still waits for a person or a set-up.

One JSON for each student, beside the gradebook. Not for verdicts: see ``store``.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder import files
from autograder.course import STATE
from autograder.verdict import PartVerdict


@dataclass(frozen=True)
class Waiting:
    """An exercise that is not decided yet.

    Attributes
    ----------
    points : float
        The most that it gives.
    outcome : str
        ``open``, ``error`` or ``not_graded``.
    why : str
        One sentence, where possible with what to do.
    """

    points: float
    outcome: str
    why: str


@dataclass(frozen=True)
class Record:
    """What is kept about a graded student.

    Attributes
    ----------
    state : dict or None
        What it was graded from; None: grade it again.
    waiting : dict
        Exercise to what it waits for.
    """

    state: dict[str, Any] | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)


def waiting(verdicts: Iterable[PartVerdict]) -> dict[str, Waiting]:
    """Return the exercises that are not decided, and why."""
    return {
        exercise.id: Waiting(exercise.points, exercise.outcome, exercise.message)
        for verdict in verdicts
        for exercise in verdict.undecided
    }


def path_of(root: Path, assignment: str, student: str) -> Path:
    """Return where a student's record is kept, in a course's folder."""
    return root / STATE / "graded" / assignment / f"{student}.json"


def read(root: Path, assignment: str, student: str) -> Record:
    """Return a student's record; an empty one where there is none that can be read."""
    try:
        content = json.loads(path_of(root, assignment, student).read_text(encoding="utf-8"))
        return Record(content["state"], {name: Waiting(**one) for name, one in content["waiting"].items()})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Record()


def write(root: Path, assignment: str, student: str, record: Record) -> None:
    """Keep a student's record, all of it or none."""
    files.write(path_of(root, assignment, student), json.dumps(asdict(record)).encode())
