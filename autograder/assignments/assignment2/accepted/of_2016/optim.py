"""Update rules, one line for each formula, epsilon inside the root."""

import numpy as np


def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    next_w = None
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config


def rmsprop(x, dx, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(x))
    decay, eps = config["decay_rate"], config["epsilon"]
    config["cache"] = decay * config["cache"] + (1.0 - decay) * dx * dx
    next_x = x - config["learning_rate"] * dx / np.sqrt(config["cache"] + eps**2)
    return next_x, config


def adam(x, dx, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(x))
    config.setdefault("v", np.zeros_like(x))
    config.setdefault("t", 0)
    next_x = None
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1.0 - config["beta1"]) * dx
    config["v"] = config["beta2"] * config["v"] + (1.0 - config["beta2"]) * (dx**2)
    mb = config["m"] / (1.0 - np.power(config["beta1"], config["t"]))
    vb = config["v"] / (1.0 - np.power(config["beta2"], config["t"]))
    next_x = x - config["learning_rate"] * mb / (np.sqrt(vb) + config["epsilon"])
    return next_x, config
