"""What of PyTorch and TensorFlow is installed here, for runners whose notebooks are written for them."""

import functools
import importlib.util
from importlib import metadata

from .levels import Limits

BESIDE = {"": (), "torch": ("numpy", "safetensors"), "tensorflow": ("numpy", "h5py")}
"""Distributions that a framework's runner needs besides the framework and what that says that it needs."""
LIMITS = Limits(memory=2 * 2**30, addresses=2 * 2**30, cpu_seconds=240)
"""Of a runner with a framework; loading one alone takes 0.4 to 0.6 GB."""


@functools.cache
def is_installed(framework: str) -> bool:
    """Whether a framework, such as ``torch``, is installed, and what belongs to it; "" always is."""
    names = (framework, *BESIDE[framework]) if framework else ()
    return all(importlib.util.find_spec(name) is not None for name in names)


@functools.cache
def packages_for(framework: str) -> tuple[str, ...]:
    """Return the distributions that a framework's runner needs: what is imported as tensorflow has several names."""
    return (*sorted(set(metadata.packages_distributions().get(framework, ()))), *BESIDE[framework])
