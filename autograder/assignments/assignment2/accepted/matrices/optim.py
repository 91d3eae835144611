"""Update rules as linear recurrences and diagonal scalings."""

import numpy as np


def sgd_momentum(w, dw, config=None):
    config = dict(config or {})
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros(w.shape)} | config
    mu, lr = config["momentum"], config["learning_rate"]
    # (v, w) <- A (v, w) + c dw
    A, c = np.array([[mu, 0.0], [mu, 1.0]]), np.array([-lr, -lr])
    state = np.stack([config["velocity"].ravel(), w.ravel()])
    velocity, moved = A @ state + np.outer(c, dw.ravel())
    config["velocity"] = velocity.reshape(w.shape)
    return moved.reshape(w.shape), config


def rmsprop(w, dw, config=None):
    config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8} | dict(config or {})
    rho = config["decay_rate"]
    state = np.stack([np.broadcast_to(config.get("cache", 0.0), w.shape).ravel(), np.square(dw).ravel()])
    cache = np.array([rho, 1 - rho]) @ state
    scaling = config["learning_rate"] / (cache**0.5 + config["epsilon"])
    config["cache"] = cache.reshape(w.shape)
    return w - (scaling * dw.ravel()).reshape(w.shape), config


def adam(w, dw, config=None):
    config = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0} | dict(config or {})
    betas = np.diag([config["beta1"], config["beta2"]])
    memory = np.stack([np.broadcast_to(config.get(name, 0.0), w.shape).ravel() for name in ("m", "v")])
    memory = betas @ memory + (np.eye(2) - betas) @ np.stack([dw.ravel(), dw.ravel() ** 2])
    t = config["t"] + 1
    unbiased = np.linalg.solve(np.eye(2) - np.linalg.matrix_power(betas, t), memory)
    step = config["learning_rate"] * unbiased[0] / (unbiased[1] ** 0.5 + config["epsilon"])
    config.update(m=memory[0].reshape(w.shape), v=memory[1].reshape(w.shape), t=t)
    return w - step.reshape(w.shape), config
