"""Prints what mistaken programs are told: ``python -m tests.mistaken [WORD ...]``."""

import sys

from autograder.course import find_course
from tests.assignment2 import ASSIGNMENT, ROOT

from .judged import judged
from .programs import PROGRAMS


def main(words: list[str]) -> None:
    """Judge the programs whose names hold one of the words, or all."""
    course = find_course(ROOT, name=ASSIGNMENT)
    chosen = [one for one in PROGRAMS if not words or any(word in str(one) for word in words)]
    found = [judged(course, one) for one in chosen]
    for one in found:
        said = "right" if one.right else "no hint" if one.failed else "NOT CAUGHT"
        print(f"{'WRONG HINT' if one.wrong else said:10} {one.program}")
        for test in one.failed if one.wrong or not one.right else ():
            print(f"           {test.name}: {test.message[:200]} [{test.hint[:100]}]")
    print(f"{sum(one.right for one in found)} of {len(found)} get their own hint")
    print(f"{sum(bool(one.wrong) for one in found)} get another hint")


main(sys.argv[1:])
