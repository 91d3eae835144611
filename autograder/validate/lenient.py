"""Find hidden tests that are too lenient: they give credit to constants, or to the right answers to other inputs.

Each test runs on the reference, whose answers are replaced. Each function yields one sentence for each problem, with
the file in which to solve it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pytest

from autograder.assignment import Part
from autograder.checks.code_under_test import Backend
from autograder.checks.record import Playback, Recorded
from autograder.course import Course
from autograder.judge.plugin import asks_for_notebook, claimed
from autograder.judge.session import collect, hidden_file
from autograder.verdict import PASSED, TestResult

from .trusted import ReferenceCopy

Kind = TypeVar("Kind", bound=Recorded)
CONSTANTS = (0, 1)
"""Numbers that a lenient test may accept in place of every number of an answer."""
STRICT = ("core", "accuracy")
"""Kinds of tests on which an exercise's points depend most."""
OTHER_SEEDS = tuple(f"other {number}" for number in range(5))
"""Seeds of other inputs. The rounded answers to one of them may be the same by chance."""


def constants_pass(course: Course, part: Part) -> Iterator[str]:
    """Yield hidden tests of a part that give credit to constant answers, although other answers are right."""
    with ReferenceCopy(course) as trusted:
        for number in CONSTANTS:
            for test in _strict_tests(course, part):
                result, answers = _judged(trusted, part, test, partial(_Constants, number=number))
                if result.credit and answers.changed:
                    yield (
                        f"{course.name_of(hidden_file(course.assignment, part))}: {test.name} gives credit although "
                        f"every number in the answers is {number}. Compare the answers with the reference's on random "
                        "inputs."
                    )


def fixed_inputs(course: Course, part: Part) -> Iterator[str]:
    """Yield exercises of a part all of whose tests accept the right answers to the inputs of another submission."""
    accepting: dict[str, list[bool]] = defaultdict(list)
    with ReferenceCopy(course) as trusted:
        for test in _strict_tests(course, part):
            accepting[claimed(test).exercise].append(_accepts_other_answers(trusted, part, test))
    for exercise, accepted in accepting.items():
        if all(accepted):
            yield (
                f"{course.name_of(hidden_file(course.assignment, part))}: all tests of {exercise} accept the answers "
                "to another submission's inputs. Draw the inputs from rng, and compare the answers with the "
                "reference's."
            )


def _strict_tests(course: Course, part: Part) -> list[pytest.Function]:
    return [test for test in collect(course, part) if claimed(test).kind in STRICT and not asks_for_notebook(test)]


def _accepts_other_answers(trusted: ReferenceCopy, part: Part, test: pytest.Function) -> bool:
    _, answers = _judged(trusted, part, test, Recorded, "one")
    return all(
        trusted.result(part, test, seed, lambda _: Playback(answers.log)).outcome == PASSED for seed in OTHER_SEEDS
    )


def _judged(
    trusted: ReferenceCopy, part: Part, test: pytest.Function, make: Callable[[Backend], Kind], seed: str = ""
) -> tuple[TestResult, Kind]:
    """Judge by one test, with a new backend in front of the reference; return that backend too."""
    made: list[Kind] = []

    def answering(backend: Backend) -> Kind:
        made.append(make(backend))
        return made[-1]

    return trusted.result(part, test, seed, answering), made[-1]


class _Constants(Recorded):
    """A backend whose answers hold the same number everywhere.

    Parameters
    ----------
    backend : Backend
        The backend that gives the answers their form.
    number : int

    Attributes
    ----------
    changed : bool
        Whether an answer held another number.
    """

    def __init__(self, backend: Backend, number: int) -> None:
        super().__init__(backend)
        self._number = number
        self.changed = False

    def _keep(self, answer: Any, source: str = "") -> Any:
        return super()._keep(self._filled(answer), source)

    def _filled(self, answer: Any) -> Any:
        if isinstance(answer, list | tuple):
            return type(answer)(map(self._filled, answer))
        if isinstance(answer, dict):
            return {name: self._filled(value) for name, value in answer.items()}
        if not isinstance(answer, bool | int | float | np.ndarray):
            return answer
        filled = np.full_like(answer, self._number)
        self.changed |= not np.array_equal(filled, answer)
        return filled if isinstance(answer, np.ndarray) else filled.item()
