"""Update rules, number by number."""

import math

import numpy as np


def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    old = config.get("velocity", np.zeros_like(w))
    new, next_w = np.zeros_like(w), np.zeros_like(w)
    for where in np.ndindex(w.shape):
        new[where] = config["momentum"] * old[where] - config["learning_rate"] * dw[where]
        next_w[where] = w[where] + new[where]
    config["velocity"] = new
    return next_w, config


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    old = config.get("cache", np.zeros_like(w))
    new, next_w = np.zeros_like(w), np.zeros_like(w)
    for where in np.ndindex(w.shape):
        g = float(dw[where])
        square = config["decay_rate"] * float(old[where]) + (1 - config["decay_rate"]) * g * g
        new[where] = square
        next_w[where] = w[where] - config["learning_rate"] * g / (math.sqrt(square) + config["epsilon"])
    config["cache"] = new
    return next_w, config


def adam(w, dw, config=None):
    if config is None:
        config = {}
    for key, value in [("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)]:
        config.setdefault(key, value)
    m, v = config.get("m", np.zeros_like(w)).copy(), config.get("v", np.zeros_like(w)).copy()
    config["t"] += 1
    b1, b2, t = config["beta1"], config["beta2"], config["t"]
    next_w = w.copy()
    for where in np.ndindex(w.shape):
        g = float(dw[where])
        m[where] = b1 * float(m[where]) + (1 - b1) * g
        v[where] = b2 * float(v[where]) + (1 - b2) * g * g
        first, second = float(m[where]) / (1 - b1**t), float(v[where]) / (1 - b2**t)
        next_w[where] -= config["learning_rate"] * first / (math.sqrt(second) + config["epsilon"])
    config["m"], config["v"] = m, v
    return next_w, config
