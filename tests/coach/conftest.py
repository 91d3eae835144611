"""The second course's release as a student has it, and how to run its commands."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

NAME = "pulse"
HOME = ROOT / "examples" / NAME
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an untouched release."""
    target = tmp_path / NAME
    shutil.copytree(HOME / "release" / NAME, target, ignore=shutil.ignore_patterns("__pycache__", ".standing.json"))
    return target


@pytest.fixture
def run(folder: Path) -> Run:
    """Return a function that runs Python in the student's folder."""

    def start(*arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False)

    return start


def write(folder: Path, name: str, body: str) -> None:
    """Let a function of the student's come last in its module, where it counts."""
    path = folder / NAME / "filters.py"
    path.write_text(f"{path.read_text()}\n\ndef {name}:\n" + "".join(f"    {line}\n" for line in body.splitlines()))


AVERAGE = "moving_average(signal, width)"
RIGHT = (
    "half = width // 2\nparts = [signal[max(0, n - half) : n + half + 1] for n in range(len(signal))]\n"
    "return np.array([part.mean() for part in parts])"
)
"""A right solution of the first exercise."""
CAUSAL = RIGHT.replace("max(0, n - half) : n + half + 1", "max(0, n - width + 1) : n + 1")
"""A known mistake of it: only the past."""
