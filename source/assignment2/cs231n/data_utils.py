"""CIFAR-10 as arrays that are ready for training.
See `datasets` for finding and downloading the pictures. Given complete."""

import os
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Preprocessing:
    """The preprocessing of the pictures. A saved model contains it, so that others prepare pictures in the same way.

    Attributes
    ----------
    mean : float32 array, shape (3, 32, 32)
        The mean that was subtracted from each picture; zeros if none was.
    fingerprint : str
        The name of the pictures (the real CIFAR-10 or the synthetic ones).
    deviation : float32 array, shape (3,)
        The number that each channel was divided by; ones if it was not divided.
    """

    mean: np.ndarray
    fingerprint: str
    deviation: np.ndarray = field(default_factory=lambda: np.ones(3, dtype=np.float32))


_preprocessing: Preprocessing | None = None
_said = False


def quick_mode():
    """Tell whether the notebooks should run quickly, on few pictures, rather than train well.

    The environment variable `CS231N_QUICK=1` switches quick mode on, and so does `nbgrader validate`.
    """
    return (
        os.environ.get("CS231N_QUICK", "").strip().lower() in ("1", "true")
        or os.environ.get("NBGRADER_EXECUTION") == "validate"
    )


def data_root():
    """Return the folder of the real pictures or, in quick mode if there are none, of the synthetic ones.

    Raises
    ------
    DatasetError
        If the pictures are not there. The message says how to get them.
    """
    from . import datasets

    try:
        return datasets.locate()
    except datasets.DatasetError:
        if not quick_mode():
            raise
        return datasets.synthetic_root()


def _say_that_they_are_synthetic(root):
    """Print once that an accuracy on synthetic pictures is practice."""
    global _said
    from . import datasets

    if not _said and datasets.kind(root) == "synthetic":
        _said = True
        print(
            "These are the synthetic pictures, which a program drew. An accuracy on them is practice: it tells whether "
            "your net learns, not how well it recognises photographs. Train what you hand in on CIFAR-10."
        )


def load_CIFAR10(root):
    """Return all of CIFAR-10, without preprocessing.

    Parameters
    ----------
    root : path
        The folder that holds the data's files.

    Returns
    -------
    X_train : float32 array, shape (50000, 3, 32, 32)
        Pictures with values from 0 to 255. They are float32, which holds such values exactly in half of the memory
        that float64 takes (0.6 GB rather than 1.2 GB).
    y_train : int64 array, shape (50000,)
        Labels from 0 to 9.
    X_test : float32 array, shape (10000, 3, 32, 32)
    y_test : int64 array, shape (10000,)
    """
    from . import datasets

    X_train, y_train = datasets.read_train(root)
    X_test, y_test = datasets.read_test(root)
    return X_train.astype(np.float32), y_train, X_test.astype(np.float32), y_test


def get_CIFAR10_data(num_training=49000, num_validation=1000, num_test=1000, subtract_mean=True):
    """Return CIFAR-10 split for training, validation and testing, with the mean training picture subtracted.

    Parameters
    ----------
    num_training : int
        Number of pictures for training: the first of the training pictures.
    num_validation : int
        Number of pictures for validation: the next of the training pictures.
    num_test : int
        Number of pictures for testing: the first of the test pictures.
    subtract_mean : bool
        Subtract the mean of the pictures used for training from all pictures.

    Returns
    -------
    data : dict
        `X_train`, `X_val`, `X_test`: float32 arrays, shape (number, 3, 32, 32), and `y_train`, `y_val`, `y_test`:
        int64 arrays, shape (number,).

    Raises
    ------
    DatasetError
        As for `data_root`.
    ValueError
        If there are fewer pictures than these numbers need.
    """
    global _preprocessing
    from . import datasets

    root = data_root()
    _say_that_they_are_synthetic(root)
    pictures, labels = datasets.read_train(root)
    test_pictures, test_labels = datasets.read_test(root)
    end = num_training + num_validation
    if num_training < 1 or num_validation < 0 or end > len(pictures):
        raise ValueError(
            f"there are {len(pictures)} pictures for training and validation, not {num_training} + {num_validation}"
        )
    if num_test < 0 or num_test > len(test_pictures):
        raise ValueError(f"there are {len(test_pictures)} test pictures, not {num_test}")

    data = {
        "X_train": pictures[:num_training].astype(np.float32),
        "y_train": labels[:num_training],
        "X_val": pictures[num_training:end].astype(np.float32),
        "y_val": labels[num_training:end],
        "X_test": test_pictures[:num_test].astype(np.float32),
        "y_test": test_labels[:num_test],
    }
    mean = np.zeros(pictures.shape[1:], dtype=np.float32)
    if subtract_mean:
        mean = data["X_train"].mean(axis=0, dtype=np.float64).astype(np.float32)
        for name in ("X_train", "X_val", "X_test"):
            data[name] -= mean

    _preprocessing = Preprocessing(mean, datasets.fingerprint(root))
    return data


def get_standardized_CIFAR10(channels_last=False, **numbers):
    """Return CIFAR-10 for part 5: each channel has mean 0 and standard deviation 1 over the training pictures.

    Parameters
    ----------
    channels_last : bool
        Pictures of shape (32, 32, 3), as TensorFlow has them, rather than (3, 32, 32).
    **numbers : int
        `num_training`, `num_validation` and `num_test`, as for `get_CIFAR10_data`.

    Returns
    -------
    data : dict
        As from `get_CIFAR10_data`.
    """
    global _preprocessing
    data = get_CIFAR10_data(subtract_mean=False, **numbers)
    mean = data["X_train"].mean(axis=(0, 2, 3), dtype=np.float64)
    squares = [np.mean(np.square(data["X_train"][:, channel]), dtype=np.float64) for channel in range(3)]
    mean, deviation = (
        values.astype(np.float32).reshape(3, 1, 1) for values in (mean, np.sqrt(np.array(squares) - mean**2))
    )
    for name in ("X_train", "X_val", "X_test"):
        data[name] -= mean
        data[name] /= deviation
        if channels_last:
            data[name] = np.ascontiguousarray(data[name].transpose(0, 2, 3, 1))
    everywhere = np.broadcast_to(mean, (3, 32, 32)).astype(np.float32)
    _preprocessing = Preprocessing(everywhere, _preprocessing.fingerprint, deviation.ravel())
    return data


def preprocessing():
    """Return the preprocessing of the pictures that were loaded last.

    Raises
    ------
    RuntimeError
        If no pictures were loaded yet.
    """
    if _preprocessing is None:
        raise RuntimeError("no pictures were loaded yet: call get_CIFAR10_data() first, or get_data() in part 5")
    return _preprocessing
