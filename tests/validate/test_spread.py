"""The tolerances that follow from the spread of correct code."""

import numpy as np
import pytest

from autograder.checks import compare, tolerances
from autograder.validate.spread import LEAST, MARGIN, Deviation, _listening, page, tolerance_for


@pytest.mark.parametrize(
    ("size", "constant", "tolerance"),
    [
        (0.9e-9, "RTOL64", 1e-6),  # never below the need of real solutions
        (0.9e-7, "RTOL64", 1e-6),
        (1.1e-7, "RTOL64", 1e-5),
        (2e-5, "RTOL32", 1e-3),
        (2e-4, "RTOL32", 1e-2),
    ],
)
def test_a_tolerance_is_a_power_of_ten_above_the_spread(size: float, constant: str, tolerance: float) -> None:
    found = tolerance_for(Deviation(size, constant, "somewhere"))
    assert found == pytest.approx(tolerance, rel=1e-12)
    assert found >= MARGIN * size


@pytest.mark.parametrize("size", [2e-3, 1.0, float("inf"), float("nan")])
def test_a_mistake_in_a_solution_sets_no_tolerance(size: float) -> None:
    with pytest.raises(
        ValueError, match=r"dropout in the solution loops deviates by .*, more than rounding errors: fix"
    ):
        tolerance_for(Deviation(size, "RTOL64", "dropout in the solution loops"))


def test_the_page_holds_the_tolerances() -> None:
    largest = {
        "RTOL64": Deviation(1e-9, "RTOL64", "adam in the solution loops"),
        "RTOL32": Deviation(2e-6, "RTOL32", "adam in the solution float32"),
    }
    written: dict[str, object] = {}
    exec(page(largest, solutions=13, seeds=50), written)
    assert {name: written[name] for name in LEAST} == LEAST
    assert "in 13 solutions, with 50 seeds" in str(written["__doc__"])


def test_the_tolerances_are_as_narrow_as_real_solutions_allow() -> None:
    """A new solution with a wider spread widens the tolerances, and a person should check that."""
    assert {name: getattr(tolerances, name) for name in LEAST} == LEAST


def test_comparisons_are_heard() -> None:
    """Each comparison reports its own deviation; a comparison with its own tolerance reports none."""
    one = np.ones(3)
    with _listening() as heard:
        compare.assert_close("dx", one + 1e-8, one)
        compare.assert_close("dx", one + 0.1, one, rtol=0.5)
        compare.assert_close("dw", (one + 1e-4).astype(np.float32), one)
    assert [constant for constant, _ in heard] == ["RTOL64", "RTOL32"]
    assert [size for _, size in heard] == pytest.approx([1e-8, 1e-4], rel=0.01)
