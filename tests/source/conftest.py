"""Puts the instructor's source folder on the path, so that these tests import `cs231n` as a notebook there does.
The tests prove the reference right; the tests that judge students are in `autograder/assignments/assignment2/hidden`."""

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
    """Random numbers of this test alone; `np.random`, which the nets draw from, is seeded as well."""
    np.random.seed(231)
    return np.random.default_rng(231)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """The Cython extension, built for these tests by the students' setup.py: the checkout's may be old, or missing."""
    folder = tmp_path_factory.mktemp("extension")
    for name in ("im2col_cython.pyx", "setup.py"):
        shutil.copy(SOURCE / "cs231n" / name, folder)
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True)
    (library,) = (path for path in folder.iterdir() if path.suffix in (".so", ".pyd"))
    spec = importlib.util.spec_from_file_location("im2col_cython", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
