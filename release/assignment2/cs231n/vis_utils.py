"""Grids of images: many small images or first-layer filters in one array.
Show the array with matplotlib. Given complete."""

import math

import numpy as np


def visualize_grid(Xs, ubound=255.0, padding=1):
    """Lay out images in a grid that is as square as possible.

    Each image is stretched separately to the whole range from 0 to ubound, so that faint filters are visible.

    Parameters
    ----------
    Xs : array, shape (N, H, W, C)
        N images with C channels each.
    ubound : float
        The largest value of the result.
    padding : int
        Pixels left empty (0) between images.

    Returns
    -------
    grid : array, shape (rows * (H + padding) - padding, columns * (W + padding) - padding, C)
        Show it with `plt.imshow(grid.astype("uint8"))`.
    """
    n, height, width, channels = Xs.shape
    columns = math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    grid = np.zeros((rows * (height + padding) - padding, columns * (width + padding) - padding, channels))
    for i, image in enumerate(Xs):
        top = i // columns * (height + padding)
        left = i % columns * (width + padding)
        low, high = image.min(), image.max()
        if high > low:
            image = (image - low) / (high - low)
        else:
            image = np.zeros_like(image)
        grid[top : top + height, left : left + width] = ubound * image
    return grid
