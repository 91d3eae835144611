"""Convolution and pooling, fast enough for training: the same results as the naive layers, in a fraction of the time.
A convolution is a product of matrices: filters by columns, which hold the pixels below each window. Given complete.

The compiled extension computes this product without writing the columns down. If it is not built, NumPy cuts the
pictures into columns and hands the product to a library tuned for your processor. An extension of your own may leave
the convolutions out: then it only cuts the columns.
"""

import functools

import numpy as np

try:
    from . import im2col_cython as extension
    from .im2col_cython import col2im_6d_cython as col2im_6d
    from .im2col_cython import im2col_6d_cython as im2col_6d

    EXTENSION_BUILT, WITHOUT_COLUMNS = True, hasattr(extension, "conv_forward_cython")
except ImportError:
    from .im2col import col2im_6d, im2col_6d

    EXTENSION_BUILT, WITHOUT_COLUMNS = False, False


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
    if WITHOUT_COLUMNS:
        out = extension.conv_forward_cython(x, w, b, conv_param["stride"], conv_param["pad"])
        return out, (x, w, conv_param, None)
    n, filters = len(x), len(w)
    cols = im2col_6d(x, *w.shape[2:], conv_param["pad"], conv_param["stride"])
    rows, columns = cols.shape[4:]
    cols = cols.reshape(w[0].size, -1)
    out = w.reshape(filters, -1) @ cols + b.reshape(-1, 1)
    out = np.ascontiguousarray(out.reshape(filters, n, rows, columns).transpose(1, 0, 2, 3))
    return out, (x, w, conv_param, cols)


def conv_backward_fast(dout, cache):
    """Backward pass of a convolutional layer; takes the cache of `conv_forward_fast`."""
    x, w, conv_param, cols = cache
    if cols is None:
        dx, dw, db = extension.conv_backward_cython(dout, x, w, conv_param["stride"], conv_param["pad"])
        return dx, dw, db
    (n, channels, _, _), (filters, _, hh, ww), (rows, columns) = x.shape, w.shape, dout.shape[2:]
    by_filter = dout.transpose(1, 0, 2, 3).reshape(filters, -1)
    db = by_filter.sum(axis=1)
    dw = (by_filter @ cols.T).reshape(w.shape)
    dcols = (w.reshape(filters, -1).T @ by_filter).reshape(channels, hh, ww, n, rows, columns)
    dx = col2im_6d(dcols, *x.shape, hh, ww, conv_param["pad"], conv_param["stride"])
    return dx, dw, db


def _window(pool_param):
    return pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]


def _pixels_of_windows(x, pool_param, rows, columns):
    """Yield, for each pixel of a window, a view of x that holds this pixel of all windows."""
    stride = pool_param["stride"]
    for i in range(pool_param["pool_height"]):
        for j in range(pool_param["pool_width"]):
            yield x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]


def max_pool_forward_fast(x, pool_param):
    """Forward pass of max pooling; arguments and results are those of `layers.max_pool_forward_naive`."""
    if WITHOUT_COLUMNS:
        out = extension.max_pool_forward_cython(x, *_window(pool_param))
        return out, (x, out, pool_param)
    rows = 1 + (x.shape[2] - pool_param["pool_height"]) // pool_param["stride"]
    columns = 1 + (x.shape[3] - pool_param["pool_width"]) // pool_param["stride"]
    out = np.full((*x.shape[:2], rows, columns), -np.inf, dtype=x.dtype)
    for pixels in _pixels_of_windows(x, pool_param, rows, columns):
        np.maximum(out, pixels, out=out)
    return out, (x, out, pool_param)


def max_pool_backward_fast(dout, cache):
    """Backward pass of max pooling; takes the cache of `max_pool_forward_fast`."""
    x, out, pool_param = cache
    if WITHOUT_COLUMNS:
        return extension.max_pool_backward_cython(dout, x, out, *_window(pool_param))
    dx = np.zeros_like(x)
    views = zip(*(_pixels_of_windows(a, pool_param, *out.shape[2:]) for a in (x, dx)), strict=True)
    for pixels, gradients in views:
        gradients += dout * (pixels == out)
    return dx
