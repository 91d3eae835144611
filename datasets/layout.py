"""Finds and reads CIFAR-10 in its official layout: seven pickled files, read without trusting the pickles.
See fetch for getting the data, and the course's own data_utils for preprocessing.
"""

import hashlib
import json
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import pickles

FOLDER = "cifar-10-batches-py"
TRAIN_FILES = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST_FILE = "test_batch"
META_FILE = "batches.meta"
FILES = (*TRAIN_FILES, TEST_FILE, META_FILE)
MARKER = "synthetic.json"
BATCH = 10_000
CLASSES = 10
PIXELS = 3 * 32 * 32

Kind = Literal["cifar10", "synthetic"]
Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


class DatasetError(Exception):
    """Something is wrong with the data. The message says what it is and what to do, in one sentence."""


def tool() -> str:
    """Return the command that gets the data, for messages. In the students' release the package has another name."""
    return f"python -m {__package__ or 'datasets'}"


def user_cache() -> Path:
    """Return the folder for this course's data: that of ``CS231N_CACHE``, else the platform's place for caches."""
    named = os.environ.get("CS231N_CACHE")
    if named:
        return Path(named).expanduser()
    home = Path(os.path.expanduser("~"))  # Path.home() fails for a user without a home
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "cs231n" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "cs231n"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "cs231n"


def default_root() -> Path:
    """Return the default folder of the data: the user's cache, since nbgrader submits no folder of more than 100 MB."""
    return user_cache()


def old_root() -> Path:
    """Return the folder in which former versions put the data: this package's own. It is still read."""
    return Path(__file__).resolve().parent


def locate(root: str | Path | None = None) -> Path:
    """Find the folder that holds the seven files.

    Parameters
    ----------
    root : path, optional
        The folder itself, or its parent. By default the environment variable ``CS231N_DATA`` (same meaning), or else
        the user's cache and then this package's own folder.

    Returns
    -------
    Path
        The folder with ``data_batch_1`` ... ``data_batch_5``, ``test_batch`` and ``batches.meta``.

    Raises
    ------
    DatasetError
        If a file is missing. If ``root`` or ``CS231N_DATA`` names a wrong place, no other place is tried.
    """
    named = root if root is not None else os.environ.get("CS231N_DATA") or None
    places = (default_root(), old_root()) if named is None else (Path(named).expanduser(),)
    incomplete = ""
    for folder in (folder for place in places for folder in (place / FOLDER, place)):
        missing = [name for name in FILES if not (folder / name).is_file()]
        if not missing:
            return folder.resolve()
        if len(missing) < len(FILES):
            incomplete = incomplete or f"{folder} is incomplete ({missing[0]} is missing): run `{tool()}` again."
    if incomplete:
        raise DatasetError(incomplete)
    whose = "" if named is None else " (named by CS231N_DATA)" if root is None else " (named by you)"
    raise DatasetError(
        f"No CIFAR-10 in {places[0]}{whose}: run `{tool()}` to get it, or set CS231N_DATA to its folder. Without a "
        f"network, `{tool()} --synthetic` makes synthetic pictures to practise on."
    )


def read_batch(path: str | Path) -> Batch:
    """Read one batch file.

    Parameters
    ----------
    path : path
        A file such as ``data_batch_1``, pickled by Python 2 or 3 with any version of NumPy.

    Returns
    -------
    pixels : ndarray of uint8, shape (N, 3, 32, 32)
    labels : ndarray of int64, shape (N,)

    Raises
    ------
    DatasetError
        If the file is missing, truncated or not a batch, or names any object other than NumPy's arrays.
    """
    path = Path(path)
    content = _load(path)
    pixels, labels = content.get("data"), content.get("labels")
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.shape[1:] != (PIXELS,)
        or not len(pixels)
    ):
        raise _damaged(path, f"its pictures are not a uint8 array of shape (N, {PIXELS})")
    if isinstance(labels, np.ndarray):
        labels = labels.ravel().tolist()
    if not isinstance(labels, list) or len(labels) != len(pixels):
        raise _damaged(path, f"it does not hold one label for each of its {len(pixels)} pictures")
    if not all(type(label) is int and 0 <= label < CLASSES for label in labels):
        raise _damaged(path, f"a label is not a whole number from 0 to {CLASSES - 1}")
    return pixels.reshape(-1, 3, 32, 32), np.array(labels, dtype=np.int64)


