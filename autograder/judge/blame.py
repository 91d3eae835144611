"""Find the exercise that causes a failed test of another exercise, whose code the test runs on.

A need is to blame only if it gives the same failure: as a known mistake, by a wrong answer of its own in this test, or
in the judge's own composition of the parts.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping

import pytest

from autograder.catalogue import Mistake, mistakes_in_package
from autograder.checks.code_under_test import Backend, CodeError, CodeUnderTest
from autograder.checks.compare import Mismatch
from autograder.checks.exercise import Claim
from autograder.checks.host import Local
from autograder.verdict import FAILED, ExerciseResult

from .composed import OtherForm, composed, functions_of
from .context import Context
from .hints import NAMED, Failed, Runs, Search

ASKING = "the search for a cause"
"""What stands for an exercise while the composition asks a runner."""


ENDED = ("timeout", "crash", "protocol")
"""Kinds of `CodeError` after which a runner has ended."""


def is_broken(exercise: ExerciseResult) -> bool:
    """Tell whether an exercise fails a core test, so that other code cannot rely on it."""
    return any(test.kind == "core" and test.outcome == FAILED for test in exercise.tests)


class Blame:
    """Finds the causes of failed tests among the exercises that they need.

    Parameters
    ----------
    context : Context
        The judging context. It starts another runner if the judge's composition is needed.
    runs : Runs
        How to run the tests on the judge's own code.
    needs : mapping
        The judged exercises that failed tests need.
    claim : callable
        Returns a test's claim.
    """

    def __init__(
        self, context: Context, runs: Runs, needs: Mapping[str, ExerciseResult], claim: Callable[[Failed], Claim]
    ) -> None:
        self._context, self._runs, self._claim = context, runs, claim
        self._broken = {name: exercise for name, exercise in needs.items() if is_broken(exercise)}
        self._search = Search(context.course.assignment, runs)
        self._compositions = contextlib.ExitStack()
        self._composed: dict[tuple[int, tuple[str, ...]], Local] = {}

    def causes(self, failed: Iterable[Failed]) -> dict[pytest.Function, str]:
        """Return each failed test that another exercise causes, and that exercise."""
        found: dict[pytest.Function, str] = {}
        try:
            for one in failed:
                named = next((need for need in self._claim(one).needs if self._is_cause(need, one)), "")
                if named:
                    found[one.test] = named
        finally:
            self._compositions.close()
            self._context.close()
        return found

    def _is_cause(self, need: str, failed: Failed) -> bool:
        if need not in self._broken:
            return False
        if isinstance(failed.error, CodeError) and failed.error.kind in ENDED:  # it would end another runner
            ended = _without_numbers(failed.error.message)
            return any(ended in _without_numbers(test.message) for test in self._broken[need].tests)
        claim = self._claim(failed)
        quick = claim.kind in NAMED
        mistakes = self._mistakes_of(need)
        if quick and any(self._search.explains_all(failed, mistake) for mistake in mistakes):
            return True
        own = [number for number, path in enumerate(failed.answered) if path.rpartition(".")[2] == need]
        if quick and own:
            return any(place[0] in own for place in self._search.wrong(failed))
        functions = self._functions(claim)
        if need in functions:
            return self._composition_fails(failed, functions, quick)
        return not (quick and mistakes)  # a class: nothing runs without it, and none of its known mistakes does this

    def _mistakes_of(self, need: str) -> list[Mistake]:
        """Return the known mistakes that were found in an exercise."""
        hints = " ".join(test.hint for test in self._broken[need].tests)
        return [one for one in mistakes_in_package(self._context.course.assignment, need) if one.explanation in hints]

    def _functions(self, claim: Claim) -> list[str]:
        """Return those needs of a test that are functions of the package."""
        assignment = self._context.course.assignment
        return [name for name in claim.needs if name in functions_of(assignment.source / assignment.package)]

    def _composition_fails(self, failed: Failed, functions: list[str], quick: bool) -> bool:
        """Tell whether the reference fails in the same way if these functions are the student's."""
        context = self._context
        try:
            student = context.student(ASKING, failed.test.name, not quick).backend
            reference = self._composition(student, tuple(functions))
            if quick:
                error, log = self._runs.log(failed.test, reference)
                return isinstance(error, OtherForm) or self._search.fails_alike(failed, error, log)
            self._runs.on(failed.test, CodeUnderTest(reference))
        except (Mismatch, OtherForm):
            return True
        except Exception:  # the composition cannot be told to be the same
            return False
        return False

    def _composition(self, student: Backend, functions: tuple[str, ...]) -> Local:
        """Return the composition with these functions of a runner. It is made once."""
        key = (id(student), functions)
        if key not in self._composed:
            made = composed(self._context.course.assignment, student, functions)
            self._composed[key] = self._compositions.enter_context(made)
        return self._composed[key]


def _without_numbers(message: str) -> str:
    """Return a message without its numbers: time limits shrink with each time-out."""
    return re.sub(r"\d+", "", message)
