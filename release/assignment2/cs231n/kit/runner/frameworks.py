"""Nets of PyTorch and TensorFlow as part 5's tests see them, in one form: ``framework.scores(params, x)``.

Everything crosses as arrays in the layout of parts 1 to 4: pictures are ``(N, C, H, W)``, filters ``(F, C, HH, WW)``,
the weights of a fully connected layer ``(C * H * W, M)``. What differs between the two is in ``on_pytorch`` and
``on_tensorflow``; neither is imported before it is needed. Not for judging: it only carries out what it is asked.
"""

import importlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cs231n.checks.code_under_test import CodeError

MODEL_ENDINGS = {"": ".npz", "torch": ".safetensors", "tensorflow": ".weights.h5"}
"""How the files of models end, by the package that they are made with; "" is NumPy alone."""
MODULES = {"torch": "on_pytorch", "tensorflow": "on_tensorflow"}
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}
CONVNET_PARAMS = ("conv_w1", "conv_b1", "conv_w2", "conv_b2", "fc_w", "fc_b")
"""The parameters of a three-layer convnet, in the order in which the notebooks pass them on."""
PART = 5
"""The part whose nets are PyTorch's or TensorFlow's."""
MAX_BYTES = 256 * 2**20
Arrays = Sequence[np.ndarray]


class ModelError(Exception):
    """A model that cannot be saved or rebuilt: one sentence says why."""


