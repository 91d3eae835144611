"""Dropout: share of kept units, scaling, seeds and modes, numeric gradients, and nets that use dropout."""

import numpy as np
import pytest
from cs231n import layers
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.9])
def test_share_and_scaling(rng, p):
    x = rng.uniform(1, 2, size=(300, 200))
    out, _ = layers.dropout_forward(x, {"mode": "train", "p": p})
    assert abs((out != 0).mean() - p) < 5 * np.sqrt(p * (1 - p) / x.size)
    np.testing.assert_allclose(out[out != 0], x[out != 0] / p)
    assert abs(out.mean() / x.mean() - 1) < 5 * np.sqrt((1 - p) / p / x.size) * 1.1  # the mean stays the same


def test_numbers_are_dropped_by_themselves(rng):
    out, _ = layers.dropout_forward(np.ones((100, 100)), {"mode": "train", "p": 0.5})
    kept = (out != 0) * 2.0 - 1
    for correlation in (kept @ kept.T, kept.T @ kept):
        assert np.abs(correlation - 100 * np.eye(100)).max() < 6.5 * np.sqrt(100)


@pytest.mark.parametrize("shape", [(7,), (4, 5), (2, 3, 4, 5)])
def test_everything_is_kept_with_p_one_and_in_test_mode(rng, shape):
    x, dout = rng.normal(size=shape), rng.normal(size=shape)
    for param in ({"mode": "train", "p": 1}, {"mode": "test", "p": 0.3}):
        out, cache = layers.dropout_forward(x, param)
        np.testing.assert_array_equal(out, x)
        np.testing.assert_array_equal(layers.dropout_backward(dout, cache), dout)


def test_seeds(rng):
    x = rng.normal(size=(20, 20))

    def draw(**seed):
        return layers.dropout_forward(x, {"mode": "train", "p": 0.5, **seed})[0]

    np.testing.assert_array_equal(draw(seed=1), draw(seed=1))
    assert (draw(seed=1) != draw(seed=2)).any()
    assert (draw() != draw()).any()


def test_unknown_mode():
    with pytest.raises(ValueError, match="validate"):
        layers.dropout_forward(np.ones(3), {"mode": "validate", "p": 0.5})


def test_gradient(rng):
    x, dout = rng.normal(size=(6, 3, 4)), rng.normal(size=(6, 3, 4))
    param = {"mode": "train", "p": 0.4, "seed": 5}
    _, cache = layers.dropout_forward(x, param)
    numerical = eval_numerical_gradient_array(lambda x: layers.dropout_forward(x, param)[0], x, dout)
    assert rel_error(layers.dropout_backward(dout, cache), numerical) < 1e-7


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", ["train", "test"])
def test_types_are_kept_and_inputs_unchanged(rng, dtype, mode):
    x, dout = (rng.normal(size=(5, 6)).astype(dtype) for _ in range(2))
    x_before, dout_before = x.copy(), dout.copy()
    out, cache = layers.dropout_forward(x, {"mode": mode, "p": 0.6})
    assert out.dtype == layers.dropout_backward(dout, cache).dtype == np.dtype(dtype)
    np.testing.assert_array_equal(x, x_before)
    np.testing.assert_array_equal(dout, dout_before)


def a_net(dropout, normalization=None, reg=0.0, seed=None):
    net = FullyConnectedNet(
        [9, 8], input_dim=6, num_classes=4, dropout=dropout, normalization=normalization, reg=reg, weight_scale=0.5,
        dtype=np.float64, seed=seed,
    )  # fmt: skip
    for name in net.params:
        if not name.startswith("W"):
            net.params[name] = net.params[name] + 0.3 * np.random.randn(*net.params[name].shape)
    return net


@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_net_gradients(rng, normalization, reg):
    X, y = rng.normal(size=(8, 2, 3)), rng.integers(4, size=8)
    net = a_net(0.6, normalization, reg, seed=3)
    _, grads = net.loss(X, y)
    assert grads.keys() == net.params.keys()
    for name, w in net.params.items():
        numerical = eval_numerical_gradient(lambda _: net.loss(X, y)[0], w)
        np.testing.assert_allclose(grads[name], numerical, rtol=1e-5, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_net_training_loss_with_known_masks(rng, normalization):
    X, y = rng.normal(size=(8, 6)), rng.integers(4, size=8)
    net = a_net(0.6, normalization, seed=3)
    hidden = X
    for i, h in ((1, 9), (2, 8)):
        a = hidden @ net.params[f"W{i}"] + net.params[f"b{i}"]
        if normalization:
            axis = 0 if normalization == "batchnorm" else 1
            a = (a - a.mean(axis=axis, keepdims=True)) / np.sqrt(a.var(axis=axis, keepdims=True) + 1e-5)
            a = net.params[f"gamma{i}"] * a + net.params[f"beta{i}"]
        mask, _ = layers.dropout_forward(np.ones((8, h)), {"mode": "train", "p": 0.6, "seed": 3})
        hidden = np.maximum(a, 0) * mask
    scores = hidden @ net.params["W3"] + net.params["b3"]
    assert net.loss(X, y)[0] == pytest.approx(layers.softmax_loss(scores, y)[0])


@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_net_scores_are_those_without_dropout(rng, normalization):
    X, y = rng.normal(size=(8, 6)), rng.integers(4, size=8)
    net, plain = a_net(0.5, normalization), a_net(1, normalization)
    plain.params = net.params
    net.loss(X, y)
    plain.bn_params = [{**param, "mode": "test"} for param in net.bn_params]
    np.testing.assert_allclose(net.loss(X), plain.loss(X))


def test_net_draws_new_masks_unless_it_has_a_seed(rng):
    X, y = rng.normal(size=(8, 6)), rng.integers(4, size=8)
    net, seeded = a_net(0.5), a_net(0.5, seed=7)
    assert net.loss(X, y)[0] != net.loss(X, y)[0]
    assert seeded.loss(X, y)[0] == seeded.loss(X, y)[0]


def test_net_types(rng):
    X, y = rng.normal(size=(5, 6)), rng.integers(4, size=5)
    net = FullyConnectedNet([7, 5], input_dim=6, num_classes=4, dropout=0.5, normalization="batchnorm", reg=0.1)
    _, grads = net.loss(X, y)
    assert {w.dtype for w in [*net.params.values(), *grads.values(), net.loss(X)]} == {np.dtype(np.float32)}
