"""Tests of the framework, and of the source."""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # several on a busy machine wait for each other; before NumPy is there
