"""Judge one part of one submission: run pytest with the judge's plugin, add up the points, return a verdict.

This is the only way from a submission to a `PartVerdict`. See ``grading`` for many submissions.
"""

import contextlib
import functools
import io
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import temporary
from autograder.assignment import Assignment, Part
from autograder.catalogue import file_of
from autograder.checks.notebook import NotebookError, python_of, read
from autograder.course import Course
from autograder.errors import GraderFault
from autograder.intake.kept import view
from autograder.intake.submission import Submission, find_root, take_in
from autograder.interrupts import Interrupted
from autograder.runner.older import REPLACEMENTS
from autograder.verdict import ERROR, FAILED, ExerciseResult, PartVerdict, TestResult, score

from .alternatives import best, worked_on
from .blame import Blame
from .context import Context
from .extension import provide
from .fixtures import fixtures_of
from .plugin import Conduct, JudgePlugin, claimed, claiming, fixtures_plugin, of_part, shown

SETTINGS = str(Path(__file__).with_name("pytest.ini"))
OPTIONS = [
    "--disable-plugin-autoload", "--noconftest", "-c", SETTINGS, "-p", "no:cacheprovider", "-p", "no:terminal",
    "-p", "no:logging", "-p", "no:capture", "-p", "no:unraisableexception", "-p", "no:threadexception",
    "-p", "no:faulthandler", "-p", "no:legacypath",
]  # fmt: skip


class CollectionError(GraderFault):
    """Hidden tests cannot be collected: the grader's fault."""


@contextlib.contextmanager
def taken_in(handed_in: Path, assignment: Assignment) -> Iterator[Submission]:
    """Take in a folder or an archive, and remove the copy after judging.

    Raises
    ------
    SubmissionError
        If the submission cannot be graded at all.
    """
    root = find_root(handed_in, assignment.rules)
    with temporary.folder("submission") as scratch:
        Path(scratch).chmod(0o711)
        yield take_in(root, Path(scratch) / "submission", assignment.rules)


def judge_part(course: Course, part: Part, submission: Submission, level: int) -> PartVerdict:
    """Judge one part by each notebook that the student worked on; the best verdict counts.

    Parameters
    ----------
    course : Course
    part : Part
    submission : Submission
        The submission, after intake.
    level : int
        Level of the sandbox, which was probed before.

    Returns
    -------
    PartVerdict
        It always holds every automatic exercise of the part.
    """
    with view(seen_by(course, part, submission), linked=level > 1) as seen:
        verdict = best([judge_alternative(course, one, seen, level) for one in worked_on(course, part, seen)])
    return of_hand_in(verdict, submission)


def of_hand_in(verdict: PartVerdict, submission: Submission) -> PartVerdict:
    """Return a verdict on some files with what intake says about this hand-in: others may hold the same files."""
    return replace(verdict, problems=(*submission.notes, *verdict.problems), left_out=submission.left_out)


def seen_by(course: Course, part: Part, submission: Submission) -> Submission:
    """Return the submission without other parts' notebooks and models. Only the rest is judged."""
    others = (one for other in course.parts if other.number != part.number for one in other.alternatives)
    return submission.without({name for one in others for name in (one.notebook, one.model)})


def judge_alternative(course: Course, part: Part, submission: Submission, level: int) -> PartVerdict:
    """Judge a part by one of its notebooks.

    The reference and known mistakes may write files, as a solver does with checkpoints: they do so in a folder of their
    own, which is removed.
    """
    with temporary.folder("judging") as place, contextlib.chdir(place):
        return _judge_alternative(course, part, submission, level)


