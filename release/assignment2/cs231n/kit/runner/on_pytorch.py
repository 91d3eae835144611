"""PyTorch's side of `frameworks`: arrays to tensors and back, nets, and their files (safetensors: nothing is executed).

This module is imported only where PyTorch is installed.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn

from cs231n.checks.code_under_test import CodeError

from .frameworks import Arrays, ModelError, require_one, unfit
from .torch_here import stand_in as stand_in

KINDS = {"Conv2d": "conv", "Linear": "linear", "ReLU": "relu", "Flatten": "flatten"}
DESCRIPTION = "cs231n"
"""The key of the model's description in a file's metadata."""
AT_ONCE = 50
"""Pictures in one forward pass: few enough that a large net's intermediate values fit into memory."""


def params_from(arrays: Arrays, device: Any) -> list[torch.Tensor]:
    """Return arrays as trainable parameters."""
    return [torch.tensor(array, dtype=torch.float32, device=device).requires_grad_() for array in arrays]


def arrays_from(params: list[torch.Tensor]) -> list[np.ndarray]:
    """Return parameters as arrays."""
    return [array_from(param) for param in params]


def pictures_from(x: np.ndarray, device: Any) -> torch.Tensor:
    """Return pictures in the form that a notebook's code receives."""
    return torch.tensor(x, dtype=torch.float32, device=device)


def labels_from(y: np.ndarray, device: Any) -> torch.Tensor:
    """Return labels in the form that a notebook's code receives."""
    return torch.tensor(y, dtype=torch.int64, device=device)


def array_from(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor's values. NumPy has no bfloat16: such values become float32."""
    plain = tensor.detach().cpu()
    array: np.ndarray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array


def is_net(model: object) -> bool:
    """Tell whether an object is a net of PyTorch."""
    return isinstance(model, nn.Module)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the net inside the wrappers of ``torch.compile``, ``DataParallel`` or ``AveragedModel``."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if isinstance(model, nn.DataParallel | torch.optim.swa_utils.AveragedModel):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def fresh(model: nn.Module) -> nn.Module:
    """Return a copy of a net that nobody has trained."""
    return copy.deepcopy(model)


def loss_of(scores: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the mean cross-entropy."""
    return float(nn.functional.cross_entropy(scores.detach(), labels))


def left_out(model: nn.Module) -> list[str]:
    """Return a sentence for each tensor and layer of a net that is neither trained nor saved."""
    said = []
    for module in model.modules():
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            inside = list(value.values()) if isinstance(value, dict) else value
            inside = inside if isinstance(inside, list | tuple) else [inside]
            what = f"{type(module).__name__}.{name}"
            if any(isinstance(one, nn.Module) for one in inside):
                said.append(f"{what} holds layers that PyTorch neither trains nor saves: make it an nn.ModuleList.")
            elif any(isinstance(one, torch.Tensor) for one in inside):
                said.append(
                    f"{what} is a tensor that PyTorch neither trains nor saves: make it an nn.Parameter, or use "
                    f'self.register_buffer("{name}", ...), if build_model() does not make it with the same values.'
                )
    return said


class TorchNet:
    """See `frameworks.Net`."""

    def __init__(self, model: nn.Module, device: Any, deviation: np.ndarray) -> None:
        self.model = model.to(device) if device is not None else model
        _build(self.model)
        self._device = device
        self._deviation = deviation.reshape(1, 3, 1, 1)
        self._adam: torch.optim.Optimizer | None = None

    def scores(self, x: np.ndarray, training: bool = False) -> np.ndarray:
        self.model.train(training)
        pictures = pictures_from(x, self._device)
        with torch.no_grad():  # in train mode batch normalisation needs the whole batch
            parts = [self._called(some) for some in pictures.split(len(x) if training else AT_ONCE)]
        return np.concatenate([array_from(part) for part in parts])

    def _called(self, pictures: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.model(pictures)
        require_one("The net", scores)
        return scores

    def loss(self, x: np.ndarray) -> np.ndarray:
        return self.scores(x / self._deviation)

    def train(self, x: np.ndarray, y: np.ndarray, learning_rate: float) -> float:
        self._adam = self._adam or torch.optim.Adam(self.model.parameters(), lr=learning_rate)
        self.model.train()
        loss = nn.functional.cross_entropy(self._called(pictures_from(x, self._device)), labels_from(y, self._device))
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        return float(loss.detach())

    def put(self, params: Arrays) -> None:
        own = list(self.model.parameters())
        for array in params:
            turned = (array.T, array) if array.ndim == 2 else (array,)  # nn.Linear stores its weights as in the first
            fits = [(param, wanted) for wanted in turned for param in own if tuple(param.shape) == wanted.shape]
            if len(fits) != 1:
                shapes = ", ".join(str(tuple(param.shape)) for param in own)
                raise CodeError("missing", f"One parameter of shape {turned[0].shape} is expected; there are {shapes}.")
            with torch.no_grad():
                fits[0][0].copy_(torch.tensor(fits[0][1]))

    def count(self) -> int:
        return sum(param.numel() for param in self.model.parameters() if param.requires_grad)

    def layers(self) -> tuple[str, ...]:
        names = [type(layer).__name__ for layer in _parts(self.model)]
        return tuple(KINDS.get(name, name) for name in names)

    def is_sequential(self) -> bool:
        return isinstance(self.model, nn.Sequential)


net_of = TorchNet


def _build(model: nn.Module) -> None:
    """Show a net with lazy layers a picture of zeros: only then does it create its weights."""
    own = (*model.parameters(), *model.buffers())
    if any(map(nn.parameter.is_lazy, own)):
        model.eval()
        with torch.no_grad():
            model(torch.zeros(1, 3, 32, 32, device=own[0].device))


def _parts(model: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers of a net. Look inside a Sequential, but inside no other module."""
    if isinstance(model, nn.Sequential):
        for layer in model:
            yield from _parts(layer)
    else:
        yield model


def write(model: nn.Module, path: Path, description: str) -> None:
    """Save a net's weights and buffers.

    Raises
    ------
    ModelError
        If the net has none.
    """
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    if not tensors:
        raise ModelError("The model has no parameters to save.")
    safetensors.torch.save_file(tensors, path, {DESCRIPTION: description})


def read(path: Path) -> str:
    """Return the description in a file."""
    with safetensors.safe_open(path, framework="pt") as file:
        return str(file.metadata()[DESCRIPTION])


def load(model: nn.Module, path: Path) -> None:
    """Give a net the weights of a file.

    Raises
    ------
    ModelError
        If they do not fit the net.
    """
    _build(model)
    tensors = {_plain(name): tensor for name, tensor in safetensors.torch.load_file(path).items()}
    own = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    wrong = [name for name, shape in own.items() if name not in tensors or tuple(tensors[name].shape) != shape]
    wrong += [name for name in tensors if name not in own]
    if wrong:
        raise ModelError(unfit((tuple(tensor.shape) for tensor in tensors.values()), own.values()))
    model.load_state_dict(tensors)


def _plain(name: str) -> str:
    """Return a weight's name without the part that ``torch.compile`` adds for a compiled part of a net."""
    return name.replace("_orig_mod.", "")
