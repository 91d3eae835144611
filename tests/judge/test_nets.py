"""What the comparison of a net with the reference's says about gradients."""

from typing import Any

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.judge import assert_loss_and_gradients
from autograder.judge import Mismatch

NAMES = ("W1", "b1", "gamma1", "beta1", "W2", "b2", "W3", "b3")


class Net:
    """A net that returns a loss and gradients."""

    def __init__(self, grads: dict[str, np.ndarray]) -> None:
        self._grads = grads

    def loss(self, x: Any, y: Any) -> tuple[float, dict[str, np.ndarray]]:
        return 1.5, self._grads


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["b2"], ""),
        (["W1", "b1"], "is that of W1, beta1 before it is right: look there first."),
        (["W1", "b1", "W2", "gamma1"], "is that of W2, b3 before it is right: look there first."),
        (["W1", "beta1"], "is that of beta1, gamma1 before it is right: look there first."),
        (NAMES, "is that of W3: look there first."),
    ],
)
def test_the_first_wrong_gradient_is_named(wrong: list[str], said: str) -> None:
    rng = np.random.default_rng(3)
    right = {name: rng.normal(size=(4, 2)) for name in NAMES}
    given = {name: value + rng.normal(size=(4, 2)) * (name in wrong) for name, value in right.items()}
    with pytest.raises(Mismatch) as raised:
        assert_loss_and_gradients(Net(given), Net(right), np.zeros(1), np.zeros(1), NAMES)
    _, start, end = raised.value.message.partition("On the way back from the loss the first wrong gradient ")
    assert end == said
    assert bool(start) == bool(said)
