"""Update rules: how a parameter moves, given its gradient.
A rule sees one parameter at a time; `Solver` calls it for every parameter of a net at every step.

All rules have the same interface, so that they can be exchanged by name:

    next_w, config = rule(w, dw, config=None)

Parameters
----------
w : array
    The parameter, of any shape.
dw : array
    Gradient of the loss with respect to w, in its shape.
config : dict or None
    The rule's hyperparameters and its memory (such as a velocity). A missing entry takes the default that the rule's
    docstring states; memory starts at zero. None means all defaults. The rule does not change this dictionary.

Returns
-------
next_w : array
    The parameter after the step, in w's shape and type. The rule does not change w and dw.
config : dict
    A new dictionary, with the new memory, for the rule's next step of the same parameter.
"""

import numpy as np


def sgd(w, dw, config=None):
    """Plain stochastic gradient descent: a step straight down the gradient (given).

    config
    ------
    learning_rate : float, default 1e-2
    """
    config = {"learning_rate": 1e-2, **(config or {})}

    next_w = w - config["learning_rate"] * dw
    return next_w, config


def sgd_momentum(w, dw, config=None):
    """Stochastic gradient descent with momentum: the gradient changes a velocity, the velocity moves the parameter.

        v <- momentum * v - learning_rate * dw
        w <- w + v

    config
    ------
    learning_rate : float, default 1e-2
    momentum : float between 0 and 1, default 0.9
        0 is plain gradient descent.
    velocity : array, the shape of w, zeros at first
        v, the running sum of past steps.
    """
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w), **(config or {})}

    next_w = None
    # Compute next_w, and store the new velocity in config.
    # YOUR CODE HERE
    raise NotImplementedError()
    return next_w, config


def rmsprop(w, dw, config=None):
    """RMSProp: each element's step is divided by the root of a running mean of its squared gradients.

        cache <- decay_rate * cache + (1 - decay_rate) * dw**2
        w     <- w - learning_rate * dw / (sqrt(cache) + epsilon)

    config
    ------
    learning_rate : float, default 1e-2
    decay_rate : float between 0 and 1, default 0.99
    epsilon : float, default 1e-8
        Prevents a division by zero. It is added to the root, not under it.
    cache : array, the shape of w, zeros at first
        Running mean of the squared gradients.

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", Neural Networks for Machine Learning, 2012.
    """
    config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": np.zeros_like(w), **(config or {})}

    next_w = None
    # Compute next_w, and store the new running mean in config.
    # YOUR CODE HERE
    raise NotImplementedError()
    return next_w, config


def adam(w, dw, config=None):
    """Adam: running means of the gradient and of its square, both corrected for their start at zero.

        t <- t + 1
        m <- beta1 * m + (1 - beta1) * dw
        v <- beta2 * v + (1 - beta2) * dw**2
        w <- w - learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    with `m_hat = m / (1 - beta1**t)` and `v_hat = v / (1 - beta2**t)`. The memory holds m and v, not m_hat and v_hat.
    t is increased before it is used: it is 1 in the first correction.

    config
    ------
    learning_rate : float, default 1e-3
    beta1 : float between 0 and 1, default 0.9
        Decay of the running mean of the gradient.
    beta2 : float between 0 and 1, default 0.999
        Decay of the running mean of the squared gradient.
    epsilon : float, default 1e-8
        Prevents a division by zero.
    m, v : arrays, the shape of w, zeros at first
        The two running means.
    t : int, 0 at first
        Number of steps taken.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015. https://arxiv.org/abs/1412.6980
    """
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    memory = {"m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0}
    config = {**defaults, **memory, **(config or {})}

    next_w = None
    # Compute next_w, and store the new m, v and t in config.
    # YOUR CODE HERE
    raise NotImplementedError()
    return next_w, config
