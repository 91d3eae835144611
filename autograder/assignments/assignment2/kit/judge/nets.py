"""Nets in hidden tests: gives them known parameters, compares them with the reference's, trains them briefly."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.compare import (
    Mismatch,
    as_array,
    as_number,
    as_numbers,
    assert_close,
    assert_gradients,
    require,
)
from autograder.judge.credit import Open

from .judged import Judged

NOISE = 4.0
"""Standard deviation of the noise, for values up to 255: too little to disturb a trained net."""
FEW, MOST_STEPS, OFTEN, WORK = 64, 100, 20, 80.0
"""A short training of a framework's net: the number of pictures, the most steps with each learning rate, how often it
is tested, and the most seconds of processor time, after which a net that has not learned is left open."""
RATES = (1e-3, 1e-2, 1e-4)
"""Learning rates of Adam that a net gets in turn: sigmoids need a high one, some deep nets a low one."""
LEARNED, STILL, CHANCE = 0.5, 1e-5, 4.0
"""A net is tested once its loss is below this share of the first one. It stands still if its losses differ by less. It
has begun to learn if its loss is lower than with the labels in a random order by this many standard deviations."""
ORDERS = 500
MOST_CLASSES = 10_000
"""More classes than any net in the tests has."""


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
    names = list(names)
    wanted = {f"grads[{name!r}]": right_grads[name] for name in names}
    given = {f"grads[{name!r}]": grads[name] for name in names}
    try:
        assert_gradients(given, wanted)
    except Mismatch as error:
        error.message += _first_wrong(names, error.message)
        raise


def _first_wrong(names: list[str], message: str) -> str:
    """Return a sentence about the first wrong gradient on the way back from the loss, or "" if it says nothing new."""
    back = sorted(names, key=lambda name: (-int(re.sub(r"\D", "", name)), name.rstrip("0123456789") in ("W", "b")))
    wrong = [name for name in back if f"grads[{name!r}] " in message.partition(" (grads")[0]]
    if len(wrong) < 2:
        return ""
    first = wrong[0]
    before = back[: back.index(first)]
    right = f", {before[-1]} before it is right" if before else ""
    return f" On the way back from the loss the first wrong gradient is that of {first}{right}: look there first."


def assert_gradients_fit(net: Any, x: np.ndarray, y: np.ndarray, params: dict[str, np.ndarray]) -> None:
    """Check that each gradient has exactly the shape of its parameter."""
    _, grads = net.loss(x, y)
    for name, value in params.items():
        shape = np.shape(grads[name])
        require(shape == value.shape, f"grads[{name!r}] has shape {shape}, its parameter {value.shape}.", "shape")


def assert_learns(
    student: CodeUnderTest,
    net: Any,
    pictures: Judged,
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
    pictures : Judged
    rng : numpy.random.Generator
    count : int
        How many training pictures.
    least : float
        The accuracy on unseen pictures must be greater than this.
    **options
        Options of the Solver: ``update_rule``, ``optim_config``, ``num_epochs``, ``batch_size``.

    Raises
    ------
    Mismatch
        If the loss is not finite or hardly falls, or the accuracy is no better than ``least``.
    """
    x, y = pictures.train(count)
    unseen, labels = pictures.unseen()
    renamed = rng.permutation(10)
    y, labels = renamed[y], renamed[labels]
    mean = x.mean(axis=0)
    noise = rng.normal(scale=NOISE, size=unseen.shape)
    x, unseen = (x - mean).astype(np.float32), (unseen + noise - mean).astype(np.float32)
    data = {"X_train": x, "y_train": y, "X_val": x[:200], "y_val": y[:200]}
    solver = student.solver.Solver(net, data, num_train_samples=200, verbose=False, **options)
    solver.train()
    losses = as_numbers("loss_history", student.fetch(solver.loss_history))
    require(losses.size > 0, "loss_history does not hold one number for each iteration.", "shape")
    require(bool(np.isfinite(losses).all()), "The loss became NaN or infinite.", "finite")
    fell = losses[-20:].mean() < 0.9 * losses[:5].mean()
    require(bool(fell), f"The loss hardly falls over {len(losses)} iterations.")
    reached = _accuracy(net.loss(unseen), labels)
    require(reached > least, f"The trained net is right on only {reached:.0%} of unseen pictures; guessing gives 10%.")


