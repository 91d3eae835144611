"""TensorFlow's side of `frameworks`: arrays to tensors and back, nets, and their files (Keras weights).

TensorFlow's pictures are ``(N, H, W, C)`` and its filters ``(HH, WW, C, F)``. The functions here take and return
arrays in the layout of parts 1 to 4. This module is imported only where TensorFlow is installed.
"""

import copy
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before the import, which prints a long greeting otherwise
os.environ["KERAS_BACKEND"] = "tensorflow"  # overrides a user's own settings

import h5py
import keras
import numpy as np
import tensorflow as tf

from autograder.checks.code_under_test import CodeError

from .frameworks import Arrays, ModelError, require_one, unfit
from .keras_here import stand_in as stand_in

KINDS = {"Conv2D": "conv", "Dense": "linear", "ReLU": "relu", "Flatten": "flatten"}
DESCRIPTION = "cs231n"
NUMBERS = "cs231n_numbers"
"""The attributes of a file that hold the model's description, and how many numbers the net has."""
AT_ONCE = 50
"""Pictures in one forward pass: Keras keeps the outputs of all layers until the pass ends."""


def params_from(arrays: Arrays, device: Any) -> list[tf.Variable]:  # noqa: ARG001 (TensorFlow chooses by itself)
    """Return arrays as trainable parameters."""
    return [tf.Variable(array, dtype=tf.float32) for array in _to_channels_last(arrays)]


def arrays_from(params: list[tf.Variable]) -> list[np.ndarray]:
    """Return parameters as arrays."""
    return _to_channels_first([array_from(param) for param in params])


def pictures_from(x: np.ndarray, device: Any) -> tf.Tensor:  # noqa: ARG001
    """Return pictures in the form that a notebook's code receives."""
    return tf.constant(np.ascontiguousarray(x.transpose(0, 2, 3, 1)), dtype=tf.float32)


def labels_from(y: np.ndarray, device: Any) -> tf.Tensor:  # noqa: ARG001
    """Return labels in the form that a notebook's code receives."""
    return tf.constant(y, dtype=tf.int64)


def array_from(tensor: Any) -> np.ndarray:
    """Return a tensor's values. NumPy has no bfloat16: such values become float32."""
    if isinstance(tensor, int | float | list | tuple | dict | str) or tensor is None:
        raise TypeError
    if tensor.dtype == tf.bfloat16:
        tensor = tf.cast(tensor, tf.float32)
    array: np.ndarray = np.asarray(tensor)
    return array


def is_net(model: object) -> bool:
    """Tell whether an object is a net of Keras."""
    return isinstance(model, keras.Model)


def unwrapped(model: keras.Model) -> keras.Model:
    """Return the net itself: Keras has no wrappers."""
    return model


def fresh(model: keras.Model) -> keras.Model:
    """Return a copy of a net that nobody has trained, or the net itself if Keras cannot copy its class."""
    try:
        return copy.deepcopy(model)
    except (TypeError, ValueError):
        return model


def loss_of(scores: tf.Tensor, labels: tf.Tensor) -> float:
    """Return the mean cross-entropy."""
    return float(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)))


def left_out(model: keras.Model) -> list[str]:
    """Return a sentence for each variable of a net that Keras neither trains nor saves."""
    own = {id(getattr(weight, "value", weight)) for weight in model.weights}
    said = []
    for layer in model._flatten_layers():
        for name, value in vars(layer).items():
            inside = list(value) if isinstance(value, list | tuple) else [value]
            bare = (one for one in inside if isinstance(one, tf.Variable) and id(one) not in own)
            if not name.startswith("_") and next(bare, None) is not None:
                said.append(
                    f"{type(layer).__name__}.{name} is a bare tf.Variable, which Keras neither trains nor saves: make "
                    "it with self.add_weight(...)."
                )
    return said


