"""Nets in hidden tests: gives them known parameters, compares them with the reference's, trains them briefly."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.compare import as_array, as_number, assert_close, assert_gradients, require

from ..student.pictures import Pictures

NOISE = 4.0
"""Standard deviation of the noise, for values up to 255: too little to disturb a trained net."""
FEW, MOST_STEPS, BRIEFLY = 64, 60, 12.0
"""A short training of a framework's net: the number of pictures, the most steps, and the most seconds."""
MAX_LOSSES = 100_000
"""More losses than any training in the tests has."""


def set_params(net: Any, params: dict[str, np.ndarray]) -> None:
    """Replace a net's parameters. The net must have a parameter of each name."""
    for name, value in params.items():
        _ = net.params[name]
        net.params[name] = value


def overfit(
    student: CodeUnderTest,
    hidden: list[int],
    pictures: np.ndarray,
    labels: np.ndarray,
    learning_rate: float,
    weight_scale: float,
) -> float:
    """Train the student's net on a few pictures as the notebook does; return its accuracy on them.

    The accuracy is computed here from the scores, not by the student's Solver.

    Parameters
    ----------
    student : CodeUnderTest
    hidden : list of int
        Sizes of the hidden layers.
    pictures, labels : ndarray, (N, 3, 32, 32) and (N,)
        Pictures, with their mean already subtracted, and labels.
    learning_rate, weight_scale : float
        The settings that the student chose.
    """
    net = student.classifiers.fc_net.FullyConnectedNet(hidden, weight_scale=weight_scale, dtype=np.float64)
    data = {"X_train": pictures, "y_train": labels, "X_val": pictures, "y_val": labels}
    solver = student.solver.Solver(
        net, data, print_every=10, num_epochs=20, batch_size=25, update_rule="sgd",
        optim_config={"learning_rate": learning_rate}, verbose=False,
    )  # fmt: skip
    solver.train()
    return _accuracy(net.loss(pictures), labels)


def assert_loss_and_gradients(net: Any, right: Any, x: np.ndarray, y: np.ndarray, names: Iterable[str]) -> None:
    """Compare the loss and the gradients of the parameters ``names`` with those of the reference's net."""
    loss, grads = net.loss(x, y)
    expected, right_grads = right.loss(x, y)
    assert_close("the loss", as_number("the loss", loss), expected)
    wanted = {f"grads[{name!r}]": right_grads[name] for name in names}
    assert_gradients({f"grads[{name!r}]": grads[name] for name in names}, wanted)


