"""Put the instructor's source folder on the path, so that these tests import `cs231n` like a notebook in that folder.
These tests check the reference. The tests that judge students are in `autograder/assignments/assignment2/hidden`."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "source" / "assignment2"
sys.path.insert(0, str(SOURCE))


@pytest.fixture
def rng():
    """Return random numbers for one test, and seed `np.random`, from which the nets draw."""
    np.random.seed(231)
    return np.random.default_rng(231)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Build the Cython extension by the students' setup.py, because the checkout's extension may be old or missing."""
    folder = tmp_path_factory.mktemp("extension")
    for name in ("im2col_cython.pyx", "setup.py"):
        shutil.copy(SOURCE / "cs231n" / name, folder)
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True)
    (library,) = (path for path in folder.iterdir() if path.suffix in (".so", ".pyd"))
    spec = importlib.util.spec_from_file_location("im2col_cython", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
