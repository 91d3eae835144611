"""Hidden tests of part 4: convolution, pooling, the extension, the convolutional net, spatial norms, the model.

Core tests use square pictures and windows, and a padding of 1; those of normalisation use large pixels, beside which
eps is negligible. Edge tests use everything else.
"""

import math
import time

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from autograder.assignments.assignment2.kit.judge import (
    assert_gradients_fit,
    assert_learns,
    assert_loss_and_gradients,
    set_params,
)
from autograder.judge import (
    as_array,
    as_number,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    equals,
    exercise,
    numeric_gradient,
    require,
    way,
)

CONV = ("dx", "dw", "db")
NORM = ("dx", "dgamma", "dbeta")


def windows(x, height, width, stride, pad=0):
    """Return all windows over the pictures, as (N, C, H', W', height, width)."""
    border = [(0, 0), (0, 0), (pad, pad), (pad, pad)]
    return sliding_window_view(np.pad(x, border), (height, width), axis=(2, 3))[:, :, ::stride, ::stride]


def conv_inputs(rng, pictures, filters):
    """Return x, w and b of a convolution, for the shapes (N, C, H, W) and (F, C, HH, WW)."""
    return rng.normal(size=pictures), rng.normal(size=filters), rng.normal(size=filters[0])


def assert_convolves(student, reference, rng, pictures, filters, stride, pad, exact_shape=False):
    """Check the convolution of random pictures."""
    inputs, conv_param = conv_inputs(rng, pictures, filters), {"stride": stride, "pad": pad}
    out, _ = student.layers.conv_forward_naive(*inputs, conv_param)
    expected, _ = reference.layers.conv_forward_naive(*inputs, conv_param)
    assert_close("out", out, expected, exact_shape=exact_shape)


@exercise("conv_forward_naive")
def test_conv_forward_same_size(student, reference, rng):
    """The outputs are right for 3x3 filters with a padding of 1, which keep the pictures' size."""
    assert_convolves(student, reference, rng, (2, 3, 6, 6), (4, 3, 3, 3), stride=1, pad=1)


@exercise("conv_forward_naive")
@pytest.mark.parametrize("stride", [2, 3], ids="stride={}".format)
def test_conv_forward_stride(student, reference, rng, stride):
    """The outputs are right for a larger stride."""
    assert_convolves(student, reference, rng, (2, 3, 7, 7), (4, 3, 3, 3), stride=stride, pad=1)


@exercise("conv_forward_naive")
def test_conv_forward_larger_filters(student, reference, rng):
    """The outputs are right for 4x4 filters with a stride of 2."""
    assert_convolves(student, reference, rng, (3, 2, 8, 8), (5, 2, 4, 4), stride=2, pad=1)


@exercise("conv_forward_naive", kind="edge")
@pytest.mark.parametrize("stride", [1, 2], ids="stride={}".format)
def test_conv_forward_oblong_pictures(student, reference, rng, stride):
    """The outputs are right for pictures that are not square."""
    assert_convolves(student, reference, rng, (2, 3, 7, 5), (3, 3, 3, 3), stride=stride, pad=1)


@exercise("conv_forward_naive", kind="edge")
@pytest.mark.parametrize("size", [5, 6], ids="size={}".format)
def test_conv_forward_no_padding(student, reference, rng, size):
    """The outputs are right without padding."""
    assert_convolves(student, reference, rng, (3, 2, 5, size), (4, 2, 3, 3), stride=1, pad=0)


@exercise("conv_forward_naive", kind="edge")
def test_conv_forward_wide_padding(student, reference, rng):
    """The outputs are right for a padding of 2."""
    assert_convolves(student, reference, rng, (2, 3, 5, 5), (4, 3, 3, 3), stride=2, pad=2)


@exercise("conv_forward_naive", kind="edge")
def test_conv_forward_oblong_filters(student, reference, rng):
    """The outputs are right for filters that are not square, a stride of 3 and a padding of 2."""
    assert_convolves(student, reference, rng, (2, 2, 5, 9), (3, 2, 3, 4), stride=3, pad=2)


@exercise("conv_forward_naive", kind="edge")
def test_conv_forward_one_of_each(student, reference, rng):
    """The outputs are right for one picture, one channel and one filter."""
    assert_convolves(student, reference, rng, (1, 1, 4, 3), (1, 1, 3, 2), stride=1, pad=1, exact_shape=True)


@exercise("conv_forward_naive", kind="edge")
def test_conv_forward_filter_as_large(student, reference, rng):
    """The outputs are right for a filter as large as the picture."""
    assert_convolves(student, reference, rng, (2, 3, 4, 5), (3, 3, 4, 5), stride=2, pad=0, exact_shape=True)


@exercise("conv_forward_naive", kind="edge")
def test_conv_forward_single_pixels(student, reference, rng):
    """The outputs are right for filters of one pixel with a larger stride, which skips pixels."""
    assert_convolves(student, reference, rng, (2, 3, 5, 7), (2, 3, 1, 1), stride=2, pad=1)


@exercise("conv_forward_naive", kind="edge")
def test_conv_forward_leaves_inputs(student, rng):
    """x, w, b and conv_param are not changed."""
    arrays = dict(zip(("x", "w", "b"), conv_inputs(rng, (2, 2, 5, 5), (3, 2, 3, 3)), strict=True))
    held = {name: student.put(value) for name, value in arrays.items()}
    conv_param = student.put({"stride": 2, "pad": 1})
    student.layers.conv_forward_naive(*held.values(), conv_param)
    for name, before in arrays.items():
        assert_unchanged(name, student.fetch(held[name]), before)
    require(equals(student.fetch(conv_param), {"stride": 2, "pad": 1}), "conv_param was changed.", "changed")


@exercise("conv_forward_naive", kind="edge")
def test_conv_forward_float32(student, reference, rng):
    """float32 inputs give float32 outputs."""
    inputs = [value.astype(np.float32) for value in conv_inputs(rng, (2, 3, 5, 4), (2, 3, 3, 3))]
    out, _ = student.layers.conv_forward_naive(*inputs, {"stride": 1, "pad": 1})
    expected, _ = reference.layers.conv_forward_naive(*inputs, {"stride": 1, "pad": 1})
    assert_close("out", out, expected)
    assert_dtype("out", out, np.float32)


def assert_conv_gradients(student, reference, rng, pictures, filters, stride, pad, exact_shape=False):
    """Check dx, dw and db of random pictures."""
    inputs, conv_param = conv_inputs(rng, pictures, filters), {"stride": stride, "pad": pad}
    out, right_cache = reference.layers.conv_forward_naive(*inputs, conv_param)
    dout = rng.normal(size=out.shape)
    right = reference.layers.conv_backward_naive(dout, right_cache)
    _, cache = student.layers.conv_forward_naive(*inputs, conv_param)
    dx, dw, db = student.layers.conv_backward_naive(dout, cache)
    assert_gradients({"dx": dx, "dw": dw, "db": db}, dict(zip(CONV, right, strict=True)), exact_shape=exact_shape)


@exercise("conv_backward_naive", needs=("conv_forward_naive",))
def test_conv_backward_same_size(student, reference, rng):
    """dx, dw and db are right for filters of 3x3 pixels and a padding of 1."""
    assert_conv_gradients(student, reference, rng, (3, 2, 6, 6), (4, 2, 3, 3), stride=1, pad=1)


@exercise("conv_backward_naive", needs=("conv_forward_naive",))
@pytest.mark.parametrize("stride", [2, 3], ids="stride={}".format)
def test_conv_backward_stride(student, reference, rng, stride):
    """dx, dw and db are right for a larger stride."""
    assert_conv_gradients(student, reference, rng, (2, 3, 7, 7), (4, 3, 3, 3), stride=stride, pad=1)


