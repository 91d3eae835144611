"""Update rules whose memory lies in one array, seen by views."""

import numpy as np


def _fill(config, **defaults):
    return {**defaults, **({} if config is None else config)}


def sgd_momentum(w, dw, config=None):
    config = _fill(config, learning_rate=1e-2, momentum=0.9)
    velocity = np.multiply(config.get("velocity", np.broadcast_to(w.dtype.type(0), w.shape)), config["momentum"])
    velocity = np.subtract(velocity, np.multiply(config["learning_rate"], dw))
    config["velocity"] = velocity
    return np.add(w, velocity), config


def rmsprop(w, dw, config=None):
    config = _fill(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    old = config.get("cache", np.broadcast_to(w.dtype.type(0), w.shape))
    config["cache"] = np.average([old, np.square(dw)], axis=0, weights=[config["decay_rate"], 1 - config["decay_rate"]])
    root = np.add(np.sqrt(config["cache"]), config["epsilon"])
    return np.subtract(w, np.multiply(config["learning_rate"], np.divide(dw, root))), config


def adam(w, dw, config=None):
    config = _fill(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    memory = np.empty((2, *w.shape), dtype=w.dtype)
    m, v = memory
    m[...] = config.get("m", 0.0)
    v[...] = config.get("v", 0.0)
    b1, b2 = config["beta1"], config["beta2"]
    m *= b1
    m += (1 - b1) * dw
    v *= b2
    v += (1 - b2) * dw**2
    config.update(m=m, v=v, t=config["t"] + 1)
    rate = config["learning_rate"] / (1 - b1 ** config["t"])
    return w - rate * m / (np.sqrt(v) / np.sqrt(1 - b2 ** config["t"]) + config["epsilon"]), config
