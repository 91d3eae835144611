"""CIFAR-10 for tests: a few labelled pictures at a time, read from the batch files.

See ``datasets`` for fetching and checking the files.
"""

import importlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from cs231n.checks.code_under_test import CodeError

PACKAGE = "cs231n"
Labelled = tuple[np.ndarray, np.ndarray]
"""Pictures, uint8 ``(N, 3, 32, 32)``, and labels, int64 ``(N,)``."""


class Pictures:
    """The course's pictures.

    Parameters
    ----------
    root : Path
        The folder of the batch files, which hold 10,000 pictures each.
    read_batch : callable
        Reads one batch file.
    kind, fingerprint : str
        ``cifar10`` or ``synthetic``; and the name of exactly these training data.
    """

    def __init__(self, root: Path, read_batch: Callable[[Path], Labelled], kind: str, fingerprint: str) -> None:
        self.root = root
        self.kind = kind
        self.fingerprint = fingerprint
        self._read = read_batch

    @cached_property
    def _first(self) -> Labelled:
        return self._read(self.root / "data_batch_1")

    @cached_property
    def _last(self) -> Labelled:
        pixels, labels = self._read(self.root / "data_batch_5")
        return pixels[9000:], labels[9000:]

    @cached_property
    def _test(self) -> Labelled:
        return self._read(self.root / "test_batch")

    def train(self, count: int) -> Labelled:
        """Return the first ``count`` training pictures, at most 10,000."""
        return self._first[0][:count], self._first[1][:count]

    def validation(self) -> Labelled:
        """Return the 1,000 validation pictures: the last ones of the training files."""
        return self._last

    def test(self) -> Labelled:
        """Return the 10,000 test pictures."""
        return self._test


def own_pictures() -> Pictures:
    """Return the student's own pictures.

    Raises
    ------
    CodeError
        If the pictures are not there yet.
    """
    datasets = importlib.import_module(f"{PACKAGE}.datasets")
    data_utils = importlib.import_module(f"{PACKAGE}.data_utils")
    try:
        root = data_utils.data_root()
    except datasets.DatasetError as error:
        raise CodeError("setup", str(error)) from None
    return Pictures(root, datasets.read_batch, datasets.kind(root), datasets.fingerprint(root))
