"""Update rules on columns of numbers."""

import numpy as np


def sgd_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9} if config is None else config
    lr, mu = config.get("learning_rate", 1e-2), config.get("momentum", 0.9)
    v = config["velocity"] if "velocity" in config else np.zeros(w.shape)
    both = np.column_stack([v.ravel(), dw.ravel()])
    v = both.dot(np.array([mu, -lr])).reshape(w.shape)
    config["velocity"] = v
    return w + v, config


def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    lr, rho = config.get("learning_rate", 1e-2), config.get("decay_rate", 0.99)
    eps, c = config.get("epsilon", 1e-8), config.get("cache", np.zeros(w.shape))
    both = np.column_stack([c.ravel(), dw.ravel() ** 2])
    config["cache"] = both.dot(np.array([rho, 1 - rho])).reshape(w.shape)
    return w - lr * dw / (np.sqrt(config["cache"]) + eps), config


def adam(w, dw, config=None):
    config = {} if config is None else config
    lr, betas = config.get("learning_rate", 1e-3), (config.get("beta1", 0.9), config.get("beta2", 0.999))
    eps, t = config.get("epsilon", 1e-8), config.get("t", 0) + 1
    old = np.stack([config.get("m", np.zeros(w.shape)), config.get("v", np.zeros(w.shape))])
    decay = np.array(betas).reshape((2,) + (1,) * w.ndim)
    new = decay * old + (1 - decay) * np.stack([dw, dw**2])
    config["m"], config["v"], config["t"] = new[0], new[1], t
    m_hat, v_hat = new / (1 - decay**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), config
