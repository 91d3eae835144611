"""The layers: values match the definitions, gradients match numerical ones, and the docstrings' promises hold."""

import numpy as np
import pytest
from cs231n import layer_utils, layers
from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, rel_error


@pytest.fixture
def affine(rng):
    return rng.normal(size=(4, 2, 3)), rng.normal(size=(6, 5)), rng.normal(size=5)


def test_affine_forward_is_a_matrix_product(affine):
    x, w, b = affine
    out, _ = layers.affine_forward(x, w, b)
    expected = [[sum(x[n].ravel() * w[:, m]) + b[m] for m in range(5)] for n in range(4)]
    np.testing.assert_allclose(out, expected)


@pytest.mark.parametrize(("forward", "backward"), [
    (layers.affine_forward, layers.affine_backward),
    (layer_utils.affine_relu_forward, layer_utils.affine_relu_backward),
])  # fmt: skip
def test_affine_gradients(affine, rng, forward, backward):
    dout = rng.normal(size=(4, 5))
    _, cache = forward(*affine)
    for array, gradient in zip(affine, backward(dout, cache), strict=True):
        numerical = eval_numerical_gradient_array(lambda _: forward(*affine)[0], array, dout)
        assert gradient.shape == array.shape
        assert rel_error(gradient, numerical) < 1e-7


def test_relu_forward(rng):
    x = rng.normal(size=(3, 4, 2))
    out, _ = layers.relu_forward(x)
    np.testing.assert_array_equal(out, np.where(x > 0, x, 0))


def test_relu_gradient(rng):
    x, dout = rng.normal(size=(5, 6)), rng.normal(size=(5, 6))
    _, cache = layers.relu_forward(x)
    numerical = eval_numerical_gradient_array(lambda x: layers.relu_forward(x)[0], x, dout)
    assert rel_error(layers.relu_backward(dout, cache), numerical) < 1e-7


@pytest.mark.parametrize("loss_function", [layers.softmax_loss, layers.svm_loss])
def test_loss_gradient(rng, loss_function):
    x, y = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    _, dx = loss_function(x, y)
    assert rel_error(dx, eval_numerical_gradient(lambda x: loss_function(x, y)[0], x)) < 1e-6


def test_losses_of_equal_scores():
    x, y = np.zeros((8, 10)), np.arange(8)
    assert layers.softmax_loss(x, y)[0] == pytest.approx(np.log(10))
    assert layers.svm_loss(x, y)[0] == pytest.approx(9)


def test_softmax_survives_huge_scores():
    x = np.array([[1e4, 0.0, -1e4], [0.0, 1e4, 1e4]])
    loss, dx = layers.softmax_loss(x, np.array([0, 1]))
    assert loss == pytest.approx(np.log(2) / 2)
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_kept_and_inputs_unchanged(rng, dtype):
    x, w, b = (rng.normal(size=shape).astype(dtype) for shape in ((4, 2, 3), (6, 5), (5,)))
    dout, y = rng.normal(size=(4, 5)).astype(dtype), np.array([0, 4, 2, 2])
    before = [array.copy() for array in (x, w, b, dout)]

    out, cache = layers.affine_forward(x, w, b)
    results = [out, *layers.affine_backward(dout, cache)]
    kept_scores = out.copy()
    out, cache = layers.relu_forward(out)
    results += [out, layers.relu_backward(dout, cache)]
    results += [layers.softmax_loss(results[0], y)[1], layers.svm_loss(results[0], y)[1]]

    assert {result.dtype for result in results} == {np.dtype(dtype)}
    np.testing.assert_array_equal(results[0], kept_scores)
    for array, copy in zip((x, w, b, dout), before, strict=True):
        np.testing.assert_array_equal(array, copy)