@exercise("conv_backward_naive", needs=("conv_forward_naive",))
def test_conv_backward_numeric(student, rng):
    """dx, dw and db agree with numerical differentiation of a convolution."""
    x, w, b = conv_inputs(rng, (2, 2, 4, 4), (3, 2, 2, 2))
    dout = rng.normal(size=(2, 3, 3, 3))

    def convolution(x, w, b):
        return np.einsum("ncyxij,fcij->nfyx", windows(x, 2, 2, stride=2, pad=1), w) + b[:, None, None]

    numeric = {
        "dx": numeric_gradient(lambda x: convolution(x, w, b), x, dout),
        "dw": numeric_gradient(lambda w: convolution(x, w, b), w, dout),
        "db": numeric_gradient(lambda b: convolution(x, w, b), b, dout),
    }
    _, cache = student.layers.conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    dx, dw, db = student.layers.conv_backward_naive(dout, cache)
    assert_gradients({"dx": dx, "dw": dw, "db": db}, numeric)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
@pytest.mark.parametrize("stride", [1, 2], ids="stride={}".format)
def test_conv_backward_oblong_pictures(student, reference, rng, stride):
    """dx, dw and db are right for pictures that are not square."""
    assert_conv_gradients(student, reference, rng, (2, 3, 7, 5), (3, 3, 3, 3), stride=stride, pad=1)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
@pytest.mark.parametrize("size", [5, 6], ids="size={}".format)
def test_conv_backward_no_padding(student, reference, rng, size):
    """dx, dw and db are right for a padding of 0."""
    assert_conv_gradients(student, reference, rng, (2, 3, 5, size), (2, 3, 3, 3), stride=1, pad=0)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
def test_conv_backward_wide_padding(student, reference, rng):
    """dx, dw and db are right for a padding of 2."""
    assert_conv_gradients(student, reference, rng, (2, 3, 5, 5), (4, 3, 3, 3), stride=2, pad=2)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
def test_conv_backward_oblong_filters(student, reference, rng):
    """dx, dw and db are right for filters that are not square, a stride of 3 and a padding of 2."""
    assert_conv_gradients(student, reference, rng, (2, 2, 5, 9), (3, 2, 3, 4), stride=3, pad=2)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
def test_conv_backward_one_of_each(student, reference, rng):
    """dx, dw and db are right, with exact shapes, for one picture, one channel and one filter."""
    assert_conv_gradients(student, reference, rng, (1, 1, 4, 3), (1, 1, 3, 2), stride=1, pad=1, exact_shape=True)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
def test_conv_backward_filter_as_large(student, reference, rng):
    """dx, dw and db are right for a filter as large as the picture."""
    assert_conv_gradients(student, reference, rng, (2, 2, 4, 5), (3, 2, 4, 5), stride=1, pad=1)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
def test_conv_backward_single_pixels(student, reference, rng):
    """Pixels that a large stride skips get no gradient."""
    assert_conv_gradients(student, reference, rng, (2, 3, 5, 7), (2, 3, 1, 1), stride=2, pad=1)


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
def test_conv_backward_leaves_inputs(student, rng):
    """dout, x, w, b and conv_param are not changed."""
    arrays = dict(zip(("x", "w", "b"), conv_inputs(rng, (2, 2, 5, 5), (3, 2, 3, 3)), strict=True))
    held = {name: student.put(value) for name, value in arrays.items()}
    conv_param = student.put({"stride": 2, "pad": 1})
    _, cache = student.layers.conv_forward_naive(*held.values(), conv_param)
    arrays["dout"] = rng.normal(size=(2, 3, 3, 3))
    held["dout"] = student.put(arrays["dout"])
    student.layers.conv_backward_naive(held["dout"], cache)
    for name, before in arrays.items():
        assert_unchanged(name, student.fetch(held[name]), before)
    require(equals(student.fetch(conv_param), {"stride": 2, "pad": 1}), "conv_param was changed.", "changed")


@exercise("conv_backward_naive", kind="edge", needs=("conv_forward_naive",))
def test_conv_backward_float32(student, reference, rng):
    """float32 inputs give float32 gradients."""
    inputs = [value.astype(np.float32) for value in conv_inputs(rng, (2, 3, 5, 4), (2, 3, 3, 3))]
    dout, conv_param = rng.normal(size=(2, 2, 5, 4)).astype(np.float32), {"stride": 1, "pad": 1}
    right = reference.layers.conv_backward_naive(dout, reference.layers.conv_forward_naive(*inputs, conv_param)[1])
    _, cache = student.layers.conv_forward_naive(*inputs, conv_param)
    dx, dw, db = student.layers.conv_backward_naive(dout, cache)
    assert_gradients({"dx": dx, "dw": dw, "db": db}, dict(zip(CONV, right, strict=True)))
    for name, gradient in zip(CONV, (dx, dw, db), strict=True):
        assert_dtype(name, gradient, np.float32)


def distinct(rng, *shape):
    """Return numbers of both signs that all differ by at least 0.1: no window has two largest numbers."""
    size = math.prod(shape)
    return 0.1 * (rng.permutation(size).reshape(shape) - size / 2)


def pooling(height, width, stride):
    """Return a pool_param."""
    return {"pool_height": height, "pool_width": width, "stride": stride}


def assert_pools(student, x, height, width, stride, exact_shape=False):
    """Check that the output is the largest pixel of each window."""
    out, _ = student.layers.max_pool_forward_naive(x, pooling(height, width, stride))
    assert_close("out", out, windows(x, height, width, stride).max(axis=(4, 5)), exact_shape=exact_shape)


@exercise("max_pool_forward_naive")
def test_max_pool_forward_halves(student, rng):
    """The outputs are right for windows of 2x2 pixels with a stride of 2."""
    assert_pools(student, distinct(rng, 3, 2, 6, 6), 2, 2, 2)


@exercise("max_pool_forward_naive")
def test_max_pool_forward_negative(student, rng):
    """The outputs are right where all pixels are negative."""
    assert_pools(student, distinct(rng, 2, 3, 4, 4) - 10, 2, 2, 2)


@exercise("max_pool_forward_naive")
def test_max_pool_forward_thirds(student, rng):
    """The outputs are right for windows of 3x3 pixels with a stride of 3."""
    assert_pools(student, distinct(rng, 2, 3, 9, 9), 3, 3, 3)


@exercise("max_pool_forward_naive")
def test_max_pool_forward_overlap(student, rng):
    """The outputs are right for windows that overlap, because the stride is smaller than a window."""
    assert_pools(student, distinct(rng, 2, 3, 7, 7), 3, 3, 2)


@exercise("max_pool_forward_naive", kind="edge")
@pytest.mark.parametrize("shape", [(6, 8), (8, 4)], ids=str)
def test_max_pool_forward_oblong_pictures(student, rng, shape):
    """The outputs are right for pictures that are not square."""
    assert_pools(student, distinct(rng, 3, 2, *shape), 2, 2, 2)


@exercise("max_pool_forward_naive", kind="edge")
def test_max_pool_forward_oblong(student, rng):
    """The outputs are right for windows that are not square."""
    assert_pools(student, distinct(rng, 2, 3, 6, 5), 3, 2, 3)


@exercise("max_pool_forward_naive", kind="edge")
def test_max_pool_forward_gaps(student, rng):
    """The outputs are right for a stride larger than the windows, which skips pixels."""
    assert_pools(student, distinct(rng, 2, 2, 5, 8), 2, 2, 3)


