"""Update rules with a name for each step."""

import numpy as np


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else dict(config)
    learning_rate, momentum = config.setdefault("learning_rate", 1e-2), config.setdefault("momentum", 0.9)
    velocity = config.setdefault("velocity", np.zeros_like(w))
    friction = velocity * momentum
    push = dw * learning_rate
    velocity = friction - push
    config["velocity"] = velocity
    return w + velocity, config


def rmsprop(w, dw, config=None):
    config = {} if config is None else dict(config)
    learning_rate, decay_rate = config.setdefault("learning_rate", 1e-2), config.setdefault("decay_rate", 0.99)
    epsilon, cache = config.setdefault("epsilon", 1e-8), config.setdefault("cache", np.zeros_like(w))
    square = dw * dw
    cache = cache * decay_rate + square * (1 - decay_rate)
    root = np.sqrt(cache)
    step = dw / (root + epsilon)
    config["cache"] = cache
    return w - step * learning_rate, config


def adam(w, dw, config=None):
    config = {} if config is None else dict(config)
    learning_rate, epsilon = config.setdefault("learning_rate", 1e-3), config.setdefault("epsilon", 1e-8)
    beta1, beta2 = config.setdefault("beta1", 0.9), config.setdefault("beta2", 0.999)
    m, v = config.setdefault("m", np.zeros_like(w)), config.setdefault("v", np.zeros_like(w))
    t = config.setdefault("t", 0) + 1
    m = m * beta1 + dw * (1 - beta1)
    v = v * beta2 + dw * dw * (1 - beta2)
    m_unbiased = m / (1 - _power(beta1, t))
    v_unbiased = v / (1 - _power(beta2, t))
    root = np.sqrt(v_unbiased)
    step = m_unbiased / (root + epsilon)
    config["m"], config["v"], config["t"] = m, v, t
    return w - step * learning_rate, config


def _power(base, exponent):
    power = 1.0
    for _ in range(exponent):
        power *= base
    return power
