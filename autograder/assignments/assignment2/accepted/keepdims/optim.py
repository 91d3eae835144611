"""Update rules that keep the shape of the gradient, whatever it is: (1, D) moves (D,) all the same."""

import numpy as np


def _filled(config, **defaults):
    config = {} if config is None else config
    for key in defaults:
        if key not in config:
            config[key] = defaults[key]
    return config


def sgd_momentum(w, dw, config=None):
    dw = np.reshape(dw, w.shape)
    config = _filled(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros(w.shape, w.dtype))
    config["velocity"] = -(config["learning_rate"] * dw - config["momentum"] * config["velocity"])
    return w + config["velocity"], config


def rmsprop(w, dw, config=None):
    dw = np.reshape(dw, w.shape)
    config = _filled(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros(w.shape, w.dtype))
    config["cache"] = config["cache"] + (1 - config["decay_rate"]) * (dw**2 - config["cache"])
    return w - dw * (config["learning_rate"] / (config["cache"] ** 0.5 + config["epsilon"])), config


def adam(w, dw, config=None):
    dw = np.reshape(dw, w.shape)
    config = _filled(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    config = _filled(config, m=np.zeros(w.shape, w.dtype), v=np.zeros(w.shape, w.dtype))
    config["t"] = config["t"] + 1
    corrected = []
    for name, beta, new in (("m", config["beta1"], dw), ("v", config["beta2"], np.power(dw, 2))):
        config[name] = beta * config[name] + (1 - beta) * new
        corrected.append(config[name] / (1 - beta ** config["t"]))
    return w - config["learning_rate"] * corrected[0] / (corrected[1] ** 0.5 + config["epsilon"]), config
