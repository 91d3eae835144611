"""The three-layer convnet of part 5 in NumPy, to compare a framework's net with; and the results of common mistakes.

Hidden tests use it. See ``nets`` for the nets of the package's modules.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.compare import Mismatch, as_array, as_number, assert_close, deviation, require

from ..runner.frameworks import CONVNET_PARAMS

RTOL, RTOL_STEP = 1e-3, 5e-3
"""Frameworks compute in float32, and the change in a step is a small difference of two nearly equal numbers."""
KINK = 3e-5
"""The least distance of every unit from its ReLU's kink when gradients are compared. Rounding to float32 moves a unit
by 3e-6. A single unit of 37,000 that crosses the kink changes a gradient by up to 2 % of its largest value."""
DRAWS = 200
"""The number of draws to try. About one draw in two keeps that distance for one step, and one in five for two."""
SAME_WEIGHTS = (
    "The weights are all the same. Units with equal weights compute the same and get the same gradient, so that they "
    "stay equal: draw the weights at random."
)
FAN_IN = (
    "The fan-in of a convolution counts every number that a filter looks at: the channels, times the rows and the "
    "columns of the filter."
)
NO_ROOT = "The standard deviation is a square root; the weights are as small as if it were missing."
ONE_SIDED = "The weights are drawn from 0 upwards, so that all units add up what they see: draw them around zero."
NO_RELU = "There is no ReLU after the {} convolution."
RELU_LAST = "There is a ReLU after the last layer. Scores may be negative: remove it."
SOFTMAX = "There is a softmax after the last layer. Return the scores: the loss computes the softmax itself."
NO_BIAS = "The bias of the {} is not added."
NO_BIASES = "The biases of the convolutions are not added."
SWAPPED_PADDINGS = "The paddings are swapped: the padding is 2 for the 5 x 5 filters, and 1 for the 3 x 3 filters."
TURNED = "The axes of the feature maps are swapped before they are flattened: leave the axes in their order."
ABSENT = "The number fits a net without {}: is one left out, or not trainable?"
FIXED_SIZES = "The number fits a net with {}, whatever the sizes are that it is given: use the arguments."
UNCHANGED = "No parameter changed: `param = param - ...` makes a new tensor. Change the parameters in place."
STILL = "{} did not change: the step must change all parameters."
UPHILL = "The step adds the gradient: subtract it."
SUMMED = "The loss is a sum over the pictures of the batch. It must be their mean."
NO_RATE = "The step is as long as the gradient: multiply the gradient by learning_rate."
KEPT = "Each step adds its gradient to that of the step before: clear the gradients in each step."
LATE_LOSS = "This is the loss after the step: return the loss from before it."
"""Hints. ``mistakes`` uses them too, so that each mistake is named as it is explained there."""
DEFAULT_SIZES = {"channel_1": 32, "channel_2": 16, "num_classes": 10}
SENSIBLE = (0.3, 1.2)
"""How large initial weights may be, relative to what He et al. recommend. Other recipes (Glorot and Bengio, the layers'
own, fan-out in the place of fan-in) give smaller ones, and none gives larger ones."""
CENTRED = 0.3
"""How far from zero the mean of initial weights may be, relative to their standard deviation."""
Params = Sequence[np.ndarray]
Batch = tuple[np.ndarray, np.ndarray]


def convnet_params(rng: np.random.Generator, channels: tuple[int, int], classes: int = 10) -> list[np.ndarray]:
    """Return random parameters of a three-layer convnet for 32 x 32 pictures, in the order of `CONVNET_PARAMS`."""
    first, second = channels
    shapes = [(first, 3, 5, 5), (second, first, 3, 3), (second * 32 * 32, classes)]
    params: list[np.ndarray] = []
    for shape in shapes:
        inputs = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
        params.append(rng.normal(scale=np.sqrt(2 / inputs), size=shape).astype(np.float32))
        outputs = shape[0] if len(shape) == 4 else shape[1]
        params.append(rng.normal(scale=0.1, size=outputs).astype(np.float32))
    return params


def assert_convnet_start(start: Sequence[Any], like: Params) -> None:
    """Check initial parameters: weights are random and of a sensible size, biases are zero.

    Parameters
    ----------
    start : list
        The student's initial parameters, in the order of `CONVNET_PARAMS`.
    like : list of ndarray
        Parameters of the right shapes, as from `convnet_params`.

    Raises
    ------
    Mismatch
        If one is wrong. Its hint names the mistake that gives weights of this size, if one does.
    """
    for name, found, right in zip(CONVNET_PARAMS, start, like, strict=True):
        array = as_array(name, found, right.shape, exact_shape=True)
        if "_b" in name:
            require(not array.any(), f"{name} does not start with zeros.")
            continue
        inputs = int(np.prod(right.shape[1:])) if right.ndim == 4 else right.shape[0]
        size = float(array.std() / np.sqrt(2 / inputs))
        try:
            require(size > 0, f"All weights in {name} are the same: they must be drawn at random.")
            message = f"The weights in {name} are {size:.2g} times as large as He et al. recommend."
            require(SENSIBLE[0] < size < SENSIBLE[1], message)
            off = float(abs(array.mean()) / array.std())
            require(
                off < CENTRED, f"The mean of the weights in {name} is {float(array.mean()):.2g}, and not about zero."
            )
        except Mismatch as error:
            error.hint = _slip_of_weights(array, size, inputs)
            raise
        varied = all(np.ptp(array, axis=axis).any() for axis in range(array.ndim))
        require(varied, f"The weights in {name} repeat: each of them must be drawn at random.")


def _slip_of_weights(array: np.ndarray, size: float, inputs: int) -> str:
    """Return a sentence about weights that are ``size`` times as large as they should be, or not around zero; or ""."""
    if size == 0:
        return SAME_WEIGHTS
    if abs(array.mean()) > CENTRED * array.std():
        return ONE_SIDED
    counted = {array.shape[1], array.shape[1] * array.shape[2]} if array.ndim == 4 else set()
    if any(abs(size / np.sqrt(inputs / some) - 1) < 0.15 for some in counted):
        return FAN_IN
    return NO_ROOT if abs(size / np.sqrt(2 / inputs) - 1) < 0.15 else ""


def away_from_kinks(
    reference: CodeUnderTest, draw: Callable[[], tuple[Params, Batch]], rate: float, count: int
) -> tuple[Params, Batch]:
    """Draw parameters and a batch until no unit comes near its ReLU's kink, where rounding decides the slope.

    Parameters
    ----------
    reference : CodeUnderTest
    draw : callable
        Returns parameters as from `convnet_params`, and pictures ``(N, 3, 32, 32)`` with labels ``(N,)``.
    rate : float
        Learning rate.
    count : int
        How many steps of gradient descent follow.

    Raises
    ------
    RuntimeError
        If none of the draws fits. This is not expected.
    """
    for _ in range(DRAWS):
        params, batch = draw()
        if _stays_off_kinks(reference, params, batch, rate, count):
            return params, batch
    raise RuntimeError(f"In each of {DRAWS} draws a unit comes near its ReLU's kink: does the net have too many units?")


def assert_convnet_scores(reference: CodeUnderTest, params: Params, x: np.ndarray, scores: Any) -> None:
    """Check the scores of a net: conv 5x5 - relu - conv 3x3 - relu - affine.

    Parameters
    ----------
    reference : CodeUnderTest
    params : list of ndarray
        As from `convnet_params`.
    x : ndarray (N, 3, 32, 32)
    scores : array_like (N, M)
        The scores of the student's net.

    Raises
    ------
    Mismatch
        If the scores differ from NumPy's. Its hint names the mistake that gives these scores, if one does.
    """
    right = _forward(reference, params, x)[0]
    found = as_array("scores", scores, right.shape)
    try:
        assert_close("scores", found, right, rtol=RTOL)
    except Mismatch as error:
        error.hint = next((why for why, wrong in _slips(reference, params, x) if _agree([found], [wrong])), "")
        raise


def assert_convnet_count(params: Params, count: Any) -> None:
    """Check how many numbers a net trains. The hint of the `Mismatch` names the parameters that may be missing."""
    found, right = as_number("the number of parameters", count), sum(param.size for param in params)
    try:
        require(found == right, f"The net has {found:.0f} numbers to train; {right} are expected.")
    except Mismatch as error:
        sizes = dict(zip(CONVNET_PARAMS, (param.size for param in params), strict=True))
        some = (names for n in range(1, len(sizes) + 1) for names in itertools.combinations(sizes, n))
        absent = next((names for names in some if sum(sizes[name] for name in names) == right - found), ())
        error.hint = ABSENT.format(", ".join(absent)) if absent else _fixed_sizes(params, int(found))
        raise


def _fixed_sizes(params: Params, found: int) -> str:
    """Return a sentence about sizes that a net ignores in favour of their default values, or ""."""
    given = dict(zip(DEFAULT_SIZES, (len(params[0]), len(params[2]), len(params[5])), strict=True))
    some = (names for n in range(1, len(given) + 1) for names in itertools.combinations(given, n))
    for names in some:
        first, second, classes = (DEFAULT_SIZES[name] if name in names else given[name] for name in given)
        convs = first * (3 * 5 * 5 + 1) + second * (first * 3 * 3 + 1)
        if found == convs + classes * (second * 32 * 32 + 1):
            return FIXED_SIZES.format(", ".join(f"{name}={DEFAULT_SIZES[name]}" for name in names))
    return ""


def assert_convnet_steps(
    reference: CodeUnderTest, params: Params, batch: Batch, rate: float, after: Params, losses: Any
) -> None:
    """Check the parameters after gradient descent on one batch, and the loss that the last step returned.

    Parameters
    ----------
    reference : CodeUnderTest
    params : list of ndarray
        The parameters before the steps.
    batch : tuple of ndarray (N, 3, 32, 32) and (N,)
        Pictures and labels.
    rate : float
        Learning rate.
    after : list of ndarray
        The parameters after the steps.
    losses : tuple (int, number)
        How many steps there were, and the loss that the last one returned.

    Raises
    ------
    Mismatch
        If the result differs from NumPy's. Its hint names the mistake that gives this result, if one does.
    """
    count, loss = losses
    right_loss, right = _descend(reference, params, batch, rate, count)
    steps = "one step" if count == 1 else f"{count} steps"
    moved = [_moved(*each) for each in zip(CONVNET_PARAMS, params, after, strict=True)]
    number = np.nan
    try:
        for name, change, wanted in zip(CONVNET_PARAMS, moved, right, strict=True):
            # Divided by the rate, changes are as large as gradients: `assert_close` takes very small ones for zero.
            assert_close(f"the change of {name} in {steps}", change / rate, wanted / rate, rtol=RTOL_STEP)
        number = as_number("the loss", loss)
        assert_close("the loss", number, right_loss, rtol=RTOL)
    except Mismatch as error:
        error.hint = _slip_of_step(moved, right, len(batch[1]), rate)
        if not error.hint and count > 1:
            kept = _descend(reference, params, batch, rate, count, keeping=True)[1]
            error.hint = KEPT if _agree(moved, kept) else ""
        if not error.hint and _agree(moved, right):
            later = _descend(reference, params, batch, rate, count + 1)[0]
            error.hint = LATE_LOSS if _agree([np.asarray(number)], [np.asarray(later)]) else ""
        raise


def _moved(name: str, before: np.ndarray, after: Any) -> np.ndarray:
    array = as_array(f"{name} after a step", after, before.shape, exact_shape=True)
    moved: np.ndarray = array.astype(np.float64) - before
    return moved


def _slip_of_step(moved: Params, right: Params, number: int, rate: float) -> str:
    """Return a sentence about the mistake in a step, or "". It compares the real changes with the right ones."""
    still = [name for name, change in zip(CONVNET_PARAMS, moved, strict=True) if not change.any()]
    if len(still) == len(moved):
        return UNCHANGED
    for factor, why in ((-1.0, UPHILL), (float(number), SUMMED), (1 / rate, NO_RATE)):
        if _agree(moved, [factor * change for change in right]):
            return why
    partly = [change * (name not in still) for name, change in zip(CONVNET_PARAMS, right, strict=True)]
    return STILL.format(", ".join(still)) if still and _agree(moved, partly) else ""


def _agree(found: Params, wrong: Params) -> bool:
    """Tell whether all arrays are equal up to rounding."""
    pairs = list(zip(found, wrong, strict=True))
    return all(one.shape == other.shape and deviation(one, other) <= RTOL_STEP for one, other in pairs)


def _descend(
    reference: CodeUnderTest, params: Params, batch: Batch, rate: float, count: int, keeping: bool = False
) -> tuple[float, list[np.ndarray]]:
    """Return the last loss, and the change of each parameter. With ``keeping``, no step clears the gradients."""
    now, loss = [param.astype(np.float64) for param in params], np.nan
    kept = [np.zeros_like(param) for param in now]
    for _ in range(count):
        loss, gradients = _gradients(reference, now, *batch)
        if keeping:
            kept = gradients = [old + new for old, new in zip(kept, gradients, strict=True)]
        now = [param - rate * gradient for param, gradient in zip(now, gradients, strict=True)]
    return loss, [end - start for end, start in zip(now, params, strict=True)]


def _stays_off_kinks(reference: CodeUnderTest, params: Params, batch: Batch, rate: float, count: int) -> bool:
    """Tell whether every unit stays away from its ReLU's kink in all ``count`` steps."""
    for done in range(count):
        _, changes = _descend(reference, params, batch, rate, done)
        now = [param + change for param, change in zip(params, changes, strict=True)]
        _, caches = _forward(reference, now, batch[0])
        if not all(np.abs(before).min() > KINK for name, before in caches if name == "relu"):
            return False
    return True


