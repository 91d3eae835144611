"""TensorFlow where submissions are judged: there is no GPU, and code that expects one runs all the same.

A device that is absent becomes the processor, several devices become one, and what would be compiled runs as it is.
This module is imported only where TensorFlow is installed.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

STRATEGIES = (
    "MirroredStrategy", "MultiWorkerMirroredStrategy", "OneDeviceStrategy", "ParameterServerStrategy", "TPUStrategy",
)  # fmt: skip
OF_DEVICES = (
    "set_visible_devices", "set_logical_device_configuration", "set_memory_growth", "set_virtual_device_configuration",
)  # fmt: skip
"""Functions of ``tf.config`` and ``tf.config.experimental`` that fail without a GPU or after TensorFlow has started."""
HALF, FULL = "mixed_float16", "float32"
"""A policy for GPUs. Processors compute with it slowly or not at all, and its parameters are those of the other."""


def stand_in() -> None:
    """Let code that expects a GPU, several, or a compiler run in this process."""
    tf.config.set_soft_device_placement(True)
    tf.function = _uncompiled(tf.function)
    for module in (tf.distribute, tf.distribute.experimental):
        for name in STRATEGIES:
            if hasattr(module, name):
                setattr(module, name, _one_device)
    if tf.config.list_physical_devices("GPU"):
        return
    for module in (tf.config, tf.config.experimental):
        for name in OF_DEVICES:
            if hasattr(module, name):
                setattr(module, name, _nothing)
    for module in (keras.config, keras.mixed_precision):
        for name in ("set_dtype_policy", "set_global_policy"):
            if hasattr(module, name):
                setattr(module, name, _in_full(getattr(module, name)))
    usual = keras.src.dtype_policies.get
    keras.src.dtype_policies.get = _in_full(usual)
    keras.dtype_policies.get = keras.src.dtype_policies.get


def _uncompiled(usual: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``tf.function`` without its compiler."""

    def function(func: Any = None, *args: Any, jit_compile: Any = None, **kwargs: Any) -> Any:  # noqa: ARG001
        kwargs.pop("experimental_compile", None)
        return usual(func, *args, **kwargs)

    return function


def _one_device(*_: Any, **__: Any) -> tf.distribute.Strategy:
    """Return the strategy of a single device."""
    return tf.distribute.get_strategy()


def _in_full(usual: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of a policy that takes `FULL` for `HALF`."""

    def function(policy: Any, *args: Any, **kwargs: Any) -> Any:
        if policy == HALF or getattr(policy, "name", "") == HALF:
            policy = FULL
        return usual(policy, *args, **kwargs)

    return function


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""
