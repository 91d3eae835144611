# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Pictures to columns and back, in compiled loops: columns turn a convolution into one product of matrices.

`im2col.py` describes each function and does the same in NumPy. `fast_layers.py` uses this module if it is built.
Build it in this folder with `python setup.py build_ext --inplace`.

The loops below check no index: the functions check every size before the loops run.
"""

import numpy as np

from cython cimport floating


cdef Py_ssize_t _places(Py_ssize_t size, Py_ssize_t field, Py_ssize_t padding, Py_ssize_t stride) except -1:
    """Return the number of places that a window of size `field` takes along an axis."""
    if field < 1 or stride < 1 or padding < 0:
        raise ValueError("field sizes and the stride must be positive, and the padding must not be negative")
    if size + 2 * padding < field:
        raise ValueError(f"a window of {field} pixels does not fit into {size} pixels padded by {padding}")
    return (size + 2 * padding - field) // stride + 1


cdef inline Py_ssize_t _first(Py_ssize_t shift, Py_ssize_t stride) noexcept nogil:
    """Return the first place whose pixel, `place * stride + shift`, is not in the padding before the picture."""
    return (stride - 1 - shift) // stride if shift < 0 else 0


cdef inline Py_ssize_t _last(Py_ssize_t shift, Py_ssize_t stride, Py_ssize_t size, Py_ssize_t places) noexcept nogil:
    """Return one more than the last place whose pixel is not in the padding behind the picture."""
    if shift >= size:
        return 0
    return min(places, (size - 1 - shift) // stride + 1)


cdef void _gather(
    const floating[:, :, :, ::1] x, floating[:, :, :, :, :, ::1] cols, Py_ssize_t padding, Py_ssize_t stride
) noexcept nogil:
    """Copy each place's pixels to `cols`, which holds zeros before and keeps them for pixels in the padding."""
    cdef Py_ssize_t c, i, j, n, row, column, shift, low, high
    cdef const floating *source
    cdef floating *target
    for c in range(cols.shape[0]):
        for i in range(cols.shape[1]):
            for j in range(cols.shape[2]):
                shift = j - padding
                low, high = _first(shift, stride), _last(shift, stride, x.shape[3], cols.shape[5])
                if low >= high:
                    continue
                for n in range(cols.shape[3]):
                    for row in range(
                        _first(i - padding, stride), _last(i - padding, stride, x.shape[2], cols.shape[4])
                    ):
                        source = &x[n, c, row * stride + i - padding, low * stride + shift]
                        target = &cols[c, i, j, n, row, low]
                        if stride == 1:  # neighbours lie side by side, so the compiler copies many at a time
                            for column in range(high - low):
                                target[column] = source[column]
                        else:
                            for column in range(high - low):
                                target[column] = source[column * stride]


cdef void _scatter(
    const floating[:, :, :, :, :, ::1] cols, floating[:, :, :, ::1] x, Py_ssize_t padding, Py_ssize_t stride
) noexcept nogil:
    """Add each place's numbers to the pixels that they belong to; drop the numbers that belong to the padding."""
    cdef Py_ssize_t c, i, j, n, row, column, shift, low, high
    cdef const floating *source
    cdef floating *target
    for n in range(cols.shape[3]):
        for c in range(cols.shape[0]):
            for i in range(cols.shape[1]):
                for j in range(cols.shape[2]):
                    shift = j - padding
                    low, high = _first(shift, stride), _last(shift, stride, x.shape[3], cols.shape[5])
                    if low >= high:
                        continue
                    for row in range(
                        _first(i - padding, stride), _last(i - padding, stride, x.shape[2], cols.shape[4])
                    ):
                        source = &cols[c, i, j, n, row, low]
                        target = &x[n, c, row * stride + i - padding, low * stride + shift]
                        if stride == 1:
                            for column in range(high - low):
                                target[column] += source[column]
                        else:
                            for column in range(high - low):
                                target[column * stride] += source[column]


def im2col_6d_cython(x, Py_ssize_t HH, Py_ssize_t WW, Py_ssize_t pad, Py_ssize_t stride):
    """See `im2col.im2col_6d`."""
    x = np.ascontiguousarray(x)
    if x.ndim != 4:
        raise ValueError(f"pictures have shape (N, C, H, W), not {x.shape}")
    N, C, H, W = x.shape
    cols = np.zeros((C, HH, WW, N, _places(H, HH, pad, stride), _places(W, WW, pad, stride)), dtype=x.dtype)
    if cols.size == 0:
        return cols
    if x.dtype == np.float32:
        _gather[float](x, cols, pad, stride)
    elif x.dtype == np.float64:
        _gather[double](x, cols, pad, stride)
    else:
        raise TypeError(f"pictures are float32 or float64, not {x.dtype}")
    return cols


def col2im_6d_cython(
    cols, Py_ssize_t N, Py_ssize_t C, Py_ssize_t H, Py_ssize_t W,
    Py_ssize_t HH, Py_ssize_t WW, Py_ssize_t pad, Py_ssize_t stride,
):
    """See `im2col.col2im_6d`."""
    shape = (C, HH, WW, N, _places(H, HH, pad, stride), _places(W, WW, pad, stride))
    cols = np.ascontiguousarray(cols)
    if cols.shape != shape:
        raise ValueError(f"columns have shape {cols.shape}, {shape} is expected")
    x = np.zeros((N, C, H, W), dtype=cols.dtype)
    if cols.size == 0:
        return x
    if cols.dtype == np.float32:
        _scatter[float](cols, x, pad, stride)
    elif cols.dtype == np.float64:
        _scatter[double](cols, x, pad, stride)
    else:
        raise TypeError(f"columns are float32 or float64, not {cols.dtype}")
    return x


def im2col_cython(x, Py_ssize_t field_height, Py_ssize_t field_width, Py_ssize_t padding, Py_ssize_t stride):
    """See `im2col.im2col`."""
    cols = im2col_6d_cython(x, field_height, field_width, padding, stride)
    C, HH, WW = cols.shape[:3]
    return cols.transpose(0, 1, 2, 4, 5, 3).reshape(C * HH * WW, -1)


def col2im_cython(
    cols, Py_ssize_t N, Py_ssize_t C, Py_ssize_t H, Py_ssize_t W,
    Py_ssize_t field_height, Py_ssize_t field_width, Py_ssize_t padding, Py_ssize_t stride,
):
    """See `im2col.col2im`."""
    rows, columns = _places(H, field_height, padding, stride), _places(W, field_width, padding, stride)
    shape = (C * field_height * field_width, rows * columns * N)
    if cols.shape != shape:
        raise ValueError(f"columns have shape {cols.shape}, {shape} is expected")
    cols = cols.reshape(C, field_height, field_width, rows, columns, N).transpose(0, 1, 2, 5, 3, 4)
    return col2im_6d_cython(cols, N, C, H, W, field_height, field_width, padding, stride)
