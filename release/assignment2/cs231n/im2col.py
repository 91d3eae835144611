"""Pictures to columns and back, in NumPy: columns turn a convolution into one product of matrices.
The compiled extension does the same, faster: `fast_layers` uses the extension if it is built, and else this module.

A window of HH x WW pixels that moves over a padded picture takes H' x W' places, with
`H' = 1 + (H + 2 * pad - HH) // stride`. "Columns" hold, for each place, the C * HH * WW pixels below the window.
Given complete.
"""

import numpy as np


def im2col_6d(x, HH, WW, pad, stride):
    """Return the pixels of every place, with a separate axis for each index.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
    HH, WW : int
        Height and width of the window.
    pad : int
        Rows and columns of zeros around each picture.
    stride : int
        Pixels between neighbouring places.

    Returns
    -------
    cols : array, shape (C, HH, WW, N, H', W')
        `cols[c, i, j, n, y, x]` is pixel (i, j) of the window at place (y, x) of picture n, in channel c.
    """
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (HH, WW), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.ascontiguousarray(windows.transpose(1, 4, 5, 0, 2, 3))


def col2im_6d(cols, N, C, H, W, HH, WW, pad, stride):
    """Turn columns back into pictures, as gradients need it: each pixel is the sum of its copies in the columns.

    Parameters
    ----------
    cols : array, shape (C, HH, WW, N, H', W')
    N, C, H, W : int
        Shape of the pictures.
    HH, WW, pad, stride : int
        As for `im2col_6d`.

    Returns
    -------
    x : array, shape (N, C, H, W)
    """
    rows, columns = cols.shape[4:]
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=cols.dtype)
    for i in range(HH):
        for j in range(WW):
            places = np.s_[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            padded[places] += cols[:, i, j].transpose(1, 0, 2, 3)
    return padded[:, :, pad : pad + H, pad : pad + W]


def im2col(x, field_height, field_width, padding, stride):
    """Return the pixels of every place as a matrix: a row for each pixel of the window, a column for each place.

    Returns
    -------
    cols : array, shape (C * field_height * field_width, H' * W' * N)
        The columns of one place in all pictures stand side by side.
    """
    cols = im2col_6d(x, field_height, field_width, padding, stride)
    return cols.transpose(0, 1, 2, 4, 5, 3).reshape(x.shape[1] * field_height * field_width, -1)


def col2im(cols, N, C, H, W, field_height, field_width, padding, stride):
    """Turn the matrix of `im2col` back into pictures, as `col2im_6d` does.

    Returns
    -------
    x : array, shape (N, C, H, W)
    """
    rows = 1 + (H + 2 * padding - field_height) // stride
    columns = 1 + (W + 2 * padding - field_width) // stride
    cols = cols.reshape(C, field_height, field_width, rows, columns, N).transpose(0, 1, 2, 5, 3, 4)
    return col2im_6d(cols, N, C, H, W, field_height, field_width, padding, stride)
