"""Find the hint: run the failed test on each known mistake of the exercise, and find the one with the same answers.

See ``checks.compare`` for the message about the wrong result.
"""

from collections.abc import Callable
from typing import Any

from autograder.assignment import Assignment
from autograder.catalogue import mistakes_in_package
from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import Mismatch
from autograder.checks.exercise import Claim
from autograder.checks.record import Log, Recorded, same_answers, same_log

from .reference import mistaken

NAMED = ("core", "edge")
"""Kinds of tests that are quick enough to run once more for each known mistake."""


def hint(
    assignment: Assignment, claim: Claim, error: Exception, answers: Log, seed: int, run: Callable[[CodeUnderTest], Any]
) -> str:
    """Return the explanation of the known mistake that gives exactly these answers, or "".

    Parameters
    ----------
    assignment : Assignment
    claim : Claim
        The claim of the failed test.
    error : Exception
        The exception of the failed test.
    answers : Log
        The answers of the student's code in this test.
    seed : int
        Seed of the global generators, the same as the runner's.
    run : callable
        Runs the same test, on the same random inputs, on other code under test.
    """
    if claim.kind not in NAMED:
        return ""
    for mistake in mistakes_in_package(assignment, claim.exercise):
        backend = mistaken(assignment, mistake)
        backend.seed(seed)
        recorded = Recorded(backend)
        try:
            run(CodeUnderTest(recorded))
        except Exception as other:
            if _alike(error, other, answers, recorded.log):
                return mistake.explanation
    return ""


def _alike(error: Exception, other: Exception, answers: Log, log: Log) -> bool:
    """Tell whether two runs failed alike: after the same answers, and with the same exception at the same place."""
    if type(error) is not type(other):
        return False
    if isinstance(error, CodeError):
        return str(error) == str(other) and same_log(answers, log)
    if isinstance(error, Mismatch) and isinstance(other, Mismatch):
        if error.kind != other.kind:
            return False
        if error.kind != "values" and error.message != other.message:  # it names the shape or the dtype
            return False
    return same_answers(answers, log)
