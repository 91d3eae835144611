"""Judge parts of submissions apart: each in a limited child, whose death costs that part of that submission only.

This is the way to a verdict for everybody: a class, nbgrader's autograde, one submission. See ``tasks`` for what the
children do, ``session`` for judging itself, and ``children`` for the processes.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from autograder.assignment import Part
from autograder.course import Course
from autograder.errors import SubmissionError
from autograder.intake.submission import Submission
from autograder.sandbox.levels import LaunchError
from autograder.verdict import ERROR, FAILED, ExerciseResult, PartVerdict, TestResult

from . import tasks
from .children.child import CPU_SECONDS, limited
from .children.memory import CHILD, USUAL, WITH_FRAMEWORK
from .children.pool import Pool
from .children.task import Answer, Ended, Task
from .session import of_hand_in, seen_by

Key = TypeVar("Key")
ENDED: dict[Ended, str] = {
    "memory": f"took more than {CHILD / 2**30:g} GB of memory",
    "time": f"took more than {CPU_SECONDS / 60:g} minutes",
}
"""What a student's answers did, in words, if the judge reached a limit."""


class Apart:
    """Judges parts of a course's submissions in limited children. Use it as a context manager.

    Parameters
    ----------
    course : Course
    level : int
        Level of the sandbox, which was probed before.
    most : int, optional
        Most parts at a time. Default: one for each core.
    parts : sequence of Part, optional
        The parts that will be judged. Default: all.
    many : bool
        Whether many submissions come, so that more is worth loading once.
    make : callable
        Makes the pool of children, of this number and of tasks to perform once before all others.
    """

    def __init__(
        self,
        course: Course,
        level: int,
        most: int | None = None,
        parts: Sequence[Part] | None = None,
        many: bool = False,
        make: Callable[..., Pool] = Pool,
    ) -> None:
        self.course, self.level = course, level
        data = str(course.data.resolve()) if course.data is not None else None
        self._place = {"root": str(course.root), "data": data, "name": course.assignment.name}
        numbers = [part.number for part in (course.parts if parts is None else parts)]
        self.pool = make(most, [self.task(tasks.load, parts=numbers, level=level, many=many)])
        self._stands: dict[int, bool] = {}

    def __enter__(self) -> "Apart":
        return self

    def __exit__(self, *error: object) -> None:
        self.pool.__exit__(*error)

    def task(self, function: Callable[..., object], part: Part | None = None, **arguments: object) -> Task:
        """Return a task of this course, perhaps about a part.

        Parameters
        ----------
        function : callable
            A function of a module, whose first arguments are those of `tasks.course_at`.
        part : Part, optional
            It is passed on by its number.
        **arguments
            More arguments, which can be written as JSON.
        """
        named = f"{function.__module__}:{function.__name__}"
        if part is None:
            return Task(named, {**self._place, **arguments})
        memory = WITH_FRAMEWORK if any(one.framework for one in part.alternatives) else USUAL
        return Task(named, {**self._place, "part": part.number, **arguments}, memory)

    def taken(self, folders: Iterable[tuple[Key, Path]]) -> Iterator[tuple[Key, Callable[[], Submission]]]:
        """Take submissions in: stored ones here, others, whose bytes are hostile, in children.

        Yields
        ------
        tuple
            The caller's key, and a function that returns the submission or raises `SubmissionError`.
        """
        new = []
        for key, folder in folders:
            known = self.course.submissions.known(folder)
            if known is None:
                new.append((key, self.task(tasks.taken, folder=str(folder))))
            else:
                yield key, functools.partial(_itself, known)
        for key, answer in self.pool.run(new):
            yield key, functools.partial(_taken, answer)

    def verdicts(self, jobs: Iterable[tuple[Key, Part, Submission]]) -> Iterator[tuple[Key, Callable[[], PartVerdict]]]:
        """Judge parts of submissions.

        Parameters
        ----------
        jobs : iterable of tuple
            Each has a key of the caller's, the part, and the submission after intake.

        Yields
        ------
        tuple
            The job's key, and a function that returns the verdict or raises what the judge raised. Jobs come in the
            order in which they end.
        """
        died: list[tuple[Key, Part, Submission, Ended]] = []
        for (key, part, submission), answer in self.pool.run((job, self._judging(*job[1:])) for job in jobs):
            if answer.ended:
                died.append((key, part, submission, answer.ended))
            else:
                yield key, lambda answer=answer: tasks.verdict_from(answer.get())  # type: ignore[misc]
        for key, part, submission, ended in died:
            yield key, functools.partial(self._of_death, part, submission, ended)

    def verdict(self, part: Part, submission: Submission) -> PartVerdict:
        """Judge one part. Raises what the judge raises."""
        ((_, verdict),) = self.verdicts([(None, part, submission)])
        return verdict()

    def _judging(self, part: Part, submission: Submission) -> Task:
        return self.task(tasks.judged, part, submission=tasks.plain(submission), level=self.level)

    def _of_death(self, part: Part, submission: Submission, ended: Ended) -> PartVerdict:
        """Return the verdict on a part whose child ended twice.

        It is the student's fault if the child reached a limit that it does not reach with the reference: only the
        answers differ. Any other death is the grader's fault.
        """
        if ended in ENDED and self._stands_with_reference(part):
            outcome = FAILED
            why = f"To judge what this part's code returned {ENDED[ended]}: does it return far more than is asked for?"
        else:
            outcome = ERROR
            why = "The process that judged this part ended twice. The instructor will look into it."
        test = TestResult("judged", "The answers can be judged", "core", outcome, why)
        exercises = tuple(ExerciseResult(one.id, one.points, 0.0, outcome, (test,)) for one in part.automatic)
        verdict = PartVerdict(
            part.number, part.name, exercises, problems=(why,), sandbox_level=self.level,
            data=self.course.judged_on.kind, submission=seen_by(self.course, part, submission).digest,
        )  # fmt: skip
        return of_hand_in(verdict, submission)

    def _stands_with_reference(self, part: Part) -> bool:
        if part.number not in self._stands:
            ((_, answer),) = self.pool.run([(None, self.task(tasks.judged_reference, part))])
            self._stands[part.number] = not answer.ended and not answer.raised
        return self._stands[part.number]


def _itself(submission: Submission) -> Submission:
    return submission


def _taken(answer: Answer) -> Submission:
    if answer.ended in ENDED:
        raise SubmissionError(f"To read what was handed in {ENDED[answer.ended]}.")
    return tasks.submission_from(answer.get())


def alone(
    judge: Callable[..., PartVerdict], course: Course, part: Part, submission: Submission, level: int
) -> PartVerdict:
    """Return what a function of ``session`` returns, called in a limited child of this process if it may fork.

    What the child's runners are forked from stays with this process, for the next submission.

    Raises
    ------
    AutograderError, RuntimeError
        What the function raised; or if the child ended twice.
    """
    with contextlib.suppress(LaunchError):  # judging reports it
        tasks.serve(course, part, level)
    return tasks.verdict_from(limited(lambda: tasks.written(judge(course, part, submission, level))))
