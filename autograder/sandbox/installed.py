"""What of PyTorch and TensorFlow is installed here, for runners whose notebooks are written for them."""

import functools
import importlib.util
from importlib import metadata

from autograder.checks.frameworks import TITLES

from .levels import Limits, parts_of

BESIDE = {"": (), "torch": ("numpy", "safetensors"), "tensorflow": ("numpy", "h5py")}
"""Distributions that a framework's runner needs besides the framework and what that says that it needs."""
EXTRAS = {"torch": "pytorch", "tensorflow": "tensorflow"}
"""The extra of this distribution that installs a framework."""
MEMORY, CPU_SECONDS = 2 * 2**30, 240
"""Of a runner with a framework; loading one alone takes 0.4 to 0.6 GB."""


@functools.cache
def is_installed(framework: str) -> bool:
    """Whether a framework, such as ``torch``, is installed, and what belongs to it; "" always is."""
    names = (framework, *BESIDE[framework]) if framework else ()
    return all(importlib.util.find_spec(name) is not None for name in names)


def missing(framework: str) -> str:
    """Return the sentence that says what is not installed, and the command that installs it."""
    title, extra = TITLES[framework], EXTRAS[framework]
    return f"{title} is not installed where this was graded: run `make setup FRAMEWORK={extra}` there and grade again."


@functools.cache
def packages_for(framework: str) -> tuple[str, ...]:
    """Return the distributions that a framework's runner needs: what is imported as tensorflow has several names."""
    return (*sorted(set(metadata.packages_distributions().get(framework, ()))), *BESIDE[framework])


@functools.cache
def limits_for(framework: str) -> Limits:
    """Return the limits of a runner, with addresses for its libraries: those for graphics cards take gigabytes."""
    parts = parts_of(packages_for(framework), needs=True)
    libraries = (library for part in parts for library in part.rglob("*.so*") if library.is_file())
    return Limits(
        memory=MEMORY, cpu_seconds=CPU_SECONDS, addresses=2**30 + sum(library.stat().st_size for library in libraries)
    )