def read_train(root: str | Path | None = None) -> Batch:
    """Read the 50,000 training pictures.

    Parameters
    ----------
    root : path, optional
        As for `locate`.

    Returns
    -------
    pixels : ndarray of uint8, shape (50000, 3, 32, 32)
    labels : ndarray of int64, shape (50000,)

    Raises
    ------
    DatasetError
        As for `locate` and `read_batch`, or if a file does not hold 10,000 pictures.
    """
    return _read_whole(locate(root), TRAIN_FILES)


def read_test(root: str | Path | None = None) -> Batch:
    """Read the 10,000 test pictures. Parameters, results and errors are those of `read_train`."""
    return _read_whole(locate(root), (TEST_FILE,))


def read_names(root: str | Path | None = None) -> tuple[str, ...]:
    """Return the ten class names. Raise `DatasetError` as `locate` does, or if there are not ten texts."""
    path = locate(root) / META_FILE
    names = _load(path).get("label_names")
    if not isinstance(names, list) or len(names) != CLASSES or not all(isinstance(n, (bytes, str)) for n in names):
        raise _damaged(path, "it does not hold ten class names")
    return tuple(n.decode("ascii", "replace") if isinstance(n, bytes) else n for n in names)


def kind(root: str | Path | None = None) -> Kind:
    """Return ``"synthetic"`` for the synthetic pictures (their folder holds ``synthetic.json``), else ``"cifar10"``.

    Raises
    ------
    DatasetError
        As for `locate`, or if the marker is not readable.
    """
    marker = locate(root) / MARKER
    if not marker.exists():
        return "cifar10"
    try:
        facts = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(marker, "it is not JSON") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("seed"), int):
        raise _damaged(marker, "it does not name a seed")
    return "synthetic"


def fingerprint(root: str | Path | None = None) -> str:
    """Return the name of the training data: the kind, and 16 hexadecimal digits of the SHA-256 of the 50,000 labels.

    The labels are hashed as bytes. Pixels are not hashed, since synthetic pixels may differ in the last bit between
    platforms.

    Returns
    -------
    str
        Such as ``"cifar10-0123456789abcdef"``. It is cached until a file changes.

    Raises
    ------
    DatasetError
        As for `read_train`.
    """
    folder = locate(root)
    stamps = tuple((s.st_mtime_ns, s.st_size) for s in ((folder / name).stat() for name in TRAIN_FILES))
    return f"{kind(folder)}-{_label_digest(folder, stamps)}"


@lru_cache(maxsize=16)
def _label_digest(folder: Path, stamps: tuple[tuple[int, int], ...]) -> str:
    del stamps  # only part of the cache's key
    digest = hashlib.sha256()
    for name in TRAIN_FILES:
        digest.update(read_batch(folder / name)[1].astype(np.uint8).tobytes())
    return digest.hexdigest()[:16]


def _read_whole(folder: Path, names: tuple[str, ...]) -> Batch:
    pixels = np.empty((BATCH * len(names), 3, 32, 32), dtype=np.uint8)
    labels = np.empty(BATCH * len(names), dtype=np.int64)
    for i, name in enumerate(names):
        x, y = read_batch(folder / name)
        if len(x) != BATCH:
            raise _damaged(folder / name, f"it holds {len(x):,} pictures, not {BATCH:,}")
        pixels[i * BATCH : (i + 1) * BATCH], labels[i * BATCH : (i + 1) * BATCH] = x, y
    return pixels, labels


def _damaged(path: Path, what: str) -> DatasetError:
    return DatasetError(f"{path} is damaged or not CIFAR-10 ({what}): delete it and run `{tool()}` again.")


def _load(path: Path) -> dict[str, Any]:
    try:
        return pickles.load(path)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}): run `{tool()}` to get CIFAR-10.") from error
    except pickles.BadPickle as error:
        raise _damaged(path, str(error)) from error
