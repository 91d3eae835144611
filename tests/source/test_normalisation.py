"""Batch and layer normalisation: definitions, numeric gradients, the docstrings' promises, and nets that use them."""

import numpy as np
import pytest
from cs231n import layers
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error

BACKWARDS = [layers.batchnorm_backward, layers.batchnorm_backward_alt]


@pytest.fixture
def inputs(rng):
    """Return x, gamma, beta and dout; features and examples have different means and scales."""
    x = rng.normal(size=(7, 5)) * rng.uniform(0.5, 3, size=(7, 5)) + rng.normal(size=5)
    return x, rng.uniform(0.5, 2, size=5), rng.normal(size=5), rng.normal(size=(7, 5))


def one_by_one(line, gamma, beta, eps):
    """Return a sequence of numbers, normalised in plain Python."""
    mean = sum(line) / len(line)
    variance = sum((value - mean) ** 2 for value in line) / len(line)
    return [gamma * (value - mean) / (variance + eps) ** 0.5 + beta for value in line]


@pytest.mark.parametrize("eps", [None, 0.3])
def test_batchnorm_normalises_columns(inputs, eps):
    x, gamma, beta, _ = inputs
    settings = {} if eps is None else {"eps": eps}
    out, _ = layers.batchnorm_forward(x, gamma, beta, {"mode": "train", **settings})
    for j in range(5):
        np.testing.assert_allclose(out[:, j], one_by_one(x[:, j], gamma[j], beta[j], eps or 1e-5))


@pytest.mark.parametrize("eps", [None, 0.3])
def test_layernorm_normalises_rows(inputs, eps):
    x, gamma, beta, _ = inputs
    out, _ = layers.layernorm_forward(x, gamma, beta, {} if eps is None else {"eps": eps})
    for i in range(7):
        np.testing.assert_allclose(out[i], gamma * one_by_one(x[i], 1, 0, eps or 1e-5) + beta)


def test_running_averages(rng, inputs):
    _, gamma, beta, _ = inputs
    param = {"mode": "train", "momentum": 0.8}
    batches = rng.normal(loc=3, scale=2, size=(5, 6, 5))
    for x in batches:
        layers.batchnorm_forward(x, gamma, beta, param)
    weights = 0.2 * 0.8 ** np.arange(4, -1, -1)  # the oldest batch has the smallest weight
    np.testing.assert_allclose(param["running_mean"], weights @ batches.mean(axis=1))
    np.testing.assert_allclose(param["running_var"], weights @ batches.var(axis=1))


def test_default_momentum(inputs):
    x, gamma, beta, _ = inputs
    param = {"mode": "train"}
    layers.batchnorm_forward(x, gamma, beta, param)
    np.testing.assert_allclose(param["running_mean"], 0.1 * x.mean(axis=0))
    np.testing.assert_allclose(param["running_var"], 0.1 * x.var(axis=0))


def test_running_averages_approach_the_population(rng):
    param = {"mode": "train"}
    for _ in range(200):
        layers.batchnorm_forward(rng.normal(5, 3, size=(500, 2)), np.ones(2), np.zeros(2), param)
    param["mode"] = "test"
    out, _ = layers.batchnorm_forward(
        rng.normal(5, 3, size=(4000, 2)), np.array([1.0, 2.0]), np.array([0.0, 7.0]), param
    )
    np.testing.assert_allclose(out.mean(axis=0), [0, 7], atol=0.15)
    np.testing.assert_allclose(out.std(axis=0), [1, 2], rtol=0.05)


