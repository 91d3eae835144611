"""The sample class: solved, untouched, wrong in two places, and one that guesses every rhythm."""

from pathlib import Path

from autograder.catalogue import mistakes_of
from autograder.course import Course
from autograder.sample.students import STUDENTS as USUAL
from autograder.sample.students import Student, complete

MISTAKES = ("moving_average/zeros_beyond_the_ends", "heart_rate/mean")
"""What ``sample-two-mistakes`` did."""


def two_mistakes(course: Course, folder: Path, quick: bool = True) -> None:
    """Complete, but wrong in two places."""
    complete(course, folder, quick)
    for mistake in mistakes_of(course.assignment):
        if mistake.key in MISTAKES:
            mistake.apply(folder / course.assignment.package)


def guessing(course: Course, folder: Path, quick: bool = True) -> None:
    """Complete, but every rhythm is called regular."""
    complete(course, folder, quick)
    with (folder / "pulse" / "rhythm.py").open("a", encoding="utf-8") as module:
        module.write("\n\ndef is_irregular(signal, rate):\n    return False\n")


STUDENTS: dict[str, Student] = {**USUAL, "sample-two-mistakes": two_mistakes, "sample-guessing": guessing}
