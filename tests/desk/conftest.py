"""A student's folder of the small course, as it is released and as a student completes it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.builder import current
from autograder.course import Course

from ..engine.conftest import NAME, copied
from ..engine.test_exchange import SOLVED


@pytest.fixture(scope="session")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the small course with its release built; tests must not change it."""
    course = copied(tmp_path_factory.mktemp("weather"))
    current.build(course)
    return course


@pytest.fixture
def folder(weather: Course, tmp_path: Path) -> Path:
    """Return a student's folder, untouched."""
    return Path(shutil.copytree(weather.release, tmp_path / "a student's folder" / NAME))


@pytest.fixture
def solved(folder: Path) -> Path:
    """Return a student's folder in which everything is done."""
    (folder / NAME / "readings.py").write_text(SOLVED)
    notebook = folder / "Readings.ipynb"
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        text = "".join(cell["source"]).replace("YOUR ANSWER HERE", "Because the sun sets.")
        stub = "# YOUR CODE HERE\nraise NotImplementedError()"
        cell["source"] = text.replace(stub, "FORECAST = 21.5").splitlines(keepends=True)
    notebook.write_text(json.dumps(content))
    return folder


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run() -> Run:
    """Return a function that runs a command of the package as a student does: in the folder, without a terminal."""

    def start(folder: Path, command: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        given = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        return subprocess.run(
            [sys.executable, "-m", f"{NAME}.{command}", *arguments],
            cwd=folder, env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return start