class Net(Protocol):
    """A net of a framework, as the tests' handle of it."""

    def scores(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return scores ``(N, M)`` as they are at test time, or in training."""

    def loss(self, x: np.ndarray) -> np.ndarray:
        """Return scores for pictures whose mean is subtracted and which are not yet divided by their deviation."""

    def train(self, x: np.ndarray, y: np.ndarray, learning_rate: float) -> float:
        """Make one step of Adam and return the loss before it."""

    def put(self, params: Arrays) -> None:
        """Give it these parameters, each to the one of its shape."""

    def count(self) -> int:
        """Return how many numbers are trained."""

    def layers(self) -> tuple[str, ...]:
        """Return what it is made of, in order: ``conv``, ``relu``, ``flatten``, ``linear``, or a class's name."""

    def is_sequential(self) -> bool:
        """Whether it is one of the framework's own Sequential."""


class Library(Protocol):
    """What a framework's module offers."""

    def params_from(self, arrays: Arrays, device: Any) -> list[Any]: ...
    def arrays_from(self, params: Sequence[Any]) -> list[np.ndarray]: ...
    def pictures_from(self, x: np.ndarray, device: Any) -> Any: ...
    def labels_from(self, y: np.ndarray, device: Any) -> Any: ...
    def array_from(self, tensor: Any) -> np.ndarray: ...
    def is_net(self, model: Any) -> bool: ...
    def unwrapped(self, model: Any) -> Any: ...
    def net_of(self, model: Any, device: Any, deviation: np.ndarray) -> Net: ...
    def write(self, model: Any, path: Path, description: str) -> None: ...
    def read(self, path: Path) -> str: ...
    def load(self, model: Any, path: Path) -> None: ...


def library(framework: str) -> Library:
    """Return a framework's module.

    Raises
    ------
    CodeError
        If the framework is not installed, or none is meant.
    """
    if framework not in MODULES:
        raise CodeError("missing", "There is neither a notebook for PyTorch nor one for TensorFlow here.")
    try:
        module: Any = importlib.import_module(f"{__package__}.{MODULES[framework]}")
    except ImportError as error:
        raise CodeError("missing", f"{TITLES[framework]} cannot be imported here ({error}).") from None
    found: Library = module
    return found


class Framework:
    """A notebook's nets.

    Parameters
    ----------
    name : str
        ``torch`` or ``tensorflow``.
    folder : Path
        Where ``models`` lies.
    definition : callable
        Returns what the notebook defines under a name; raises `CodeError` where that is nothing.
    """

    def __init__(self, name: str, folder: Path, definition: Callable[[str], Any]) -> None:
        self._name = name
        self._folder = folder
        self._definition = definition
        self._library = library(name)

    @property
    def _device(self) -> Any:
        """Where the notebook's own tensors are, so that its code finds ours there too."""
        try:
            return self._definition("device")
        except CodeError:
            return None

    def scores(self, params: Arrays, x: np.ndarray) -> np.ndarray:
        """Return what the notebook's ``three_layer_convnet`` makes of pictures with these parameters."""
        forward = self._definition("three_layer_convnet")
        own = self._library.params_from(params, self._device)
        return self._array("three_layer_convnet", forward(self._library.pictures_from(x, self._device), own))

    def start(self, *sizes: int) -> tuple[np.ndarray, ...]:
        """Return the parameters that the notebook's ``init_convnet`` begins with, in the order of `CONVNET_PARAMS`."""
        params = self._definition("init_convnet")(*sizes)
        if not isinstance(params, list | tuple) or len(params) != len(CONVNET_PARAMS):
            raise CodeError(
                "type", f"init_convnet must return a list of {len(CONVNET_PARAMS)}: {', '.join(CONVNET_PARAMS)}."
            )
        for param in params:
            self._array("init_convnet", param)
        return tuple(self._library.arrays_from(params))

    def steps(self, params: Arrays, x: np.ndarray, y: np.ndarray, learning_rate: float, count: int) -> tuple[Any, ...]:
        """Make some of the notebook's ``training_step``; return the loss of the last, and the parameters after it."""
        own = self._library.params_from(params, self._device)
        pictures, labels = self._library.pictures_from(x, self._device), self._library.labels_from(y, self._device)
        forward, step = self._definition("three_layer_convnet"), self._definition("training_step")
        for _ in range(count):
            loss = step(forward, own, pictures, labels, learning_rate)
        return (self._number("training_step", loss), *self._library.arrays_from(own))

    def descent(self, x: np.ndarray, y: np.ndarray, learning_rate: float, count: int, *sizes: int) -> tuple[Any, ...]:
        """Make some of the notebook's ``training_step`` from where its ``init_convnet`` begins; return all losses."""
        own = self._definition("init_convnet")(*sizes)
        pictures, labels = self._library.pictures_from(x, self._device), self._library.labels_from(y, self._device)
        forward, step = self._definition("three_layer_convnet"), self._definition("training_step")
        losses = (step(forward, own, pictures, labels, learning_rate) for _ in range(count))
        return tuple(self._number("training_step", loss) for loss in losses)

    def net(self, maker: str, *sizes: int) -> Net:
        """Return the net that the class or function ``maker`` of the notebook makes."""
        return self._library.net_of(self._made_by(maker, *sizes), self._device, np.ones(3, dtype=np.float32))

    def load_model(self) -> tuple[str, np.ndarray, Net]:
        """Return the handed-in model: its data's fingerprint, the mean picture, and the net of ``build_model()``."""
        path = self._folder / "models" / f"part{PART}{MODEL_ENDINGS[self._name]}"
        try:
            fingerprint, mean, deviation, arguments = _describe(path, self._library)
            model = self._made_by("build_model", **arguments)
            self._library.load(model, path)
        except ModelError as error:
            raise CodeError("model", str(error)) from None
        picture = np.broadcast_to(mean[:, None, None], (3, 32, 32)).astype(np.float32)
        return fingerprint, picture, self._library.net_of(model, self._device, deviation)

    def _made_by(self, maker: str, *sizes: int, **arguments: Any) -> Any:
        model = self._definition(maker)(*sizes, **arguments)
        if not self._library.is_net(model):
            raise CodeError("type", f"{maker} gives a {type(model).__name__}, not a net of {TITLES[self._name]}.")
        return model

    def _number(self, function: str, value: Any) -> Any:
        """A loss: a number of Python's or NumPy's as well as a tensor."""
        return value if isinstance(value, int | float | np.generic | np.ndarray) else self._array(function, value)

    def _array(self, function: str, tensor: Any) -> np.ndarray:
        try:
            return self._library.array_from(tensor)
        except (AttributeError, TypeError, ValueError):
            raise CodeError("type", f"{function} gives a {type(tensor).__name__} in the place of a tensor.") from None


def _describe(path: Path, module: Library) -> tuple[str, np.ndarray, np.ndarray, dict[str, Any]]:
    """Fingerprint, mean and deviation of each channel, and what it was built with, from a model's file."""
    if not path.is_file():
        raise ModelError(f"models/{path.name} was not handed in: run save_model at the end of the notebook.")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"models/{path.name} is larger than {MAX_BYTES >> 20} MB.")
    try:
        said = json.loads(module.read(path))
        mean, deviation = (np.array(said[name], dtype=np.float32).reshape(3) for name in ("mean", "deviation"))
        return str(said["data"])[:80], mean, deviation, {**said["arguments"]}
    except Exception as error:
        raise ModelError(f"models/{path.name} is not a file that save_model wrote ({type(error).__name__}).") from None


def require_framework(model: Any) -> str:
    """Return the package that a net is made with, ``torch`` or ``tensorflow``.

    Raises
    ------
    ModelError
        If it is made with neither.
    """
    packages = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if packages & {"torch", "keras", "tensorflow"}:
        return "torch" if "torch" in packages else "tensorflow"
    raise ModelError(f"Part 5 hands in a net of PyTorch or TensorFlow, and this is a {type(model).__name__}.")


def save_network(model: Any, path: Path, fingerprint: str, mean: np.ndarray, deviation: np.ndarray) -> None:
    """Save a net, and what its pictures went through: mean and standard deviation of each channel, ``(3,)``.

    Raises
    ------
    ModelError
        If it is no net of PyTorch or TensorFlow, or has no weights.
    """
    name = require_framework(model)
    model = library(name).unwrapped(model)
    try:
        description = {
            "format": 1, "framework": name, "arguments": dict(getattr(model, "arguments", {})), "data": fingerprint,
            "mean": mean.tolist(), "deviation": deviation.tolist(),
        }  # fmt: skip
        text = json.dumps(description)
    except (TypeError, ValueError):
        raise ModelError("model.arguments must be a dictionary of numbers, words and lists of them.") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as fresh:
        library(name).write(model, Path(fresh) / path.name, text)
        os.replace(Path(fresh) / path.name, path)
