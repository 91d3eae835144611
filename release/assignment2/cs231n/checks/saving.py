"""A trained model on disk, without executable content: ``save_model(model, part)`` and its way back.

The file is a plain ``.npz``: parameters, batch-norm statistics, the mean picture, and a JSON description (class,
arguments, fingerprint of the training data). Nothing is pickled. What PyTorch and TensorFlow make is saved by
``frameworks``. Not for training: see ``cs231n.solver``.
"""

import importlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .frameworks import MAX_BYTES, MODEL_ENDINGS, PART, ModelError, require_framework, save_network

MODULES = {
    "TwoLayerNet": "classifiers.fc_net",
    "FullyConnectedNet": "classifiers.fc_net",
    "ThreeLayerConvNet": "classifiers.cnn",
}
"""Where to find the course's own classes; a student's own class is saved with the module that defines it."""
RUNNING = ("running_mean", "running_var")
PARTS = range(1, 6)


def save_model(model: Any, part: int, folder: str | Path = "models") -> Path:
    """Save the model that is handed in for ``part`` as ``models/part<part>.npz``; part 5's by its framework.

    Parameters
    ----------
    model : object
        A net of this package: it has ``params`` and was made by a class derived from ``Model``. In part 5 a net of
        PyTorch, saved as ``models/part5.safetensors``, or of TensorFlow, saved as ``models/part5.weights.h5``.
    part : int
        1 to 5.
    folder : path
        Where to save, by default ``models`` beside the notebook.

    Returns
    -------
    Path
        The file. In quick mode a file that is there already is kept.

    Raises
    ------
    ModelError
        If the model has no parameters, does not know its arguments, or is none for the part.
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
    """Whether a model that was saved before stays, since this one was trained in quick mode."""
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


class SavedModel:
    """A model file, read and checked, not yet a model.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.

    Attributes
    ----------
    fingerprint : str
        What the file says of its training data.
    mean : ndarray, float32, (3, 32, 32)
        The picture to subtract.

    Raises
    ------
    ModelError
        If the file is missing, too large or not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise ModelError(f"models/{path.name} was not handed in: run save_model at the end of the notebook.")
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"models/{path.name} is larger than {MAX_BYTES >> 20} MB.")
        try:
            with np.load(path, allow_pickle=False) as file:
                self.arrays = {name: file[name] for name in file.files}
            self.description: dict[str, Any] = json.loads(self.arrays.pop("description").tobytes())
            self.fingerprint = str(self.description["data"])[:80]
            self.mean = np.asarray(self.arrays.pop("mean"), dtype=np.float32).reshape(3, 32, 32)
        except Exception as error:
            raise ModelError(
                f"models/{path.name} is not a file that save_model wrote ({type(error).__name__})."
            ) from None

    def rebuild(self, package: str) -> Any:
        """Make the model from the code of ``package`` and give it the saved parameters.

        Raises
        ------
        ModelError
            If the class is not there any more, or its parameters have other names or shapes.
        """
        name = str(self.description.get("class"))
        module = f"{package}.{self.description.get('module')}"
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            raise ModelError(f"The saved model is a {name} of {module}, which is not there.") from None
        saved = self.description["arguments"]
        arguments = {
            key: np.dtype(value["dtype"]).type if isinstance(value, dict) else value for key, value in saved.items()
        }
        model = kind(**arguments)
        params = {key.removeprefix("param/"): value for key, value in self.arrays.items() if key.startswith("param/")}
        fresh = {key: np.shape(value) for key, value in model.params.items()}
        if fresh != {key: value.shape for key, value in params.items()}:
            raise ModelError(f"The saved parameters do not fit the {name} that the handed-in code builds.")
        model.params = params
        for key, value in self.arrays.items():
            if key.startswith("bn/"):
                _, number, field = key.split("/")
                model.bn_params[int(number)][field] = value
        return model


def predict(model: Any, mean: np.ndarray, pictures: np.ndarray, batch_size: int = 500) -> np.ndarray:
    """Return the class of each picture.

    Parameters
    ----------
    model : object
        Gives scores in test mode by ``model.loss(X)``.
    mean : ndarray, float32, (3, 32, 32)
        Subtracted from each picture.
    pictures : ndarray, uint8, (N, 3, 32, 32)
    batch_size : int

    Returns
    -------
    ndarray, int64, (N,)
    """
    labels = []
    for start in range(0, len(pictures), batch_size):
        scores = np.asarray(model.loss(pictures[start : start + batch_size].astype(np.float32) - mean))
        labels.append(scores.argmax(axis=1))
    return np.concatenate(labels).astype(np.int64)
