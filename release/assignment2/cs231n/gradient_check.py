"""Numerical gradients, to check analytic ones: slow, simple and hard to get wrong.
For checks only, never for training. Given complete.

The functions change an array in place by a small step, and then restore it, because the function to differentiate
often reads the array from elsewhere (such as a net's parameter). Use float64: in float32, rounding errors are larger
than the effect of a step of 1e-5.
"""

import numpy as np


def rel_error(x, y):
    """Return the largest relative error between two arrays: `|x - y| / (|x| + |y|)`, element by element.

    A rule of thumb for gradients in float64: above 1e-2, the gradient is probably wrong; 1e-4 is fine if there are
    kinks such as ReLU's; below 1e-7 is good.
    """
    x, y = np.asarray(x), np.asarray(y)
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y))))


def eval_numerical_gradient(f, x, verbose=False, h=1e-5):
    """Return the gradient of a function with one number as its value, by centred differences.

    Parameters
    ----------
    f : callable
        `f(x)` is a number.
    x : float array
        The point. Each element is raised and lowered by h, then restored.
    verbose : bool
        Print every element's index and gradient.
    h : float
        The step.

    Returns
    -------
    grad : array, the shape of x
        `(f(x + h) - f(x - h)) / (2 h)` for each element.
    """
    grad = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        above, below = _evaluate_around(f, x, index, h)
        grad[index] = (above - below) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Return the gradient of a function with an array as its value, by centred differences and the chain rule.

    Parameters
    ----------
    f : callable
        `f(x)` is an array.
    x : float array
        The point.
    df : array, the shape of f(x)
        Gradient of some loss with respect to f(x).
    h : float
        The step.

    Returns
    -------
    grad : array, the shape of x
        Gradient of that loss with respect to x.
    """
    grad = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        above, below = _evaluate_around(f, x, index, h)
        grad[index] = np.sum((above - below) * df) / (2 * h)
    return grad


def grad_check_sparse(f, x, analytic_grad, num_checks=10, h=1e-5):
    """Compare an analytic gradient with the numerical one at a few random elements, and print both.

    Parameters
    ----------
    f : callable
        `f(x)` is a number.
    x : float array
        The point.
    analytic_grad : array, the shape of x
        The gradient to check.
    num_checks : int
        Number of elements to look at.
    h : float
        The step.

    Returns
    -------
    worst : float
        The largest relative error seen.
    """
    worst = 0.0
    for _ in range(num_checks):
        index = tuple(np.random.randint(n) for n in x.shape)
        above, below = _evaluate_around(f, x, index, h)
        numerical, analytic = (above - below) / (2 * h), analytic_grad[index]
        error = rel_error(numerical, analytic)
        worst = max(worst, error)
        print(f"numerical: {numerical:f} analytic: {analytic:f}, relative error: {error:e}")
    return worst


def _evaluate_around(f, x, index, h):
    """Return f with one element of x raised and lowered by h; restore the element, even if f raises."""
    old = x[index]
    try:
        x[index] = old + h
        above = np.array(f(x))  # a copy: f may return a view of x
        x[index] = old - h
        below = np.array(f(x))
    finally:
        x[index] = old
    return above, below
