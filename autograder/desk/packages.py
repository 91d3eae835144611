"""Which packages of the assignment's ``pyproject.toml`` are installed in this Python, and which framework is."""

import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .findings import BETTER, MISSING, OK, Finding
from .wanted import Wanted

INSTALL = "pip install --editable ."
REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*(?:>=\s*([0-9.]+))?")
ENOUGH = ["numpy", "pytest"]
"""What `check` and pytest need, for an assignment without a ``pyproject.toml``."""


def findings(folder: Path, wanted: Wanted) -> Iterator[Finding]:
    """Yield whether packages and a framework are installed, and whether this folder's package is the installed one."""
    project = project_of(folder)
    required = project.get("dependencies", ENOUGH)
    problems = [problem for one in required if (problem := _problem(one))]
    pip = (
        f"{python()} -m {INSTALL}" if project else f"{python()} -m pip install {' '.join(ENOUGH)} jupyterlab matplotlib"
    )
    if problems:
        yield Finding(MISSING, f"{_listed(problems)}.", f"Run: {pip}")
    else:
        yield Finding(OK, f"{len(required)} packages")
    if sys.prefix == sys.base_prefix and problems:
        yield Finding(
            BETTER,
            "This Python is not an environment of its own, so the system may refuse to install packages in it.",
            f"Run: {python()} -m venv .venv, activate it as README.md says, and run this again.",
        )
    yield from _other_copy(folder, project)
    yield from _frameworks(project, wanted)


def project_of(folder: Path) -> dict[str, Any]:
    """Return the table ``project`` of the folder's ``pyproject.toml``, or an empty dictionary."""
    try:
        project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError):
        return {}
    return project


def python() -> str:
    """Return the command for this Python, as students type it."""
    return "py" if sys.platform == "win32" and sys.prefix == sys.base_prefix else "python"


def _problem(requirement: str) -> str:
    """Return what is wrong with a requirement of the form ``name>=version``, or ""."""
    match = REQUIREMENT.match(requirement.partition(";")[0])
    if match is None:
        return ""
    name, least = match[1], match[2]
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return f"{name} is not installed"
    if least and _numbers(version) < _numbers(least):
        return f"{name} is {version}, and {least} or newer is needed"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version.partition("+")[0])[:3])


def _listed(problems: list[str]) -> str:
    """Return a sentence: names of packages that are not installed once, and other problems."""
    lost = [one.removesuffix(" is not installed") for one in problems if one.endswith(" is not installed")]
    others = [one for one in problems if not one.endswith(" is not installed")]
    verb = "is" if len(lost) == 1 else "are"
    return "; ".join([*([f"{', '.join(lost)} {verb} not installed"] if lost else []), *others])


def _other_copy(folder: Path, project: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding if another copy of the assignment is installed: notebooks elsewhere would import that one."""
    try:
        said = importlib.metadata.distribution(project.get("name", "")).read_text("direct_url.json") or ""
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return
    place = re.search(r'"url":\s*"file://([^"]*)"', said)
    if place is not None and Path(importlib.import_module("urllib.request").url2pathname(place[1])).resolve() != folder:
        yield Finding(
            BETTER,
            f"Another copy of this assignment is installed ({place[1]}). In this folder yours counts; elsewhere not.",
            f"Run: {python()} -m {INSTALL}",
        )


def _frameworks(project: dict[str, Any], wanted: Wanted) -> Iterator[Finding]:
    """Yield whether one of the frameworks is there. Only the parts that use one need it."""
    titles = wanted.frameworks
    if not titles:
        return
    there = [title for name, title in titles.items() if importlib.util.find_spec(name) is not None]
    if there:
        yield Finding(OK, " and ".join(there))
        return
    parts = sorted({one.part for one in wanted.notebooks if one.framework})
    extras = project.get("optional-dependencies", {})
    smallest = f'{python()} -m pip install --editable ".[framework]"' if "framework" in extras else ""
    yield Finding(
        BETTER,
        f"{' or '.join(titles.values())} is not installed. Only part {' and '.join(map(str, parts))} needs it.",
        f"When you come to it, run: {smallest or f'{python()} -m pip install {next(iter(titles))}'}",
    )
