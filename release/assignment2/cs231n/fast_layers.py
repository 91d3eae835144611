"""Convolution and pooling, fast enough for training: the same results as the naive layers, in a fraction of the time.
A convolution becomes one product of matrices, which NumPy hands to a library tuned for your processor. Given complete.

The compiled extension cuts the pictures into columns. If the extension is not built, NumPy does this.
"""

import functools

import numpy as np

try:
    from .im2col_cython import col2im_6d_cython as col2im_6d
    from .im2col_cython import im2col_6d_cython as im2col_6d

    EXTENSION_BUILT = True
except ImportError:
    from .im2col import col2im_6d, im2col_6d

    EXTENSION_BUILT = False


@functools.cache
def _say_that_it_is_not_built():
    """Print the advice once."""
    print(
        "The Cython extension is not built, so NumPy does its work. "
        "For more speed run `python setup.py build_ext --inplace` in the folder cs231n, then restart the kernel."
    )


def conv_forward_fast(x, w, b, conv_param):
    """Forward pass of a convolutional layer; arguments and results are those of `layers.conv_forward_naive`."""
    if not EXTENSION_BUILT:
        _say_that_it_is_not_built()
    n, filters = len(x), len(w)
    cols = im2col_6d(x, *w.shape[2:], conv_param["pad"], conv_param["stride"])
    rows, columns = cols.shape[4:]
    cols = cols.reshape(w[0].size, -1)
    out = w.reshape(filters, -1) @ cols + b.reshape(-1, 1)
    out = np.ascontiguousarray(out.reshape(filters, n, rows, columns).transpose(1, 0, 2, 3))
    return out, (x.shape, w, conv_param, cols)


def conv_backward_fast(dout, cache):
    """Backward pass of a convolutional layer; takes the cache of `conv_forward_fast`."""
    shape, w, conv_param, cols = cache
    (n, channels, _, _), (filters, _, hh, ww), (rows, columns) = shape, w.shape, dout.shape[2:]
    by_filter = dout.transpose(1, 0, 2, 3).reshape(filters, -1)
    db = by_filter.sum(axis=1)
    dw = (by_filter @ cols.T).reshape(w.shape)
    dcols = (w.reshape(filters, -1).T @ by_filter).reshape(channels, hh, ww, n, rows, columns)
    dx = col2im_6d(dcols, *shape, hh, ww, conv_param["pad"], conv_param["stride"])
    return dx, dw, db


def _pixels_of_windows(x, pool_param, rows, columns):
    """Yield, for each pixel of a window, a view of x that holds this pixel of all windows."""
    stride = pool_param["stride"]
    for i in range(pool_param["pool_height"]):
        for j in range(pool_param["pool_width"]):
            yield x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]


def max_pool_forward_fast(x, pool_param):
    """Forward pass of max pooling; arguments and results are those of `layers.max_pool_forward_naive`."""
    rows = 1 + (x.shape[2] - pool_param["pool_height"]) // pool_param["stride"]
    columns = 1 + (x.shape[3] - pool_param["pool_width"]) // pool_param["stride"]
    out = np.full((*x.shape[:2], rows, columns), -np.inf, dtype=x.dtype)
    for pixels in _pixels_of_windows(x, pool_param, rows, columns):
        np.maximum(out, pixels, out=out)
    return out, (x, out, pool_param)


def max_pool_backward_fast(dout, cache):
    """Backward pass of max pooling; takes the cache of `max_pool_forward_fast`."""
    x, out, pool_param = cache
    dx = np.zeros_like(x)
    views = zip(*(_pixels_of_windows(a, pool_param, *out.shape[2:]) for a in (x, dx)), strict=True)
    for pixels, gradients in views:
        gradients += dout * (pixels == out)
    return dx