@exercise("max_pool_forward_naive", kind="edge")
def test_max_pool_forward_whole_picture(student, rng):
    """The output is right for a single picture and a window as large as the picture."""
    assert_pools(student, distinct(rng, 1, 1, 3, 4), 3, 4, 2, exact_shape=True)


@exercise("max_pool_forward_naive", kind="edge")
def test_max_pool_forward_leaves_inputs(student, rng):
    """x and pool_param are not changed."""
    x = distinct(rng, 2, 2, 4, 4)
    held, pool_param = student.put(x), student.put(pooling(2, 2, 2))
    student.layers.max_pool_forward_naive(held, pool_param)
    assert_unchanged("x", student.fetch(held), x)
    require(equals(student.fetch(pool_param), pooling(2, 2, 2)), "pool_param was changed.", "changed")


@exercise("max_pool_forward_naive", kind="edge")
def test_max_pool_forward_float32(student, rng):
    """float32 stays float32."""
    x = distinct(rng, 2, 3, 4, 6).astype(np.float32)
    out, _ = student.layers.max_pool_forward_naive(x, pooling(2, 2, 2))
    assert_close("out", out, windows(x, 2, 2, 2).max(axis=(4, 5)))
    assert_dtype("out", out, np.float32)


def assert_pool_gradient(student, reference, rng, x, height, width, stride):
    """Check dx where no window has two largest pixels; return dx."""
    pool_param = pooling(height, width, stride)
    out, right_cache = reference.layers.max_pool_forward_naive(x, pool_param)
    dout = rng.normal(size=out.shape).astype(x.dtype)
    _, cache = student.layers.max_pool_forward_naive(x, pool_param)
    dx = student.layers.max_pool_backward_naive(dout, cache)
    assert_close("dx", dx, reference.layers.max_pool_backward_naive(dout, right_cache))
    return dx


@exercise("max_pool_backward_naive", needs=("max_pool_forward_naive",))
def test_max_pool_backward_halves(student, reference, rng):
    """dx is right for windows of 2x2 pixels and a stride of 2."""
    assert_pool_gradient(student, reference, rng, distinct(rng, 2, 3, 6, 6), 2, 2, 2)


@exercise("max_pool_backward_naive", needs=("max_pool_forward_naive",))
def test_max_pool_backward_negative(student, reference, rng):
    """dx is right where all pixels are negative."""
    assert_pool_gradient(student, reference, rng, distinct(rng, 2, 3, 4, 4) - 10, 2, 2, 2)


@exercise("max_pool_backward_naive", needs=("max_pool_forward_naive",))
def test_max_pool_backward_thirds(student, reference, rng):
    """dx is right for windows of 3x3 pixels and a stride of 3."""
    assert_pool_gradient(student, reference, rng, distinct(rng, 2, 3, 9, 9), 3, 3, 3)


@exercise("max_pool_backward_naive", needs=("max_pool_forward_naive",))
def test_max_pool_backward_numeric(student, rng):
    """dx agrees with numerical differentiation of max pooling."""
    x, dout = distinct(rng, 2, 2, 6, 6), rng.normal(size=(2, 2, 3, 3))
    _, cache = student.layers.max_pool_forward_naive(x, pooling(2, 2, 2))
    dx = student.layers.max_pool_backward_naive(dout, cache)
    assert_close("dx", dx, numeric_gradient(lambda x: windows(x, 2, 2, 2).max(axis=(4, 5)), x, dout))


@exercise("max_pool_backward_naive", kind="edge", needs=("max_pool_forward_naive",))
@pytest.mark.parametrize("shape", [(6, 8), (8, 4)], ids=str)
def test_max_pool_backward_oblong_pictures(student, reference, rng, shape):
    """dx is right for pictures that are not square."""
    assert_pool_gradient(student, reference, rng, distinct(rng, 2, 3, *shape), 2, 2, 2)


@exercise("max_pool_backward_naive", kind="edge", needs=("max_pool_forward_naive",))
def test_max_pool_backward_oblong(student, reference, rng):
    """dx is right for windows that are not square."""
    assert_pool_gradient(student, reference, rng, distinct(rng, 2, 3, 6, 5), 3, 2, 3)


@exercise("max_pool_backward_naive", kind="edge", needs=("max_pool_forward_naive",))
def test_max_pool_backward_overlap(student, reference, rng):
    """A pixel that is the largest of several overlapping windows gets the gradients of all of them."""
    assert_pool_gradient(student, reference, rng, distinct(rng, 2, 3, 7, 7), 3, 3, 2)


@exercise("max_pool_backward_naive", kind="edge", needs=("max_pool_forward_naive",))
def test_max_pool_backward_gaps(student, reference, rng):
    """Pixels that a large stride skips get no gradient."""
    assert_pool_gradient(student, reference, rng, distinct(rng, 2, 2, 5, 8), 2, 2, 3)


@exercise("max_pool_backward_naive", kind="edge", needs=("max_pool_forward_naive",))
def test_max_pool_backward_ties(student, rng):
    """If several pixels of a window are the largest, they share its gradient in any way, and the others get none."""
    x, dout = rng.integers(2, size=(3, 2, 4, 6)).astype(float), rng.uniform(1, 2, size=(3, 2, 2, 3))
    _, cache = student.layers.max_pool_forward_naive(x, pooling(2, 2, 2))
    dx = as_array("dx", student.layers.max_pool_backward_naive(dout, cache), x.shape, exact_shape=True)
    of_windows = windows(x, 2, 2, 2)
    largest = of_windows == of_windows.max(axis=(4, 5), keepdims=True)
    shares = windows(dx, 2, 2, 2) / dout[..., None, None]
    require(not shares[~largest].any(), "A pixel that is not the largest of its window gets a gradient.")
    # One pixel gets all, each pixel gets all, or they share: no share is above one, and the sum is at least one.
    fair = (shares > -1e-6).all() and (shares < 1 + 1e-6).all() and (shares.sum(axis=(4, 5)) > 1 - 1e-6).all()
    require(bool(fair), "Where several pixels are the largest, their gradients do not add up to the window's gradient.")


@exercise("max_pool_backward_naive", kind="edge", needs=("max_pool_forward_naive",))
def test_max_pool_backward_leaves_inputs(student, rng):
    """dout and x are not changed."""
    x, dout = distinct(rng, 2, 2, 4, 4), rng.normal(size=(2, 2, 2, 2))
    held_x, held_dout = student.put(x), student.put(dout)
    _, cache = student.layers.max_pool_forward_naive(held_x, pooling(2, 2, 2))
    student.layers.max_pool_backward_naive(held_dout, cache)
    assert_unchanged("dout", student.fetch(held_dout), dout)
    assert_unchanged("x", student.fetch(held_x), x)


@exercise("max_pool_backward_naive", kind="edge", needs=("max_pool_forward_naive",))
def test_max_pool_backward_float32(student, reference, rng):
    """float32 stays float32."""
    x = distinct(rng, 2, 2, 4, 6).astype(np.float32)
    assert_dtype("dx", assert_pool_gradient(student, reference, rng, x, 2, 2, 2), np.float32)


CONVOLUTIONS = {
    "3x3, stride 1, pad 1": ((2, 3, 6, 6), (4, 3, 3, 3), 1, 1),
    "3x3, stride 2, pad 1": ((3, 2, 7, 7), (2, 2, 3, 3), 2, 1),
    "4x4, stride 2, pad 1": ((2, 1, 8, 8), (3, 1, 4, 4), 2, 1),
}
OBLONG = {
    "3x3, stride 2, pad 1": ((3, 2, 7, 5), (2, 2, 3, 3), 2, 1),
    "3x3, stride 1, no padding": ((2, 3, 6, 6), (4, 3, 3, 3), 1, 0),
    "2x4, stride 2, no padding": ((2, 1, 6, 8), (3, 1, 2, 4), 2, 0),
    "2x5, stride 3, pad 1": ((1, 3, 6, 9), (2, 3, 2, 5), 3, 1),
}
ODD = {
    "a single pixel": ((1, 1, 1, 1), (1, 1, 1, 1), 1, 0),
    "a single row": ((2, 1, 1, 9), (1, 1, 1, 3), 2, 0),
    "a window larger than the picture": ((1, 2, 2, 3), (3, 2, 4, 5), 1, 2),
    "a window of one column": ((2, 3, 3, 7), (2, 3, 3, 1), 2, 1),
}