class KerasNet:
    """See `frameworks.Net`."""

    def __init__(self, model: keras.Model, device: Any, deviation: np.ndarray) -> None:  # noqa: ARG002
        self.model = model
        self._deviation = deviation.reshape(1, 3, 1, 1)
        self._adam: keras.optimizers.Optimizer | None = None
        _build(model)

    def scores(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        at_once = len(x) if training else AT_ONCE  # in train mode batch normalisation needs the whole batch
        starts = range(0, len(x), max(at_once, 1))
        parts = [self._called(x[start : start + at_once], training) for start in starts]
        return np.concatenate([array_from(part) for part in parts])

    def _called(self, x: np.ndarray, training: bool) -> Any:
        scores = self.model(pictures_from(x, None), training=training)
        require_one("The net", scores)
        return scores

    def loss(self, x: np.ndarray) -> np.ndarray:
        return self.scores(x / self._deviation)

    def train(self, x: np.ndarray, y: np.ndarray, learning_rate: float) -> float:
        self._adam = self._adam or keras.optimizers.Adam(learning_rate)
        with tf.GradientTape() as tape:
            scores = self._called(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels_from(y, None), tf.cast(scores, tf.float32))
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self._adam.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
        return float(loss)

    def put(self, params: Arrays) -> None:
        own = list(self.model.trainable_variables)
        for wanted in _to_channels_last(params):
            fits = [param for param in own if tuple(param.shape) == wanted.shape]
            if len(fits) != 1:
                shapes = ", ".join(str(tuple(param.shape)) for param in own)
                raise CodeError("missing", f"One parameter of shape {wanted.shape} is expected; there are {shapes}.")
            fits[0].assign(wanted)

    def count(self) -> int:
        return _count(self.model.trainable_variables)

    def layers(self) -> tuple[str, ...]:
        names = [type(layer).__name__ for layer in _parts(self.model)]
        return tuple(KINDS.get(name, name) for name in names)

    def is_sequential(self) -> bool:
        return isinstance(self.model, keras.Sequential)


net_of = KerasNet


def write(model: keras.Model, path: Path, description: str) -> None:
    """Save a net's weights.

    Raises
    ------
    ModelError
        If the net has none.
    """
    if not model.weights:
        raise ModelError("The model has no parameters to save: has it been called or trained yet?")
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        file.attrs[DESCRIPTION] = description
        file.attrs[NUMBERS] = _count(model.weights)


def read(path: Path) -> str:
    """Return the description in a file."""
    with h5py.File(path, "r") as file:
        return str(file.attrs[DESCRIPTION])


def load(model: keras.Model, path: Path) -> None:
    """Give a net the weights of a file.

    Raises
    ------
    ModelError
        If they do not fit the net.
    """
    _build(model)
    saved: list[tuple[int, ...]] = []
    try:
        with h5py.File(path, "r") as file:  # Keras does not complain if the file holds more than the net
            file.visititems(lambda _, found: saved.append(found.shape) if isinstance(found, h5py.Dataset) else None)
            fits = int(file.attrs[NUMBERS]) == _count(model.weights)
        model.load_weights(path)
    except Exception:  # Keras raises many kinds of exceptions
        fits = False
    if not fits:
        raise ModelError(unfit(saved, (tuple(weight.shape) for weight in model.weights)))


def _build(model: keras.Model) -> None:
    """Show a net that has no weights yet a picture of zeros: only then does it create its weights."""
    if not model.built:
        model(tf.zeros((1, 32, 32, 3)), training=False)


def _count(variables: list[Any]) -> int:
    """Return how many numbers the variables hold."""
    return sum(math.prod(variable.shape) for variable in variables)


def _parts(model: Any) -> Iterator[Any]:
    """Yield the layers of a net. Look inside a Sequential, but inside no other layer."""
    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            yield from _parts(layer)
    else:
        yield model


def _to_channels_last(arrays: Arrays) -> list[np.ndarray]:
    turned, filters = [], 0
    for array in arrays:
        if array.ndim == 4:
            filters = len(array)
            array = array.transpose(2, 3, 1, 0)
        elif array.ndim == 2:
            side = math.isqrt(len(array) // filters)
            array = array.reshape(filters, side, side, -1).transpose(1, 2, 0, 3).reshape(array.shape)
        turned.append(np.ascontiguousarray(array))
    return turned


def _to_channels_first(arrays: Arrays) -> list[np.ndarray]:
    turned, filters = [], 0
    for array in arrays:
        if array.ndim == 4:
            filters = array.shape[3]
            array = array.transpose(3, 2, 0, 1)
        elif array.ndim == 2 and filters:
            side = math.isqrt(len(array) // filters)
            if len(array) == side * side * filters:  # else a student's mistake, which the check of shapes reports
                array = array.reshape(side, side, filters, -1).transpose(2, 0, 1, 3).reshape(array.shape)
        turned.append(np.ascontiguousarray(array))
    return turned
