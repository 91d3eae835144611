"""Judge one part of one submission: run pytest with the judge's plugin, add up, return a verdict.

The only way from what was handed in to a `PartVerdict`. Not for many submissions: see ``grading``.
"""

import contextlib
import functools
import io
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import autograder.hidden
from autograder.checks.definitions import NotebookError, read_cells
from autograder.course import Course
from autograder.intake.submission import Submission, find_root, take_in
from autograder.interrupts import Interrupted
from autograder.manifest import Part
from autograder.verdict import ERROR, FAILED, ExerciseResult, PartVerdict, TestResult, score

from .alternatives import best, worked_on
from .context import Context
from .extension import provide
from .plugin import JudgePlugin, claiming, of_part

HIDDEN = Path(str(autograder.hidden.__file__)).parent
OPTIONS = [
    "--disable-plugin-autoload", "--noconftest", "-c", str(HIDDEN / "pytest.ini"), "--rootdir", str(HIDDEN),
    "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:logging", "--capture=no", "-p", "no:unraisableexception",
    "-p", "no:threadexception", "-p", "no:faulthandler",
]  # fmt: skip


class CollectionError(Exception):
    """Hidden tests cannot be collected: the grader's fault."""


@contextlib.contextmanager
def taken_in(handed_in: Path) -> Iterator[Submission]:
    """Take in a folder or an archive for as long as it is judged.

    Raises
    ------
    SubmissionError
        If it cannot be graded at all.
    """
    root = find_root(handed_in)
    with tempfile.TemporaryDirectory(prefix="autograder-submission-") as scratch:
        Path(scratch).chmod(0o711)
        yield take_in(root, Path(scratch) / "submission")


def judge_part(course: Course, part: Part, submission: Submission, level: int) -> PartVerdict:
    """Judge one part, by all of its notebooks that were worked on; the best counts.

    Parameters
    ----------
    course : Course
    part : Part
    submission : Submission
        Taken in already.
    level : int
        Of the sandbox, probed before.

    Returns
    -------
    PartVerdict
        Every automatic exercise of the part is in it, whatever happened.
    """
    return best(
        [
            judge_alternative(course, alternative, submission, level)
            for alternative in worked_on(course, part, submission)
        ]
    )


def judge_alternative(course: Course, part: Part, submission: Submission, level: int) -> PartVerdict:
    """Judge a part by one of its notebooks."""
    start = time.monotonic()
    context = Context(course, part, submission, level, provide(course, part, submission, level))
    plugin, exercises = _ask(context)
    elsewhere, consulted = _broken_elsewhere(context, exercises, plugin.needs)
    broken = _broken(exercises) | elsewhere
    return PartVerdict(
        id=part.number, name=part.name, exercises=_name_dependencies(exercises, plugin.needs, broken),
        problems=tuple(_problems(part, submission)), flags=tuple(plugin.flags),
        seconds=round(time.monotonic() - start, 3), sandbox_level=level, data=course.pictures.kind,
        submission=submission.digest, seed=context.seed_name, left_out=submission.left_out,
        consulted=consulted,
    )  # fmt: skip


def _ask(context: Context) -> tuple[JudgePlugin, tuple[ExerciseResult, ...]]:
    """Run the hidden tests of the context's part."""
    plugin = JudgePlugin(context)
    trouble = ""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = _pytest([str(hidden_file(context.part))], plugin)
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            trouble = f"pytest ended with {pytest.ExitCode(code).name}: {said.getvalue().strip()[-300:]}"
    finally:
        context.close()
    return plugin, tuple(
        _exercise(plugin, exercise.id, exercise.points, trouble) for exercise in context.part.automatic
    )


def collect(part: Part) -> list[pytest.Function]:
    """Return the hidden tests that claim an exercise of a part, in its notebook's order.

    Raises
    ------
    CollectionError
        If they cannot be imported.
    """
    return of_part(collect_all(part), part)


@functools.cache
def collect_all(part: Part) -> tuple[pytest.Function, ...]:
    """Return all hidden tests that lie in a part's file and claim something."""
    kept = _Kept()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = _pytest(["--collect-only", str(hidden_file(part))], kept)
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        why = " ".join([said.getvalue(), *kept.trouble]).strip()[-300:]
        raise CollectionError(f"The hidden tests of {part.name} cannot be collected: {why}")
    return tuple(kept.tests)


