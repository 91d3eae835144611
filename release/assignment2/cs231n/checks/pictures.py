"""Pictures of an error: where an array is wrong and in which direction, in a few cells of ordinal levels.

A picture never holds an expected value: a cell says too large or too small, and how much beside the largest error.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

MOST_CELLS = 16
"""Most rows and columns of a picture."""
MOST_PICTURES = 3
"""Most pictures of one failure."""
NOT_FINITE = 4
"""The level of a value that is NaN or infinite. Other levels go from -3 (far too small) to 3 (far too large)."""
SHARES = (1 / 8, 1 / 2)
"""An error beyond these shares of the largest error has level 2, or 3."""
SAME = 1e-6
"""Errors that differ by less than this share of the largest error are the same."""
SHADES = {0: " ·", 1: "░+", 2: "▒+", 3: "▓+", -1: "░-", -2: "▒-", -3: "▓-", NOT_FINITE: "!!"}
PLAIN = {0: " .", 1: "1+", 2: "2+", 3: "3+", -1: "1-", -2: "2-", -3: "3-", NOT_FINITE: "!!"}
LEGEND = "+ too large, - too small, !! not finite"


@dataclass(frozen=True)
class Picture:
    """A picture of one wrong array.

    Attributes
    ----------
    name : str
        The array's name for the student.
    shape : tuple of int
        The expected shape.
    axes : tuple of int
        The axes that are shown: as columns, or as rows and columns. A cell stands for the worst value along the others.
    cells : tuple of tuple of int
        Rows of levels; a long axis is cut into `MOST_CELLS` blocks.
    places : tuple of str
        Sentences about the axes along which the error lies.
    """

    name: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    cells: tuple[tuple[int, ...], ...]
    places: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The array, its expected shape, and the axes that the picture shows."""
        rows = f"rows are axis {self.axes[0]}, " if len(self.axes) > 1 else ""
        return f"{self.name}, expected shape {self.shape}: {rows}columns are axis {self.axes[-1]}"

    def lines(self, plain: bool = False) -> list[str]:
        """Return the lines of the picture in text, with shades or, if ``plain``, with digits."""
        signs = PLAIN if plain else SHADES
        return [
            f"{self.title} ({LEGEND})",
            *(" ".join(signs[cell] for cell in row) for row in self.cells),
            *self.places,
        ]


def drawn(pictures: Iterable[Picture]) -> list[str]:
    """Return the lines of pictures, in characters that the standard output can show."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "".join(SHADES.values()).encode(encoding)
        plain = False
    except (UnicodeEncodeError, LookupError):
        plain = True
    return [line for picture in pictures for line in picture.lines(plain)]


def picture(name: str, values: np.ndarray, right: np.ndarray, wrong: np.ndarray) -> tuple[Picture, ...]:
    """Return the picture of a wrong array; nothing if it has one value only.

    Parameters
    ----------
    name : str
    values, right : ndarray of float64, of the same shape
        The answer and the correct answer.
    wrong : ndarray of bool, of the same shape
        Which values count as wrong.
    """
    if values.size < 2 or not wrong.any():
        return ()
    finite = np.isfinite(values)
    error = np.zeros(right.shape)
    np.subtract(values, right, out=error, where=finite)
    size = np.abs(error)
    levels = 1 + sum((size > share * size.max()).astype(int) for share in SHARES)
    levels = np.where(wrong, np.where(finite, np.sign(error) * levels, NOT_FINITE), 0).astype(int)
    axes = _axes(wrong)
    others = tuple(axis for axis in range(levels.ndim) if axis not in axes)
    flat = np.moveaxis(levels, others, range(-len(others), 0)) if others else levels[..., None]
    grid = _worst(flat.reshape(*(levels.shape[axis] for axis in axes), -1))
    grid = grid[None, :] if grid.ndim == 1 else grid
    cells = tuple(tuple(int(cell) for cell in row) for row in _small(_small(grid).T).T)
    return (Picture(name, right.shape, axes, cells, tuple(_places(error, wrong, bool(finite.all())))),)


def _axes(wrong: np.ndarray) -> tuple[int, ...]:
    """Return the two axes along which the share of wrong values differs most; the last ones of equals."""
    long = [axis for axis in range(wrong.ndim) if wrong.shape[axis] > 1]

    def spread(axis: int) -> float:
        share = np.moveaxis(wrong, axis, 0).reshape(wrong.shape[axis], -1).mean(axis=1)
        return float(share.max() - share.min())

    return tuple(sorted(sorted(long, key=lambda axis: (-spread(axis), -axis))[:2]))


def _worst(levels: np.ndarray) -> np.ndarray:
    """Return the level of the largest magnitude along the last axis."""
    at = np.abs(levels).argmax(axis=-1)[..., None]
    return np.take_along_axis(levels, at, axis=-1)[..., 0]


def _small(grid: np.ndarray) -> np.ndarray:
    """Cut the rows of a grid into at most `MOST_CELLS` blocks, and return the worst level of each block."""
    if len(grid) <= MOST_CELLS:
        return grid
    return np.stack([_worst(block.T) for block in np.array_split(grid, MOST_CELLS)])


def _places(error: np.ndarray, wrong: np.ndarray, finite: bool) -> Iterable[str]:
    """Yield a sentence for each axis on which the error keeps to some indices, or does not change."""
    for axis, length in enumerate(wrong.shape):
        if length < 2:
            continue
        at = np.moveaxis(wrong, axis, 0).reshape(length, -1).any(axis=1)
        if not at.all():
            yield f"Along axis {axis} only {_ranges(np.flatnonzero(at))} of 0 to {length - 1} is wrong."
        elif finite and np.ptp(error, axis=axis).max() <= SAME * np.abs(error).max():
            yield f"The error is the same all along axis {axis}."


def _ranges(numbers: np.ndarray) -> str:
    """Return numbers in words, consecutive ones as a range."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    said = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ", ".join(said[:4]) + (" and more" if len(said) > 4 else "")
