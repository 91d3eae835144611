"""Finds, reads and names CIFAR-10 for this course; `python -m` this package downloads it.
An import of this package reads no data and needs only NumPy. See the course's own data_utils for preprocessing.
"""

from .fetch import fetch
from .layout import DatasetError, fingerprint, kind, locate, read_batch, read_names, read_test, read_train
from .synthetic import generate, synthetic_root

__all__ = [
    "DatasetError",
    "fetch",
    "fingerprint",
    "generate",
    "kind",
    "locate",
    "read_batch",
    "read_names",
    "read_test",
    "read_train",
    "synthetic_root",
]