def _pytest(arguments: list[str], plugin: object) -> int:
    """Run pytest as we want it, whatever the user's settings for it are."""
    theirs = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    interruption = _Interruption()
    try:
        code = pytest.main([*OPTIONS, *arguments], plugins=[plugin, interruption])
    finally:
        os.environ.update(theirs)
    if interruption.error is not None:
        raise interruption.error
    return code


class _Interruption:
    """A plugin of pytest that keeps what ends the whole program: pytest takes it for an error of its own."""

    error: Interrupted | None = None

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        if isinstance(excinfo.value, Interrupted):
            self.error = excinfo.value


class _Kept:
    """A plugin of pytest that keeps the tests that claim something."""

    def __init__(self) -> None:
        self.tests: list[pytest.Function] = []
        self.trouble: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.trouble.append(str(report.longrepr))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.tests = claiming(items)


def hidden_file(part: Part) -> Path:
    """Where the hidden tests of a part are: in a file named after its first notebook."""
    name = part.first.removesuffix(".ipynb")
    words = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    return HIDDEN / f"test{words}.py"


def _exercise(plugin: JudgePlugin, exercise: str, points: float, trouble: str) -> ExerciseResult:
    tests = tuple(plugin.results.get(exercise, []))
    if not tests or len(tests) != plugin.expected[exercise]:
        why = "It could not be judged, and will be looked into." + (f" ({trouble})" if trouble else "")
        tests = (*tests, TestResult("none", "The exercise is judged", "core", ERROR, why))
    earned, outcome = score(points, tests)
    return ExerciseResult(exercise, points, earned, outcome, tests)


def _broken(exercises: tuple[ExerciseResult, ...]) -> set[str]:
    """The exercises on whose code nothing else can be built yet."""
    return {
        exercise.id
        for exercise in exercises
        if any(test.kind == "core" and test.outcome == FAILED for test in exercise.tests)
    }


def _broken_elsewhere(
    context: Context, exercises: tuple[ExerciseResult, ...], needs: dict[str, tuple[str, ...]]
) -> tuple[set[str], tuple[int, ...]]:
    """Of the other parts' exercises that failed tests run on, those that are broken: found by judging just them.

    The second value says which parts those are: the verdict depends on their tests too.
    """
    failed = (test for exercise in exercises for test in exercise.tests if test.outcome == FAILED)
    wanted = {need for test in failed for need in needs.get(test.name, ())}
    found: set[str] = set()
    consulted: list[int] = []
    for part in context.course.parts:
        chosen = tuple(exercise for exercise in part.automatic if exercise.id in wanted)
        if chosen and part.number != context.part.number:
            consulted.append(part.number)
            found |= _broken(_ask(replace(context, part=replace(part, exercises=chosen)))[1])
    # what was not judged for want of time is not known to be broken
    return set() if context.over else found, tuple(consulted)


def _name_dependencies(
    exercises: tuple[ExerciseResult, ...], needs: dict[str, tuple[str, ...]], broken: set[str]
) -> tuple[ExerciseResult, ...]:
    """Where a test failed that runs on another exercise that failed, say so instead of posing a new riddle."""

    def explained(test: TestResult) -> TestResult:
        cause = next((need for need in needs.get(test.name, ()) if need in broken), None)
        if cause is None or test.outcome != FAILED or test.message.startswith("Importing"):
            return test
        return replace(test, message=f"This runs on {cause}, which is not right yet: mend that first. ({test.message})")

    return tuple(replace(exercise, tests=tuple(map(explained, exercise.tests))) for exercise in exercises)


def _problems(part: Part, submission: Submission) -> Iterator[str]:
    if not any(name.startswith("cs231n/") for name in submission.files):
        yield "There is no cs231n package in what was handed in."
    if part.notebook not in submission.files:
        names = " nor ".join(alternative.notebook for alternative in part.alternatives)
        yield f"Neither {names} was handed in." if part.others else f"{names} was not handed in."
        return
    try:
        read_cells(submission.folder / part.notebook)
    except NotebookError as error:
        yield str(error)
