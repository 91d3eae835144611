"""Judge a kept hand-in again and compare, so that an appeal is answered by the same machine. Nothing is written."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from autograder.course import Course
from autograder.errors import SetupError
from autograder.judge.apart import Apart
from autograder.judge.digest import judging_digest
from autograder.verdict import ExerciseResult, PartVerdict, TestResult

from . import facts
from .store import VerdictStore


class ReplayError(SetupError):
    """A kept verdict cannot be repeated. One sentence says why, and what to do."""


@dataclass(frozen=True)
class Replayed:
    """A kept verdict and the repeated one.

    Attributes
    ----------
    kept, again : PartVerdict
    same_tests : bool
        Whether all that decides the verdict besides the hand-in is as it was then.
    """

    kept: PartVerdict
    again: PartVerdict
    same_tests: bool

    @property
    def differences(self) -> list[str]:
        """One sentence for each exercise with another result. Times and how a failure is explained do not count."""
        now = {one.id: one for one in self.again.exercises}
        return [
            f"{one.id}: {_shown(one)} then, {_shown(now[one.id]) if one.id in now else 'nothing'} now."
            for one in self.kept.exercises
            if one.id not in now or _essence(one) != _essence(now[one.id])
        ]


def replay(course: Course, student: str, level: int, parts: Collection[int] = ()) -> Iterator[Replayed]:
    """Judge the parts of a student's kept hand-in again, by default all.

    Parameters
    ----------
    course : Course
    student : str
    level : int
        Sandbox level.
    parts : collection of int
        Numbers of parts.

    Raises
    ------
    ReplayError
        If nothing is kept.
    """
    found = facts.read(course.root, course.assignment.name, student)
    if found is None or not found.submission:
        raise ReplayError(f"No graded hand-in of {student} is kept: run `autograder grade --student {student}` first.")
    try:
        submission = course.submissions.get(found.submission)
    except (OSError, ValueError, LookupError, TypeError):
        raise ReplayError(f"The files of {student} are not kept any more: restore a backup that has them.") from None
    told = {one.number: one for one in found.parts}
    for part in course.parts:
        if (parts and part.number not in parts) or part.number not in told:
            continue
        own = told[part.number]
        kept = VerdictStore(course).find(own.submission, part, own.tests)
        if kept is None:
            raise ReplayError(
                f"No verdict on part {part.number} of {student} is kept, as after an error of the grader: "
                f"run `autograder grade --student {student}`."
            )
        with Apart(course, level, 1) as apart:
            again = apart.verdict(part, submission.unannounced())
        yield Replayed(kept, again, own.tests == judging_digest(course, part))


def _essence(exercise: ExerciseResult) -> ExerciseResult:
    tests = tuple(TestResult(one.name, "", one.kind, one.outcome, credit=one.credit) for one in exercise.tests)
    return replace(exercise, tests=tests, fingerprint="")


def _shown(exercise: ExerciseResult) -> str:
    failed = [test.name for test in exercise.tests if test.outcome != "passed"]
    return f"{exercise.score:g} of {exercise.points:g} ({exercise.outcome}{': ' + ', '.join(failed) if failed else ''})"