def assert_network_learns(
    make: Callable[[], Any], pictures: Judged, rng: np.random.Generator, worked: Callable[[], float], least: float
) -> None:
    """Train a framework's net briefly with Adam on a few pictures, and check its losses and its accuracy on them.

    The classes are renumbered at random, and the pictures for the check get a little noise. The better of train mode
    and test mode counts: running averages need more steps than this to settle. A net that does not learn is made and
    trained again with other learning rates. It fails only after all steps with each of them.

    Parameters
    ----------
    make : callable
        Returns a `frameworks.Net`, untrained.
    pictures : Judged
    rng : numpy.random.Generator
    worked : callable
        Returns the seconds of processor time so far.
    least : float
        The loss must fall; and the accuracy on the pictures must be greater than this, or the loss must fit the labels.

    Raises
    ------
    Mismatch
        If the loss is not finite, or the net does not learn.
    Open
        If the net did not learn in the time that there is, but could not make all steps.
    """
    x, y = pictures.train(FEW)
    y = rng.permutation(10)[y]
    mean, deviation = x.mean(axis=(0, 2, 3), keepdims=True), x.std(axis=(0, 2, 3), keepdims=True)
    noisy = ((x + rng.normal(scale=NOISE, size=x.shape) - mean) / deviation).astype(np.float32)
    x = ((x - mean) / deviation).astype(np.float32)
    until = worked() + WORK
    best, finite = 0.0, False
    for rate in RATES:
        net, was_low = make(), False
        for training in (True, False):  # so that no answer of a trained net can be one that was kept
            _scores(net.scores(noisy, training), y)
        losses: list[float] = []
        while len(losses) < MOST_STEPS:
            if worked() >= until:
                raise Open(
                    f"The net is so large that it has not learned in {WORK:.0f} seconds of processor time, and made "
                    f"only {len(losses)} of {MOST_STEPS} steps of Adam: a person looks at its training."
                )
            loss = _step(net, x, y, rate, len(losses))
            if loss is None:
                break
            losses.append(loss)
            is_low = sum(losses[-2:]) < LEARNED * min(sum(losses[:2]), 2 * _entropy(y))
            if (is_low and not was_low) or len(losses) % OFTEN == 0:
                scores = [_scores(net.scores(noisy, training), y) for training in (True, False)]
                best = max(best, *(_accuracy(some, y) for some in scores))
                fell = is_low or sum(losses[-4:]) < sum(losses[:4])
                if fell and (best > least or any(_begins_to_learn(some, y) for some in scores)):
                    return
                if np.ptp(losses) < STILL:
                    break
            was_low = is_low
        finite = finite or (bool(losses) and loss is not None)
    require(finite, "The loss became NaN or infinite.", "finite")
    message = (
        f"After {MOST_STEPS} steps of Adam the net is right on only {best:.0%} of its {FEW} training pictures, with "
        f"each of the learning rates {', '.join(f'{rate:g}' for rate in RATES)}."
    )
    require(False, message)


def _step(net: Any, x: np.ndarray, y: np.ndarray, rate: float, number: int) -> float | None:
    """Train a net on one half of the pictures; return the loss, or None if it is not finite."""
    half = slice(FEW // 2) if number % 2 else slice(FEW // 2, FEW)
    try:
        return as_number("the loss", net.train(x[half], y[half], rate))
    except Mismatch as error:
        if error.kind != "finite":
            raise
        return None


def _begins_to_learn(scores: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether scores fit the labels better than the same labels in another order, by more than chance.

    A deep net without normalisation, or with sigmoids, may need hundreds of steps until it is right on a picture.
    """
    scores = scores.astype(np.float64)
    highest = scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(scores - highest).sum(axis=1, keepdims=True)) - (scores - highest)
    orders = np.random.default_rng(0).permuted(np.tile(y, (ORDERS, 1)), axis=1)
    pictures = np.arange(len(y))
    others = losses[pictures, orders].mean(axis=1)
    return bool(losses[pictures, y].mean() < others.mean() - CHANCE * others.std() - STILL)


def _entropy(labels: np.ndarray) -> float:
    """Return the lowest mean loss of a net that gives all pictures the same scores."""
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(shares * np.log(shares)).sum())


def _accuracy(scores: Any, labels: np.ndarray) -> float:
    """Return the share of pictures whose largest score is that of their label."""
    return float((_scores(scores, labels).argmax(axis=1) == labels).mean())


def _scores(scores: Any, labels: np.ndarray) -> np.ndarray:
    """Return the scores of pictures with these labels. A net of the student's may have more classes than there are."""
    shape = np.shape(scores)
    fits = len(shape) == 2 and shape[0] == len(labels) and 0 < shape[1] <= MOST_CLASSES
    require(fits, f"scores has shape {shape}; scores for {len(labels)} pictures are expected.", "shape")
    return as_array("scores", scores, shape)
