"""Nets of PyTorch and TensorFlow as part 5's tests see them, in one form: ``framework.scores(params, x)``.

All data are arrays in the layout of parts 1 to 4: pictures are ``(N, C, H, W)``, filters ``(F, C, HH, WW)``, the
weights of a fully connected layer ``(C * H * W, M)``. ``on_pytorch`` and ``on_tensorflow`` hold the code of each
framework, and are imported only when they are needed. See ``kit.judge`` for judging.
"""

import importlib
import json
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cs231n.checks.code_under_test import CodeError
from cs231n.checks.foreign import POINTER, kind_of_file

from .names import Names, called_with

MODEL_ENDINGS = {"": ".npz", "torch": ".safetensors", "tensorflow": ".weights.h5"}
"""The endings of model files, by framework; "" stands for NumPy alone."""
MODULES = {"torch": "on_pytorch", "tensorflow": "on_tensorflow"}
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}
CONVNET_PARAMS = ("conv_w1", "conv_b1", "conv_w2", "conv_b2", "fc_w", "fc_b")
"""The parameters of a three-layer convnet, in the notebooks' order."""
PART = 5
"""The part whose notebooks use PyTorch or TensorFlow."""
MAX_BYTES = 256 * 2**20
OWN = {
    ".npz": "a file of NumPy's savez",
    ".safetensors": "a safetensors file",
    ".h5": "an HDF5 file, as Keras writes it",
}
"""What the model files are, by ending, in the words of `kind_of_file`."""
Arrays = Sequence[np.ndarray]


class ModelError(Exception):
    """A model cannot be saved or rebuilt. The message says why in one sentence."""


