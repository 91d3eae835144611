"""Inputs that hidden tests share: arrays away from kinks and ties."""

import numpy as np


def scaled(rng: np.random.Generator, *shape: int, away: float = 0.05) -> np.ndarray:
    """Return normally distributed numbers, none closer to zero than ``away``: away from a ReLU's kink and from ties."""
    x = rng.standard_normal(shape)
    return np.where(np.abs(x) < away, np.sign(x) * away + x, x)
