"""Name the mistake: run the same test on each known mistake of the exercise and see which gives the same answers.

Not for the sentence about what is wrong: that is the comparison's.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.checks.exercise import Claim
from autograder.checks.record import Log, Recorded, same_answers
from autograder.checks.subject import Subject
from autograder.misconceptions import of_exercise

from .reference import mistaken

NAMED = ("core", "edge")
"""Kinds of tests that are quick enough to run once more for each known mistake."""


def hint(source: Path, claim: Claim, answers: Log, run: Callable[[Subject], Any]) -> str:
    """Return the explanation of the known mistake that gives exactly ``answers``, or "".

    Parameters
    ----------
    source : Path
        The instructor's assignment.
    claim : Claim
        Of the test that failed.
    answers : Log
        What the student's code answered in it.
    run : callable
        Runs the same test, on the same random inputs, on another subject.
    """
    if claim.kind not in NAMED:
        return ""
    for mistake in of_exercise(claim.exercise):
        recorded = Recorded(mistaken(source, mistake))
        try:
            run(Subject(recorded))
        except Exception:
            if same_answers(answers, recorded.log):
                return mistake.explanation
    return ""