class Net(Protocol):
    """A net of a framework, as tests see it through a handle."""

    def scores(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        """Return scores ``(N, M)`` in test mode, or in train mode if ``training``."""

    def loss(self, x: np.ndarray) -> np.ndarray:
        """Return scores in test mode. The mean of the pictures is subtracted; this method divides by the deviation."""

    def train(self, x: np.ndarray, y: np.ndarray, learning_rate: float) -> float:
        """Make one step of Adam and return the loss before it."""

    def put(self, params: Arrays) -> None:
        """Give the net these parameters: each replaces the parameter of the same shape."""

    def count(self) -> int:
        """Return how many numbers the net trains."""

    def layers(self) -> tuple[str, ...]:
        """Return the net's layers in order: ``conv``, ``relu``, ``flatten``, ``linear``, or a class's name."""

    def is_sequential(self) -> bool:
        """Tell whether the net is a Sequential of the framework."""


class Library(Protocol):
    """The functions that ``on_pytorch`` and ``on_tensorflow`` both define."""

    def stand_in(self) -> None: ...
    def params_from(self, arrays: Arrays, device: Any) -> list[Any]: ...
    def arrays_from(self, params: Sequence[Any]) -> list[np.ndarray]: ...
    def pictures_from(self, x: np.ndarray, device: Any) -> Any: ...
    def labels_from(self, y: np.ndarray, device: Any) -> Any: ...
    def array_from(self, tensor: Any) -> np.ndarray: ...
    def is_net(self, model: Any) -> bool: ...
    def unwrapped(self, model: Any) -> Any: ...
    def fresh(self, model: Any) -> Any: ...
    def loss_of(self, scores: Any, labels: Any) -> float: ...
    def left_out(self, model: Any) -> list[str]: ...
    def net_of(self, model: Any, device: Any, deviation: np.ndarray) -> Net: ...
    def write(self, model: Any, path: Path, description: str) -> None: ...
    def read(self, path: Path) -> str: ...
    def load(self, model: Any, path: Path) -> None: ...


def library(framework: str) -> Library:
    """Return a framework's module.

    Raises
    ------
    CodeError
        If the framework is not installed, or ``framework`` names neither of the two.
    """
    if framework not in MODULES:
        raise CodeError("missing", "There is no notebook for PyTorch and none for TensorFlow here.")
    try:
        module: Any = importlib.import_module(f"{__package__}.{MODULES[framework]}")
    except ImportError as error:
        raise CodeError("setup", f"{TITLES[framework]} cannot be imported here ({error}).") from None
    found: Library = module
    return found


class Framework:
    """The nets of a notebook: ``student.framework``.

    Parameters
    ----------
    name : str
        ``torch`` or ``tensorflow``.
    folder : Path
        The folder that holds ``models``.
    definition : callable
        Returns the object that the notebook defines under a name; raises `CodeError` if there is none.
    is_checked : callable
        Tells whether the notebook has this course's cell for the exercise. Other notebooks may use names of 2018.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        definition: Callable[[str], Any],
        is_checked: Callable[[], bool] = lambda: True,
    ) -> None:
        self._name = name
        self._folder = folder
        self._library = library(name)
        self._names = Names(name, definition, is_checked, self._library)
        self._definition = self._names.definition

    @property
    def _device(self) -> Any:
        """The notebook's ``device``, or None. Tensors made here go to the same device."""
        try:
            return self._definition("device")
        except CodeError:
            return None

    def scores(self, params: Arrays, x: np.ndarray) -> np.ndarray:
        """Return the scores of the notebook's ``three_layer_convnet`` for pictures, with these parameters."""
        forward = self._definition("three_layer_convnet")
        own = self._library.params_from(params, self._device)
        return self._array("three_layer_convnet", forward(self._library.pictures_from(x, self._device), own))

    def start(self, *sizes: int) -> tuple[np.ndarray, ...]:
        """Return the parameters that the notebook's ``init_convnet`` makes, in the order of `CONVNET_PARAMS`."""
        params = called_with(self._definition("init_convnet"), *sizes)
        if not isinstance(params, list | tuple) or len(params) != len(CONVNET_PARAMS):
            raise CodeError(
                "type", f"init_convnet must return a list of {len(CONVNET_PARAMS)}: {', '.join(CONVNET_PARAMS)}."
            )
        for param in params:
            self._array("init_convnet", param)
        return tuple(self._library.arrays_from(params))

    def steps(self, params: Arrays, x: np.ndarray, y: np.ndarray, learning_rate: float, count: int) -> tuple[Any, ...]:
        """Call the notebook's ``training_step`` ``count`` times; return the last loss and the parameters at the end."""
        own = self._library.params_from(params, self._device)
        pictures, labels = self._library.pictures_from(x, self._device), self._library.labels_from(y, self._device)
        forward, step = self._definition("three_layer_convnet"), self._definition("training_step")
        for _ in range(count):
            loss = step(forward, own, pictures, labels, learning_rate)
        return (self._number("training_step", loss), *self._library.arrays_from(own))

    def descent(self, x: np.ndarray, y: np.ndarray, learning_rate: float, count: int, *sizes: int) -> tuple[Any, ...]:
        """Train the parameters of ``init_convnet`` by ``count`` calls of ``training_step``.

        Return the scores for the pictures before and after it, and all losses.
        """
        own = called_with(self._definition("init_convnet"), *sizes)
        pictures, labels = self._library.pictures_from(x, self._device), self._library.labels_from(y, self._device)
        forward, step = self._definition("three_layer_convnet"), self._definition("training_step")
        before = self._array("three_layer_convnet", forward(pictures, own))
        losses = [step(forward, own, pictures, labels, learning_rate) for _ in range(count)]
        after = self._array("three_layer_convnet", forward(pictures, own))
        return before, after, *(self._number("training_step", loss) for loss in losses)

    def net(self, maker: str, *sizes: int) -> Net:
        """Return the net that the notebook's class or function ``maker`` makes."""
        return self._library.net_of(self._made_by(maker, *sizes), self._device, np.ones(3, dtype=np.float32))

    def load_model(self) -> tuple[str, np.ndarray, Net]:
        """Return the submitted model: its data's fingerprint, the mean picture, and the net of ``build_model()``."""
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
        model = called_with(self._definition(maker), *sizes, **arguments)
        if not self._library.is_net(model):
            raise CodeError("type", f"{maker} returns a {type(model).__name__}, not a net of {TITLES[self._name]}.")
        return self._library.unwrapped(model)

    def _number(self, function: str, value: Any) -> Any:
        """Return a loss as a number or an array. It may be a number of Python or NumPy, or a tensor."""
        return value if isinstance(value, int | float | np.generic | np.ndarray) else self._array(function, value)

    def _array(self, function: str, tensor: Any) -> np.ndarray:
        require_one(function, tensor)
        try:
            return self._library.array_from(tensor)
        except (AttributeError, TypeError, ValueError):
            raise CodeError("type", f"{function} returns a {type(tensor).__name__} instead of a tensor.") from None


def _describe(path: Path, module: Library) -> tuple[str, np.ndarray, np.ndarray, dict[str, Any]]:
    """Return the fingerprint, the mean and deviation of each channel, and the build arguments in a model's file."""
    if not path.is_file():
        raise ModelError(f"models/{path.name} was not handed in: run save_model at the end of the notebook.")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"models/{path.name} is larger than {MAX_BYTES >> 20} MB.")
    try:
        said = json.loads(module.read(path))
        mean, deviation = (np.array(said[name], dtype=np.float32).reshape(3) for name in ("mean", "deviation"))
        return str(said["data"])[:80], mean, deviation, {**said["arguments"]}
    except Exception as error:
        raise ModelError(not_ours(path, error)) from None


