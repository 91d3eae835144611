"""The practice recordings: ten seconds of a pulse each, as a light sensor on a finger sees it. They are synthetic."""

from pathlib import Path

import numpy as np

RATE = 20.0
"""Samples per second."""


def load_practice():
    """Read the practice recordings.

    Returns
    -------
    signals : ndarray, shape (N, 200), float64
        A recording a row, in units of the sensor.
    irregular : ndarray, shape (N,), bool
        Whether its rhythm is irregular.

    Raises
    ------
    FileNotFoundError
        If the folder ``data`` is not beside the package.
    """
    folder = Path(__file__).resolve().parent.parent / "data"
    rows = np.loadtxt(folder / "practice.csv", delimiter=",")
    return rows[:, 1:], rows[:, 0] == 1
