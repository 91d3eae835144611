"""Tells which arguments of a layer make sense to a student: a smallest case has no others."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Arguments = Mapping[str, Any]


def possible(function: str, arguments: Arguments) -> bool:
    """Return whether windows fit, groups divide the channels, and every normalised set of numbers varies."""
    name = function.rpartition(".")[2]
    fits = next((rule for start, rule in RULES.items() if name.startswith(start)), None)
    if fits is None:
        return True
    try:
        return bool(fits(arguments))
    except (KeyError, AttributeError, IndexError, ValueError, TypeError, ZeroDivisionError):
        return False


def _slides(size: tuple[int, int], window: tuple[int, int], stride: int, pad: int = 0) -> bool:
    """Tell whether windows of a size slide over all of a picture."""
    gaps = [length + 2 * pad - one for length, one in zip(size, window, strict=True)]
    return stride > 0 and pad >= 0 and min(window) > 0 and all(gap >= 0 and gap % stride == 0 for gap in gaps)


def _convolves(given: Arguments) -> bool:
    x, w, settings = given["x"], given["w"], given["conv_param"]
    slides = _slides(x.shape[2:], w.shape[2:], settings["stride"], settings["pad"])
    return slides and w.shape[1] == x.shape[1] and given["b"].shape == w.shape[:1]


def _pools(given: Arguments) -> bool:
    settings = given["pool_param"]
    return _slides(given["x"].shape[2:], (settings["pool_height"], settings["pool_width"]), settings["stride"])


def _varies(x: np.ndarray, axis: int) -> bool:
    """Tell whether there are two numbers or more along an axis, and they differ."""
    return x.shape[axis] >= 2 and bool((np.ptp(x, axis=axis) > 0).all())


def _fits_channels(given: Arguments, channels: int) -> bool:
    return bool(given["gamma"].size == given["beta"].size == channels)


def _batch(given: Arguments) -> bool:
    x = given["x"]
    return _fits_channels(given, x.shape[1]) and (given["bn_param"]["mode"] != "train" or _varies(x, axis=0))


def _spatial_batch(given: Arguments) -> bool:
    x = given["x"]
    return _batch({**given, "x": x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])})


def _rows(given: Arguments) -> bool:
    x = given["x"]
    return _fits_channels(given, x.shape[1]) and _varies(x, axis=1)


def _groups(given: Arguments) -> bool:
    x, groups = given["x"], given["G"]
    divides = groups > 0 and x.shape[1] % groups == 0
    return divides and _fits_channels(given, x.shape[1]) and _varies(x.reshape(len(x) * groups, -1), axis=1)


def _conv_net(given: Arguments) -> bool:
    _, height, width = given.get("input_dim", (3, 32, 32))
    size = given.get("filter_size", 7)
    return bool(size % 2 == 1 and height > 0 and width > 0 and height % 2 == 0 and width % 2 == 0)


RULES: dict[str, Callable[[Arguments], bool]] = {
    "conv_forward": _convolves,
    "max_pool_forward": _pools,
    "batchnorm_forward": _batch,
    "spatial_batchnorm_forward": _spatial_batch,
    "layernorm_forward": _rows,
    "spatial_groupnorm_forward": _groups,
    "ThreeLayerConvNet": _conv_net,
}
"""The start of a function's name, and what its arguments must be."""
