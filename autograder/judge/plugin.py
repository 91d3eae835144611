"""The pytest plugin: it runs hidden tests as pytest does, and turns each outcome into a result.

See ``session`` for starting pytest and for scores.
"""

import inspect
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import ModuleType

import pytest
from _pytest.runner import runtestprotocol

from autograder.assignment import Part
from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import Mismatch
from autograder.checks.exercise import Claim, claim_of
from autograder.checks.fixtures import pytest_fixtures
from autograder.checks.pictures import Picture
from autograder.checks.public import unpacking
from autograder.checks.record import Recorded
from autograder.interrupts import Interrupted
from autograder.runner.wire import WireError
from autograder.sandbox.client import TOO_MUCH, Remote, printable
from autograder.verdict import ERROR, FAILED, NOT_GRADED, OPEN, PASSED, Outcome, TestResult

from .context import Context
from .counterexample import Traced
from .credit import NotGraded, Open, PartialCredit
from .explain import Explainer, on_probe
from .fixtures import Fixtures, fixtures_of
from .forms import other_form
from .hints import NAMED, Failed, Runs
from .reference import reference
from .ways import examine, ways_in

OFFERED = pytest.StashKey[Fixtures]()
"""The fixtures for the next run of a test."""
RAISED = pytest.StashKey[BaseException]()
"""The first exception of a test's run."""
SLOW = ("learns", "accuracy", "speed")
BEYOND = (MemoryError, RecursionError)
"""Exceptions that a test raises if an answer is too large or too deep for the judge."""
THEIRS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError, WireError, *BEYOND)
"""Exceptions that a test raises if an answer has another form, or cannot be sent back."""
KEPT_BY_PYTEST = ("last_exc", "last_type", "last_value", "last_traceback")
"""Names in `sys` under which pytest keeps a test's exception for a debugger."""
MOST_KEPT = 64 * 2**20
"""Bytes of answers of a part's failed tests that are kept to be explained."""
MAX_MESSAGE = 3000
OWN = ("missing", "unfinished", "import", "setup")
"""Kinds of `CodeError` that no other exercise causes: something is not there, or not written."""
NAMEABLE = ("missing", "raised", "type")
"""Kinds of `CodeError` that a known mistake may cause."""


class Conduct:
    """A pytest plugin through which `attempt` passes a test its fixtures and gets the test's exception."""

    @pytest.fixture
    def offered(self, request: pytest.FixtureRequest) -> Fixtures:
        """The fixtures that the test may ask for."""
        given: Fixtures = request.node.stash[OFFERED]
        return given

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Keep the exception, and return a short report: pytest's own takes long to write and nobody reads it."""
        assert call.when != "collect"
        if call.excinfo is None:
            return pytest.TestReport(item.nodeid, item.location, {}, "passed", None, call.when)
        item.stash.setdefault(RAISED, call.excinfo.value)
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", None, call.when)


def fixtures_plugin(names: tuple[str, ...]) -> ModuleType:
    """Return a pytest plugin with the fixtures that hidden tests may ask for by name."""
    plugin = ModuleType("autograder_fixtures")
    vars(plugin).update(pytest_fixtures(names))
    return plugin


def attempt(item: pytest.Function, offered: Fixtures) -> None:
    """Run a test with these fixtures, as pytest does; raise the test's exception."""
    item.stash[OFFERED] = offered
    if RAISED in item.stash:
        del item.stash[RAISED]
    runtestprotocol(item, log=False, nextitem=None)
    del item.stash[OFFERED]
    error = item.stash.get(RAISED, None)
    if error is None:
        return
    del item.stash[RAISED]
    _let_go(error)
    if isinstance(error, Exception | Interrupted):
        raise error
    raise RuntimeError(f"The test ended in {type(error).__name__}: {error}") from error


def _let_go(error: BaseException) -> None:
    """Remove the frames of an exception, whose variables would hold a test's answers, and pytest's references to it."""
    for name in KEPT_BY_PYTEST:
        vars(sys).pop(name, None)
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        traceback.clear_frames(following.__traceback__)
        following.__traceback__ = None
        seen.append(following)
        following = following.__cause__ or following.__context__


