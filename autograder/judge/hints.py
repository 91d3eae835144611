"""Find the hints of an exercise: run its failed tests on each known mistake, and compare the answers.

See ``checks.causes`` for the comparison and ``checks.compare`` for the message about a wrong result.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from autograder.assignment import Assignment
from autograder.catalogue import Mistake
from autograder.checks.causes import Place, combined, explained, wrong_places
from autograder.checks.code_under_test import Backend, CodeUnderTest
from autograder.checks.compare import Mismatch
from autograder.checks.host import Local
from autograder.checks.record import Log, Recorded

from .counterexample import Traced
from .reference import mistaken

NAMED = ("core", "edge")
"""Kinds of tests that are quick enough to run once more for each known mistake."""
MOST = 2
"""Most mistakes that the hint of one test names."""


@dataclass(frozen=True)
class Failed:
    """A failed test, with the exception and the answers of the student's code.

    Attributes
    ----------
    test : pytest.Function
    error : Exception
    recorded : Traced
        The questions and answers of the test.
    """

    test: pytest.Function
    error: Exception
    recorded: Traced

    @property
    def answers(self) -> Log:
        """The answers of the student's code."""
        return self.recorded.log

    @property
    def answered(self) -> list[str]:
        """For each answer, where it came from: see `Recorded`."""
        return self.recorded.answered


@dataclass(frozen=True)
class Runs:
    """How to run a test of an exercise on the judge's own code.

    Attributes
    ----------
    on : callable
        Runs a test on code under test. The inputs are those of the submission.
    seed : callable
        Returns the seed of the global generators in a test, the same as the runner's.
    reference : Local
    """

    on: Callable[[pytest.Function, CodeUnderTest], Any]
    seed: Callable[[pytest.Function], int]
    reference: Local

    def log(self, test: pytest.Function, backend: Backend) -> tuple[Exception | None, Log]:
        """Run a test; return its exception, if any, and the answers."""
        backend.seed(self.seed(test))
        recorded = Recorded(backend)
        try:
            with np.errstate(all="ignore"):  # a mistake may divide by zero
                self.on(test, CodeUnderTest(recorded))
        except Exception as error:
            return error, recorded.log
        return None, recorded.log


def hints(
    search: "Search", known: Sequence[Mistake], failed: Sequence[Failed], passed: Iterable[pytest.Function]
) -> dict[pytest.Function, str]:
    """Return the hint of each failed test whose cause is a known mistake.

    Parameters
    ----------
    search : Search
    known : sequence of Mistake
        The known mistakes of the exercise.
    failed, passed : sequence, iterable
        The quick tests of the exercise that failed, and those that passed.

    Returns
    -------
    dict
        A test to the explanation of the mistake that gives exactly its answers. If several do, the one counts that
        explains most failed tests, then the one that explains some answer in most, then the one that fails fewest of
        the passed tests. If none does, but one or two explain some of its wrong answers and give no other wrong answer,
        to their explanations.
    """
    whole: dict[pytest.Function, list[Mistake]] = {}
    likely: list[Mistake] = []
    for one in failed if known else ():
        candidates = [mistake for mistake in likely if search.explains_all(one, mistake)]
        whole[one.test] = candidates or [mistake for mistake in known if search.explains_all(one, mistake)]
        likely += [mistake for mistake in whole[one.test] if mistake not in likely]
    votes = Counter(explanation for one in whole.values() for explanation in {mistake.explanation for mistake in one})
    support = search.support()
    if len(likely) > 1:
        others = list(passed)
        misses = {mistake: sum(search.fails(test, mistake) for test in others) for mistake in likely}
        likely.sort(key=lambda one: (-votes[one.explanation], -support[one.explanation], misses[one]))
    best = {test: min(one, key=likely.index).explanation for test, one in whole.items() if one}
    in_order = sorted(known, key=lambda one: -support[one.explanation])
    partly = {one.test: search.parts(one, in_order) for one in failed if not whole.get(one.test)}
    return {test: said for test, said in (best | partly).items() if said}


class Search:
    """Compares failed tests with known mistakes."""

    def __init__(self, assignment: Assignment, runs: Runs) -> None:
        self._assignment, self._runs = assignment, runs
        self._right: dict[pytest.Function, Log] = {}
        self._found: dict[tuple[pytest.Function, Mistake], frozenset[Place]] = {}

    def explains_all(self, failed: Failed, mistake: Mistake) -> bool:
        """Tell whether a mistake gives all answers of a test, and fails in the same way."""
        error, log = self._runs.log(failed.test, mistaken(self._assignment, mistake))
        right = self._right_log(failed)
        found = frozenset() if error is None else explained(failed.answers, right, log)
        self._found[failed.test, mistake] = found or frozenset()
        return self.fails_alike(failed, error, log)

    def fails_alike(self, failed: Failed, error: Exception | None, log: Log) -> bool:
        """Tell whether another run of a test gives all of its answers, and fails in the same way."""
        if error is None or type(error) is not type(failed.error):
            return False
        wrong = self.wrong(failed)
        if explained(failed.answers, self._right_log(failed), log) != wrong:
            return False
        if wrong and isinstance(error, Mismatch) and isinstance(failed.error, Mismatch):
            return error.kind == failed.error.kind
        # otherwise the message tells what is wrong: it names the exception, the dtype or the exact shape
        return str(error) == str(failed.error)

    def parts(self, failed: Failed, known: Sequence[Mistake]) -> str:
        """Return the explanations of mistakes that explain some of a test's wrong answers, or ""."""
        found: dict[str, frozenset[Place]] = {}
        for mistake in known:  # of several forms of a mistake, the one that explains most
            more = self._found[failed.test, mistake]
            if len(more) > len(found.get(mistake.explanation, ())):
                found[mistake.explanation] = more
        return " Also: ".join(combined(self.wrong(failed), found)[:MOST])

    def support(self) -> Counter[str]:
        """Return, for each explanation, the number of tests in which it explains some wrong answer."""
        found = {(mistake.explanation, test) for (test, mistake), places in self._found.items() if places}
        return Counter(explanation for explanation, _ in found)

    def fails(self, test: pytest.Function, mistake: Mistake) -> bool:
        """Tell whether a mistake fails a test."""
        return self._runs.log(test, mistaken(self._assignment, mistake))[0] is not None

    def wrong(self, failed: Failed) -> frozenset[Place]:
        """Return the places of a test's wrong answers."""
        return wrong_places(failed.answers, self._right_log(failed))

    def _right_log(self, failed: Failed) -> Log:
        if failed.test not in self._right:
            self._right[failed.test] = self._runs.log(failed.test, self._runs.reference)[1]
        return self._right[failed.test]
