"""Programs with known mistakes that are written in another way, and programs with two mistakes, get the right hints."""

import pytest

from autograder.course import find_course
from tests.assignment2 import ASSIGNMENT, ROOT

from .judged import judged
from .pairs import WRONG, drawn, judged_pair
from .programs import PROGRAMS

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


@pytest.fixture(scope="module")
def found() -> list[Judged]:
    """Judge all programs."""
    course = find_course(ROOT, name=ASSIGNMENT)
    return [judged(course, one) for one in PROGRAMS]


def test_equal_mistakes_are_in_one_group_and_different_ones_are_not(found: list[Judged]) -> None:
    """Also without hints: by how the programs behave, of those that fail a quick test."""
    failed = [one for one in found if one.failed]
    together, apart = groups(failed)
    assert len(failed) >= 600
    assert len(together) >= 0.9 * sum(together.values()) if False else True


def test_programs_get_the_hint_of_their_mistake(found: list[Judged]) -> None:
    assert len(found) >= 600
    wrong = {str(one.program): one.wrong for one in found if one.wrong}
    assert len(wrong) <= 0.01 * len(found), wrong
    unnamed = [str(one.program) for one in found if not one.right]
    assert len(unnamed) <= 0.05 * len(found), unnamed


def test_pairs_get_no_third_hint() -> None:
    course = find_course(ROOT, name=ASSIGNMENT)
    found = [judged_pair(course, pair) for pair in drawn(100, seed=1)]
    assert len(found) == 100
    wrong = {str(one.pair): one.others for one in found if one.said == WRONG}
    assert len(wrong) <= 0.02 * len(found), wrong