def _judge_alternative(course: Course, part: Part, submission: Submission, level: int) -> PartVerdict:
    start = time.monotonic()
    context = Context(course, part, submission, level, provide(course, part, submission, level))
    plugin, exercises = _ask(context, examples=True)
    elsewhere, consulted = _needed_elsewhere(context, plugin)
    causes = _causes(context, plugin, [*exercises, *elsewhere])
    plugin.forget()
    return PartVerdict(
        id=part.number, name=part.name, exercises=_name_causes(exercises, causes, plugin),
        problems=(*_problems(course.assignment, part, submission), *_notes(context), *_of_newer(context, exercises)),
        flags=(*plugin.flags, *_of_newer(context, exercises)),
        seconds=round(time.monotonic() - start, 3), sandbox_level=level, data=course.judged_on.kind,
        submission=submission.digest, seed=context.seed_name, left_out=submission.left_out,
        consulted=consulted,
    )  # fmt: skip


def _ask(context: Context, examples: bool = False) -> tuple[JudgePlugin, tuple[ExerciseResult, ...]]:
    """Run the hidden tests of the context's part."""
    plugin = JudgePlugin(context, examples)
    trouble = ""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = _pytest(context.course, context.part, [], plugin)
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            trouble = f"pytest ended with {pytest.ExitCode(code).name}: {said.getvalue().strip()[-300:]}"
    finally:
        context.close()
    return plugin, tuple(
        _exercise(plugin, exercise.id, exercise.points, trouble) for exercise in context.part.automatic
    )


def collect(course: Course, part: Part) -> list[pytest.Function]:
    """Return the hidden tests that claim an exercise of a part, in its notebook's order.

    Raises
    ------
    CollectionError
        If they cannot be imported.
    """
    return of_part(collect_all(course, part), part)


@functools.cache
def collect_all(course: Course, part: Part) -> tuple[pytest.Function, ...]:
    """Return all hidden tests in a part's file that claim an exercise."""
    kept = _Kept()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = _pytest(course, part, ["--collect-only"], kept)
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        why = " ".join([said.getvalue(), *kept.trouble]).strip()[-300:]
        raise CollectionError(f"The hidden tests of {part.name} cannot be collected: {why}")
    if kept.tests:
        kept.tests[0].config._do_configure()  # pytest has ended, but later runs need the tests' fixtures
    return tuple(kept.tests)


def _pytest(course: Course, part: Part, arguments: list[str], plugin: object) -> int:
    """Run pytest on a part's tests, without the user's own settings for pytest."""
    theirs = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    interruption = _Interruption()
    try:
        hidden = hidden_file(course.assignment, part)
        given = fixtures_plugin(fixtures_of(course).names())
        # name modules after their whole path: a process may judge several courses whose files have equal names
        options = [*OPTIONS, "--import-mode=importlib", "--rootdir", hidden.anchor, *arguments, str(hidden)]
        code = pytest.main(options, plugins=[plugin, Conduct(), given, interruption])
    finally:
        os.environ.update(theirs)
    if interruption.error is not None:
        raise interruption.error
    return code


class _Interruption:
    """A pytest plugin that keeps an `Interrupted`, which pytest would report as an internal error."""

    error: Interrupted | None = None

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        if isinstance(excinfo.value, Interrupted):
            self.error = excinfo.value


class _Kept:
    """A pytest plugin that keeps the tests that claim an exercise, and errors of their collection."""

    def __init__(self) -> None:
        self.tests: list[pytest.Function] = []
        self.trouble: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.trouble.append(str(report.longrepr))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.tests = claiming(items)


def hidden_file(assignment: Assignment, part: Part) -> Path:
    """Return the file of a part's hidden tests, which is named after the part's first notebook."""
    return assignment.hidden / f"test_{file_of(part)}.py"


def _exercise(plugin: JudgePlugin, exercise: str, points: float, trouble: str) -> ExerciseResult:
    tests = tuple(plugin.results.get(exercise, []))
    if not tests or len(tests) != plugin.expected[exercise]:
        why = "The grader could not judge this. The instructor will look into it." + (
            f" ({trouble})" if trouble else ""
        )
        tests = (*tests, TestResult("none", "The exercise is judged", "core", ERROR, why))
    earned, outcome = score(points, tests, plugin.context.course.assignment.settings.rest)
    return ExerciseResult(exercise, points, earned, outcome, tests, plugin.fingerprints.get(exercise, ""))


