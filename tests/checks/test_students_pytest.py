"""``pytest`` as a student runs it: in the folder, from a folder above as editors do, and for one exercise alone."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course


@pytest.fixture(scope="module")
def folder(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("workspace") / "cs231n" / "assignment2"
    shutil.copytree(course.release, target)
    return target


def run(where: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:nbval", *arguments]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False).stdout


def test_an_exercise_is_selected_by_its_name(folder: Path) -> None:
    said = run(folder, "-k", "affine_forward", "--collect-only")
    selected = set(re.findall(r"::(\w+)", said))
    text = (folder / "tests" / "test_fully_connected_nets.py").read_text()
    claimed = set(re.findall(r'@exercise\("affine_forward"[^\n]*\ndef (\w+)', text))
    assert claimed
    assert claimed <= selected


@pytest.mark.parametrize("above", [0, 1, 2])
def test_it_runs_from_every_folder(folder: Path, above: int) -> None:
    where = [folder, *folder.parents][above]
    tests = folder / "tests" / "test_fully_connected_nets.py"
    options = ["-c", "/dev/null", "--rootdir", str(where)] if above else []  # an editor passes its own settings
    said = run(where, *options, str(tests.relative_to(where)), "-k", "relu_forward or loss_layers")
    assert re.search(r"\d+ failed, \d+ passed", said), said
    assert "It is not written yet" in said
    assert "At layers.py, line" in said
    assert "Error" not in said.replace("NotImplementedError", "")