def convolution(rng, x_shape, w_shape, stride, pad, dtype=np.float64):
    """Return x, w, b, dout and the settings of a convolution."""
    rows, columns = (
        (size + 2 * pad - field) // stride + 1 for size, field in zip(x_shape[2:], w_shape[2:], strict=True)
    )
    shapes = (x_shape, w_shape, w_shape[:1], (x_shape[0], w_shape[0], rows, columns))
    return *(rng.normal(size=shape).astype(dtype) for shape in shapes), {"stride": stride, "pad": pad}


def pixel_by_pixel(x, w, b, conv_param):
    """Return the convolution of pictures, by a loop over the pixels of the output."""
    below = windows(x, *w.shape[2:], conv_param["stride"], conv_param["pad"])
    out = np.empty((len(x), len(w), *below.shape[2:4]), dtype=x.dtype)
    for n, f, i, j in np.ndindex(out.shape):
        out[n, f, i, j] = np.sum(below[n, :, i, j] * w[f]) + b[f]
    return out


def column_by_column(x, field, pad, stride):
    """Return the columns of square windows: a row for each pixel of the window, a column for each place."""
    return windows(x, field, field, stride, pad).transpose(1, 4, 5, 2, 3, 0).reshape(x.shape[1] * field**2, -1)


def assert_cuts(student, rng, shape, field, pad, stride):
    """Check the columns of random pictures, and the pictures that columns add up to."""
    x = rng.normal(size=shape)
    cols = column_by_column(x, field, pad, stride)
    assert_close("im2col_cython(x, ...)", student.im2col_cython.im2col_cython(x, field, field, pad, stride), cols)
    given = rng.normal(size=cols.shape)
    # adding up is the transpose of cutting: <cut(x), given> = <x, add(given)> for every x, so for each unit vector
    right = numeric_gradient(lambda z: column_by_column(z, field, pad, stride), x, given, h=1.0)
    back = student.im2col_cython.col2im_cython(given, *shape, field, field, pad, stride)
    assert_close("col2im_cython(cols, ...)", back, right)


@exercise("conv_extension")
def test_extension_columns(student, rng, extension):
    """Your compiled extension cuts pictures into columns, and adds up columns to pictures."""
    assert_cuts(student, rng, (2, 3, 5, 5), field=3, pad=1, stride=1)
    assert_cuts(student, rng, (1, 2, 7, 7), field=3, pad=1, stride=2)


@exercise("conv_extension", kind="edge")
def test_extension_columns_oblong(student, rng, extension):
    """Your compiled extension is right for pictures that are not square, without padding and with more of it."""
    assert_cuts(student, rng, (2, 3, 5, 6), field=3, pad=1, stride=1)
    assert_cuts(student, rng, (3, 2, 6, 4), field=2, pad=0, stride=2)
    assert_cuts(student, rng, (1, 1, 7, 7), field=3, pad=2, stride=2)


def assert_fast_convolution(student, reference, rng, shapes):
    """Check the outputs and gradients of the fast convolution."""
    x, w, b, dout, conv_param = convolution(rng, *shapes)
    out, cache = student.fast_layers.conv_forward_fast(x, w, b, conv_param)
    assert_close("out", out, pixel_by_pixel(x, w, b, conv_param))
    dx, dw, db = student.fast_layers.conv_backward_fast(dout, cache)
    right = reference.layers.conv_backward_naive(dout, reference.layers.conv_forward_naive(x, w, b, conv_param)[1])
    assert_gradients({"dx": dx, "dw": dw, "db": db}, dict(zip(CONV, right, strict=True)))


@exercise("conv_extension")
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_fast_convolution(student, reference, rng, extension, case):
    """With your extension, the fast convolution gives the results of the naive one, forward and backward."""
    assert_fast_convolution(student, reference, rng, CONVOLUTIONS[case])


@exercise("conv_extension", kind="edge")
@pytest.mark.parametrize("case", OBLONG)
def test_fast_convolution_oblong(student, reference, rng, extension, case):
    """The fast convolution is right without padding, and for pictures and filters that are not square."""
    assert_fast_convolution(student, reference, rng, OBLONG[case])


def assert_fast_pooling(student, reference, rng, shape, height, width, stride):
    """Check the outputs and gradients of fast max pooling."""
    x, pool_param = distinct(rng, *shape), pooling(height, width, stride)
    out, cache = student.fast_layers.max_pool_forward_fast(x, pool_param)
    expected, right_cache = reference.layers.max_pool_forward_naive(x, pool_param)
    assert_close("out", out, expected)
    dout = rng.normal(size=expected.shape)
    dx = student.fast_layers.max_pool_backward_fast(dout, cache)
    assert_close("dx", dx, reference.layers.max_pool_backward_naive(dout, right_cache))


@exercise("conv_extension")
def test_fast_pooling(student, reference, rng, extension):
    """Fast max pooling gives the results of naive max pooling, forward and backward."""
    assert_fast_pooling(student, reference, rng, (2, 3, 6, 6), 2, 2, 2)


@exercise("conv_extension", kind="edge")
def test_fast_pooling_oblong(student, reference, rng, extension):
    """Fast max pooling is right for pictures that are not square, and for windows that overlap."""
    assert_fast_pooling(student, reference, rng, (2, 3, 6, 8), 2, 2, 2)
    assert_fast_pooling(student, reference, rng, (2, 2, 7, 5), 3, 3, 2)


@exercise("conv_extension", kind="edge")
def test_fast_convolution_float32(student, rng, extension):
    """float32 pictures and filters give float32 results."""
    x, w, b, dout, conv_param = convolution(rng, *CONVOLUTIONS["3x3, stride 1, pad 1"], dtype=np.float32)
    out, cache = student.fast_layers.conv_forward_fast(x, w, b, conv_param)
    assert_close("out", out, pixel_by_pixel(x, w, b, conv_param))
    assert_dtype("out", out, np.float32)
    dx, _, _ = student.fast_layers.conv_backward_fast(dout, cache)
    assert_dtype("dx", dx, np.float32)


@exercise("conv_extension", kind="edge")
@pytest.mark.parametrize("case", ODD)
def test_fast_convolution_stays_inside(student, rng, extension, case):
    """The fast convolution is right for unusual shapes, and reads nothing beyond the ends of an array."""
    x, w, b, dout, conv_param = convolution(rng, *ODD[case])
    out, cache = student.course.surrounded("fast_layers.conv_forward_fast", x, w, b, conv_param)
    assert_close("out", out, pixel_by_pixel(x, w, b, conv_param))
    dx, _, _ = student.course.surrounded("fast_layers.conv_backward_fast", dout, cache)
    assert_close("dx", dx, numeric_gradient(lambda z: pixel_by_pixel(z, w, b, conv_param), x, dout))


