"""Update rules in float32."""

import numpy as np

single = np.float32


def _zeros(w):
    return np.zeros(w.shape, dtype=single)


def sgd_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": _zeros(w)} | (config or {})
    v = single(config["momentum"]) * single(config["velocity"]) - single(config["learning_rate"]) * single(dw)
    config["velocity"] = v
    return single(w) + v, config


def rmsprop(w, dw, config=None):
    config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": _zeros(w)} | (config or {})
    dw, decay = single(dw), single(config["decay_rate"])
    cache = decay * single(config["cache"]) + (1 - decay) * dw**2
    config["cache"] = cache
    return single(w) - single(config["learning_rate"]) * dw / (np.sqrt(cache) + single(config["epsilon"])), config


def adam(w, dw, config=None):
    config = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0} | (config or {})
    beta1, beta2, t = config["beta1"], config["beta2"], config["t"] + 1
    dw = single(dw)
    m = single(beta1) * single(config.get("m", _zeros(w))) + single(1 - beta1) * dw
    v = single(beta2) * single(config.get("v", _zeros(w))) + single(1 - beta2) * dw * dw
    config.update(m=m, v=v, t=t)
    m_hat, v_hat = m / single(1 - beta1**t), v / single(1 - beta2**t)
    return single(w) - single(config["learning_rate"]) * m_hat / (np.sqrt(v_hat) + single(config["epsilon"])), config
