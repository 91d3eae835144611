"""Verdicts on disk, by the digest of all that decides them: nothing is judged twice, and a kill loses nothing.

Not for scores: those are nbgrader's, see ``gradebook``.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Course
from autograder.manifest import Part
from autograder.verdict import ERROR, PartVerdict, from_json, to_json


@dataclass(frozen=True)
class VerdictStore:
    """The verdicts of a course.

    Attributes
    ----------
    course : Course
    """

    course: Course

    def key(self, submission: str, part: Part) -> str:
        """Return the name under which the verdict on a submission's part is kept."""
        text = f"{submission}/{part.number}/{self.course.tests_digest}"
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def get(self, submission: str, part: Part, level: int) -> PartVerdict | None:
        """Return a kept verdict that was reached at least at ``level``, or None."""
        try:
            content = json.loads(self._path(self.key(submission, part)).read_text(encoding="utf-8"))
            verdict = from_json(content)[0]
        except (OSError, ValueError, IndexError):
            return None
        return verdict if verdict.sandbox_level >= level else None

    def put(self, part: Part, verdict: PartVerdict) -> None:
        """Keep a verdict. One that holds an error of ours is not kept: it is to be judged again."""
        if any(exercise.outcome == ERROR for exercise in verdict.exercises):
            return
        write_atomically(self._path(self.key(verdict.submission, part)), to_json([verdict]))

    def _path(self, key: str) -> Path:
        return self.course.state / "verdicts" / key[:2] / f"{key}.json"


def write_atomically(path: Path, content: Any) -> None:
    """Write JSON so that a reader sees all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
