"""PyTorch where submissions are judged: there is no GPU and no compiler, and code that expects them runs all the same.

A device that is not there becomes the processor, and what would be compiled runs as it is. This module is imported only
where PyTorch is installed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

ABSENT = ("cuda", "mps", "xpu")
OF_GPUS = "torch.cuda."
"""The module of the tensor types of GPUs, such as ``torch.cuda.FloatTensor``."""
MOVES = (torch.Tensor.cuda, torch.Tensor.xpu)
QUESTIONS = ("synchronize", "set_device", "reset_peak_memory_stats", "manual_seed", "manual_seed_all")
"""Functions of ``torch.cuda`` that fail without a GPU and whose result nobody needs."""


class OnProcessor(TorchFunctionMode):  # type: ignore[misc]
    """Replaces devices that are absent, in the arguments of all functions of PyTorch."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call the function with devices that are there."""
        if func in MOVES:
            return args[0]
        if func is torch.Tensor.to:
            args = tuple(map(_of_number, args))
        return func(*map(_here, args), **{name: _here(value) for name, value in (kwargs or {}).items()})


def stand_in() -> None:
    """Let code that expects a GPU or a compiler run in this process."""
    torch.compile = _as_it_is
    nn.Module.compile = _nothing()
    if not torch.cuda.is_available():
        nn.Module.to = _moved(nn.Module.to)
        for name in QUESTIONS:
            setattr(torch.cuda, name, _nothing())
        OnProcessor().__enter__()  # for as long as the process lives


def _here(value: Any) -> Any:
    """Return a device or a tensor type that is there; return any other value as it is."""
    if isinstance(value, torch.device):
        return torch.device("cpu") if value.type in ABSENT else value
    if isinstance(value, str):
        if value.startswith(OF_GPUS):
            return f"torch.{value.removeprefix(OF_GPUS)}"
        return "cpu" if value.partition(":")[0] in ABSENT else value
    if isinstance(value, type) and f"{value.__module__}." == OF_GPUS:
        return getattr(torch, value.__name__, value)
    return value


def _of_number(value: Any) -> Any:
    """Return the processor for the number of a GPU; return any other value as it is."""
    return torch.device("cpu") if type(value) is int else value


def _moved(usual: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    def to(net: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
        given = {name: _of_number(_here(value)) for name, value in kwargs.items()}
        return usual(net, *(_of_number(_here(value)) for value in args), **given)

    return to


def _as_it_is(model: Any = None, **_: Any) -> Any:
    return (lambda decorated: decorated) if model is None else model


def _nothing() -> Callable[..., None]:
    """Return a function that does nothing. Each must be another object: PyTorch looks its functions up by identity."""

    def nothing(*_: Any, **__: Any) -> None:
        """Do nothing."""

    return nothing
