"""The update rules: values match the formulas for one number; state, dtypes and unchanged inputs."""

import math

import numpy as np
import pytest
from cs231n import optim

RULES = [optim.sgd, optim.sgd_momentum, optim.rmsprop, optim.adam]


def run(rule, gradients, **config):
    """Apply a rule to the number 1.0, once for each gradient; return the last number and the last config."""
    w = np.array([1.0])
    for gradient in gradients:
        w, config = rule(w, np.array([gradient]), config)
    return w[0], config


def test_sgd():
    assert run(optim.sgd, [2.0, -1.0], learning_rate=0.1)[0] == pytest.approx(1 - 0.2 + 0.1)


def test_sgd_momentum():
    w, config = run(optim.sgd_momentum, [2.0, -1.0], learning_rate=0.1, momentum=0.5)
    assert config["velocity"] == pytest.approx(0.5 * -0.2 + 0.1)
    assert w == pytest.approx(1 - 0.2 + 0.0)


def test_rmsprop():
    w, config = run(optim.rmsprop, [2.0, -1.0], learning_rate=0.1, decay_rate=0.9, epsilon=0.5)
    first, second = 0.1 * 4, 0.9 * 0.1 * 4 + 0.1 * 1
    assert config["cache"] == pytest.approx(second)
    assert w == pytest.approx(1 - 0.1 * 2 / (math.sqrt(first) + 0.5) + 0.1 * 1 / (math.sqrt(second) + 0.5))


def test_adam():
    w, config = run(optim.adam, [2.0, -1.0], learning_rate=0.1, beta1=0.8, beta2=0.9, epsilon=0.5)
    m1, v1 = 0.2 * 2, 0.1 * 4
    m2, v2 = 0.8 * m1 - 0.2 * 1, 0.9 * v1 + 0.1 * 1
    expected = 1 - 0.1 * (m1 / 0.2) / (math.sqrt(v1 / 0.1) + 0.5)
    expected -= 0.1 * (m2 / (1 - 0.8**2)) / (math.sqrt(v2 / (1 - 0.9**2)) + 0.5)
    assert (config["m"], config["v"], config["t"]) == (pytest.approx(m2), pytest.approx(v2), 2)
    assert w == pytest.approx(expected)


def test_defaults():
    assert optim.sgd(np.ones(1), np.ones(1))[1]["learning_rate"] == 1e-2
    assert optim.sgd_momentum(np.ones(1), np.ones(1))[1].items() >= {"learning_rate": 1e-2, "momentum": 0.9}.items()
    rmsprop = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8}
    assert optim.rmsprop(np.ones(1), np.ones(1))[1].items() >= rmsprop.items()
    adam = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 1}
    assert optim.adam(np.ones(1), np.ones(1))[1].items() >= adam.items()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_kept_and_inputs_unchanged(rng, rule, dtype):
    w, dw = (rng.normal(size=(3, 4)).astype(dtype) for _ in range(2))
    w_before, dw_before = w.copy(), dw.copy()
    first, config = rule(w, dw, None)
    memory = {key: np.copy(value) for key, value in config.items()}
    second, _ = rule(first, dw, config)
    assert first.dtype == second.dtype == dtype
    assert first.shape == w.shape
    np.testing.assert_array_equal(w, w_before)
    np.testing.assert_array_equal(dw, dw_before)
    for key, value in config.items():
        np.testing.assert_array_equal(value, memory[key])


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_goes_downhill(rule):
    w, config = np.array([3.0, -2.0]), {"learning_rate": 0.05}
    for _ in range(200):
        w, config = rule(w, 2 * w, config)
    assert np.abs(w).max() < 0.2