def assert_gradients_fit(net: Any, x: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> None:
    """Check that each gradient has exactly the shape of its parameter."""
    _, grads = net.loss(x, y)
    for name, value in params.items():
        shape = as_array(f"grads[{name!r}]", grads[name]).shape
        require(shape == value.shape, f"grads[{name!r}] has shape {shape}, its parameter {value.shape}.", "shape")


def assert_learns(
    student: CodeUnderTest,
    net: Any,
    pictures: Pictures,
    rng: np.random.Generator,
    count: int,
    least: float,
    **options: Any,
) -> None:
    """Train the student's net briefly with the student's Solver; check the losses and the accuracy on unseen pictures.

    The classes are renumbered at random, and the unseen pictures get a little noise: precomputed scores and a lookup
    table of pictures do not help.

    Parameters
    ----------
    student : CodeUnderTest
    net : Handle
        The student's net, untrained.
    pictures : Pictures
    rng : numpy.random.Generator
    count : int
        How many training pictures.
    least : float
        The accuracy on the validation pictures must be greater than this.
    **options
        Options of the Solver: ``update_rule``, ``optim_config``, ``num_epochs``, ``batch_size``.

    Raises
    ------
    Mismatch
        If the loss is not finite or hardly falls, or the accuracy is no better than ``least``.
    """
    x, y = pictures.train(count)
    unseen, labels = pictures.validation()
    renamed = rng.permutation(10)
    y, labels = renamed[y], renamed[labels]
    mean = x.mean(axis=0)
    noise = rng.normal(scale=NOISE, size=unseen.shape)
    x, unseen = (x - mean).astype(np.float32), (unseen + noise - mean).astype(np.float32)
    data = {"X_train": x, "y_train": y, "X_val": x[:200], "y_val": y[:200]}
    solver = student.solver.Solver(net, data, num_train_samples=200, verbose=False, **options)
    solver.train()
    losses = _losses(student.fetch(solver.loss_history))
    require(bool(np.isfinite(losses).all()), "The loss became NaN or infinite.", "finite")
    fell = losses[-20:].mean() < 0.9 * losses[:5].mean()
    require(bool(fell), f"The loss hardly falls over {len(losses)} iterations.")
    reached = _accuracy(net.loss(unseen), labels)
    require(reached > least, f"The trained net is right on only {reached:.0%} of unseen pictures; guessing gives 10%.")


def assert_network_learns(net: Any, pictures: Pictures, rng: np.random.Generator, least: float) -> None:
    """Train a framework's net briefly with Adam on a few pictures, and check its accuracy on them.

    The classes are renumbered at random, and the pictures for the check get a little noise. The better of train mode
    and test mode counts: running averages need more steps than this to settle.

    Parameters
    ----------
    net : Handle
        A `frameworks.Net`, untrained.
    pictures : Pictures
    rng : numpy.random.Generator
    least : float
        The accuracy on the pictures must be greater than this.

    Raises
    ------
    Mismatch
        If the loss is not finite, or the accuracy is no better than ``least``.
    """
    x, y = pictures.train(FEW)
    y = rng.permutation(10)[y]
    mean, deviation = x.mean(axis=(0, 2, 3), keepdims=True), x.std(axis=(0, 2, 3), keepdims=True)
    noisy = ((x + rng.normal(scale=NOISE, size=x.shape) - mean) / deviation).astype(np.float32)
    x = ((x - mean) / deviation).astype(np.float32)

    def reached() -> float:
        return max(_accuracy(net.scores(noisy, training), y) for training in (True, False))

    losses: list[float] = []
    until = time.monotonic() + BRIEFLY
    while len(losses) < MOST_STEPS and time.monotonic() < until:
        half = slice(FEW // 2) if len(losses) % 2 else slice(FEW // 2, FEW)
        losses.append(as_number("the loss", net.train(x[half], y[half], 1e-3)))
        require(bool(np.isfinite(losses[-1])), "The loss became NaN or infinite.", "finite")
        # a loss that begins high is halved before the net is right on any picture
        if sum(losses[-2:]) < 0.5 * sum(losses[:2]) and reached() > least:
            break
    share = reached()
    message = f"After {len(losses)} steps of Adam the net is right on only {share:.0%} of its {FEW} training pictures."
    require(share > least, message)


def _losses(history: Any) -> np.ndarray:
    """Return the losses in a Solver's history, float64 ``(N,)``. Check their number before any conversion."""
    values = [history] if isinstance(history, np.ndarray) else history
    require(isinstance(values, list | tuple), "loss_history is not a list of numbers.", "type")
    losses = [as_array("each loss in loss_history", value) for value in values]
    fits = 0 < sum(loss.size for loss in losses) <= MAX_LOSSES
    require(fits, "loss_history does not hold one number for each iteration.", "shape")
    return np.concatenate([loss.ravel() for loss in losses]).astype(np.float64)


def _accuracy(scores: Any, labels: np.ndarray) -> float:
    """Return the share of pictures whose largest score is that of their label. Check that each picture has scores."""
    array = as_array("scores", scores)
    fits = array.ndim == 2 and len(array) == len(labels) and array.size > 0
    require(fits, f"scores has shape {array.shape}; scores for {len(labels)} pictures are expected.", "shape")
    return float((array.argmax(axis=1) == labels).mean())
