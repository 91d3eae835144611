"""Numeric gradients by central differences, for gradient checks that do not depend on any backward pass.

They are too slow for training: each element costs two evaluations.
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
        Takes an array of the shape of ``x``; returns an array of the shape of ``dout``, or a number.
    x : ndarray, float64
        The point at which to differentiate; it is not changed.
    dout : ndarray or float
        Upstream gradient.
    h : float
        Half of the distance between the two evaluations.

    Returns
    -------
    ndarray, float64, of the shape of ``x``
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