def test_test_mode_sees_one_example_and_keeps_the_averages(inputs):
    x, gamma, beta, _ = inputs
    mean, variance = np.arange(5.0), np.arange(1.0, 6)
    param = {"mode": "test", "running_mean": mean.copy(), "running_var": variance.copy()}
    out, _ = layers.batchnorm_forward(x, gamma, beta, param)
    np.testing.assert_allclose(out, (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta)
    alone, _ = layers.batchnorm_forward(x[2:3], gamma, beta, param)
    np.testing.assert_allclose(alone, out[2:3])
    np.testing.assert_array_equal(param["running_mean"], mean)
    np.testing.assert_array_equal(param["running_var"], variance)


def test_unknown_mode(inputs):
    with pytest.raises(ValueError, match="validate"):
        layers.batchnorm_forward(*inputs[:3], {"mode": "validate"})


@pytest.mark.parametrize("backward", BACKWARDS)
@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_batchnorm_gradients(inputs, backward, eps):
    *given, dout = inputs

    def forward(_):
        return layers.batchnorm_forward(*given, {"mode": "train", "eps": eps})[0]

    _, cache = layers.batchnorm_forward(*given, {"mode": "train", "eps": eps})
    for array, gradient in zip(given, backward(dout, cache), strict=True):
        assert gradient.shape == array.shape
        assert rel_error(gradient, eval_numerical_gradient_array(forward, array, dout)) < 1e-6


@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_layernorm_gradients(inputs, eps):
    *given, dout = inputs

    def forward(_):
        return layers.layernorm_forward(*given, {"eps": eps})[0]

    _, cache = layers.layernorm_forward(*given, {"eps": eps})
    for array, gradient in zip(given, layers.layernorm_backward(dout, cache), strict=True):
        assert gradient.shape == array.shape
        assert rel_error(gradient, eval_numerical_gradient_array(forward, array, dout)) < 1e-6


def test_the_two_backward_passes_agree(rng):
    x, dout = 100 + rng.normal(size=(50, 20)), rng.normal(size=(50, 20))
    _, cache = layers.batchnorm_forward(x, rng.normal(size=20), rng.normal(size=20), {"mode": "train"})
    for one, other in zip(*(backward(dout, cache) for backward in BACKWARDS), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("backward", BACKWARDS)
def test_a_batch_of_one(inputs, backward):
    x, gamma, beta, dout = inputs
    out, cache = layers.batchnorm_forward(x[:1], gamma, beta, {"mode": "train"})
    np.testing.assert_allclose(out[0], beta)
    dx, dgamma, dbeta = backward(dout[:1], cache)
    np.testing.assert_allclose(dx, 0, atol=1e-12)
    np.testing.assert_allclose(dgamma, 0, atol=1e-12)
    np.testing.assert_allclose(dbeta, dout[0])


@pytest.mark.parametrize("axis", [0, 1])
def test_far_from_zero(inputs, axis):
    x, gamma, beta, _ = inputs
    far = (1e4 + 20 * x).astype(np.float32)
    forward, param = [(layers.batchnorm_forward, {"mode": "train"}), (layers.layernorm_forward, {})][axis]
    out, _ = forward(far, gamma.astype(np.float32), beta.astype(np.float32), param)
    exact = far.astype(np.float64)
    centred = exact - exact.mean(axis=axis, keepdims=True)
    right = gamma * centred / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + 1e-5) + beta
    assert np.abs(out - right).max() < 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_kept_and_inputs_unchanged(inputs, dtype):
    x, gamma, beta, dout = given = [array.astype(dtype) for array in inputs]
    before = [array.copy() for array in given]
    results = []
    param = {"mode": "train"}
    out, cache = layers.batchnorm_forward(x, gamma, beta, param)
    for backward in BACKWARDS:
        results += backward(dout, cache)
    results += [out, param["running_mean"], param["running_var"]]
    results.append(layers.batchnorm_forward(x, gamma, beta, {**param, "mode": "test"})[0])
    out, cache = layers.layernorm_forward(x, gamma, beta, {})
    results += [out, *layers.layernorm_backward(dout, cache)]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def a_net(normalization, reg=0.0, hidden=(8, 7), **options):
    net = FullyConnectedNet(
        list(hidden), input_dim=6, num_classes=4, normalization=normalization, reg=reg, weight_scale=0.5,
        dtype=np.float64, **options,
    )  # fmt: skip
    for name in net.params:
        if name.startswith(("gamma", "beta")):
            net.params[name] = net.params[name] + 0.3 * np.random.randn(*net.params[name].shape)
    return net


@pytest.mark.parametrize("normalization", ["batchnorm", "layernorm"])
@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_net_gradients(rng, normalization, reg):
    X, y = rng.normal(size=(9, 2, 3)), rng.integers(4, size=9)
    net = a_net(normalization, reg)
    _, grads = net.loss(X, y)
    assert grads.keys() == net.params.keys()
    for name, w in net.params.items():
        numerical = eval_numerical_gradient(lambda _: net.loss(X, y)[0], w)
        np.testing.assert_allclose(grads[name], numerical, rtol=1e-5, atol=1e-8, err_msg=name)


def test_net_regularises_weights_only(rng):
    X, y = rng.normal(size=(5, 6)), rng.integers(4, size=5)
    net = a_net("batchnorm")
    plain, _ = net.loss(X, y)
    net.reg = 2.0
    weights = sum(np.sum(net.params[f"W{i}"] ** 2) for i in (1, 2, 3))
    assert net.loss(X, y)[0] - plain == pytest.approx(weights)


@pytest.mark.parametrize("normalization", ["batchnorm", "layernorm"])
def test_net_scores_after_training_batches(rng, normalization):
    net = a_net(normalization, hidden=(7, 7))
    p = net.params
    averages = [(0.0, 0.0), (0.0, 0.0)]
    for _ in range(4):
        X, y = rng.normal(size=(8, 6)), rng.integers(4, size=8)
        net.loss(X, y)
        hidden = X
        for i in (1, 2):
            a = hidden @ p[f"W{i}"] + p[f"b{i}"]
            mean, variance = averages[i - 1]
            averages[i - 1] = 0.9 * mean + 0.1 * a.mean(axis=0), 0.9 * variance + 0.1 * a.var(axis=0)
            normalised = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5)
            hidden = np.maximum(p[f"gamma{i}"] * normalised + p[f"beta{i}"], 0)
    X = hidden = rng.normal(size=(3, 6))
    for i, (mean, variance) in enumerate(averages, start=1):
        a = hidden @ p[f"W{i}"] + p[f"b{i}"]
        if normalization == "layernorm":
            mean, variance = a.mean(axis=1, keepdims=True), a.var(axis=1, keepdims=True)
        hidden = np.maximum(p[f"gamma{i}"] * (a - mean) / np.sqrt(variance + 1e-5) + p[f"beta{i}"], 0)
    expected = hidden @ p["W3"] + p["b3"]
    np.testing.assert_allclose(net.loss(X), expected)
    np.testing.assert_allclose(net.loss(X[1:2]), expected[1:2])  # independent of the batch


@pytest.mark.parametrize("normalization", ["batchnorm", "layernorm"])
def test_net_types(rng, normalization):
    X, y = rng.normal(size=(5, 6)), rng.integers(4, size=5)
    net = FullyConnectedNet([7, 5], input_dim=6, num_classes=4, normalization=normalization, reg=0.1)
    _, grads = net.loss(X, y)
    assert {w.dtype for w in [*net.params.values(), *grads.values(), net.loss(X)]} == {np.dtype(np.float32)}
