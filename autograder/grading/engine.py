"""Judge a class: one Dask task for each submission and part that the store does not know yet.

Tasks put their verdicts into the store themselves, so that whatever is finished stays; and, where that is asked for,
what the notebooks show when they are executed. Not for nbgrader: see ``gradebook``.
"""

import contextlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.assignment import Part
from autograder.checks.definitions import NotebookError
from autograder.course import Course, find_course
from autograder.errors import SetupError, SubmissionError
from autograder.intake.submission import Submission
from autograder.interrupts import left_to_this_process
from autograder.judge.alternatives import is_worth_showing
from autograder.judge.session import judge_part, seen_by
from autograder.sandbox.client import best_level
from autograder.verdict import NOT_GRADED, ExerciseResult, PartVerdict, TestResult

from .execute import Executed, Patience, execute, handed_in, sources_digest
from .store import OutputStore, VerdictStore

SAFE_LEVEL = 2
NAME = re.compile(r"\w[\w .@+-]{0,99}")
log = logging.getLogger(__name__)


class GradingError(SetupError):
    """Grading cannot begin: one sentence says why and what to do."""


@dataclass(frozen=True)
class Job:
    """What one task judges: plain data, so that it can travel to another machine that shares the folder."""

    root: str
    data: str | None
    student: str
    folder: str
    part: int
    level: int
    assignment: str = ""
    patience: Patience | None = None
    """With which its notebook is executed; None: it is not."""


def require_level(allow_weak: bool = False) -> int:
    """Return the sandbox level to grade at.

    Raises
    ------
    GradingError
        If this machine does not give a safe one and that was not allowed.
    """
    level, missing = best_level()
    if level >= SAFE_LEVEL or (allow_weak and level >= 1):
        return level
    reasons = "; ".join(f"level {number}: {why}" for number, why in sorted(missing.items(), reverse=True))
    raise GradingError(
        f"This machine confines submissions at level {level} only ({reasons}), and grading wants {SAFE_LEVEL}. "
        "Run `autograder doctor` to see what would help, or accept the risk with --allow-weak."
    )


def submissions(course: Course, student: str = "*") -> dict[str, Path]:
    """Return the handed-in folders by student, from ``submitted``: those whose name can be a student's."""
    return {folder.parent.name: folder for folder in _handed_in(course, student) if _is_name(folder.parent.name)}


def nameless(course: Course, student: str = "*") -> list[str]:
    """Return the names of folders in ``submitted`` that cannot be a student's, in a form that can be printed.

    Notes
    -----
    nbgrader writes names as they are into tables, pages, patterns and paths.
    """
    return [
        ascii(folder.parent.name)[:80] for folder in _handed_in(course, student) if not _is_name(folder.parent.name)
    ]


def _handed_in(course: Course, student: str) -> list[Path]:
    return [
        folder
        for folder in sorted((course.root / "submitted").glob(f"{student}/{course.assignment.name}"))
        if folder.is_dir()
    ]


def _is_name(name: str) -> bool:
    return NAME.fullmatch(name) is not None


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
        Student to handed-in folder.
    level : int
        Of the sandbox.
    workers : int, optional
        Processes of the local cluster; by default one for each core.
    scheduler : str, optional
        Address of a Dask scheduler to use in its place.
    progress : callable
        Called with each finished student and verdict; None for one that could not be judged.
    patience : Patience, optional
        Execute the notebooks as well, within these times.
    """
    from dask.distributed import Client, LocalCluster, as_completed, wait

    _ = course.secret, course.judged_on  # made before the workers race for them
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
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # any port: another cluster may have the usual one
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
    """Take a submission in before its parts are judged; what is wrong with it, they will find."""
    with contextlib.suppress(SubmissionError):
        find_course(Path(root), name=name).submissions.take(folder)


def run_job(job: Job) -> PartVerdict:
    """Judge one part of one submission, or find its verdict; and execute its notebook where that is asked for."""
    course = find_course(Path(job.root), Path(job.data) if job.data else None, job.assignment)
    part = next(part for part in course.parts if part.number == job.part)
    try:
        submission = course.submissions.take(Path(job.folder))
    except SubmissionError as error:
        return unjudged(course, part, str(error))
    verdict = verdict_on(course, part, submission, job.level)
    if job.patience is not None:
        for alternative in part.alternatives:
            if is_worth_showing(course, alternative, submission):
                _execute_ahead(course, alternative, submission, job.level, job.patience)
    return verdict


def verdict_on(course: Course, part: Part, submission: Submission, level: int) -> PartVerdict:
    """Return the stored verdict, or judge and store."""
    store = VerdictStore(course)
    verdict = store.get(seen_by(course, part, submission).digest, part, level)
    if verdict is None:
        verdict = judge_part(course, part, submission, level)
        store.put(part, verdict)
    return verdict


def shown_by(
    course: Course, part: Part, submission: Submission, notebook: Any, level: int, patience: Patience
) -> Executed:
    """Return what a notebook showed when it was executed, or execute it and keep that; raises as `execute` does."""
    store = OutputStore(course)
    executed = store.get(submission.digest, part, sources_digest(notebook), level, patience)
    if executed is None:
        executed = execute(course, part, submission, notebook, level, patience)
        store.put(submission.digest, part, executed)
    return executed


def _execute_ahead(course: Course, part: Part, submission: Submission, level: int, patience: Patience) -> None:
    """Execute for the writer to find it. What goes wrong here the writer tries again, and tells."""
    try:
        shown_by(course, part, submission, handed_in(course, part, submission), level, patience)
    except NotebookError:
        pass  # the verdict's problems say it
    except Exception as error:
        log.warning("%s could not be executed (%s: %s)", part.notebook, type(error).__name__, error)


def unjudged(course: Course, part: Part, why: str) -> PartVerdict:
    """Return the verdict on a submission that cannot be taken in: nothing is graded, and a person looks at it."""
    exercises = tuple(
        ExerciseResult(
            exercise.id, exercise.points, 0.0, NOT_GRADED,
            (TestResult("intake", "The submission can be read", "core", NOT_GRADED, why),),
        )
        for exercise in part.automatic
    )  # fmt: skip
    return PartVerdict(part.number, part.name, exercises, problems=(why,), data=course.judged_on.kind)
