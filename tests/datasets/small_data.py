"""Helpers for the data sets' tests: a batch, and a small folder in the official layout. See conftest for fixtures."""

from pathlib import Path
from typing import Any

import numpy as np

from datasets import layout, pickles

COUNT = 20  # pictures in a batch of the small folders; a real batch has 10,000


def batch(seed: int, count: int = COUNT) -> dict[bytes, Any]:
    """Return the content of a batch file."""
    rng = np.random.default_rng(seed)
    return {
        b"data": rng.integers(0, 256, (count, layout.PIXELS), dtype=np.uint8),
        b"labels": rng.integers(0, 10, count).tolist(),
    }


def write_folder(folder: Path, seed: int = 0) -> Path:
    """Write the seven files."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate((*layout.TRAIN_FILES, layout.TEST_FILE)):
        pickles.dump(batch(seed + i), folder / name)
    names = [f"class {i}".encode() for i in range(10)]
    pickles.dump({b"label_names": names}, folder / layout.META_FILE)
    return folder
