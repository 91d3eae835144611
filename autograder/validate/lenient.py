"""Find hidden tests that are too lenient: they give credit to degenerate answers, or to the right ones to other inputs.

Each test runs on the reference, whose answers are replaced; it must give no credit if that changes an answer. Each
function yields one sentence for each problem, with the file in which to solve it. See ``degenerate`` for the answers.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import pytest

from autograder.assignment import Part
from autograder.checks.code_under_test import Backend
from autograder.checks.record import Log, Playback, Recorded
from autograder.course import Course
from autograder.judge.plugin import SLOW, asks_for_notebook, claimed
from autograder.judge.session import collect, hidden_file

from .answering import Answered, Changing, Degenerate, DivergedError, FromRecord, FromReference
from .degenerate import KINDS, STALE, UNCHANGED, same
from .trusted import ReferenceCopy

OTHER_SEEDS = tuple(f"other {number}" for number in range(5))
"""Seeds of other inputs. The rounded answers to one of them may be the same by chance."""


def degenerate_pass(course: Course, part: Part) -> Iterator[str]:
    """Yield hidden tests of a part that give credit to degenerate answers where the right ones are others."""
    file = course.name_of(hidden_file(course.assignment, part))
    with ReferenceCopy(course, part=part) as trusted:
        for test in decisive(course, part):
            for kind, functions in Examined(trusted, part, test).accepted():
                whose = f"{' and '.join(functions)} answers with" if functions else "every answer is"
                yield (
                    f"{file}: {test.name} gives credit although {whose} {kind}. Compare the answers with what is right "
                    "for random inputs, not with other answers of the same code."
                )


def fixed_inputs(course: Course, part: Part) -> Iterator[str]:
    """Yield exercises of a part all of whose tests accept the right answers to the inputs of another submission."""
    accepting: dict[str, list[bool]] = defaultdict(list)
    with ReferenceCopy(course, part=part) as trusted:
        for test in decisive(course, part):
            if claimed(test).kind != "learns" and not asks_for_notebook(test):
                accepting[claimed(test).exercise].append(Examined(trusted, part, test).accepts_other_answers())
    for exercise, accepted in accepting.items():
        if all(accepted):
            yield (
                f"{course.name_of(hidden_file(course.assignment, part))}: all tests of {exercise} accept the answers "
                "to another submission's inputs. Draw the inputs from rng, and compare the answers with the "
                "reference's."
            )


def decisive(course: Course, part: Part) -> list[pytest.Function]:
    """Return the hidden tests by which exercises earn points: an exercise's core tests or, if it has none, all."""
    tests = collect(course, part)
    with_core = {claimed(test).exercise for test in tests if claimed(test).kind == "core"}
    return [test for test in tests if claimed(test).kind == "core" or claimed(test).exercise not in with_core]


class Examined:
    """A hidden test, run on the right answers.

    Parameters
    ----------
    trusted : ReferenceCopy
    part : Part
    test : pytest.Function
    """

    def __init__(self, trusted: ReferenceCopy, part: Part, test: pytest.Function) -> None:
        self._trusted, self._part, self._test = trusted, part, test
        self._claim = claimed(test)
        trusted.remember(part)
        self._right = Answered(trusted.backend)
        self._passes = bool(trusted.credit(part, test, self._right))

    def accepted(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each kind that gets credit, with the functions that answered so; without any, all answers are so."""
        for kind in KINDS if self._passes else ():
            if kind == STALE:
                if self._accepts_stale():
                    yield kind, ()
            elif self._accepts(Degenerate(kind, self._is_own, drawn=self._drawn)) or (
                self._claim.needs and self._accepts(Degenerate(kind, self._is_own, "", True, self._drawn))
            ):
                yield kind, ()
            elif own := tuple(
                one for one in self._functions if self._accepts(Degenerate(kind, self._is_own, one, drawn=self._drawn))
            ):
                yield kind, own

    def accepts_other_answers(self) -> bool:
        """Tell whether the test accepts the right answers to the inputs of several other submissions."""
        log = self._right.log
        return self._passes and all(self._credit(Playback(log), seed) for seed in OTHER_SEEDS)

    @cached_property
    def _functions(self) -> list[str]:
        return sorted({name for name in self._right.functions if name and self._is_own(name)})

    @cached_property
    def _drawn(self) -> frozenset[int]:
        """The places of numbers that differ if the code draws other random numbers for the same inputs."""
        if self._claim.kind in SLOW:
            return frozenset()
        again = Answered(self._trusted.backend)
        self._credit(again, other_draws=True)
        pairs = enumerate(zip(again.log, self._right.log, strict=False))
        return frozenset(number for number, (one, other) in pairs if not same(one, other))

    def _is_own(self, function: str) -> bool:
        """Tell whether a function is not another exercise's."""
        return function.rpartition(".")[2] not in self._claim.needs

    def _accepts_stale(self) -> bool:
        """Tell whether the test accepts the right answers to other inputs, whatever these are."""
        return all(map(self._accepts_of, OTHER_SEEDS[:1] if self._claim.kind in SLOW else OTHER_SEEDS))

    def _accepts_of(self, seed: str) -> bool:
        other = Answered(self._trusted.backend)
        self._credit(other, seed)
        recorded = Recorded(Playback(other.log))
        asks_same = same(other.asked, self._right.asked)
        return not asks_same and bool(self._credit(recorded)) and self._differs(recorded.log)

    def _differs(self, log: Log) -> bool:
        named = zip(log, self._right.log, self._right.functions, strict=False)
        return any(not same(one, right) for one, right, function in named if self._is_own(function))

    def _accepts(self, answers: Degenerate) -> bool:
        """Tell whether the test gives credit although an answer is not the right one."""
        if self._claim.kind in SLOW and answers.kind == UNCHANGED and answers.function:
            return False
        if self._claim.kind in SLOW and answers.kind != UNCHANGED:
            try:
                recorded: Changing = FromRecord(self._right, replace(answers))
                if not self._credit(recorded) or not any(recorded.altered):
                    return False
            except DivergedError:
                pass  # what was recorded does not tell
        recorded = FromReference(self._trusted.backend, answers, self._right)
        credit = self._credit(recorded)
        wrong = self._differs(recorded.log) if answers.kind == UNCHANGED else any(recorded.altered)
        return bool(credit) and wrong

    def _credit(self, backend: Backend, seed: str = "", other_draws: bool = False) -> float:
        return self._trusted.credit(self._part, self._test, backend, seed, other_draws)
