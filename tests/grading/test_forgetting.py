"""Only one command deletes submissions, and it asks first."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course
from tests.assignment2 import ASSIGNMENT

from ..conftest import ROOT

PRECIOUS = ("submitted/one/x", "submitted/two/x", "gradebook.db", ".autograder/secret", "grades.csv")
MADE_AGAIN = (".autograder/verdicts/a", ".autograder/models/a", "feedback/a", "autograded/a", ".pytest_cache/a")


@pytest.fixture
def school(course: Course, tmp_path: Path) -> Path:
    shutil.copytree(course.source, tmp_path / "source" / ASSIGNMENT)
    for name in (*PRECIOUS, *MADE_AGAIN, *(f"submitted/{who}/{ASSIGNMENT}/layers.py" for who in ("one", "two"))):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_clean_leaves_what_cannot_be_made_again(school: Path) -> None:
    subprocess.run(["make", "-f", str(ROOT / "Makefile"), "clean"], cwd=school, check=False, capture_output=True)
    assert [name for name in PRECIOUS if (school / name).read_text() != name] == []
    assert [name for name in MADE_AGAIN if (school / name).exists()] == []
    assert (school / "source" / ASSIGNMENT / "FullyConnectedNets.ipynb").exists()


def forget(school: Path, answer: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "autograder.cli", "forget"]
    return subprocess.run(command, cwd=school, input=answer, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("answer", ["", "\n", "yes\n", "3\n"])
def test_without_the_right_answer_nothing_is_deleted(school: Path, answer: str) -> None:
    ended = forget(school, answer)
    assert ended.returncode == 1
    assert "the submissions of 2 students" in ended.stdout
    assert [name for name in (*PRECIOUS, *MADE_AGAIN) if not (school / name).exists()] == []


def test_a_class_is_forgotten(school: Path) -> None:
    ended = forget(school, "2\n")
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in school.iterdir()) == [".autograder", ".pytest_cache", "grades.csv", "source"]
    assert [path.name for path in (school / ".autograder").iterdir()] == ["secret"]
    assert "nothing to delete" in forget(school, "").stdout
