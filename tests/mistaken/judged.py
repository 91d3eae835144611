"""Judges mistaken programs in this process, by the quick tests of their exercise."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.catalogue import accepted_of
from autograder.course import Course
from autograder.judge.plugin import claimed
from autograder.judge.session import collect
from autograder.validate.trusted import ReferenceCopy, is_quick
from autograder.verdict import PASSED, TestResult

from . import Program

ALSO = " Also: "
"""What stands between two explanations in one hint."""


@dataclass(frozen=True)
class Judged:
    """What a program is told.

    Attributes
    ----------
    program : Program
    failed : tuple of TestResult
        The failed tests of its exercise.
    fingerprint : str
        How its exercise fails on the probe.
    usual : frozenset of str
        The explanations that the accepted solution gets without the mistake: some solutions fail an edge test.
    """

    program: Program
    failed: tuple[TestResult, ...]
    fingerprint: str = ""
    usual: frozenset[str] = frozenset()

    @property
    def right(self) -> bool:
        """Whether a failed test gives the hint of the program's mistake."""
        return self.program.mistake.explanation in explanations(self.failed)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Other hints."""
        return tuple(explanations(self.failed) - {self.program.mistake.explanation} - self.usual)


def judged(course: Course, program: Program, seed: str = "") -> Judged:
    """Judge a program by the quick tests of its exercise."""
    found = Judged(program, *_judged(course, program.mistake.exercise, program.apply, seed))
    return (
        replace(found, usual=_usual(course, program.mistake.exercise, program.solution, seed)) if found.wrong else found
    )


@functools.cache
def _usual(course: Course, exercise: str, solution: str, seed: str) -> frozenset[str]:
    """Return the explanations that an accepted solution gets for an exercise."""
    (accepted,) = (one for one in accepted_of(course.assignment) if one.name == solution)
    return frozenset(explanations(failures(course, exercise, accepted.apply, seed)))


def failures(course: Course, exercise: str, change: Callable[[Path], None], seed: str = "") -> tuple[TestResult, ...]:
    """Return the failed quick tests of an exercise after a change of a copy of the reference.

    Parameters
    ----------
    course : Course
    exercise : str
    change : callable
        Called with the copy's folder.
    seed : str
        Each seed gives other random numbers.
    """
    return _judged(course, exercise, change, seed)[0]


def _judged(
    course: Course, exercise: str, change: Callable[[Path], None], seed: str
) -> tuple[tuple[TestResult, ...], str]:
    """Return the failed tests of `failures`, and the exercise's fingerprint."""
    (part,) = (one for one in course.parts if exercise in {known.id for known in one.automatic})
    tests = {test for test in collect(course, part) if claimed(test).exercise == exercise and is_quick(test)}
    with ReferenceCopy(course, change) as trusted:
        found = trusted.results(part, tests.__contains__, seed)
        fingerprint = trusted.fingerprints.get(exercise, "")
    return tuple(result for result in found if result.outcome != PASSED), fingerprint


def explanations(failed: tuple[TestResult, ...]) -> set[str]:
    """Return the explanations that the hints of failed tests hold."""
    return {part for test in failed if test.hint for part in test.hint.split(ALSO)}