def not_ours(path: Path, error: Exception) -> str:
    """Return a sentence on a file that ``save_model`` did not write, or that is not whole."""
    with path.open("rb") as file:
        kind = kind_of_file(file.read(1_000))
    name = f"models/{path.name}"
    if kind == POINTER:
        return f"{name} is {kind}, not the model: run `git lfs pull`, and hand in the file that it brings."
    what = f", but {kind}" if kind else ""
    if kind == OWN.get(path.suffix):
        what = f", or it is incomplete ({type(error).__name__})"
    return f"{name} is not a file that save_model wrote{what}: run save_model at the end of the notebook."


def require_one(function: str, value: Any) -> None:
    """Refuse several values where one tensor is expected.

    Raises
    ------
    CodeError
        If the value is a tuple, a list or a dictionary.
    """
    if isinstance(value, tuple | list | dict):
        kind = type(value).__name__
        raise CodeError("type", f"{function} returns a {kind} of {len(value)} values; one tensor is expected.")


def unfit(saved: Iterable[tuple[int, ...]], built: Iterable[tuple[int, ...]]) -> str:
    """Return a sentence about weights of other shapes than those of the net that ``build_model`` builds."""
    theirs, own = Counter(map(tuple, saved)), Counter(map(tuple, built))
    only = {"saved": theirs - own, "built": own - theirs}
    shapes = {what: max(found, key=len) for what, found in only.items() if found}  # filters say more than biases
    said = " and ".join(f"{what} is one of shape {shape}" for what, shape in shapes.items())
    return (
        f"The saved weights do not fit the net that build_model() builds{f' ({said})' if said else ''}: was "
        "build_model changed after the model was saved? Arguments that it was built with belong into model.arguments."
    )


def require_framework(model: Any) -> str:
    """Return the framework of a net, ``torch`` or ``tensorflow``.

    Raises
    ------
    ModelError
        If the net belongs to neither.
    """
    packages = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if packages & {"torch", "keras", "tensorflow"}:
        return "torch" if "torch" in packages else "tensorflow"
    raise ModelError(f"The model of part 5 must be a net of PyTorch or TensorFlow; this is a {type(model).__name__}.")


def save_network(model: Any, path: Path, fingerprint: str, mean: np.ndarray, deviation: np.ndarray) -> None:
    """Save a net with the preprocessing of its pictures: mean and standard deviation of each channel, ``(3,)``.

    Raises
    ------
    ModelError
        If the model is not a net of PyTorch or TensorFlow, or has no weights.
    """
    name = require_framework(model)
    model = library(name).unwrapped(model)
    for warning in library(name).left_out(model):
        warnings.warn(warning, stacklevel=3)
    try:
        description = {
            "format": 1, "framework": name, "arguments": dict(getattr(model, "arguments", {})), "data": fingerprint,
            "mean": mean.tolist(), "deviation": deviation.tolist(),
        }  # fmt: skip
        text = json.dumps(description)
    except (TypeError, ValueError):
        raise ModelError("model.arguments must be a dictionary of numbers, texts and lists of these.") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as fresh:
        library(name).write(model, Path(fresh) / path.name, text)
        os.replace(Path(fresh) / path.name, path)
