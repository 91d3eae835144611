"""Judge a class: each part of each submission in a limited child.

A stored verdict is reused, and a new one is stored at once, so that an interrupted run keeps all finished work. On
request, the notebooks are also executed and their outputs stored. See ``gradebook`` for nbgrader, and ``cluster`` for
several machines.
"""

import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.assignment import Part
from autograder.checks.notebook import NotebookError
from autograder.collecting import groups, roster, times
from autograder.course import Course
from autograder.errors import SetupError
from autograder.intake.submission import Submission
from autograder.judge import tasks
from autograder.judge.apart import Apart
from autograder.judge.children.pool import Pool
from autograder.judge.children.task import Task
from autograder.judge.session import of_hand_in, seen_by
from autograder.sandbox.client import best_level
from autograder.verdict import NOT_GRADED, ExerciseResult, PartVerdict, TestResult

from . import database
from .execute import Executed, Patience, execute, handed_in, shows_own_work, sources_digest
from .store import OutputStore, VerdictStore

SAFE_LEVEL = 2
log = logging.getLogger(__name__)


class GradingError(SetupError):
    """Grading cannot start. The message says why, and what to do."""


def require_level(allow_weak: bool = False) -> int:
    """Return the sandbox level to grade at.

    Raises
    ------
    GradingError
        If the best level of this machine is below 2. With ``allow_weak``, level 1 is enough.
    """
    level, missing = best_level()
    if level >= SAFE_LEVEL or (allow_weak and level >= 1):
        return level
    reasons = "; ".join(f"level {number}: {why}" for number, why in sorted(missing.items(), reverse=True))
    raise GradingError(
        f"This machine confines submissions only at level {level} ({reasons}), and grading requires {SAFE_LEVEL}. "
        "Run `autograder doctor` to see what helps, or accept the risk with --allow-weak."
    )


def submissions(course: Course, student: str = "*") -> dict[str, Path]:
    """Return the submitted folder that counts for each student: the student's own, or the group's."""
    found = counted(course).folders
    return {one: folder for one, folder in found.items() if roster.matches(one, folder.parent.name, student)}


def counted(course: Course) -> groups.Counted:
    """Return the folder that counts for each student, and notes on those who did not hand in themselves."""
    return groups.count(resolved(course).students, groups.read_groups(course.root, roster.NAME), _time_of)


def nameless(course: Course, student: str = "*") -> dict[str, str]:
    """Return why some folders in ``submitted`` are no student's, by name, which is quoted for printing."""
    aside = resolved(course).aside
    return {roster.quoted(name): why for name, why in aside.items() if roster.matches(name, name, student)}


def resolved(course: Course) -> roster.Resolved:
    """Tell whose the folders in ``submitted`` are."""
    folders = [folder for folder in (course.root / "submitted").glob(f"*/{course.assignment.name}") if folder.is_dir()]
    return roster.resolve(folders, database.students(course.root), _time_of)


def _time_of(folder: Path) -> datetime | None:
    """Return the time of a hand-in, or None if nobody knows it. A time that cannot be true does not count."""
    return times.look(folder, datetime.now(UTC)).time


def require_submissions(course: Course, student: str = "*") -> dict[str, Path]:
    """Return the submitted folders as `submissions` does.

    Raises
    ------
    GradingError
        If there are none. The message names the students whose ids are near.
    """
    folders, aside = submissions(course, student), nameless(course, student)
    if not folders and aside:
        raise GradingError(" ".join(aside.values()))
    if not folders:
        where = str(course.root / "submitted" / "*" / course.assignment.name)
        raise GradingError(roster.unknown(student, submissions(course), database.students(course.root), where))
    return folders


def judge_all(
    course: Course,
    folders: Mapping[str, Path],
    level: int,
    workers: int | None = None,
    progress: Callable[[str, PartVerdict | None], None] = lambda *_: None,
    patience: Patience | None = None,
    make: Callable[..., Pool] = Pool,
) -> None:
    """Judge every part of every submission that is not in the store.

    Parameters
    ----------
    course : Course
    folders : dict
        Maps each student to the submitted folder.
    level : int
        Sandbox level.
    workers : int, optional
        Most parts that are judged at a time. Default: one for each core. Fewer if memory is short.
    progress : callable
        Called after each part of each student, with the student and the verdict, or None if there is none.
    patience : Patience, optional
        Also execute the notebooks, within these time limits.
    make : callable
        Makes the pool of children: see `Apart`.
    """
    _ = course.secret, course.judged_on  # created before several processes create them at once
    if patience is not None:
        course.kit.practice_data()
    store = VerdictStore(course)
    with Apart(course, level, workers, make) as apart:
        submissions = {}
        for student, taken in apart.taken(folders.items()):
            with contextlib.suppress(Exception):  # recording the scores reports it
                submissions[student] = taken()
        jobs = []
        for student, part in itertools.product(folders, course.parts):
            submission = submissions.get(student)
            verdict = stored(store, part, submission, level) if submission is not None else None
            if submission is None or verdict is not None:
                progress(student, verdict)
            else:
                jobs.append((student, part, submission.unannounced()))
        for student, judged in apart.verdicts(sorted(jobs, key=lambda job: _price(course, job[1]), reverse=True)):
            progress(student, _put(store, judged))
        if patience is not None:
            for _ in apart.pool.run(_executions(apart, submissions.values(), patience)):
                pass