def _gradients(
    reference: CodeUnderTest, params: Params, x: np.ndarray, y: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """Return the mean cross-entropy, and the gradient of each parameter."""
    scores, caches = _forward(reference, params, x)
    loss, upstream = reference.layers.softmax_loss(scores, y)
    gradients: list[np.ndarray] = []
    for name, cache in reversed(caches):
        if name == "relu":
            upstream = upstream * (cache > 0)
        else:
            upstream, *own = getattr(reference.layers, f"{name.replace('forward', 'backward')}")(upstream, cache)
            gradients = [*own, *gradients]
    return loss, gradients


def _forward(
    reference: CodeUnderTest,
    params: Params,
    x: np.ndarray,
    relus: tuple[bool, bool] = (True, True),
    pads: tuple[int, int] = (2, 1),
) -> tuple[np.ndarray, list[tuple[str, Any]]]:
    """Return the scores, and each layer's cache for the backward pass."""
    layers = reference.layers
    w1, b1, w2, b2, w3, b3 = (param.astype(np.float64) for param in params)
    out, caches = x.astype(np.float64), []
    for w, b, pad, has_relu in ((w1, b1, pads[0], relus[0]), (w2, b2, pads[1], relus[1])):
        out, cache = layers.conv_forward_naive(out, w, b, {"stride": 1, "pad": pad})
        caches.append(("conv_forward_naive", cache))
        if has_relu:
            caches.append(("relu", out))
            out = np.maximum(out, 0)
    scores, cache = layers.affine_forward(out, w3, b3)
    return scores, [*caches, ("affine_forward", cache)]


def _slips(reference: CodeUnderTest, params: Params, x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield common mistakes: a sentence for the student, and the scores that the mistake gives."""
    for relus, which in (((False, True), "first"), ((True, False), "second"), ((False, False), "first and the second")):
        yield NO_RELU.format(which), _forward(reference, params, x, relus)[0]
    scores = _forward(reference, params, x)[0]
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    for after in (odds, np.log(odds)):
        yield SOFTMAX, after
    yield RELU_LAST, np.maximum(scores, 0)
    *convs, weights, bias = params
    for absent, why in (
        ((1,), NO_BIAS.format("first convolution")),
        ((3,), NO_BIAS.format("second convolution")),
        ((1, 3), NO_BIASES),
    ):
        without = [np.zeros_like(param) if at in absent else param for at, param in enumerate(params)]
        yield why, _forward(reference, without, x)[0]
    yield NO_BIAS.format("last layer"), scores - bias
    yield SWAPPED_PADDINGS, _forward(reference, params, x, pads=(1, 2))[0]
    channels = len(convs[2])
    for rows in (
        weights.reshape(32, 32, channels, -1).transpose(2, 0, 1, 3),
        weights.reshape(channels, 32, 32, -1).transpose(1, 2, 0, 3),
    ):
        yield TURNED, _forward(reference, [*convs, rows.reshape(weights.shape), bias], x)[0]
