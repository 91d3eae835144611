"""Gradients by central differences: what calculus says, whatever anybody's backward pass does.

Not for training: each element costs two evaluations.
"""

from collections.abc import Callable

import numpy as np


def numeric_gradient(
    function: Callable[[np.ndarray], np.ndarray | float], x: np.ndarray, dout: np.ndarray | float = 1.0, h: float = 1e-5
) -> np.ndarray:
    """Return the gradient of ``sum(function(x) * dout)`` with respect to ``x``.

    Parameters
    ----------
    function : callable
        Takes an array of x's shape; returns an array of dout's shape, or a number.
    x : ndarray, float64
        Where to differentiate; not changed.
    dout : ndarray or float
        Upstream gradient.
    h : float
        Half the step.

    Returns
    -------
    ndarray, float64, of x's shape
    """
    point = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        value = point[index]
        point[index] = value + h
        above = np.asarray(function(point.copy()), dtype=np.float64)
        point[index] = value - h
        below = np.asarray(function(point.copy()), dtype=np.float64)
        point[index] = value
        gradient[index] = float(np.sum((above - below) * dout)) / (2 * h)
    return gradient
