"""A short training of a student's net: how it ends does not depend on the clock, and slow starters are not lost."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.judge import nets
from autograder.checks.compare import Mismatch
from autograder.course import Course
from autograder.judge import Open

from ..conftest import needs

RNG = np.random.default_rng(3)
LABELS = RNG.integers(0, 10, 64)
IMAGES = RNG.integers(0, 256, (64, 3, 32, 32)).astype(np.uint8)
PICTURES = SimpleNamespace(train=lambda count: (IMAGES[:count], LABELS[:count]))


def trained(make: Callable[[], Any], worked: Callable[[], float] = lambda: 0.0, least: float = 0.3) -> None:
    nets.assert_network_learns(make, cast(Any, PICTURES), np.random.default_rng(1), worked, least)


class Net:
    """A net with given losses. Its scores are right on the pictures that it has seen, as soon as its loss is low."""

    def __init__(self, losses: Callable[[int, float], float], weight: float = 0.0) -> None:
        self._losses, self._weight = losses, weight
        self.steps, self.loss = 0, 9.0
        self._rng = np.random.default_rng(4)

    def train(self, x: np.ndarray, y: np.ndarray, rate: float) -> float:
        self.loss = self._losses(self.steps, rate)
        self.steps += 1
        return self.loss

    def scores(self, x: np.ndarray, training: bool) -> np.ndarray:
        right = np.eye(10)[np.random.default_rng(1).permutation(10)[LABELS]]
        return right * (self.loss < 1.2) + self._weight * right + 0.01 * self._rng.normal(size=(64, 10))


def test_a_net_whose_loss_falls_learns() -> None:
    trained(lambda: Net(lambda step, rate: 2.3 * 0.98**step))
    trained(lambda: Net(lambda step, rate: 9 * 0.9**step))


def test_a_slow_starter_passes_once_its_scores_depend_on_the_labels() -> None:
    """It is right on few pictures: the scores are mostly noise."""
    trained(lambda: Net(lambda step, rate: 2.3 - 0.001 * step, weight=0.02), least=2.0)
    with pytest.raises(Mismatch):
        trained(lambda: Net(lambda step, rate: 2.3 - 0.001 * step, weight=0.0), least=2.0)


@pytest.mark.parametrize("rate", nets.RATES)
def test_one_of_the_learning_rates_is_enough(rate: float) -> None:
    trained(lambda: Net(lambda step, used: 2.3 * 0.97**step if used == rate else float("nan")))
    trained(lambda: Net(lambda step, used: 2.3 * 0.97**step if used == rate else 2.3))


@pytest.mark.parametrize("loss", [lambda step, rate: 2.3, lambda step, rate: max(2.15, 50 * 0.8**step)])
def test_a_net_that_learns_only_how_frequent_classes_are_fails(loss: Callable[[int, float], float]) -> None:
    with pytest.raises(Mismatch, match="After 100 steps of Adam the net is right on only"):
        trained(lambda: Net(loss))


def test_a_net_that_stands_still_is_not_trained_further() -> None:
    made: list[Net] = []

    def make() -> Net:
        made.append(Net(lambda step, rate: 2.3))
        return made[-1]

    with pytest.raises(Mismatch):
        trained(make)
    assert sum(net.steps for net in made) == len(nets.RATES) * nets.OFTEN


def test_a_loss_that_is_never_finite_fails() -> None:
    with pytest.raises(Mismatch, match="NaN or infinite"):
        trained(lambda: Net(lambda step, rate: float("inf")))


def test_a_net_that_could_not_make_enough_steps_is_open() -> None:
    """However long a step takes, a net fails only after all its steps."""
    for seconds in (1.5, 5.0, 1000.0):
        made: list[Net] = []

        def make(made: list[Net] = made) -> Net:
            made.append(Net(lambda step, rate: 2.3 + 0.01 * (step % 2)))
            return made[-1]

        with pytest.raises(Open, match="a person looks"):
            trained(make, lambda made=made, seconds=seconds: seconds * sum(net.steps for net in made))


def test_a_large_net_that_learns_in_few_steps_passes() -> None:
    net = Net(lambda step, rate: 2.3 * 0.9**step)
    trained(lambda: net, lambda: 8.0 * net.steps)
    assert net.steps <= 10


def plain(depth: int, activation: str, norm: bool = False) -> Callable[[], Any]:
    """Return a maker of a net of the kind of VGG, or of sigmoids."""
    from torch import nn

    def make() -> Any:
        layers: list[Any] = []
        channels = 3
        for at in range(depth):
            width = 8 * 2 ** min(at // 2, 3)
            layers += [nn.Conv2d(channels, width, 3, padding=1)]
            layers += [nn.BatchNorm2d(width)] if norm else []
            layers += [getattr(nn, activation)()]
            layers += [nn.MaxPool2d(2)] if at % 2 and at < 8 else []
            channels = width
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))

    return make


SLOW_STARTERS = {
    "deep, without batch norm": (8, "ReLU", False),
    "deep, with batch norm": (10, "ReLU", True),
    "sigmoids": (2, "Sigmoid", False),
    "more sigmoids": (4, "Sigmoid", False),
    "tanh": (6, "Tanh", False),
}


@needs("torch")
@pytest.mark.long
@pytest.mark.parametrize("kind", SLOW_STARTERS)
def test_slow_starters_learn(kind: str, course: Course) -> None:
    import torch

    from autograder.assignments.assignment2.kit.runner.on_pytorch import TorchNet

    torch.set_num_threads(1)
    make = plain(*SLOW_STARTERS[kind])
    for seed in range(3):
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        nets.assert_network_learns(
            lambda: TorchNet(make(), None, np.ones(3)), course.kit.pictures, rng, time.process_time, 0.3
        )
