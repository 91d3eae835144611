"""Every known mistake applies to the source, is caught by its own exercise, and is named there."""

import re
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.misconceptions import CATALOGUE, of_exercise

from .conftest import Judge, lost

pytestmark = pytest.mark.xdist_group("mistakes")
KNOWN = {mistake.key: mistake for mistake in CATALOGUE}


def test_keys_are_unique() -> None:
    assert len(KNOWN) == len(CATALOGUE)


def test_every_exercise_with_a_solution_has_some(course: Course) -> None:
    for exercise in (exercise for part in course.parts for exercise in part.automatic):
        if not re.match("overfit|learns|accuracy", exercise.id):
            assert len(of_exercise(exercise.id)) >= 3, exercise.id


@pytest.mark.parametrize("key", sorted(KNOWN))
def test_mistake_is_caught_and_named(judge: Judge, key: str) -> None:
    mistake = KNOWN[key]

    def change(folder: Path) -> None:
        mistake.apply(folder / "cs231n")

    (exercise,) = judge(change, mistake.exercise).exercises
    assert exercise.score < exercise.points
    assert exercise.outcome in ("graded", "failed")
    assert mistake.explanation in [test.hint for test in exercise.tests], [test.message for test in exercise.tests]


def test_a_mistake_costs_no_unrelated_exercise(judge: Judge) -> None:
    change = lambda folder: KNOWN["sgd_momentum/sign"].apply(folder / "cs231n")  # noqa: E731
    assert set(lost(judge(change))) == {"sgd_momentum", "learns_part1"}
