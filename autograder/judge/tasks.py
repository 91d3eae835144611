"""What a limited child does for the judge. Each function is a task: it takes and returns what can be written as JSON.

The first three arguments of each task name the course: see `course_at`. See ``apart`` for who asks.
"""

import contextlib
import functools
import io
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from autograder import temporary
from autograder.assignment import Part
from autograder.checks.code_under_test import CodeError
from autograder.course import Course, find_course
from autograder.errors import AutograderError
from autograder.intake.submission import Submission
from autograder.sandbox import forkserver, profiles
from autograder.sandbox.levels import prepare
from autograder.verdict import PartVerdict, from_json, to_json

from .context import TrustedContext
from .counterexample import Traced
from .extension import Extension
from .fixtures import fixtures_of
from .plugin import JudgePlugin
from .reference import reference
from .session import collect, judge_part

Plain = dict[str, Any]
"""What can be written as JSON."""


@functools.cache
def course_at(root: str, data: str | None, name: str) -> Course:
    """Return a course: in a process always the same object, so that a child finds what was loaded before it."""
    return find_course(Path(root), Path(data) if data else None, name)


def load(root: str, data: str | None, name: str, parts: list[int], level: int, many: bool) -> None:
    """Load what judging some parts needs: data, hidden tests, reference, the files beside runners, fork servers.

    To look through a framework's files takes a second for each framework, which pays only for many submissions.
    """
    course = course_at(root, data, name)
    _ = course.secret, course.judged_on, fixtures_of(course)
    for part in (part_of(course, number) for number in parts):
        with contextlib.suppress(AutograderError):  # judging the part reports it
            collect(course, part)
            for alternative in part.alternatives:
                reference(course.assignment, alternative)
                if many or not alternative.framework:
                    serve(course, alternative, level)


def serve(course: Course, part: Part, level: int) -> None:
    """Start what the runners of a part's notebook are forked from, for this process and those that it forks."""
    if profiles.is_installed(course.assignment, part):
        profile = profiles.for_judging(course.assignment, part)
        prepare(profile)
        if forkserver.serves(level, profile):
            forkserver.server_for(level, profile)


def taken(root: str, data: str | None, name: str, folder: str) -> Plain:
    """Take a submission in, and return it. Its bytes are hostile."""
    return plain(course_at(root, data, name).submissions.take(Path(folder)))


def judged(root: str, data: str | None, name: str, part: int, submission: Plain, level: int) -> Plain:
    """Judge a part of a submission."""
    course = course_at(root, data, name)
    return written(judge_part(course, part_of(course, part), submission_from(submission), level))


def judged_reference(root: str, data: str | None, name: str, part: int) -> None:
    """Run a part's hidden tests on the reference, to see whether the judge stays within its limits.

    The reference of a framework's notebook does not run here: no test gets an answer, and what remains is the judge.
    """
    course = course_at(root, data, name)
    own = part_of(course, part)
    nothing = Submission(course.source, "reference", (), ())
    backend = reference(course.assignment, own)
    plugin = JudgePlugin(_WithReference(course, own, nothing, 0, Extension(), backend=backend))
    quiet = contextlib.redirect_stdout(io.StringIO())
    with temporary.folder("judging") as aside, contextlib.chdir(aside), quiet:  # code writes into the current folder
        for test in collect(course, own):
            plugin.judge(test)


class _WithReference(TrustedContext):
    def student(self, exercise: str, test: str, slow: bool) -> Traced:
        if self.part.framework:
            raise CodeError("missing", "The reference does not run here.")
        return super().student(exercise, test, slow)


def part_of(course: Course, number: int) -> Part:
    """Return a part by its number."""
    return next(part for part in course.parts if part.number == number)


def written(verdict: PartVerdict) -> Plain:
    """Return a verdict as JSON, with what the store needs besides."""
    return {"verdict": to_json([verdict]), "consulted": list(verdict.consulted)}


def verdict_from(content: Any) -> PartVerdict:
    """Return the verdict that `written` wrote.

    Raises
    ------
    ValueError, LookupError, TypeError
        If it is none.
    """
    (verdict,) = from_json(content["verdict"])
    return replace(verdict, consulted=tuple(map(int, content["consulted"])))


def plain(submission: Submission) -> Plain:
    """Return a submission as JSON."""
    return {**asdict(submission), "folder": str(submission.folder)}


def submission_from(content: Any) -> Submission:
    """Return the submission that `plain` wrote."""
    said = {name: tuple(map(str, content[name])) for name in ("files", "left_out", "hashes", "notes")}
    return Submission(Path(content["folder"]), str(content["digest"]), **said)