def _replaced(context: Context) -> set[str]:
    """Return the extension's exercise if other tests run on the course's own extension: it is not to blame for them."""
    described = context.course.assignment.settings.extension
    stands_in = context.extension.problem or context.extension.fault
    return {described.exercise} if described is not None and stands_in else set()


def _needed_elsewhere(context: Context, plugin: JudgePlugin) -> tuple[list[ExerciseResult], tuple[int, ...]]:
    """Judge the exercises of other parts on which failed tests run. Return them, and the numbers of those parts.

    The verdict depends on those parts' tests too.
    """
    wanted = {need for one in plugin.unexplained for need in claimed(one.test).needs}
    found: list[ExerciseResult] = []
    consulted: list[int] = []
    for part in context.course.parts:
        chosen = tuple(exercise for exercise in part.automatic if exercise.id in wanted)
        if chosen and part.number != context.part.number:
            consulted.append(part.number)
            other, judged = _ask(replace(context, part=replace(part, exercises=chosen)))
            other.forget()
            found += judged
    # if the time is over, some exercises were not judged, and nobody knows whether they are broken
    return [] if context.over else found, tuple(consulted)


def _causes(context: Context, plugin: JudgePlugin, exercises: list[ExerciseResult]) -> dict[str, str]:
    """Return the exercise that causes each failed test of another exercise: name of the test to exercise."""
    judged = {one.id: one for one in exercises if one.id not in _replaced(context)}
    blame = Blame(context, plugin.runs(), judged, lambda failed: claimed(failed.test))
    return {shown(test): cause for test, cause in blame.causes(plugin.unexplained).items()}


def _name_causes(
    exercises: tuple[ExerciseResult, ...], causes: dict[str, str], plugin: JudgePlugin
) -> tuple[ExerciseResult, ...]:
    """Name the cause in each failed test's message: another exercise, or the line that sets the wrong answer."""
    lines = {shown(test): line for test, line in plugin.lines.items()}

    def told(test: TestResult) -> TestResult:
        if test.outcome != FAILED or test.message.startswith("Importing"):
            return test
        if test.name in causes:
            first = f"This test runs on {causes[test.name]}, which is not right yet: fix that first."
            return replace(test, message=f"{first} ({test.message})", example="")  # it may show the other's fault
        return replace(test, message=f"{test.message} See {lines[test.name]}") if test.name in lines else test

    return tuple(replace(exercise, tests=tuple(map(told, exercise.tests))) for exercise in exercises)


def _notes(context: Context) -> Iterator[str]:
    """Yield what students should know about their code although it costs no points."""
    if context.extension.note:
        yield context.extension.note
    if context.older:
        used = "; ".join(f"{name} (now: {REPLACEMENTS[name]})" for name in sorted(context.older))
        yield f"Judged as with older versions of Python and NumPy, which still had these names: {used}."


def _of_newer(context: Context, exercises: tuple[ExerciseResult, ...]) -> Iterator[str]:
    """Yield a sentence if code does not parse and was written with a newer Python than this one."""
    theirs = python_of(context.submission.folder / context.part.notebook)
    ours = sys.version_info[:2]
    failed = (test for exercise in exercises for test in exercise.tests if test.outcome == FAILED)
    if theirs and theirs > ours and any(re.search(r"SyntaxError|does not parse", test.message) for test in failed):
        yield (
            f"The notebook was saved with Python {theirs[0]}.{theirs[1]}, and Python {ours[0]}.{ours[1]} judged it, "
            "which may not know this syntax. That is not the student's fault: grade it again with the newer version."
        )


def _problems(assignment: Assignment, part: Part, submission: Submission) -> Iterator[str]:
    if not any(name.startswith(f"{assignment.package}/") for name in submission.files):
        yield f"There is no {assignment.package} package in the submission."
    if part.notebook not in submission.files:
        names = " nor ".join(alternative.notebook for alternative in part.alternatives)
        yield f"Neither {names} was handed in." if part.others else f"{names} was not handed in."
        return
    try:
        yield from read(submission.folder / part.notebook).notes
    except NotebookError as error:
        yield str(error)