@exercise("conv_extension", kind="speed")
def test_fast_convolution_is_fast(student, rng, extension, worked, waited):
    """The fast convolution is more than 20 times as fast as a loop over the pixels of the output."""
    _, w, b, _, conv_param = convolution(rng, (6, 3, 20, 20), (16, 3, 3, 3), 1, 1, np.float32)
    batches = rng.normal(size=(7, 6, 3, 20, 20)).astype(np.float32)
    w_there, b_there = student.put(w), student.put(b)
    fast, outs, before = [], [], (time.perf_counter(), worked(), waited())
    for x in batches:  # each is handed over within its own time, so nothing can be computed before
        start = time.perf_counter()
        out, _ = student.fast_layers.conv_forward_fast(x, w_there, b_there, conv_param)
        fast.append(time.perf_counter() - start)
        outs.append(out)
    passed, work, idle = (
        now - then for now, then in zip((time.perf_counter(), worked(), waited()), before, strict=True)
    )
    best = int(np.argmin(fast))  # only the answer that is checked counts for the time
    start = time.process_time()
    right = pixel_by_pixel(batches[best], w, b, conv_param)
    slow = time.process_time() - start
    # on a busy machine every answer may wait for a core: then the mean time without that says more
    times = slow / min(fast[best], max(passed - idle, work) / len(batches))
    assert_close("out", outs[best], right)
    require(
        times > 20, f"The fast convolution is {times:.0f} times as fast as a loop; more than 20 is expected.", "speed"
    )


FORWARD = ("affine_forward", "relu_forward", "conv_extension")
NET = (*FORWARD, "affine_backward", "relu_backward", "loss_layers")


