"""Saves a trained model to disk, without executable content: ``save_model(model, part)``.

The file is a plain ``.npz``: parameters, batch-norm statistics, the mean picture, and a JSON description (class,
arguments, fingerprint of the training data). Nothing is pickled. See ``kit.runner.frameworks`` for models of PyTorch
and TensorFlow, and ``kit.runner.saving`` for reading a file.
"""

import importlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..runner.frameworks import MODEL_ENDINGS, PART, ModelError, require_framework, save_network

MODULES = {
    "TwoLayerNet": "classifiers.fc_net",
    "FullyConnectedNet": "classifiers.fc_net",
    "ThreeLayerConvNet": "classifiers.cnn",
}
"""The modules of the course's own classes. A student's own class is saved with the module that defines it."""
RUNNING = ("running_mean", "running_var")
PARTS = range(1, 6)


def save_model(model: Any, part: int, folder: str | Path = "models") -> Path:
    """Save the model that you hand in for a part, as ``models/part<part>.npz`` or, in part 5, a framework's file.

    Parameters
    ----------
    model : object
        A net of this package: it has ``params``, and its class derives from ``Model``. In part 5, a net of PyTorch,
        saved as ``models/part5.safetensors``, or of TensorFlow, saved as ``models/part5.weights.h5``.
    part : int
        1 to 5.
    folder : path
        The folder to save in; by default ``models`` beside the notebook.

    Returns
    -------
    Path
        The file. In quick mode, an existing file is kept.

    Raises
    ------
    ModelError
        If there is no such part, or the model has no parameters or no arguments, or does not fit the part.
    """
    if part not in PARTS:
        raise ModelError(f"part must be a number from {min(PARTS)} to {max(PARTS)}, not {part!r}.")
    if part == PART:
        return _save_network(model, Path(folder))
    params = getattr(model, "params", None)
    arguments = getattr(model, "arguments", None)
    if not isinstance(params, dict) or not params:
        raise ModelError("The model has no parameters to save: model.params is empty.")
    if not isinstance(arguments, dict):
        raise ModelError("The model does not know its arguments: derive its class from cs231n.classifiers.model.Model.")
    kind = type(model)
    package = kind.__module__.partition(".")[0]
    data_utils = importlib.import_module(f"{package}.data_utils")
    path = Path(folder) / f"part{part}.npz"
    if _is_kept(path, data_utils):
        return path
    preprocessing = data_utils.preprocessing()
    description = {
        "format": 1,
        "part": part,
        "class": kind.__name__,
        "module": MODULES.get(kind.__name__, kind.__module__.partition(".")[2]),
        "arguments": {name: _plain(name, value) for name, value in arguments.items()},
        "data": preprocessing.fingerprint,
    }
    arrays: dict[str, np.ndarray] = {f"param/{name}": np.asarray(value) for name, value in params.items()}
    arrays["mean"] = np.asarray(preprocessing.mean, dtype=np.float32)
    for number, state in enumerate(getattr(model, "bn_params", [])):
        for name in RUNNING:
            if name in state:
                arrays[f"bn/{number}/{name}"] = np.asarray(state[name])
    arrays["description"] = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    os.replace(temporary, path)
    return path


def _save_network(model: Any, folder: Path) -> Path:
    data_utils = importlib.import_module("cs231n.data_utils")
    path = folder / f"part{PART}{MODEL_ENDINGS[require_framework(model)]}"
    if _is_kept(path, data_utils):
        return path
    preprocessing = data_utils.preprocessing()
    if np.all(preprocessing.deviation == 1):
        raise ModelError("The pictures were not standardised: load them with get_standardized_CIFAR10() of data_utils.")
    mean = preprocessing.mean.mean(axis=(1, 2))
    save_network(model, path, preprocessing.fingerprint, mean, preprocessing.deviation)
    return path


def _is_kept(path: Path, data_utils: Any) -> bool:
    """Tell whether to keep an existing file: a model trained in quick mode does not replace it."""
    kept = path.exists() and bool(data_utils.quick_mode())
    if kept:
        print(f"{path} is kept: this model was trained in quick mode.")
    return kept


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, type) and issubclass(value, np.generic):
        return {"dtype": np.dtype(value).name}
    if isinstance(value, np.dtype):
        return {"dtype": value.name}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [_plain(name, element) for element in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ModelError(f"The argument {name} of the model is a {type(value).__name__} and cannot be saved.")
