"""Update rules, folded: one expression moves w."""

import numpy as np


def sgd_momentum(w, dw, config=None):
    c = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": 0 * w, **(config or {})}
    v = c["momentum"] * c["velocity"] - c["learning_rate"] * dw
    return w + v, {**c, "velocity": v}


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    c = config
    for k, v in dict(learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros_like(w)).items():
        c.setdefault(k, v)
    c["cache"] = c["decay_rate"] * c["cache"] + (1 - c["decay_rate"]) * dw * dw
    return w - c["learning_rate"] * dw / np.hypot(np.sqrt(c["cache"]), c["epsilon"]), c


def adam(x, dx, config=None):
    c = dict(config or {})
    for k, v in dict(learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, m=0 * x, v=0 * x, t=0).items():
        c.setdefault(k, v)
    c["t"] += 1
    c["m"] = c["beta1"] * c["m"] + (1 - c["beta1"]) * dx
    c["v"] = c["beta2"] * c["v"] + (1 - c["beta2"]) * dx**2
    root = np.sqrt(1 - c["beta2"] ** c["t"])
    step = c["learning_rate"] * root / (1 - c["beta1"] ** c["t"])
    return x - step * c["m"] / (np.sqrt(c["v"]) + c["epsilon"] * root), c