def _price(course: Course, part: Part) -> tuple[float, int]:
    """Return how dear a part is: the dearest are judged first, so that at the end no long one lets all cores wait."""
    framework = course.assignment.framework_of(part)
    return framework.seconds if framework else 0.0, len(part.automatic)


def stored(store: VerdictStore, part: Part, submission: Submission, level: int) -> PartVerdict | None:
    """Return the stored verdict on the files that a part sees, or None."""
    return store.get(seen_by(store.course, part, submission).digest, part, level)


def _put(store: VerdictStore, judged: Callable[[], PartVerdict]) -> PartVerdict | None:
    """Store a new verdict and return it; None if the judge failed, which recording the scores reports."""
    try:
        verdict = judged()
    except Exception as error:
        log.info("A part was not judged (%s)", error)
        return None
    store.put(tasks.part_of(store.course, verdict.id), verdict)
    return verdict


def verdict_on(apart: Apart, part: Part, submission: Submission) -> PartVerdict:
    """Return the stored verdict. If there is none, judge the part and store the verdict."""
    store = VerdictStore(apart.course)
    verdict = stored(store, part, submission, apart.level)
    if verdict is None:
        verdict = apart.verdict(part, submission.unannounced())
        store.put(part, verdict)
    return of_hand_in(verdict, submission)


def shown_by(
    course: Course, part: Part, submission: Submission, notebook: Any, level: int, patience: Patience
) -> Executed:
    """Return the stored outputs of a notebook. If there are none, execute and store it. Raises as `execute` does."""
    store = OutputStore(course)
    executed = store.get(submission.digest, part, sources_digest(notebook), level, patience)
    if executed is None:
        executed = execute(course, part, submission, notebook, level, patience)
        store.put(submission.digest, part, executed)
    return executed


def _executions(apart: Apart, submissions: Iterable[Submission], patience: Patience) -> Iterator[tuple[None, Task]]:
    """Yield a task for each part of each submission."""
    for submission, part in itertools.product(submissions, apart.course.parts):
        arguments = {"level": apart.level, "patience": asdict(patience), "submission": tasks.plain(submission)}
        yield None, apart.task(execute_ahead, part, **arguments)


def execute_ahead(
    root: str,
    data: str | None,
    name: str,
    part: int,
    submission: tasks.Plain,
    level: int,
    patience: dict[str, float],
) -> None:
    """Execute a part's notebooks and store the outputs for ``gradebook``, which tries again after an error. A task."""
    course = tasks.course_at(root, data, name)
    taken = tasks.submission_from(submission)
    for alternative in tasks.part_of(course, part).alternatives:
        if shows_own_work(course, alternative, taken):
            _execute_ahead(course, alternative, taken, level, Patience(**patience))


def _execute_ahead(course: Course, part: Part, submission: Submission, level: int, patience: Patience) -> None:
    """Execute a notebook and store its outputs for ``gradebook``, which tries again after an error and reports it."""
    try:
        shown_by(course, part, submission, handed_in(course, part, submission)[0], level, patience)
    except NotebookError:
        pass  # the verdict's problems name this error
    except Exception as error:
        log.warning("%s could not be executed (%s: %s)", part.notebook, type(error).__name__, error)


def unjudged(course: Course, part: Part, why: str) -> PartVerdict:
    """Return the verdict on a submission that cannot be taken in: nothing is graded, and a person decides."""
    exercises = tuple(
        ExerciseResult(
            exercise.id, exercise.points, 0.0, NOT_GRADED,
            (TestResult("intake", "The submission can be read", "core", NOT_GRADED, why),),
        )
        for exercise in part.automatic
    )  # fmt: skip
    return PartVerdict(part.number, part.name, exercises, problems=(why,), data=course.judged_on.kind)
