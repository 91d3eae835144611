"""For CIFAR-10 as this course uses it: find it, read it, name it; `python -m` this package gets it.
Not for preprocessing or training; importing it reads nothing and needs nothing but NumPy.
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
