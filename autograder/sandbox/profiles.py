"""What an assignment's runners are: for judging, and for executing a notebook; and what is installed for them here."""

import functools
import importlib.util
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from autograder.assignment import Assignment, Framework, Part

from .levels import Limits, Profile, parts_of

NOTEBOOK = ("numpy", "ipython", "matplotlib", "matplotlib-inline", "tqdm")
"""Distributions of a runner that executes notebooks, with all that they need; those that are not installed are not."""
OURS = 60
"""Seconds of processor time that starting such a runner may take."""


def is_installed(assignment: Assignment, part: Part) -> bool:
    """Whether what a part's notebook is written for is installed, and what belongs to it; NumPy always is."""
    framework = assignment.framework_of(part)
    return framework is None or _all_installed((part.framework, *framework.distributions))


@functools.cache
def _all_installed(names: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


def missing(framework: Framework) -> str:
    """Return the sentence that says what is not installed, and the command that installs it."""
    return f"{framework.title} is not installed where this was graded: run `{framework.install}` there and grade again."


def for_judging(assignment: Assignment, part: Part) -> Profile:
    """Return the profile of a runner that is asked by a part's hidden tests."""
    settings, framework = assignment.settings, assignment.framework_of(part)
    profile = Profile(
        packages=settings.packages, package=settings.package, notebooks=(part.notebook,), framework=part.framework,
        computing=settings.computing, stubs=settings.computing,
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
    """Return the profile of a runner in which a part's notebook is executed."""
    settings, framework = assignment.settings, assignment.framework_of(part)
    limits = Limits(disk=256 * 2**20, file_size=64 * 2**20, cpu_seconds=int(seconds) + OURS, removes=True)
    profile = Profile(
        limits, NOTEBOOK, needs=True, package=settings.package, framework=part.framework, stubs=settings.computing,
        data=data, data_variable=settings.data_variable,
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
    """The distributions that a framework's runner needs: what is imported under one name may have several."""
    return (*sorted(set(_distributions().get(name, ()))), *framework.distributions)


@functools.cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def _limits(name: str, framework: Framework) -> Limits:
    """Limits with addresses for a framework's libraries: those for graphics cards take gigabytes."""
    size = _size_of_libraries(_packages(name, framework))
    return Limits(memory=framework.memory, cpu_seconds=framework.cpu_seconds, addresses=2**30 + size)


@functools.cache
def _size_of_libraries(packages: tuple[str, ...]) -> int:
    libraries = (path for part in parts_of(packages, needs=True) for path in part.rglob("*.so*") if path.is_file())
    return sum(library.stat().st_size for library in libraries)