class JudgePlugin:
    """Runs the tests that claim the part's exercises, and keeps their results.

    Parameters
    ----------
    context : Context
        The judging context.
    examples : bool
        Whether to find the smallest case in which an exercise's code goes wrong.

    Attributes
    ----------
    results : dict
        Exercise id to the results of its tests.
    unexplained : list of Failed
        The failed tests without a cause of their own, so that another exercise may be to blame.
    lines : dict
        A failed test to the line of the student's code that sets its first wrong answer, if that is known.
    fingerprints : dict
        An exercise that failed to the fingerprint of its first failed quick test.
    flags : list of str
        A sentence for each thing that looks odd.
    expected : Counter
        Number of tests of each exercise. An exercise with fewer results is not judged.
    """

    def __init__(self, context: Context, examples: bool = False) -> None:
        self.context = context
        self._examples = examples
        self.results: dict[str, list[TestResult]] = {}
        self.unexplained: list[Failed] = []
        self.lines: dict[pytest.Function, str] = {}
        self.fingerprints: dict[str, str] = {}
        self.flags: list[str] = []
        self.expected: Counter[str] = Counter()
        self._timed_out = False
        self._offer = fixtures_of(context.course)
        self._failed: dict[str, list[Failed]] = defaultdict(list)
        self._passed: dict[str, list[pytest.Function]] = defaultdict(list)
        self._pictures: dict[pytest.Function, tuple[Picture, ...]] = {}
        self._kept = 0
        self._ways: dict[str, list[Callable[..., None]]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the part's tests, in the notebook's order."""
        items[:] = of_part(items, self.context.part)
        self.expected = Counter(claimed(item).exercise for item in items)
        self._ways = ways_in(item.module for item in items if isinstance(item, pytest.Function))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Judge one test as pytest runs it, but without pytest's own report."""
        assert isinstance(item, pytest.Function)
        self.judge(item)
        exercise = claimed(item).exercise
        if nextitem is None or claimed(nextitem).exercise != exercise:
            self.finish(exercise)
        return True

    def judge(self, item: pytest.Function) -> None:
        """Run one test and keep its result."""
        claim = claimed(item)
        start = time.perf_counter()
        self.context.measured, self._timed_out = None, False
        try:
            outcome, message, named, credit = self._outcome(item, claim)
        except Exception as error:
            outcome, message, named, credit = ERROR, _ours(error), "", 0.0
        result = TestResult(
            name=shown(item), title=_title(item), kind=claim.kind, outcome=outcome,
            message=printable(message[:MAX_MESSAGE]), hint=named, seconds=round(time.perf_counter() - start, 3),
            credit=credit, measured=self.context.measured, timed_out=self._timed_out,
            pictures=self._pictures.pop(item, ()) if outcome == FAILED else (),
        )  # fmt: skip
        if outcome == PASSED and claim.kind in NAMED:
            self._passed[claim.exercise].append(item)
        self.results.setdefault(claim.exercise, []).append(result)

    def finish(self, exercise: str) -> None:
        """Examine an exercise all of whose tests have run, and explain those that failed."""
        self._examine(exercise)
        failed, passed = self._failed.pop(exercise, []), self._passed.pop(exercise, [])
        quick = [one for one in failed if claimed(one.test).kind in NAMED and _is_nameable(one.error)]
        if not quick:
            self.unexplained += [one for one in failed if not _is_own(one.error)]
            return
        probe = self.runs(on_probe(self.context))
        explainer = Explainer(self.context, self.runs(), probe, self._offer, self._examples)
        found = explainer.explain(exercise, quick, passed)
        self.flags += found.flags
        self.lines |= found.lines
        self.fingerprints[exercise] = found.fingerprint
        self.unexplained += [one for one in failed if one.test not in found.hints and not _is_own(one.error)]
        named = {shown(test): said for test, said in found.hints.items()}
        examples = {shown(test): said for test, said in found.examples.items()}
        self.results[exercise] = [
            replace(one, hint=named.get(one.name, one.hint), example=examples.get(one.name, ""))
            for one in self.results[exercise]
        ]

    def _examine(self, exercise: str) -> None:
        """Add a flag if the code of a right exercise gets to its answers in a way that looks wrong."""
        if not all(one.outcome == PASSED for one in self.results.get(exercise, []) if one.kind == "core"):
            return
        for function in self._ways.get(exercise, []):
            try:
                self.flags += map(printable, examine(self.context, function, self._offer))
            except Exception as error:
                self.flags.append(f"The grader could not examine {exercise} ({type(error).__name__}).")
        if self.context.lost:
            self._ways.clear()  # code that ends its runner, or hangs, gets no more time for a flag

    def forget(self) -> None:
        """Let go of failed tests and their answers: pytest keeps its plugins as long as the process lives."""
        self.unexplained.clear()
        self._failed.clear()
        self._kept = 0

    def _outcome(self, item: pytest.Function, claim: Claim) -> tuple[Outcome, str, str, float]:
        """Return outcome, message, hint and credit of one test."""
        recorded: Traced | None = None
        name = name_of(item, claim)
        try:
            recorded = self.context.student(claim.exercise, name, claim.kind in SLOW)
            attempt(item, self._fixtures(CodeUnderTest(recorded), name))
            return PASSED, "", "", 1.0
        except NotGraded as error:
            return NOT_GRADED, str(error), "", 0.0
        except Open as error:
            return OPEN, str(error), "", 0.0
        except PartialCredit as error:
            return FAILED, error.message, "", min(max(error.credit, 0.0), 1.0)
        except (CodeError, Mismatch) as error:
            if isinstance(error, CodeError) and error.kind == TOO_MUCH and self._is_expected(item, name):
                return self._outcome(item, claim)
            self._timed_out = isinstance(error, CodeError) and error.kind == "timeout"
            if isinstance(error, CodeError) and (absent := self.context.not_handed_in(error.message)):
                return NOT_GRADED, absent, "", 0.0
            said, hint = self._said(item, claim, error, recorded)
            return FAILED, f"{said}{_redefined(claim, recorded)}", hint, 0.0
        except Exception as error:
            outcome, message, hint, credit = self._whose_fault(item, name, error, recorded)
            names = _unwritten(recorded) if outcome == FAILED else ""
            if outcome == FAILED and not names:
                self._note(item, claim, error, recorded)
            return outcome, names or message, hint, credit

    def _said(
        self, item: pytest.Function, claim: Claim, error: CodeError | Mismatch, recorded: Traced | None
    ) -> tuple[str, str]:
        """Return the message after an error of the student's code, and the hint if the test knows it."""
        message = _with_place(error) if isinstance(error, CodeError) else error.message
        if _is_own(error) and not _is_nameable(error):
            return message, ""
        names = _unwritten(recorded) if _is_nameable(error) else ""
        if names:
            return names, ""
        if isinstance(error, Mismatch) and claim.kind in NAMED:  # tests of other kinds compare labels, or long runs
            self._pictures[item] = error.pictures
        named = error.hint if isinstance(error, Mismatch) else ""
        if not named:
            self._note(item, claim, error, recorded)
        return message, named

    def _note(self, item: pytest.Function, claim: Claim, error: Exception, recorded: Traced | None) -> None:
        """Keep a failed test whose cause is not known yet. Long trainings have long logs, which nobody reads."""
        readable = recorded is not None and claim.kind in NAMED and self._kept + recorded.size <= MOST_KEPT
        kept = recorded if recorded is not None and readable else Traced(self.context.reference().backend)
        self._kept += kept.size
        self._failed[claim.exercise].append(Failed(item, error, kept))

    def _is_expected(self, item: pytest.Function, name: str) -> bool:
        """Tell whether the reference's answers are large too, so that the test must run again with more room."""
        right = Recorded(self.context.reference().backend)
        try:
            attempt(item, self._fixtures(CodeUnderTest(right), name))
        except Exception:  # the test's own fault, which shows when it runs on other code
            return False
        return self.context.grant(name, right.size)

    def runs(self, context: Context | None = None) -> Runs:
        """Return how to run tests on other code, with the inputs of a context, by default this submission's."""
        inputs = context or self.context

        def on(test: pytest.Function, student: CodeUnderTest) -> None:
            attempt(test, self._offer(inputs, student, name_of(test, claimed(test)), self.flags))

        def seed(test: pytest.Function) -> int:
            return inputs.global_seed(name_of(test, claimed(test)))

        return Runs(on, seed, reference(self.context.course.assignment, self.context.part))

    def _whose_fault(
        self, item: pytest.Function, name: str, error: Exception, recorded: Traced | None
    ) -> tuple[Outcome, str, str, float]:
        """Return the outcome after an unexpected exception.

        The grader is at fault if the test fails on the reference too, or if the exception is not one of `THEIRS`.
        """
        right = Recorded(self.context.reference().backend)
        try:
            attempt(item, self._fixtures(CodeUnderTest(right), name))
        except Exception as ours:
            return ERROR, _ours(ours), "", 0.0
        finally:
            self.context.measured = None  # it is the reference's
        if not isinstance(error, THEIRS):
            return ERROR, _ours(error), "", 0.0
        if isinstance(error, BEYOND):
            return FAILED, "The result is too large or nested too deeply to be judged.", "", 0.0
        if isinstance(error, AssertionError):
            return FAILED, _asserted(error) or f"This is not so: {_title(item)}.", "", 0.0
        said = unpacking(error) or "The result does not have the form that the docstring describes."
        form = other_form(recorded, right.log) if recorded is not None else ""
        return FAILED, " ".join(filter(None, (said, form))), "", 0.0

    def _fixtures(self, student: CodeUnderTest, name: str) -> Fixtures:
        return self._offer(self.context, student, name, self.flags)


def claiming(items: Iterable[pytest.Item]) -> list[pytest.Function]:
    """Return the pytest items that claim an exercise."""
    return [item for item in items if isinstance(item, pytest.Function) and claim_of(item.function) is not None]


def of_part(items: Iterable[pytest.Item], part: Part) -> list[pytest.Function]:
    """Return the pytest items that claim an exercise of a part, in the notebook's order."""
    order = {exercise.id: number for number, exercise in enumerate(part.automatic)}
    tests = [test for test in claiming(items) if claimed(test).exercise in order]
    return sorted(tests, key=lambda test: order[claimed(test).exercise])


def claimed(test: pytest.Item) -> Claim:
    """Return the claim of a test that has one."""
    assert isinstance(test, pytest.Function)
    claim = claim_of(test.function)
    assert claim is not None
    return claim


def asks_for_notebook(test: pytest.Function) -> bool:
    """Tell whether a test's exercise is in the notebook and not in the package."""
    return "notebook" in inspect.signature(test.function).parameters


def name_of(item: pytest.Function, claim: Claim) -> str:
    """Return the name from which a test's random numbers are derived."""
    return f"{claim.exercise}/{item.name}"


def shown(item: pytest.Function) -> str:
    """Return a test's name in verdicts."""
    return item.name.removeprefix("test_")


def _ours(error: Exception) -> str:
    return f"The grader could not run this test ({type(error).__name__}). The instructor will look into it."


def _asserted(error: AssertionError) -> str:
    """Return the message of the test's ``assert``, without pytest's addition, which may hold expected values."""
    first = str(error).partition("\n")[0]
    return "" if first.startswith("assert ") else first


def _title(item: pytest.Function) -> str:
    title = (inspect.getdoc(item.function) or item.name).splitlines()[0].rstrip(".")
    return f"{title}: {item.callspec.id}" if hasattr(item, "callspec") else title


def _unwritten(recorded: Traced | None) -> str:
    """Return a sentence about the functions that the test called and that are not written yet, or ""."""
    if recorded is None or not isinstance(recorded.backend, Remote):
        return ""
    names = recorded.backend.unwritten(recorded.called)
    return f"{' and '.join(names[:3])} {'is' if len(names) == 1 else 'are'} not written yet." if names else ""


def _is_own(error: Exception) -> bool:
    """Tell whether no other exercise can cause an exception."""
    return isinstance(error, CodeError) and error.kind in OWN


def _is_nameable(error: Exception) -> bool:
    """Tell whether a known mistake may cause an exception."""
    return isinstance(error, Mismatch) or (isinstance(error, CodeError) and error.kind in NAMEABLE)


def _redefined(claim: Claim, recorded: Traced | None) -> str:
    """Return a sentence about names that a notebook without the exercise's grade cell defines more than once, or ""."""
    if recorded is None or not isinstance(recorded.backend, Remote):
        return ""
    return "".join(
        f" {name} is defined in cell {first} and again in cell {last}. The last one was judged, because no cell of the "
        f'notebook has check("{claim.exercise}").'
        for name, first, last in recorded.backend.redefined()[:3]
    )


def _with_place(error: CodeError) -> str:
    return f"{error.message} ({error.where})" if error.where else error.message
