"""Judge a class, with one Dask task for each part of each submission.

A task reuses a stored verdict, or stores a new one at once, so that an interrupted run keeps all finished work. On
request, it also executes the notebooks and stores their outputs. See ``gradebook`` for nbgrader.
"""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.assignment import Part
from autograder.checks.notebook import NotebookError
from autograder.collecting import groups, roster, times
from autograder.course import Course, find_course
from autograder.errors import SetupError, SubmissionError
from autograder.intake.submission import Submission
from autograder.interrupts import left_to_this_process
from autograder.judge.session import judge_part, of_hand_in, seen_by
from autograder.sandbox.client import best_level
from autograder.verdict import NOT_GRADED, ExerciseResult, PartVerdict, TestResult

from . import database
from .execute import Executed, Patience, execute, handed_in, shows_own_work, sources_digest
from .store import OutputStore, VerdictStore

SAFE_LEVEL = 2
log = logging.getLogger(__name__)


class GradingError(SetupError):
    """Grading cannot start. The message says why, and what to do."""


@dataclass(frozen=True)
class Job:
    """The input of one task: plain data, which can be sent to another machine that shares the course's folder."""

    root: str
    data: str | None
    student: str
    folder: str
    part: int
    level: int
    assignment: str = ""
    patience: Patience | None = None
    """Time limits for executing the notebook; None: do not execute it."""


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
    folders: dict[str, Path],
    level: int,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[str, PartVerdict | None], None] = lambda *_: None,
    patience: Patience | None = None,
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
        Number of processes of the local cluster. Default: one for each core.
    scheduler : str, optional
        Address of a Dask scheduler to use instead of a local cluster.
    progress : callable
        Called after each task, with the student and the verdict, or None if the task failed.
    patience : Patience, optional
        Also execute the notebooks, within these time limits.
    """
    from dask.distributed import Client, LocalCluster, as_completed, wait

    _ = course.secret, course.judged_on  # created before several workers create them at once
    if patience is not None:
        course.kit.practice_data()
    data = str(course.data) if course.data is not None else None
    jobs = [
        Job(str(course.root), data, student, str(folder), part.number, level, course.assignment.name, patience)
        for student, folder in folders.items()
        for part in course.parts
    ]
    with left_to_this_process():
        where = scheduler or LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, silence_logs=40, dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # any port: another cluster may use the default one
        )  # fmt: skip
    try:
        with Client(where) as client:
            taken = client.map(
                _take_in, folders.values(), root=str(course.root), name=course.assignment.name, pure=False
            )
            wait(taken)
            futures = client.map(run_job, jobs, pure=False, retries=1)
            students = {future.key: job.student for future, job in zip(futures, jobs, strict=True)}
            for future in as_completed(futures):
                progress(students[future.key], future.result() if future.status == "finished" else None)
    finally:
        if not isinstance(where, str):
            where.close()


def _take_in(folder: Path, root: str, name: str) -> None:
    """Take a submission in before its parts are judged. Judging a part reports errors of the submission."""
    with contextlib.suppress(SubmissionError):
        find_course(Path(root), name=name).submissions.take(folder)


def run_job(job: Job) -> PartVerdict:
    """Return the stored or new verdict on one part of one submission. Execute its notebooks on request."""
    course = find_course(Path(job.root), Path(job.data) if job.data else None, job.assignment)
    part = next(part for part in course.parts if part.number == job.part)
    try:
        submission = course.submissions.take(Path(job.folder))
    except SubmissionError as error:
        return unjudged(course, part, str(error))
    verdict = verdict_on(course, part, submission, job.level)
    if job.patience is not None:
        for alternative in part.alternatives:
            if shows_own_work(course, alternative, submission):
                _execute_ahead(course, alternative, submission, job.level, job.patience)
    return verdict


def verdict_on(course: Course, part: Part, submission: Submission, level: int) -> PartVerdict:
    """Return the stored verdict. If there is none, judge the part and store the verdict."""
    store = VerdictStore(course)
    verdict = store.get(seen_by(course, part, submission).digest, part, level)
    if verdict is None:
        verdict = judge_part(course, part, submission.unannounced(), level)
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
