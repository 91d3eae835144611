"""Random inputs on which single and double precision agree about a gradient: away from the kinks of ReLUs."""

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.judge import away_from_kinks, convnet_params
from autograder.checks.code_under_test import CodeUnderTest
from autograder.course import Course
from autograder.judge.reference import reference

Draw = tuple[list[np.ndarray], tuple[np.ndarray, np.ndarray]]
SEEDS = range(12)


@pytest.fixture(scope="module")
def solution(course: Course) -> CodeUnderTest:
    """Return the course's reference solution."""
    return CodeUnderTest(reference(course.assignment))


def drawn(seed: int) -> Draw:
    """Return drawn parameters, two pictures and their labels."""
    rng = np.random.default_rng(seed)
    pictures = rng.normal(size=(2, 3, 32, 32)).astype(np.float32)
    return convnet_params(rng, (4, 3)), (pictures, rng.integers(10, size=2))


def is_fit(solution: CodeUnderTest, draw: Draw, count: int) -> bool:
    """Tell whether the search accepts this draw at once."""
    draws = iter([draw])
    try:
        away_from_kinks(solution, lambda: next(draws), 0.002, count)
    except StopIteration:
        return False
    return True


@pytest.fixture(scope="module")
def fit(solution: CodeUnderTest) -> dict[int, list[int]]:
    """Return the seeds of accepted draws, for one step and for two."""
    return {count: [seed for seed in SEEDS if is_fit(solution, drawn(seed), count)] for count in (1, 2)}


@pytest.mark.parametrize("layer", [0, 1])
def test_one_unit_at_its_kink_is_enough(solution: CodeUnderTest, fit: dict[int, list[int]], layer: int) -> None:
    """The test changes the bias of a good draw so that one unit of the layer becomes nearly zero."""
    params, (x, y) = drawn(fit[1][0])
    before, _ = solution.layers.conv_forward_naive(x.astype(np.float64), *params[:2], {"stride": 1, "pad": 2})
    if layer == 1:
        before, _ = solution.layers.conv_forward_naive(np.maximum(before, 0), *params[2:4], {"stride": 1, "pad": 1})
    maps = before[:, 0]
    params[2 * layer + 1][0] -= maps.flat[np.abs(maps).argmin()]
    assert not is_fit(solution, (params, (x, y)), 1)


def test_a_second_step_meets_other_kinks(fit: dict[int, list[int]]) -> None:
    """A draw that is accepted for two steps is accepted for one, but not the other way round."""
    assert set(fit[2]) < set(fit[1])
    assert fit[2]


def test_a_draw_that_is_never_fit_ends(solution: CodeUnderTest) -> None:
    """Without weights and biases all units are zero; the search for a draw ends with an error."""
    params, (x, y) = drawn(0)
    nothing = [np.zeros_like(param) for param in params], (x, y)
    with pytest.raises(RuntimeError, match="comes near its ReLU's kink"):
        away_from_kinks(solution, lambda: nothing, 0.002, 1)
