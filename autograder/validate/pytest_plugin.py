"""``pytest autograder/assignments/NAME/hidden --submission FOLDER``: the hidden tests as ordinary pytest tests.

The submission runs in its confined runner, as in grading. All of pytest works: ``-k``, ``-x``, ``--pdb``, an editor's
panel of tests. The course's own source is judged as a complete submission. See ``judge`` for grading.
"""

import contextlib
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder import temporary
from autograder.assignment import Part
from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import Mismatch
from autograder.checks.fixtures import pytest_fixtures
from autograder.checks.pytest_plugin import pytest_itemcollected
from autograder.course import Course
from autograder.grading.engine import GradingError, require_level
from autograder.intake.submission import Submission
from autograder.judge import NotGraded, Open
from autograder.judge.alternatives import worked_on
from autograder.judge.context import Context
from autograder.judge.extension import provide
from autograder.judge.fixtures import Fixtures, fixtures_of
from autograder.judge.plugin import SLOW, claimed, name_of
from autograder.judge.session import taken_in
from autograder.sample import students
from autograder.sandbox.profiles import is_installed


@dataclass
class Session:
    """The submission that one run of pytest judges.

    Attributes
    ----------
    course : Course
    submission : Submission
        The submission after intake.
    level : int
        Sandbox level.
    """

    course: Course
    submission: Submission
    level: int
    _contexts: dict[int, Context] = field(default_factory=dict)

    def context_for(self, exercise: str) -> Context:
        """Return the judging context for the tests of an exercise. All exercises of a part share one."""
        part = next(part for part in self.course.parts if exercise in {one.id for one in part.automatic})
        if part.number not in self._contexts:
            self._contexts[part.number] = self._context(part)
        return self._contexts[part.number]

    def _context(self, part: Part) -> Context:
        begun = worked_on(self.course, part, self.submission)
        chosen = next((one for one in begun if is_installed(self.course.assignment, one)), begun[0])
        extension = provide(self.course, chosen, self.submission, self.level)
        unlimited = math.inf  # a person may use a debugger
        return Context(self.course, chosen, self.submission, self.level, extension, _until=unlimited)

    def close(self) -> None:
        """End the runners."""
        for context in self._contexts.values():
            context.close()


def plugin_for(conftest: str) -> dict[str, Any]:
    """Return everything that the ``conftest.py`` beside hidden tests needs: options, fixtures and hooks."""
    grader = Path(conftest).resolve().parents[1]
    course = Course(grader.parents[2], name=grader.name)

    def pytest_addoption(parser: pytest.Parser) -> None:
        group = parser.getgroup("autograder")
        group.addoption("--submission", metavar="FOLDER", help="The submission to judge: a folder or an archive.")
        group.addoption("--allow-weak", action="store_true", help="Judge even if the sandbox is weak.")

    @pytest.fixture(scope="session")
    def judging(request: pytest.FixtureRequest) -> Iterator[Session]:
        """The submission of this run."""
        named = request.config.getoption("--submission")
        if not named:
            pytest.exit("Name the submission: pytest ... --submission FOLDER", pytest.ExitCode.USAGE_ERROR)
        folder = request.config.invocation_params.dir / named
        with _handed_in(course, folder) as handed_in, taken_in(handed_in, course.assignment) as submission:
            session = Session(course, submission, _level(request.config.getoption("--allow-weak")))
            yield session
            session.close()

    @pytest.fixture
    def offered(request: pytest.FixtureRequest, judging: Session) -> Fixtures:
        """The fixtures that the test may ask for."""
        claim = claimed(request.node)
        context = judging.context_for(claim.exercise)
        name = name_of(request.node, claim)
        recorded = context.student(claim.exercise, name, claim.kind in SLOW)
        flags: list[str] = []
        return fixtures_of(course)(context, CodeUnderTest(recorded), name, flags)

    given = pytest_fixtures(fixtures_of(course).names())
    hooks = (pytest_addoption, pytest_itemcollected, pytest_runtest_makereport)
    return {**given, **{hook.__name__: hook for hook in hooks}, "judging": judging, "offered": offered}


@contextlib.contextmanager
def _handed_in(course: Course, folder: Path) -> Iterator[Path]:
    """Yield the submission's folder. For the course's own source, yield a complete submission made from it."""
    if folder.resolve() != course.source.resolve():
        yield folder
        return
    with temporary.folder("source") as scratch:
        complete = Path(scratch, course.assignment.name)
        students.complete(course, complete)
        yield complete


def _level(allow_weak: bool) -> int:
    try:
        return require_level(allow_weak)
    except GradingError as error:
        pytest.exit(str(error), pytest.ExitCode.USAGE_ERROR)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a fault of the submission in one sentence. A fault of a test keeps its traceback."""
    report = yield
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, NotGraded | Open):
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: not judged: {error}")
    elif isinstance(error, CodeError):
        report.longrepr = f"{error.message}\nAt {error.where}" if error.where else error.message
    elif isinstance(error, Mismatch):
        report.longrepr = f"{error.message}\nPerhaps: {error.hint}" if error.hint else error.message
    return report
