"""The fully connected nets, and the arguments that a model remembers."""

import copy

import numpy as np
import pytest
from cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from cs231n.gradient_check import eval_numerical_gradient, rel_error


@pytest.fixture
def batch(rng):
    return rng.normal(size=(6, 3, 5)), rng.integers(4, size=6)


def two_layers(reg=0.0):
    return TwoLayerNet(input_dim=15, hidden_dim=8, num_classes=4, weight_scale=0.3, reg=reg)


def many_layers(reg=0.0, dtype=np.float64):
    return FullyConnectedNet([8, 7], input_dim=15, num_classes=4, weight_scale=0.3, reg=reg, dtype=dtype)


@pytest.mark.parametrize("make", [two_layers, many_layers])
@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_gradients(batch, make, reg):
    X, y = batch
    net = make(reg)
    for name in net.params:
        if name.startswith("b"):
            net.params[name] += 0.1  # make the biases matter, with no unit exactly at its kink
    _, grads = net.loss(X, y)
    assert grads.keys() == net.params.keys()
    for name, w in net.params.items():
        numerical = eval_numerical_gradient(lambda _: net.loss(X, y)[0], w)
        assert rel_error(grads[name], numerical) < 1e-5, name


@pytest.mark.parametrize("make", [two_layers, many_layers])
def test_scores_and_regularisation(batch, make):
    X, y = batch
    net = make(reg=0.0)
    hidden = X.reshape(6, -1)
    depth = len(net.params) // 2
    for i in range(1, depth):
        hidden = np.maximum(0, hidden @ net.params[f"W{i}"] + net.params[f"b{i}"])
    np.testing.assert_allclose(net.loss(X), hidden @ net.params[f"W{depth}"] + net.params[f"b{depth}"])

    plain, _ = net.loss(X, y)
    net.reg = 2.0
    weights = sum(np.sum(net.params[f"W{i}"] ** 2) for i in range(1, depth + 1))
    assert net.loss(X, y)[0] - plain == pytest.approx(weights)


@pytest.mark.usefixtures("rng")
def test_initial_parameters():
    net = FullyConnectedNet([200, 100], input_dim=300, num_classes=10, weight_scale=0.05)
    assert {name: value.shape for name, value in net.params.items()} == {
        "W1": (300, 200), "b1": (200,), "W2": (200, 100), "b2": (100,), "W3": (100, 10), "b3": (10,),
    }  # fmt: skip
    for name, value in net.params.items():
        assert value.std() == pytest.approx(0.05 if name.startswith("W") else 0, rel=0.1)
    net = TwoLayerNet()
    assert net.params["W1"].std() == pytest.approx(1e-3, rel=0.1)
    assert not net.params["b1"].any()


def test_initial_parameters_with_normalization():
    net = FullyConnectedNet([7, 5], input_dim=6, num_classes=4, normalization="batchnorm")
    assert net.params.keys() == {"W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3"}
    assert (net.params["gamma2"] == 1).all()
    assert net.bn_params == [{"mode": "train"}] * 2
    assert net.bn_params[0] is not net.bn_params[1]
    assert FullyConnectedNet([7, 5], normalization="layernorm").bn_params == [{}, {}]
    assert FullyConnectedNet([7], dropout=0.5, seed=3).dropout_param == {"mode": "train", "p": 0.5, "seed": 3}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types(batch, dtype):
    X, y = batch
    net = many_layers(reg=np.float64(0.1), dtype=dtype)
    _, grads = net.loss(X, y)
    assert {w.dtype for w in [*net.params.values(), *grads.values(), net.loss(X)]} == {np.dtype(dtype)}


@pytest.mark.parametrize("make", [two_layers, many_layers])
def test_inputs_are_unchanged(batch, make):
    X, y = batch
    net = make(reg=0.5)
    X_before, params_before = X.copy(), copy.deepcopy(net.params)
    net.loss(X, y)
    np.testing.assert_array_equal(X, X_before)
    for name, w in net.params.items():
        np.testing.assert_array_equal(w, params_before[name])


@pytest.mark.parametrize("wrong", [{"dropout": 0}, {"dropout": 1.5}, {"normalization": "groupnorm"}])
def test_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FullyConnectedNet([10], **wrong)


def test_a_model_remembers_its_arguments():
    dims = [5, 4]
    net = FullyConnectedNet(dims, 12, reg=0.5)
    dims.append(3)
    assert net.arguments == {
        "hidden_dims": [5, 4], "input_dim": 12, "num_classes": 10, "dropout": 1, "normalization": None,
        "reg": 0.5, "weight_scale": 1e-2, "dtype": np.float32, "seed": None,
    }  # fmt: skip
    again = type(net)(**net.arguments)
    assert {k: v.shape for k, v in again.params.items()} == {k: v.shape for k, v in net.params.items()}


def test_a_model_can_be_copied_and_complains_as_usual():
    net = TwoLayerNet(input_dim=3, hidden_dim=2)
    twin = copy.deepcopy(net)
    assert twin.arguments == net.arguments
    assert twin.params["W1"] is not net.params["W1"]
    with pytest.raises(TypeError, match="depth"):
        TwoLayerNet(depth=3)