def net_params(rng, input_dim, filters, size, hidden, classes):
    """Return parameters of a three-layer convolutional net, none of them small."""
    channels, height, width = input_dim
    flat = filters * (height // 2) * (width // 2)
    return {
        "W1": rng.normal(size=(filters, channels, size, size)) * 0.5, "b1": rng.normal(size=filters),
        "W2": rng.normal(size=(flat, hidden)) * 0.3, "b2": rng.normal(size=hidden),
        "W3": rng.normal(size=(hidden, classes)) * 0.5, "b3": rng.normal(size=classes),
    }  # fmt: skip


def conv_nets(student, reference, rng, input_dim=(2, 6, 4), size=3, reg=0.0):
    """Return the student's net and the reference's, in float64, with the same parameters, and the parameters."""
    filters, hidden, classes = 3, 7, 5
    params = net_params(rng, input_dim, filters, size, hidden, classes)
    arguments = (input_dim, filters, size, hidden, classes, 1e-2, reg, np.float64)
    nets = [side.classifiers.cnn.ThreeLayerConvNet(*arguments) for side in (student, reference)]
    for net in nets:
        set_params(net, params)
    return (*nets, params)


def batch(rng, input_dim=(2, 6, 4), n=4):
    """Return a few pictures and their labels, of five classes."""
    return rng.normal(size=(n, *input_dim)), rng.integers(5, size=n)


@exercise("three_layer_convnet")
def test_conv_net_parameters(student, rng):
    """W1 to W3 and b1 to b3 have the right shapes; biases are zero, and the spread of the weights is weight_scale."""
    scale = float(rng.uniform(0.01, 0.1))
    net = student.classifiers.cnn.ThreeLayerConvNet(
        input_dim=(3, 12, 12), num_filters=16, filter_size=5, hidden_dim=60, num_classes=20, weight_scale=scale
    )
    shapes = {"W1": (16, 3, 5, 5), "b1": (16,), "W2": (576, 60), "b2": (60,), "W3": (60, 20), "b3": (20,)}
    for name, shape in shapes.items():
        value = as_array(f"params[{name!r}]", net.params[name], shape, exact_shape=len(shape) > 1)
        if name.startswith("b"):
            require(not value.any(), f"params[{name!r}] is not zero at first.")
        else:
            require(abs(value.std() / scale - 1) < 0.2, f"The spread of params[{name!r}] is not weight_scale.")
            require(abs(value.mean()) < 0.2 * scale, f"The mean of params[{name!r}] is not zero.")
            require(bool((np.ptp(value, axis=0) > 0).all()), f"All rows of params[{name!r}] are the same.")


@exercise("three_layer_convnet", needs=NET)
def test_conv_net_initial_loss(student, rng):
    """With tiny weights, all classes are equally likely, so the loss is the logarithm of their number."""
    net = student.classifiers.cnn.ThreeLayerConvNet(
        input_dim=(3, 8, 8), num_filters=4, filter_size=3, hidden_dim=10, num_classes=7, weight_scale=1e-4
    )
    loss, _ = net.loss(rng.normal(size=(20, 3, 8, 8)), rng.integers(7, size=20))
    assert_close("the loss with tiny weights", as_number("the loss", loss), math.log(7), rtol=1e-3)


@exercise("three_layer_convnet", needs=FORWARD)
def test_conv_net_scores(student, reference, rng):
    """The scores are right."""
    net, right, _ = conv_nets(student, reference, rng, (2, 6, 6))
    x, _ = batch(rng, (2, 6, 6))
    assert_close("scores", net.loss(x), right.loss(x))


@exercise("three_layer_convnet", needs=NET)
def test_conv_net_loss(student, reference, rng):
    """Loss and gradients without regularisation are right."""
    net, right, params = conv_nets(student, reference, rng, (2, 6, 6))
    assert_loss_and_gradients(net, right, *batch(rng, (2, 6, 6)), params)


@exercise("three_layer_convnet", needs=NET)
def test_conv_net_regularised(student, reference, rng):
    """Loss and gradients with regularisation are right."""
    net, right, params = conv_nets(student, reference, rng, (3, 4, 4), reg=0.7)
    assert_loss_and_gradients(net, right, *batch(rng, (3, 4, 4)), params)


@exercise("three_layer_convnet", kind="edge", needs=NET)
def test_conv_net_oblong(student, reference, rng):
    """Loss and gradients are right for pictures that are not square, and for 5x5 filters."""
    net, right, params = conv_nets(student, reference, rng, (1, 4, 8), size=5, reg=0.3)
    assert_loss_and_gradients(net, right, *batch(rng, (1, 4, 8), n=2), params)


@exercise("three_layer_convnet", kind="edge")
def test_conv_net_shapes(student):
    """The parameters' shapes are right for pictures that are not square, and for a net made without arguments."""
    shapes = {"W1": (2, 1, 3, 3), "W2": (20, 6), "W3": (6, 10)}
    defaults = {"W1": (32, 3, 7, 7), "W2": (8192, 100), "W3": (100, 10), "b1": (32,), "b2": (100,), "b3": (10,)}
    for arguments, expected in ((((1, 4, 10), 2, 3, 6), shapes), ((), defaults)):
        net = student.classifiers.cnn.ThreeLayerConvNet(*arguments)
        for name, shape in expected.items():
            as_array(f"params[{name!r}]", net.params[name], shape, exact_shape=True)
    weights = as_array("W1", net.params["W1"], defaults["W1"])
    require(abs(weights.std() / 1e-3 - 1) < 0.2, "The default of weight_scale is not 1e-3.")


@exercise("three_layer_convnet", kind="edge", needs=FORWARD)
def test_conv_net_float32(student, rng):
    """Parameters and scores have the type that the argument dtype names."""
    net = student.classifiers.cnn.ThreeLayerConvNet((2, 4, 4), 3, 3, 5, 4, dtype=np.float32)
    for name in ("W1", "b1", "W2", "b2", "W3", "b3"):
        assert_dtype(f"params[{name!r}]", net.params[name], np.float32)
    assert_dtype("scores", net.loss(rng.normal(size=(2, 2, 4, 4))), np.float32)


@exercise("three_layer_convnet", kind="edge", needs=NET)
def test_conv_net_gradient_shapes(student, reference, rng):
    """Each gradient has exactly the shape of its parameter."""
    net, _, params = conv_nets(student, reference, rng)
    assert_gradients_fit(net, *batch(rng), params)


@exercise("three_layer_convnet", kind="edge", needs=NET)
def test_conv_net_leaves_parameters(student, reference, rng):
    """loss() does not change the parameters and the input."""
    net, _, params = conv_nets(student, reference, rng, reg=0.5)
    x, y = batch(rng)
    held = student.put(x)
    net.loss(held, y)
    assert_unchanged("X", student.fetch(held), x)
    for name, before in params.items():
        assert_unchanged(f"params[{name!r}]", net.params[name], before)


LARGE = 1000.0
"""Pixels of this size have variances beside which the default eps is negligible, also if it is beside the root."""


def channels_apart(rng, *shape, size=1.0):
    """Return pictures whose channels differ in mean and spread. The pixels are about as large as ``size``."""
    spread, mean = rng.uniform(0.5, 3, size=(shape[1], 1, 1)), rng.uniform(-5, 5, size=(shape[1], 1, 1))
    return size * (rng.normal(size=shape) * spread + mean)


def scale_and_shift(rng, *shape):
    """Return gamma and beta."""
    return rng.uniform(0.5, 2, size=shape), rng.normal(size=shape)


def assert_batch_normalises(student, reference, x, gamma, beta, **settings):
    """Check the outputs in train mode."""
    out, _ = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train", **settings})
    expected, _ = reference.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train", **settings})
    assert_close("out", out, expected)


@exercise("spatial_batchnorm_forward", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_train(student, reference, rng):
    """In training, each channel is normalised over all pictures, rows and columns."""
    x = channels_apart(rng, 4, 3, 5, 5, size=LARGE)
    assert_batch_normalises(student, reference, x, *scale_and_shift(rng, 3))


@exercise("spatial_batchnorm_forward", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_running(student, reference, rng):
    """The running averages of each channel are right after three batches."""
    theirs, ours = student.put({"mode": "train"}), reference.put({"mode": "train"})
    gamma, beta = scale_and_shift(rng, 4)
    for _ in range(3):
        x = channels_apart(rng, 3, 4, 3, 3)
        student.layers.spatial_batchnorm_forward(x, gamma, beta, theirs)
        reference.layers.spatial_batchnorm_forward(x, gamma, beta, ours)
    for name in ("running_mean", "running_var"):
        assert_close(name, theirs[name], ours[name])


@exercise("spatial_batchnorm_forward", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_test(student, reference, rng):
    """At test time, each channel is normalised with its running averages."""
    x, (gamma, beta) = channels_apart(rng, 2, 3, 5, 5, size=LARGE), scale_and_shift(rng, 3)
    mean, variance = LARGE * rng.normal(size=3), LARGE**2 * rng.uniform(0.5, 3, size=3)
    bn_param = {"mode": "test", "running_mean": mean, "running_var": variance}
    out, _ = student.layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    expected, _ = reference.layers.spatial_batchnorm_forward(x, gamma, beta, bn_param)
    assert_close("out", out, expected)


@exercise("spatial_batchnorm_forward", kind="edge", needs=("batchnorm_forward",))
@pytest.mark.parametrize("shape", [(2, 5), (4, 3)], ids=str)
def test_spatial_batchnorm_forward_oblong(student, reference, rng, shape):
    """The outputs are right for pictures that are not square, and for small variances, to which eps is added."""
    x = channels_apart(rng, 4, 3, *shape) * np.geomspace(2e-3, 1, 3)[:, None, None]
    assert_batch_normalises(student, reference, x, *scale_and_shift(rng, 3))


@exercise("spatial_batchnorm_forward", kind="edge", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_settings(student, reference, rng):
    """The eps and the momentum in bn_param are used."""
    settings = {"mode": "train", "eps": 0.3, "momentum": 0.4}
    theirs, ours = student.put(settings), reference.put(settings)
    gamma, beta = scale_and_shift(rng, 3)
    for _ in range(2):
        x = channels_apart(rng, 2, 3, 3, 4)
        out, _ = student.layers.spatial_batchnorm_forward(x, gamma, beta, theirs)
        expected, _ = reference.layers.spatial_batchnorm_forward(x, gamma, beta, ours)
        assert_close("out", out, expected)
    for name in ("running_mean", "running_var"):
        assert_close(name, theirs[name], ours[name])


@exercise("spatial_batchnorm_forward", kind="edge", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_exact_shapes(student, rng):
    """The running averages have exactly the shape (C,)."""
    bn_param = student.put({"mode": "train"})
    student.layers.spatial_batchnorm_forward(channels_apart(rng, 2, 4, 3, 5), *scale_and_shift(rng, 4), bn_param)
    for name in ("running_mean", "running_var"):
        as_array(name, bn_param[name], (4,), exact_shape=True)


@exercise("spatial_batchnorm_forward", kind="edge", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_one_picture(student, reference, rng):
    """The outputs are right for a single picture."""
    assert_batch_normalises(student, reference, channels_apart(rng, 1, 3, 3, 4), *scale_and_shift(rng, 3))


@exercise("spatial_batchnorm_forward", kind="edge", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_leaves_inputs(student, rng):
    """x, gamma and beta are not changed, and test mode changes no running average."""
    x, (gamma, beta) = channels_apart(rng, 2, 3, 4, 3), scale_and_shift(rng, 3)
    held = [student.put(value) for value in (x, gamma, beta)]
    averages = {"running_mean": rng.normal(size=3), "running_var": rng.uniform(1, 2, size=3)}
    for mode in ("train", "test"):
        bn_param = student.put({"mode": mode, **averages})
        student.layers.spatial_batchnorm_forward(*held, bn_param)
        for name, handle, before in zip(("x", "gamma", "beta"), held, (x, gamma, beta), strict=True):
            assert_unchanged(name, student.fetch(handle), before)
    for name, before in averages.items():
        assert_close(f"{name} after test mode", bn_param[name], before)


@exercise("spatial_batchnorm_forward", kind="edge", needs=("batchnorm_forward",))
def test_spatial_batchnorm_forward_float32(student, reference, rng):
    """float32 inputs give float32 outputs."""
    inputs = (channels_apart(rng, 2, 3, 4, 3), *scale_and_shift(rng, 3))
    x, gamma, beta = (value.astype(np.float32) for value in inputs)
    out, _ = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    expected, _ = reference.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    assert_close("out", out, expected)
    assert_dtype("out", out, np.float32)


BATCHNORM = ("spatial_batchnorm_forward", "batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt")


def assert_batchnorm_gradients(student, reference, rng, shape, size=1.0, exact_shape=False, **settings):
    """Check dx, dgamma and dbeta of random pictures."""
    inputs = (channels_apart(rng, *shape, size=size), *scale_and_shift(rng, shape[1]), {"mode": "train", **settings})
    dout = rng.normal(size=shape)
    _, right_cache = reference.layers.spatial_batchnorm_forward(*inputs)
    right = reference.layers.spatial_batchnorm_backward(dout, right_cache)
    _, cache = student.layers.spatial_batchnorm_forward(*inputs)
    dx, dgamma, dbeta = student.layers.spatial_batchnorm_backward(dout, cache)
    actual = {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
    assert_gradients(actual, dict(zip(NORM, right, strict=True)), exact_shape=exact_shape)


@exercise("spatial_batchnorm_backward", needs=BATCHNORM)
def test_spatial_batchnorm_backward(student, reference, rng):
    """dx, dgamma and dbeta are right."""
    assert_batchnorm_gradients(student, reference, rng, (4, 3, 5, 5), size=LARGE)


@exercise("spatial_batchnorm_backward", needs=BATCHNORM)
def test_spatial_batchnorm_backward_numeric(student, rng):
    """dx, dgamma and dbeta agree with numerical differentiation of the normalisation."""
    x, (gamma, beta) = channels_apart(rng, 2, 3, 3, 3, size=LARGE), scale_and_shift(rng, 3)
    dout = rng.normal(size=x.shape)

    def normalised(x, gamma, beta):
        mean, variance = (f(x, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
        return gamma[:, None, None] * (x - mean) / np.sqrt(variance + 1e-5) + beta[:, None, None]

    numeric = {
        "dx": numeric_gradient(lambda x: normalised(x, gamma, beta), x, dout, h=1e-5 * LARGE),
        "dgamma": numeric_gradient(lambda gamma: normalised(x, gamma, beta), gamma, dout),
        "dbeta": numeric_gradient(lambda beta: normalised(x, gamma, beta), beta, dout),
    }
    _, cache = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, dgamma, dbeta = student.layers.spatial_batchnorm_backward(dout, cache)
    assert_gradients({"dx": dx, "dgamma": dgamma, "dbeta": dbeta}, numeric, rtol=1e-5)


@exercise("spatial_batchnorm_backward", kind="edge", needs=BATCHNORM)
@pytest.mark.parametrize("shape", [(2, 5), (4, 3)], ids=str)
def test_spatial_batchnorm_backward_oblong(student, reference, rng, shape):
    """dx, dgamma and dbeta are right for pictures that are not square."""
    assert_batchnorm_gradients(student, reference, rng, (4, 3, *shape))


@exercise("spatial_batchnorm_backward", kind="edge", needs=BATCHNORM)
def test_spatial_batchnorm_backward_exact_shapes(student, reference, rng):
    """dgamma and dbeta have exactly the shape (C,)."""
    assert_batchnorm_gradients(student, reference, rng, (3, 4, 2, 3), exact_shape=True)


@exercise("spatial_batchnorm_backward", kind="edge", needs=BATCHNORM)
def test_spatial_batchnorm_backward_one_picture(student, reference, rng):
    """dx, dgamma and dbeta are right for a single picture and another eps."""
    assert_batchnorm_gradients(student, reference, rng, (1, 4, 3, 2), eps=0.2)


@exercise("spatial_batchnorm_backward", kind="edge", needs=BATCHNORM)
def test_spatial_batchnorm_backward_leaves_dout(student, rng):
    """dout and x are not changed."""
    x, dout = channels_apart(rng, 2, 3, 3, 2), rng.normal(size=(2, 3, 3, 2))
    held_x, held_dout = student.put(x), student.put(dout)
    _, cache = student.layers.spatial_batchnorm_forward(held_x, *scale_and_shift(rng, 3), {"mode": "train"})
    student.layers.spatial_batchnorm_backward(held_dout, cache)
    assert_unchanged("dout", student.fetch(held_dout), dout)
    assert_unchanged("x", student.fetch(held_x), x)


@exercise("spatial_batchnorm_backward", kind="edge", needs=BATCHNORM)
def test_spatial_batchnorm_backward_float32(student, rng):
    """float32 inputs give float32 gradients."""
    inputs = (channels_apart(rng, 2, 3, 3, 2), *scale_and_shift(rng, 3), rng.normal(size=(2, 3, 3, 2)))
    x, gamma, beta, dout = (value.astype(np.float32) for value in inputs)
    _, cache = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    for name, gradient in zip(NORM, student.layers.spatial_batchnorm_backward(dout, cache), strict=True):
        assert_dtype(name, gradient, np.float32)


def assert_group_normalises(student, reference, rng, shape, groups, size=0.03, **settings):
    """Check the outputs. By default, the pixels are so small that even the default eps matters."""
    inputs = (channels_apart(rng, *shape, size=size), *scale_and_shift(rng, 1, shape[1], 1, 1), groups, settings)
    out, _ = student.layers.spatial_groupnorm_forward(*inputs)
    expected, _ = reference.layers.spatial_groupnorm_forward(*inputs)
    assert_close("out", out, expected)


@exercise("spatial_groupnorm_forward")
def test_groupnorm_forward_two_groups(student, reference, rng):
    """The outputs are right for two groups of three channels."""
    assert_group_normalises(student, reference, rng, (3, 6, 4, 4), 2, size=LARGE)


@exercise("spatial_groupnorm_forward")
def test_groupnorm_forward_pairs(student, reference, rng):
    """The outputs are right for four groups of two channels."""
    assert_group_normalises(student, reference, rng, (2, 8, 3, 3), 4, size=LARGE)


@exercise("spatial_groupnorm_forward", kind="edge")
@pytest.mark.parametrize("shape", [(4, 5), (3, 2)], ids=str)
def test_groupnorm_forward_oblong(student, reference, rng, shape):
    """The outputs are right for pictures that are not square, and for small variances, to which eps is added."""
    assert_group_normalises(student, reference, rng, (3, 6, *shape), 2)


@exercise("spatial_groupnorm_forward", kind="edge")
def test_groupnorm_forward_one_group(student, reference, rng):
    """The outputs are right for one group of all channels, which is layer normalisation."""
    assert_group_normalises(student, reference, rng, (3, 4, 2, 5), 1)


@exercise("spatial_groupnorm_forward", kind="edge")
def test_groupnorm_forward_single_channels(student, reference, rng):
    """The outputs are right for groups of a single channel and for a single picture."""
    assert_group_normalises(student, reference, rng, (1, 4, 3, 5), 4)


@exercise("spatial_groupnorm_forward", kind="edge")
def test_groupnorm_forward_eps(student, reference, rng):
    """The eps in gn_param is used, and is added to the variance."""
    assert_group_normalises(student, reference, rng, (2, 6, 3, 4), 3, size=1, eps=0.5)


@exercise("spatial_groupnorm_forward", kind="edge")
def test_groupnorm_forward_leaves_inputs(student, rng):
    """x, gamma and beta are not changed."""
    inputs = (channels_apart(rng, 2, 4, 3, 3), *scale_and_shift(rng, 1, 4, 1, 1))
    arrays = dict(zip(("x", "gamma", "beta"), inputs, strict=True))
    held = {name: student.put(value) for name, value in arrays.items()}
    student.layers.spatial_groupnorm_forward(*held.values(), 2, {})
    for name, before in arrays.items():
        assert_unchanged(name, student.fetch(held[name]), before)


@exercise("spatial_groupnorm_forward", kind="edge")
def test_groupnorm_forward_float32(student, reference, rng):
    """float32 inputs give float32 outputs."""
    inputs = (channels_apart(rng, 2, 4, 3, 3), *scale_and_shift(rng, 1, 4, 1, 1))
    inputs = [value.astype(np.float32) for value in inputs]
    out, _ = student.layers.spatial_groupnorm_forward(*inputs, 2, {})
    expected, _ = reference.layers.spatial_groupnorm_forward(*inputs, 2, {})
    assert_close("out", out, expected)
    assert_dtype("out", out, np.float32)


def assert_groupnorm_gradients(student, reference, rng, shape, groups, size=1.0, exact_shape=False, **settings):
    """Check dx, dgamma and dbeta of random pictures."""
    inputs = (channels_apart(rng, *shape, size=size), *scale_and_shift(rng, 1, shape[1], 1, 1), groups, settings)
    dout = rng.normal(size=shape)
    right = reference.layers.spatial_groupnorm_backward(dout, reference.layers.spatial_groupnorm_forward(*inputs)[1])
    _, cache = student.layers.spatial_groupnorm_forward(*inputs)
    dx, dgamma, dbeta = student.layers.spatial_groupnorm_backward(dout, cache)
    actual = {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}
    assert_gradients(actual, dict(zip(NORM, right, strict=True)), exact_shape=exact_shape)


@exercise("spatial_groupnorm_backward", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_two_groups(student, reference, rng):
    """dx, dgamma and dbeta are right for two groups of three channels."""
    assert_groupnorm_gradients(student, reference, rng, (3, 6, 4, 4), 2, size=LARGE)


@exercise("spatial_groupnorm_backward", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_pairs(student, reference, rng):
    """dx, dgamma and dbeta are right for four groups of two channels."""
    assert_groupnorm_gradients(student, reference, rng, (2, 8, 3, 3), 4, size=LARGE)


@exercise("spatial_groupnorm_backward", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_numeric(student, rng):
    """dx, dgamma and dbeta agree with numerical differentiation of the normalisation."""
    x, (gamma, beta) = channels_apart(rng, 2, 4, 3, 3, size=LARGE), scale_and_shift(rng, 1, 4, 1, 1)
    dout = rng.normal(size=x.shape)

    def normalised(x, gamma, beta):
        groups = [x[n : n + 1, c : c + 2] for n in range(2) for c in (0, 2)]
        first, second, third, fourth = ((group - group.mean()) / np.sqrt(group.var() + 1e-5) for group in groups)
        return gamma * np.block([[[[first]], [[second]]], [[[third]], [[fourth]]]]).reshape(x.shape) + beta

    numeric = {
        "dx": numeric_gradient(lambda x: normalised(x, gamma, beta), x, dout, h=1e-5 * LARGE),
        "dgamma": numeric_gradient(lambda gamma: normalised(x, gamma, beta), gamma, dout),
        "dbeta": numeric_gradient(lambda beta: normalised(x, gamma, beta), beta, dout),
    }
    _, cache = student.layers.spatial_groupnorm_forward(x, gamma, beta, 2, {})
    dx, dgamma, dbeta = student.layers.spatial_groupnorm_backward(dout, cache)
    assert_gradients({"dx": dx, "dgamma": dgamma, "dbeta": dbeta}, numeric, rtol=1e-5)


@exercise("spatial_groupnorm_backward", kind="edge", needs=("spatial_groupnorm_forward",))
@pytest.mark.parametrize("shape", [(4, 5), (3, 2)], ids=str)
def test_groupnorm_backward_oblong(student, reference, rng, shape):
    """dx, dgamma and dbeta are right for pictures that are not square."""
    assert_groupnorm_gradients(student, reference, rng, (3, 6, *shape), 2)


@exercise("spatial_groupnorm_backward", kind="edge", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_exact_shapes(student, reference, rng):
    """dgamma and dbeta have exactly the shape of gamma and beta, (1, C, 1, 1)."""
    assert_groupnorm_gradients(student, reference, rng, (2, 6, 2, 3), 3, exact_shape=True)


@exercise("spatial_groupnorm_backward", kind="edge", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_one_group(student, reference, rng):
    """dx, dgamma and dbeta are right for one group of all channels and another eps."""
    assert_groupnorm_gradients(student, reference, rng, (3, 4, 2, 5), 1, eps=0.5)


@exercise("spatial_groupnorm_backward", kind="edge", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_single_channels(student, reference, rng):
    """dx, dgamma and dbeta are right for groups of a single channel and for a single picture."""
    assert_groupnorm_gradients(student, reference, rng, (1, 4, 3, 5), 4)


@exercise("spatial_groupnorm_backward", kind="edge", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_leaves_dout(student, rng):
    """dout and x are not changed."""
    x, dout = channels_apart(rng, 2, 4, 3, 2), rng.normal(size=(2, 4, 3, 2))
    held_x, held_dout = student.put(x), student.put(dout)
    _, cache = student.layers.spatial_groupnorm_forward(held_x, *scale_and_shift(rng, 1, 4, 1, 1), 2, {})
    student.layers.spatial_groupnorm_backward(held_dout, cache)
    assert_unchanged("dout", student.fetch(held_dout), dout)
    assert_unchanged("x", student.fetch(held_x), x)


@exercise("spatial_groupnorm_backward", kind="edge", needs=("spatial_groupnorm_forward",))
def test_groupnorm_backward_float32(student, rng):
    """float32 inputs give float32 gradients."""
    inputs = (channels_apart(rng, 2, 4, 3, 2), *scale_and_shift(rng, 1, 4, 1, 1), rng.normal(size=(2, 4, 3, 2)))
    x, gamma, beta, dout = (value.astype(np.float32) for value in inputs)
    _, cache = student.layers.spatial_groupnorm_forward(x, gamma, beta, 2, {})
    for name, gradient in zip(NORM, student.layers.spatial_groupnorm_backward(dout, cache), strict=True):
        assert_dtype(name, gradient, np.float32)


class Halved:
    """The pictures at half height and width: good enough for a short training, which takes a quarter of the time."""

    def __init__(self, pictures):
        self.pictures = pictures

    def train(self, count):
        """Return the first training pictures, halved, and their labels."""
        return self._halved(*self.pictures.train(count))

    def unseen(self):
        """Return the unseen pictures, halved, and their labels."""
        return self._halved(*self.pictures.unseen())

    @staticmethod
    def _halved(x, y):
        return x.reshape(-1, 3, 16, 2, 16, 2).mean(axis=(3, 5)), y


@exercise("learns_part4", kind="learns", needs=(*NET, "three_layer_convnet", "solver"))
def test_learns(student, pictures, rng):
    """A small convolutional net, trained with the Solver, learns to classify unseen pictures."""
    net = student.classifiers.cnn.ThreeLayerConvNet((3, 16, 16), 8, 3, hidden_dim=32, weight_scale=1e-2)
    recipe = {"update_rule": "sgd", "optim_config": {"learning_rate": 1e-2}, "num_epochs": 10}
    assert_learns(student, net, Halved(pictures), rng, 1000, least=0.16, batch_size=25, **recipe)


@exercise("accuracy_part4", kind="accuracy")
def test_accuracy(accuracy):
    """The submitted model classifies pictures that it has not seen in training."""
    accuracy.judge(mark=0.55)


@way("conv_backward_naive")
def way_of_conv_backward_naive(student, rng):
    """The gradients come from formulas."""
    x, w, b = conv_inputs(rng, (2, 3, 6, 6), (3, 3, 3, 3))
    _, cache = student.layers.conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    student.layers.conv_backward_naive(rng.normal(size=(2, 3, 6, 6)), cache)


@way("max_pool_backward_naive")
def way_of_max_pool_backward_naive(student, rng):
    """The gradient comes from a formula."""
    _, cache = student.layers.max_pool_forward_naive(distinct(rng, 2, 3, 6, 6), pooling(2, 2, 2))
    student.layers.max_pool_backward_naive(rng.normal(size=(2, 3, 3, 3)), cache)


@way("spatial_batchnorm_backward")
def way_of_spatial_batchnorm_backward(student, rng):
    """The gradients come from formulas."""
    x, dout = rng.normal(size=(2, 3, 4, 5, 5))
    gamma, beta = rng.uniform(0.5, 2, size=(2, 4))
    _, cache = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    student.layers.spatial_batchnorm_backward(dout, cache)


@way("spatial_groupnorm_backward")
def way_of_spatial_groupnorm_backward(student, rng):
    """The gradients come from formulas."""
    x, dout = rng.normal(size=(2, 3, 6, 4, 4))
    gamma, beta = rng.uniform(0.5, 2, size=(2, 1, 6, 1, 1))
    _, cache = student.layers.spatial_groupnorm_forward(x, gamma, beta, 3, {})
    student.layers.spatial_groupnorm_backward(dout, cache)
