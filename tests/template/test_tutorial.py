"""Somebody who follows the tutorial to the letter, with only the wheel installed, gets what it promises."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

from .tutorial import blocks, edit, run


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it but the wheel's content."""
    scratch = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    shutil.copytree(ROOT / "autograder", scratch / "source" / "autograder", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, scratch / "source" / name)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(scratch / "site"), str(scratch / "source")], check=True, capture_output=True)
    return scratch / "site"


@pytest.mark.long
def test_the_tutorial_works(installed: Path, tmp_path: Path, level: int) -> None:
    folder, said = tmp_path, []
    environment = {
        "PYTHONPATH": str(installed), "PATH": os.pathsep.join([str(installed / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
    }  # fmt: skip
    for block in blocks():
        if block.language == "console":
            folder, output = run(block, folder, environment)
            said.append(output)
        else:
            edit(block, folder)
    assert not [path for path in tmp_path.rglob("*.py") if "FILL IN" in path.read_text()]
    built, tried, judged, graded = said[1], said[-3], said[-2], said[-1]
    assert "0 │" in built
    assert "1 passed" in tried
    assert "0 of 2" in judged
    assert "Nobody can pay them: round to" in " ".join(judged.replace("│", " ").split())
    assert "sample-complete" in graded
    assert "5 of 5" in graded
    assert (folder / "feedback" / "zoe" / "shopping" / "Start.html").exists()
