"""Profiles of an assignment's runners, for judging and for executing notebooks, and checks of installed frameworks."""

import functools
import importlib.util
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from autograder.assignment import Assignment, Framework, Part

from .levels import Limits, Profile, parts_of

NOTEBOOK = ("numpy", "ipython", "matplotlib", "matplotlib-inline", "tqdm")
"""Distributions of a runner that executes notebooks, taken with their requirements; missing ones are skipped."""
OURS = 60
"""Additional processor time for the start of a runner that executes notebooks, in seconds."""


def is_installed(assignment: Assignment, part: Part) -> bool:
    """Tell whether a part's framework is installed with its distributions; NumPy always is."""
    framework = assignment.framework_of(part)
    return framework is None or _all_installed((part.framework, *framework.distributions))


@functools.cache
def _all_installed(names: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


def missing(framework: Framework) -> str:
    """Return a sentence that names the missing framework and the command that installs it."""
    return f"{framework.title} is not installed where this was graded: run `{framework.install}` there and grade again."


def for_judging(assignment: Assignment, part: Part) -> Profile:
    """Return the profile of a runner for a part's hidden tests."""
    settings, framework = assignment.settings, assignment.framework_of(part)
    profile = Profile(
        packages=settings.packages, package=settings.package, notebooks=(part.notebook,), framework=part.framework,
        computing=settings.computing, stubs=settings.computing, older_names=not settings.strict,
    )  # fmt: skip
    kit = assignment.facts.room("runner")
    if kit:
        profile = replace(
            profile, kit=assignment.kit / "runner", kit_name=kit, namespaces=settings.namespaces
        )  # fmt: skip
    if framework is None:
        return profile
    return replace(
        profile, packages=_packages(part.framework, framework), needs=True, limits=_limits(part.framework, framework),
        stubs=(), environment=tuple(framework.environment.items()), reads_itself=framework.reads_itself,
    )  # fmt: skip


def for_notebook(assignment: Assignment, part: Part, seconds: float, data: Path | None) -> Profile:
    """Return the profile of a runner that executes a part's notebook."""
    settings, framework = assignment.settings, assignment.framework_of(part)
    limits = Limits(disk=256 * 2**20, file_size=64 * 2**20, cpu_seconds=int(seconds) + OURS, removes=True)
    profile = Profile(
        limits, NOTEBOOK, needs=True, package=settings.package, framework=part.framework, stubs=settings.computing,
        data=data, data_variable=settings.data_variable, older_names=not settings.strict,
        environment=((settings.quick_variable, "1"),) if settings.quick_variable else (),
    )  # fmt: skip
    if framework is None:
        return profile
    return replace(
        profile, packages=(*NOTEBOOK, *_packages(part.framework, framework)), stubs=(),
        limits=replace(limits, addresses=_limits(part.framework, framework).addresses),
        environment=(*profile.environment, *framework.environment.items()), reads_itself=framework.reads_itself,
    )  # fmt: skip


def _packages(name: str, framework: Framework) -> tuple[str, ...]:
    """Return the distributions that a framework's runner needs; several may provide one import name."""
    return (*sorted(set(_distributions().get(name, ()))), *framework.distributions)


@functools.cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def _limits(name: str, framework: Framework) -> Limits:
    """Return limits with address space for a framework's libraries: libraries for GPUs take gigabytes."""
    size = _size_of_libraries(_packages(name, framework))
    return Limits(memory=framework.memory, cpu_seconds=framework.cpu_seconds, addresses=2**30 + size)


@functools.cache
def _size_of_libraries(packages: tuple[str, ...]) -> int:
    libraries = (path for part in parts_of(packages, needs=True) for path in part.rglob("*.so*") if path.is_file())
    return sum(library.stat().st_size for library in libraries)
