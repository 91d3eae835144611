"""Saved models of NumPy: read the file, check it, rebuild the model from the submitted code, predict with it.

See ``kit.student`` for saving, and ``frameworks`` for models of PyTorch and TensorFlow.
"""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from .frameworks import MAX_BYTES, ModelError, not_ours

__all__ = ["ModelError", "SavedModel", "predict"]


class SavedModel:
    """The content of a model file, read and checked. `rebuild` makes the model.

    Parameters
    ----------
    path : Path
        The ``.npz`` file.

    Attributes
    ----------
    fingerprint : str
        The fingerprint of the training data that the file names.
    mean : ndarray, float32, (3, 32, 32)
        The picture to subtract from each picture.

    Raises
    ------
    ModelError
        If the file is missing, too large, or not written by ``save_model``.
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
            raise ModelError(not_ours(path, error)) from None
        own = self.description.get("part")
        if own is not None and f"part{own}" != path.stem:
            raise ModelError(f"models/{path.name} holds the model of part {own}: save this part's own with save_model.")

    def rebuild(self, package: str) -> Any:
        """Build the model with the code of ``package`` and give it the saved parameters.

        Raises
        ------
        ModelError
            If the class does not exist, or its parameters have other names or shapes.
        """
        name = str(self.description.get("class"))
        module = f"{package}.{self.description.get('module')}"
        try:
            kind = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            why = f"The saved model needs the class {name} of {module}, which is not there."
            if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
                why += f" There is no {module.replace('.', '/')}.py in the submission."
            raise ModelError(why) from None
        saved = self.description["arguments"]
        arguments = {
            key: np.dtype(value["dtype"]).type if isinstance(value, dict) else value for key, value in saved.items()
        }
        model = kind(**arguments)
        params = {key.removeprefix("param/"): value for key, value in self.arrays.items() if key.startswith("param/")}
        fresh = {key: np.shape(value) for key, value in model.params.items()}
        if fresh != {key: value.shape for key, value in params.items()}:
            raise ModelError(f"The saved parameters do not fit the {name} that the submitted code builds.")
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
        ``model.loss(X)`` returns its scores in test mode.
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
