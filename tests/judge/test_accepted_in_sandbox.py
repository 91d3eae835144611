"""Accepted solutions get full credit in the sandbox too, except for the special cases that they neglect."""

from pathlib import Path

import pytest

from tests.assignment2 import ACCEPTED

from .conftest import Judge

pytestmark = [pytest.mark.xdist_group("accepted"), pytest.mark.slow]

BY_NAME = {solution.name: solution for solution in ACCEPTED}


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "in_place"),
        (2, "graph"),
        pytest.param(3, "einsum", marks=pytest.mark.long),
        pytest.param(4, "in_place", marks=pytest.mark.long),
    ],
)
def test_solution_gets_full_core(judge: Judge, number: int, name: str) -> None:
    def change(folder: Path) -> None:
        BY_NAME[name].apply(folder)

    for exercise in judge(change, number=number).exercises:
        for test in exercise.tests:
            assert test.kind == "edge" or test.outcome == "passed", f"{test.name}: {test.message}"
        assert exercise.score >= 0.8 * exercise.points
