"""Records of graded students: the graded state, and the exercises that wait for a person or a set-up.

Each student has one JSON file. See ``store`` for verdicts.
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
        The exercise's points.
    outcome : str
        ``open``, ``error`` or ``not_graded``.
    why : str
        One sentence. If possible, it says what to do.
    """

    points: float
    outcome: str
    why: str


@dataclass(frozen=True)
class Record:
    """The record of a graded student.

    Attributes
    ----------
    state : dict or None
        Digests and options at the time of grading; None: grade the student again.
    waiting : dict
        Maps the id of an exercise to its `Waiting`.
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
    """Return the path of a student's record in a course's folder."""
    return root / STATE / "graded" / assignment / f"{student}.json"


def read(root: Path, assignment: str, student: str) -> Record:
    """Return a student's record, or an empty one if there is no readable record."""
    try:
        content = json.loads(path_of(root, assignment, student).read_text(encoding="utf-8"))
        return Record(content["state"], {name: Waiting(**one) for name, one in content["waiting"].items()})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Record()


def write(root: Path, assignment: str, student: str, record: Record) -> None:
    """Write a student's record atomically."""
    files.write(path_of(root, assignment, student), json.dumps(asdict(record)).encode())
