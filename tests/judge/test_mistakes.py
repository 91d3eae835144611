"""Known mistakes in the sandbox, as students make them. The gate checks that all mistakes are caught and named."""

from pathlib import Path

import pytest

from tests.assignment2 import CATALOGUE

from .conftest import Judge, lost

pytestmark = pytest.mark.xdist_group("verdicts")
KNOWN = {mistake.key: mistake for mistake in CATALOGUE}


def test_there_are_many() -> None:
    assert len(KNOWN) == len(CATALOGUE) >= 120


@pytest.mark.parametrize(
    "key",
    [
        "adam/no_bias_correction",
        "batchnorm_backward/mean_path",
        "dropout_forward/unscaled",
        "conv_backward_naive/dx_assigned",
        "conv_extension/stride_ignored",
    ],
)
def test_a_mistake_is_caught_and_named(judge: Judge, key: str) -> None:
    mistake = KNOWN[key]

    def change(folder: Path) -> None:
        mistake.apply(folder / "cs231n")

    (exercise,) = judge(change, mistake.exercise).exercises
    assert exercise.score < exercise.points
    assert exercise.outcome in ("graded", "failed")
    assert mistake.explanation in [test.hint for test in exercise.tests], [test.message for test in exercise.tests]


@pytest.mark.long  # the gate looks at all
def test_a_mistake_costs_no_unrelated_exercise(judge: Judge) -> None:
    change = lambda folder: KNOWN["sgd_momentum/sign"].apply(folder / "cs231n")  # noqa: E731
    assert set(lost(judge(change))) == {"sgd_momentum", "learns_part1"}
