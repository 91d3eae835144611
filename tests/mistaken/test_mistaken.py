"""Programs with known mistakes that are written in another way, and programs with two mistakes, get the right hints.

Those that make the same mistake are in one group, so that one comment reaches all of them.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest

from autograder.course import find_course
from autograder.grading.record import Exercise, Record
from autograder.reports.clusters import clusters
from autograder.verdict import FAILED as LOST
from tests.assignment2 import ASSIGNMENT, ROOT

from .judged import Judged, judged
from .pairs import WRONG, drawn, judged_pair
from .programs import PROGRAMS

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


@pytest.fixture(scope="module")
def found() -> list[Judged]:
    """Judge all programs."""
    course = find_course(ROOT, name=ASSIGNMENT)
    return [judged(course, one) for one in PROGRAMS]


def test_programs_get_the_hint_of_their_mistake(found: list[Judged]) -> None:
    assert len(found) >= 600
    wrong = {str(one.program): one.wrong for one in found if one.wrong}
    assert len(wrong) <= 0.01 * len(found), wrong
    unnamed = [str(one.program) for one in found if not one.right]
    assert len(unnamed) <= 0.05 * len(found), unnamed


@pytest.mark.parametrize("hinted", [True, False])
def test_equal_mistakes_are_in_one_group_and_different_ones_are_not(found: list[Judged], hinted: bool) -> None:
    """With hints; and without, by how the programs behave, as where nobody knows the mistake yet."""
    failed = [one for one in found if one.failed]
    assert len(failed) >= 600
    group = grouped(failed, hinted)
    of_mistake = defaultdict(list)
    of_exercise = defaultdict(list)
    for number, one in enumerate(failed):
        of_mistake[one.program.key].append(group[number])
        of_exercise[one.program.mistake.exercise].append((one.program.key, group[number]))
    together = sum(Counter(names).most_common(1)[0][1] for names in of_mistake.values())
    assert together >= 0.9 * len(failed), {key: names for key, names in of_mistake.items() if len(set(names)) > 1}
    pairs = [pair for rows in of_exercise.values() for pair in combinations(rows, 2) if pair[0][0] != pair[1][0]]
    mixed = Counter(tuple(sorted((one[0], other[0]))) for one, other in pairs if one[1] == other[1])
    assert mixed.total() <= 0.02 * len(pairs), mixed.most_common(20)


def grouped(failed: Sequence[Judged], hinted: bool) -> dict[int, str]:
    """Return the name of each program's group, by its number."""
    records = []
    for number, one in enumerate(failed):
        tests = one.failed if hinted else tuple(replace(test, hint="") for test in one.failed)
        name = one.program.mistake.exercise
        exercise = Exercise(name, 1, "Part", 1.0, 0.0, LOST, tests=tests, fingerprint=one.fingerprint)
        records.append(Record(str(number), ASSIGNMENT, 0.0, 0.0, 0.0, 1.0, 0.0, exercises=(exercise,)))
    return {int(student): made.name for made in clusters(records) for student in made.students}


def test_pairs_get_no_third_hint() -> None:
    course = find_course(ROOT, name=ASSIGNMENT)
    found = [judged_pair(course, pair) for pair in drawn(100, seed=1)]
    assert len(found) == 100
    wrong = {str(one.pair): one.others for one in found if one.said == WRONG}
    assert len(wrong) <= 0.02 * len(found), wrong
