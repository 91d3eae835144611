"""Update rules that share their running means."""

import numpy as np


def _mean(config, name, w, new, decay):
    config[name] = decay * config.get(name, np.zeros_like(w)) + (1 - decay) * new
    return config[name]


def _with(config, defaults):
    return {**defaults, **(config or {})}


def sgd_momentum(w, dw, config=None):
    config = _with(config, {"learning_rate": 1e-2, "momentum": 0.9})
    # v is a running mean of -lr dw / (1 - momentum)
    if config["momentum"] == 1:
        config["velocity"] = config.get("velocity", 0) - config["learning_rate"] * dw
    else:
        new = -config["learning_rate"] * dw / (1 - config["momentum"])
        _mean(config, "velocity", w, new, config["momentum"])
    return w + config["velocity"], config


def _scaled_step(w, direction, square, learning_rate, epsilon):
    return w - learning_rate * direction / (square**0.5 + epsilon)


def rmsprop(w, dw, config=None):
    config = _with(config, {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8})
    square = _mean(config, "cache", w, dw**2, config["decay_rate"])
    return _scaled_step(w, dw, square, config["learning_rate"], config["epsilon"]), config


def adam(w, dw, config=None):
    config = _with(config, {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0})
    config["t"] += 1
    m = _mean(config, "m", w, dw, config["beta1"]) / (1 - config["beta1"] ** config["t"])
    v = _mean(config, "v", w, dw**2, config["beta2"]) / (1 - config["beta2"] ** config["t"])
    return _scaled_step(w, m, v, config["learning_rate"], config["epsilon"]), config
