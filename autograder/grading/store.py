"""Stored verdicts and notebook outputs. The key is a digest of everything that decides them, so no work is repeated.

See ``gradebook`` for scores, which nbgrader keeps.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder import files
from autograder.assignment import Part
from autograder.course import Course
from autograder.judge.digest import judging_digest
from autograder.verdict import ERROR, PartVerdict, from_json, to_json

from . import execute
from .execute import Executed, Patience

EXECUTION = hashlib.sha256(Path(str(execute.__file__)).read_bytes()).hexdigest()


@dataclass(frozen=True)
class VerdictStore:
    """The stored verdicts of a course.

    Attributes
    ----------
    course : Course
    """

    course: Course

    def key(self, submission: str, part: Part) -> str:
        """Return the key of the verdict on a part of a submission."""
        return _key(submission, part, judging_digest(self.course, part))

    def get(self, submission: str, part: Part, level: int) -> PartVerdict | None:
        """Return the stored verdict that was judged at ``level`` or better, or None if it is missing or outdated."""
        try:
            content = json.loads(self._path(self.key(submission, part)).read_text(encoding="utf-8"))
            verdict, consulted = from_json(content["verdict"])[0], content["consulted"]
            current = consulted == self._digests(map(int, consulted))
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return verdict if current and verdict.sandbox_level >= level else None

    def find(self, submission: str, part: Part, tests: str) -> PartVerdict | None:
        """Return a stored verdict by the digest of its tests, also if those tests are outdated; None if there is none.

        Parameters
        ----------
        submission, tests : str
            The digests of the files that the part sees, and of what judged them.
        part : Part
        """
        try:
            content = json.loads(self._path(_key(submission, part, tests)).read_text(encoding="utf-8"))
            return from_json(content["verdict"])[0]
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def _digests(self, numbers: Iterable[int]) -> dict[str, str]:
        """Return the judging digests of some parts, by number."""
        wanted = set(numbers)
        return {
            str(part.number): judging_digest(self.course, part) for part in self.course.parts if part.number in wanted
        }

    def put(self, part: Part, verdict: PartVerdict) -> None:
        """Store a verdict, unless an exercise ended in an error of the grader: judging again may succeed."""
        if not has_error(verdict):
            content = {"verdict": to_json([verdict]), "consulted": self._digests(verdict.consulted)}
            files.write(self._path(self.key(verdict.submission, part)), json.dumps(content).encode())

    def _path(self, key: str) -> Path:
        return self.course.state / "verdicts" / key[:2] / f"{key}.json"


def has_error(verdict: PartVerdict) -> bool:
    """Tell whether an exercise ended in an error of the grader."""
    return any(exercise.outcome == ERROR for exercise in verdict.exercises)


@dataclass(frozen=True)
class OutputStore:
    """The stored outputs of a course's executed notebooks.

    Attributes
    ----------
    course : Course
    """

    course: Course

    def get(self, submission: str, part: Part, sources: str, level: int, patience: Patience) -> Executed | None:
        """Return the outputs of these sources at ``level`` or better.

        Return None if there are none, or if they reached a time limit and ``patience`` allows more time.
        """
        try:
            content = json.loads(self._path(submission, part).read_text(encoding="utf-8"))
            hurried = content["hurried"] and Patience(**content["hurried"])
            cells = {int(number): (count, outputs) for number, (count, outputs) in content["cells"].items()}
            executed = Executed(**{**content, "cells": cells, "hurried": hurried})
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        if executed.sources != sources or executed.level < level:
            return None
        longer = hurried and (patience.cell > hurried.cell or patience.notebook > hurried.notebook)
        return None if longer else executed

    def put(self, submission: str, part: Part, executed: Executed) -> None:
        """Store the outputs of a notebook."""
        files.write(self._path(submission, part), json.dumps(asdict(executed)).encode())

    def _path(self, submission: str, part: Part) -> Path:
        key = _key(submission, part, judging_digest(self.course, part), EXECUTION)
        return self.course.state / "executed" / key[:2] / f"{key}.json"


def _key(submission: str, part: Part, *digests: str) -> str:
    text = "/".join((submission, part.name, *digests))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def presentation_digest(course: Course) -> str:
    """Return a digest of everything, besides the submission, that decides its scores and pages."""
    own = sorted(path for path in Path(__file__).parent.iterdir() if path.suffix in (".py", ".jinja"))
    total = hashlib.sha256(b"".join(path.read_bytes() for path in own))
    for part in course.parts:
        total.update(judging_digest(course, part).encode())
    return total.hexdigest()
