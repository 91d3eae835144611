"""Puts the instructor's source folder on the path, so that these tests import `cs231n` as a notebook there does.
The tests prove the reference right; the tests that judge students are in `autograder/hidden`."""

import sys
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "source" / "assignment2"
sys.path.insert(0, str(SOURCE))


@pytest.fixture
def rng():
    """Random numbers of this test alone; `np.random`, which the nets draw from, is seeded as well."""
    np.random.seed(231)
    return np.random.default_rng(231)
