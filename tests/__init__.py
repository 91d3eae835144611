"""Tests of the engine, of assignment 2's grader, and of its source."""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # set before NumPy is imported: on a busy machine several threads wait for each other
