"""Update rules on dictionaries that are copied first."""

import numpy as np


def sgd_momentum(w, dw, config=None):
    config = dict(config) if config else {}
    lr, mu = config.get("learning_rate", 1e-2), config.get("momentum", 0.9)
    v = np.einsum(",...->...", mu, config.get("velocity", 0 * w)) - np.einsum(",...->...", lr, dw)
    config.update(learning_rate=lr, momentum=mu, velocity=v)
    return w + v, config


def rmsprop(w, dw, config=None):
    config = dict(config) if config else {}
    lr, rho, eps = config.get("learning_rate", 1e-2), config.get("decay_rate", 0.99), config.get("epsilon", 1e-8)
    c = rho * config.get("cache", 0 * w) + (1 - rho) * np.einsum("...,...->...", dw, dw)
    config.update(learning_rate=lr, decay_rate=rho, epsilon=eps, cache=c)
    return w - lr * np.einsum("...,...->...", dw, 1 / (np.sqrt(c) + eps)), config


def adam(w, dw, config=None):
    config = dict(config) if config else {}
    lr, b1, b2 = config.get("learning_rate", 1e-3), config.get("beta1", 0.9), config.get("beta2", 0.999)
    eps, t = config.get("epsilon", 1e-8), config.get("t", 0) + 1
    m = b1 * config.get("m", 0 * w) + (1 - b1) * dw
    v = b2 * config.get("v", 0 * w) + (1 - b2) * np.einsum("...,...->...", dw, dw)
    config.update(learning_rate=lr, beta1=b1, beta2=b2, epsilon=eps, t=t, m=m, v=v)
    mhat, vhat = m / (1 - b1**t), v / (1 - b2**t)
    return w - lr * np.einsum("...,...->...", mhat, 1 / (np.sqrt(vhat) + eps)), config
