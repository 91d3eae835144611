"""Inputs that hidden tests have in common: arrays away from kinks, nets with known parameters, small trainings."""

from typing import Any

import numpy as np

from autograder.checks.subject import Subject


def scaled(rng: np.random.Generator, *shape: int, away: float = 0.05) -> np.ndarray:
    """Return normal numbers, none closer to zero than ``away``: no kink of a ReLU, no tie."""
    x = rng.standard_normal(shape)
    return np.where(np.abs(x) < away, np.sign(x) * away + x, x)


def set_params(net: Any, params: dict[str, np.ndarray]) -> None:
    """Give a net these parameters, whatever it drew itself; it must have one of each name."""
    for name, value in params.items():
        _ = net.params[name]
        net.params[name] = value


def overfit(
    student: Subject,
    hidden: list[int],
    pictures: np.ndarray,
    labels: np.ndarray,
    learning_rate: float,
    weight_scale: float,
) -> float:
    """Train the student's net on a few pictures as the notebook does; return its accuracy on them, by our own count.

    Parameters
    ----------
    student : Subject
    hidden : list of int
        Sizes of the hidden layers.
    pictures, labels : ndarray, (N, 3, 32, 32) and (N,)
        Their mean is subtracted already.
    learning_rate, weight_scale : float
        The student's choice.
    """
    net = student.classifiers.fc_net.FullyConnectedNet(hidden, weight_scale=weight_scale, dtype=np.float64)
    data = {"X_train": pictures, "y_train": labels, "X_val": pictures, "y_val": labels}
    solver = student.solver.Solver(
        net, data, print_every=10, num_epochs=20, batch_size=25, update_rule="sgd",
        optim_config={"learning_rate": learning_rate}, verbose=False,
    )  # fmt: skip
    solver.train()
    scores = net.loss(pictures)
    return float(np.mean(np.asarray(scores).argmax(axis=1) == labels))
