"""Update rules as classes whose attributes are the configuration."""

import numpy as np


class Rule:
    defaults = {}
    memory = ()

    def __init__(self, w, config):
        for name in self.memory:
            setattr(self, name, np.zeros_like(w))
        for name, value in {**self.defaults, **(config or {})}.items():
            setattr(self, name, value)

    @classmethod
    def apply(cls, w, dw, config):
        rule = cls(w, config)
        next_w = w - rule.step(dw)
        return next_w, dict(vars(rule))


class Momentum(Rule):
    defaults = {"learning_rate": 1e-2, "momentum": 0.9}
    memory = ("velocity",)

    def step(self, dw):
        self.velocity = self.momentum * self.velocity - self.learning_rate * dw
        return -self.velocity


class RMSProp(Rule):
    defaults = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8}
    memory = ("cache",)

    def step(self, dw):
        self.cache = dw**2 + self.decay_rate * (self.cache - dw**2)
        return self.learning_rate / (np.sqrt(self.cache) + self.epsilon) * dw


class Adam(Rule):
    defaults = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
    memory = ("m", "v")

    def step(self, dw):
        self.t = self.t + 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * dw
        self.v = self.beta2 * self.v + (1 - self.beta2) * dw * dw
        m_hat, v_hat = self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta2**self.t)
        return self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


def sgd_momentum(w, dw, config=None):
    return Momentum.apply(w, dw, config)


def rmsprop(w, dw, config=None):
    return RMSProp.apply(w, dw, config)


def adam(w, dw, config=None):
    return Adam.apply(w, dw, config)
