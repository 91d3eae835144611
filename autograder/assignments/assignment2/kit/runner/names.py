"""The names of a framework's notebook: those that the tests expect, and those of 2018 that do the same.

The notebook of 2018 has ``three_layer_convnet(x, params)``, ``random_weight(shape)`` and ``zero_weight(shape)`` for its
parameters, ``train_part2(model_fn, params, learning_rate)`` for the training, and its nets are variables called
``model``. Its class has an argument more: ``ThreeLayerConvNet(in_channel, channel_1, channel_2, num_classes)``.
"""

import ast
import builtins
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from autograder.checks.code_under_test import CodeError

CHANNELS = 3
FIRST = re.compile(
    r"(?:n_|num_)?(?:in|input)(?:put)?s?_?(?:ch|chan|channels?|planes?|dim|depth|features?|maps?)?|in_c|c_in|channels?_?(?:in|0)"
)
"""Names of an argument for the channels of the pictures, which stands before those that the notebook asks for."""
EXPECTED = {
    "three_layer_convnet": "three_layer_convnet(x, params), which returns the scores",
    "init_convnet": "init_convnet(channel_1, channel_2, num_classes), which returns the six parameters",
    "training_step": "training_step(forward, params, x, y, learning_rate), which changes the parameters in place and "
    "returns the loss",
    "ThreeLayerConvNet": "a class ThreeLayerConvNet(channel_1, channel_2, num_classes)",
    "sequential_convnet": "sequential_convnet(channel_1, channel_2, num_classes), which returns a Sequential",
    "build_model": "build_model(), which returns a new net",
}
"""What the tests use of a notebook."""


class Names:
    """Finds what the tests use, also under names of 2018.

    Parameters
    ----------
    framework : str
    definition : callable
        Returns the object that the notebook defines under a name; raises `CodeError` if there is none.
    is_checked : callable
        Tells whether the notebook has the grade cell of the exercise. If so, ``model`` is one of the notebook's own.
    library : Library
        The framework's module.
    """

    def __init__(
        self, framework: str, definition: Callable[[str], Any], is_checked: Callable[[], bool], library: Any
    ) -> None:
        self._channels_last = framework == "tensorflow"
        self._find = definition
        self._is_checked = is_checked
        self._library = library

    def definition(self, name: str) -> Any:
        """Return what the notebook defines under a name, or what it has instead.

        Raises
        ------
        CodeError
            If there is neither. The message says what is expected.
        """
        try:
            return self._find(name)
        except CodeError as error:
            if name not in EXPECTED:
                raise
            if "is not set" not in error.message:  # its definition failed
                raise
            try:
                found = self._older(name)
            except CodeError:
                found = None
            if found is None:
                said = f"{error.message} Expected is {EXPECTED[name]}."
                raise CodeError(error.kind, said, error.where) from None
            return found

    def _older(self, name: str) -> Any:
        """Return what a notebook of 2018 has instead of a name, or None."""
        if name == "init_convnet":
            return self._from_weights(self._find("random_weight"), self._find("zero_weight"))
        if name == "training_step":
            return self._from_epoch(self._find("train_part2"))
        if name == "build_model" and not self._is_checked():
            model = self._find("model")
            return lambda: self._library.fresh(model)
        return None

    def _from_weights(self, random_weight: Callable[..., Any], zero_weight: Callable[..., Any]) -> Callable[..., Any]:
        """Return an ``init_convnet`` that draws its parameters by the student's functions."""

        def init_convnet(channel_1: int, channel_2: int, num_classes: int) -> list[Any]:
            params = []
            for filters, channels, size in ((channel_1, CHANNELS, 5), (channel_2, channel_1, 3)):
                last = (size, size, channels, filters)
                params.append(random_weight(last if self._channels_last else (filters, channels, size, size)))
                params.append(zero_weight((filters,)))
            return [*params, random_weight((channel_2 * 32 * 32, num_classes)), zero_weight((num_classes,))]

        return init_convnet

    def _from_epoch(self, train: Callable[..., Any]) -> Callable[..., Any]:
        """Return a ``training_step`` that lets the student's training loop see one batch."""

        def training_step(forward: Callable[..., Any], params: Any, x: Any, y: Any, learning_rate: float) -> float:
            losses: list[float] = []

            def model_fn(pictures: Any, given: Any) -> Any:
                scores = forward(pictures, given)
                losses.append(self._library.loss_of(scores, y))
                return scores

            names = vars_of(train)
            lent: dict[str, Any] = {name: Batches([(x, y)]) for name in _loaders(train)}
            lent |= {name: _nothing for name in _called(train) if name.startswith("check_accuracy")}
            kept = {name: names[name] for name in lent if name in names}
            names.update(lent)
            try:
                train(model_fn, params, learning_rate)
            finally:
                for name in lent:
                    del names[name]
                names.update(kept)
            if not losses:
                raise CodeError("type", "train_part2 does not call the net that it is given.")
            return losses[0]

        return training_step


class Batches(list[Any]):
    """A loader with a single batch."""

    @property
    def dataset(self) -> "Batches":
        """The pictures themselves."""
        return self

    train = True


def vars_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the global names that a function sees."""
    found: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    return found


def _loaders(function: Callable[..., Any]) -> Iterator[str]:
    """Yield the global names over which a function's loops go: ``for x, y in loader``, or with ``enumerate``."""
    own = set(inspect.signature(function).parameters) | set(dir(builtins))
    for node in ast.walk(_tree(function)):
        if isinstance(node, ast.For):
            for inner in ast.walk(node.iter):
                if isinstance(inner, ast.Name) and inner.id not in own:
                    yield inner.id


def _called(function: Callable[..., Any]) -> Iterator[str]:
    for node in ast.walk(_tree(function)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
            yield from (
                one.id for one in node.args if isinstance(one, ast.Name) and one.id.startswith("check_accuracy")
            )


def _tree(function: Callable[..., Any]) -> ast.AST:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, TypeError, SyntaxError):
        return ast.Module([], [])


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def called_with(maker: Callable[..., Any], *sizes: int, **arguments: Any) -> Any:
    """Call a maker of nets or parameters with sizes, and with the channels of the pictures first if it wants them."""
    return maker(*_channels(maker, len(sizes)), *sizes, **arguments) if sizes else maker(**arguments)


def _channels(maker: Callable[..., Any], count: int) -> tuple[Any, ...]:
    """Return the values of the arguments that a maker has before the ``count`` sizes that the notebook asks for."""
    try:
        parameters = list(inspect.signature(maker).parameters.values())
    except (TypeError, ValueError):
        return ()
    places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = [one for one in places if one.default is one.empty]
    if len(places) <= count or not (FIRST.fullmatch(places[0].name.lower()) or len(needed) == count + 1):
        return ()
    first = places[0].default
    return (CHANNELS if first is places[0].empty or first is None else first,)
