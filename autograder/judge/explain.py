"""Explain the failed tests of an exercise: the known mistake, the guilty line, the smallest case, the fingerprint.

All of it is found after the exercise's last test, and none of it changes an outcome or a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from autograder.catalogue import mistakes_in_package
from autograder.checks.code_under_test import CodeError
from autograder.sandbox.client import printable

from .context import Context
from .counterexample import Budget, explainable, say, smallest, target_of
from .fingerprint import PROBE, fingerprint
from .fixtures import Fixtures
from .guilty import guilty_line
from .hints import Failed, Runs, Search, hints

MOST_EXPLAINED = 3
"""For so many failed tests of an exercise, in their order, the smallest case is looked for until one is found."""


@dataclass
class Explained:
    """What is known about the failed tests of an exercise.

    Attributes
    ----------
    hints, lines, examples : dict
        A failed test to its hint, to the line of the student's code that sets its first wrong answer, and to the
        smallest case in which the code goes wrong. Tests without one are left out.
    fingerprint : str
        See ``fingerprint``.
    flags : list of str
        A sentence for each explanation that the judge could not look for.
    """

    hints: dict[pytest.Function, str] = field(default_factory=dict)
    lines: dict[pytest.Function, str] = field(default_factory=dict)
    examples: dict[pytest.Function, str] = field(default_factory=dict)
    fingerprint: str = ""
    flags: list[str] = field(default_factory=list)


class Explainer:
    """Explains failed tests of a submission.

    Parameters
    ----------
    context : Context
    runs : Runs
        How to run tests on other code, with this submission's inputs.
    probe : Runs
        The same with the inputs of the probe.
    fixtures : type of Fixtures
        The fixtures that tests may ask for.
    examples : bool
        Whether to find smallest cases.
    """

    def __init__(self, context: Context, runs: Runs, probe: Runs, fixtures: type[Fixtures], examples: bool) -> None:
        self._context, self._runs, self._probe = context, runs, probe
        self._data = set(fixtures.names()) - set(Fixtures.names())
        self._examples = examples

    def explain(self, exercise: str, failed: Sequence[Failed], passed: Sequence[pytest.Function]) -> Explained:
        """Return what is known about the failed tests of an exercise.

        Parameters
        ----------
        exercise : str
        failed : sequence of Failed
            The failed quick tests whose causes the tests do not know.
        passed : sequence of pytest.Function
            The quick tests that passed.
        """
        assignment = self._context.course.assignment
        search, found = Search(assignment, self._runs), Explained()
        try:
            found.hints = hints(search, mistakes_in_package(assignment, exercise), failed, passed)
            lines = {one.test: guilty_line(one, search.wrong(one), exercise) for one in failed}
            found.lines = {test: line for test, line in lines.items() if line}
            found.fingerprint = next(filter(None, map(self._fingerprint, failed)), "")
        except Exception as error:
            found.flags.append(f"The grader could not look for hints on {exercise} ({type(error).__name__}).")
        if self._examples:
            self._add_example(exercise, [one for one in failed if one.test not in found.hints], found)
        return found

    def _add_example(self, exercise: str, failed: Sequence[Failed], found: Explained) -> None:
        """Find the smallest case for one of the tests. This may end their runner."""
        budget = Budget()
        for one in [one for one in failed if self._may_have_example(one)][:MOST_EXPLAINED]:
            try:
                with self._context.unhurried(one.recorded.backend):
                    example = self._example(one, budget)
            except Exception as error:
                found.flags.append(f"No smallest case for {exercise}: {type(error).__name__}.")
                return
            if example:
                found.examples[one.test] = example
                return

    def _may_have_example(self, failed: Failed) -> bool:
        """Tell whether a failure may have a smallest case. Tests that use the kit's data have none."""
        return explainable(failed.error) and not self._data & set(failed.test.fixturenames)

    def _example(self, failed: Failed, budget: Budget) -> str:
        course, right, seed = self._context.course, self._runs.reference, self._runs.seed(failed.test)
        target = target_of(
            failed.recorded, failed.error, right, seed, lambda student: self._runs.on(failed.test, student)
        )
        if target is None:
            return ""
        student = failed.recorded.backend
        found = smallest(failed.recorded, target, student, right, seed, course.kit.possible, budget)
        return printable(say(found, target, right, course.assignment.settings.right_values)) if found else ""

    def _fingerprint(self, failed: Failed) -> str:
        """Return the fingerprint of a failure on the probe, or "" if the test passes there or cannot run."""
        try:
            with self._context.unhurried(failed.recorded.backend):
                error, answers = self._probe.log(failed.test, failed.recorded.backend)
        except CodeError:  # the runner has ended
            return ""
        if error is None:
            return ""
        return fingerprint(failed.test.name, error, answers, self._probe.log(failed.test, self._probe.reference)[1])


def on_probe(context: Context) -> Context:
    """Return a judging context with the inputs of the probe."""
    return replace(context, inputs=PROBE)
