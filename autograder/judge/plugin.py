"""The pytest plugin: fixtures of the hidden tests, and a result for each of them, whatever happens in it.

Not for running pytest or adding up: see ``session``.
"""

import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import Mismatch
from autograder.checks.definitions import NotebookError, read_cells
from autograder.checks.exercise import Claim, claim_of
from autograder.checks.public import unpacking
from autograder.checks.record import Recorded
from autograder.manifest import Part
from autograder.runner.wire import WireError
from autograder.sandbox.client import printable
from autograder.verdict import ERROR, FAILED, NOT_GRADED, OPEN, PASSED, TestResult

from .accuracy import Accuracy
from .context import Context
from .credit import NotGraded, Open, PartialCredit
from .hints import hint

SLOW = ("learns", "accuracy", "speed")
THEIRS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, WireError)
"""What an answer of another form, or one that cannot be sent back, ends in."""
MAX_MESSAGE = 3000
NAMEABLE = ("missing", "raised", "type")
"""Kinds of exceptions by which a known mistake may show."""


class JudgePlugin:
    """Judges with the tests that claim the part's exercises.

    Parameters
    ----------
    context : Context
        What to judge, and with what.

    Attributes
    ----------
    results : dict
        Exercise id to the results of its tests.
    needs : dict
        Name of a test to the exercises on whose code it runs.
    flags : list of str
        What looks odd.
    expected : Counter
        How many tests each exercise has: one that lacks a result is not judged.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.results: dict[str, list[TestResult]] = {}
        self.needs: dict[str, tuple[str, ...]] = {}
        self.flags: list[str] = []
        self.expected: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the part's tests, in the notebook's order."""
        items[:] = of_part(items, self.context.part)
        self.expected = Counter(claimed(item).exercise for item in items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        """Judge one test; pytest's own way of running it, with its fixtures and reports, is not wanted."""
        assert isinstance(item, pytest.Function)
        self.judge(item)
        return True

    def judge(self, item: pytest.Function) -> None:
        """Run one test and keep its result."""
        claim = claimed(item)
        start = time.perf_counter()
        try:
            outcome, message, named, credit = self._outcome(item, claim)
        except Exception as error:
            outcome, message, named, credit = ERROR, _ours(error), "", 0.0
        result = TestResult(
            name=item.name.removeprefix("test_"), title=_title(item), kind=claim.kind, outcome=outcome,
            message=printable(message[:MAX_MESSAGE]), hint=named, seconds=round(time.perf_counter() - start, 3),
            credit=credit,
        )  # fmt: skip
        self.results.setdefault(claim.exercise, []).append(result)
        self.needs[result.name] = claim.needs

    def _outcome(self, item: pytest.Function, claim: Claim) -> tuple[str, str, str, float]:
        """Return outcome, message, hint and credit of one test."""
        recorded: Recorded | None = None
        name = _name(item, claim)
        try:
            recorded = self.context.student(claim.exercise, name, claim.kind in SLOW)
            self._run(item, name, CodeUnderTest(recorded))
            return PASSED, "", "", 1.0
        except NotGraded as error:
            return NOT_GRADED, str(error), "", 0.0
        except Open as error:
            return OPEN, str(error), "", 0.0
        except PartialCredit as error:
            return FAILED, error.message, "", min(max(error.credit, 0.0), 1.0)
        except CodeError as error:
            named = self._hint(item, claim, error, recorded) if error.kind in NAMEABLE else ""
            return FAILED, _with_place(error), named, 0.0
        except Mismatch as error:
            return FAILED, error.message, error.hint or self._hint(item, claim, error, recorded), 0.0
        except Exception as error:
            return self._whose_fault(item, name, error)

    def _hint(self, item: pytest.Function, claim: Claim, error: Exception, recorded: Recorded | None) -> str:
        if recorded is None:
            return ""
        name = _name(item, claim)
        run = partial(self._run, item, name)
        return hint(self.context.course.source, claim, error, recorded.log, self.context.global_seed(name), run)

    def _whose_fault(self, item: pytest.Function, name: str, error: Exception) -> tuple[str, str, str, float]:
        """An unforeseen exception: with the reference in the student's place the test passes, or it is ours to mend."""
        try:
            self._run(item, name, self.context.reference())
        except Exception as ours:
            return ERROR, _ours(ours), "", 0.0
        if not isinstance(error, THEIRS):
            return ERROR, _ours(error), "", 0.0
        return FAILED, unpacking(error) or "What came back has another form than the docstring says.", "", 0.0

    def _run(self, item: pytest.Function, name: str, student: CodeUnderTest) -> None:
        offers: dict[str, Callable[[], Any]] = {
            "student": lambda: student,
            "reference": self.context.reference,
            "rng": lambda: self.context.rng(name),
            "pictures": lambda: self.context.course.pictures,
            "accuracy": lambda: Accuracy(self.context, student, self.context.rng(name), self.flags),
            "notebook": self._require_notebook,
            "framework": lambda: self._require_notebook() and student.framework,
            "extension": self.context.extension.require,
        }
        given = item.callspec.params if hasattr(item, "callspec") else {}
        names = inspect.signature(item.function).parameters
        item.function(**{wanted: given[wanted] if wanted in given else offers[wanted]() for wanted in names})

    def _require_notebook(self) -> str:
        try:
            read_cells(self.context.submission.folder / self.context.part.notebook)
        except NotebookError as error:
            raise NotGraded(str(error)) from None
        return self.context.part.notebook


def claiming(items: Iterable[pytest.Item]) -> list[pytest.Function]:
    """Return those of pytest's items that claim an exercise."""
    return [item for item in items if isinstance(item, pytest.Function) and claim_of(item.function) is not None]


def of_part(items: Iterable[pytest.Item], part: Part) -> list[pytest.Function]:
    """Return those that claim an exercise of a part, in the notebook's order."""
    order = {exercise.id: number for number, exercise in enumerate(part.automatic)}
    tests = [test for test in claiming(items) if claimed(test).exercise in order]
    return sorted(tests, key=lambda test: order[claimed(test).exercise])


def claimed(test: pytest.Item) -> Claim:
    """Return the claim of a test that has one."""
    assert isinstance(test, pytest.Function)
    claim = claim_of(test.function)
    assert claim is not None
    return claim


def _name(item: pytest.Function, claim: Claim) -> str:
    """What a test's random numbers are drawn for."""
    return f"{claim.exercise}/{item.name}"


def _ours(error: Exception) -> str:
    return f"This test could not be carried out ({type(error).__name__}); it will be looked into."


def _title(item: pytest.Function) -> str:
    title = (inspect.getdoc(item.function) or item.name).splitlines()[0].rstrip(".")
    return f"{title}: {item.callspec.id}" if hasattr(item, "callspec") else title


def _with_place(error: CodeError) -> str:
    return f"{error.message} ({error.where})" if error.where else error.message
