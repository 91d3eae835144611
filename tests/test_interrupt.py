"""Ctrl-C ends every command with one sentence, at any moment, and keeps finished work."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from autograder.builder import current
from autograder.course import Course
from autograder.sample import students
from tests.assignment2 import ASSIGNMENT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for process groups")
PATIENCE = 300.0
"""Seconds to wait until a command reaches the point of the interrupt, and until it ends."""


@pytest.fixture
def school(course: Course, tmp_path: Path) -> Course:
    """Return a course with two students who handed in the untouched release."""
    for step in ("source", "release"):
        shutil.copytree(course.root / step, tmp_path / step)
    shutil.copy(course.root / "nbgrader_config.py", tmp_path)
    for student in ("one", "two"):
        students.blank(course, tmp_path / "submitted" / student / ASSIGNMENT)
    return Course(tmp_path, course.data)


def interrupted(school: Course, is_there: Callable[[], bool], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Press Ctrl-C for all processes of a command once ``is_there`` is true; return its output and exit code."""
    said = school.root / "said"
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    with said.open("w") as file:
        process = subprocess.Popen(command, cwd=school.root, stdout=file, stderr=file, start_new_session=True)
        until = time.monotonic() + PATIENCE
        while not is_there() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        assert process.poll() is None, said.read_text()
        started = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE)
    _, alive = psutil.wait_procs(started, timeout=20)
    assert alive == []
    return subprocess.CompletedProcess(command, process.returncode, said.read_text())


def verdicts(school: Course) -> list[Path]:
    return list((school.state / "verdicts").rglob("*.json"))


def assert_one_sentence(ended: "subprocess.CompletedProcess[str]") -> None:
    lines = [line for line in ended.stdout.splitlines() if line.strip()]
    assert ended.returncode == 130, ended.stdout
    assert lines[-1:] == ["Stopped. Finished results are kept: run the same command again to continue."]
    assert "Traceback" not in ended.stdout
    assert len(lines) <= 2  # the sentence, and perhaps a progress bar


@pytest.mark.long
def test_while_a_class_is_judged(school: Course) -> None:
    current.build(school)
    assert_one_sentence(interrupted(school, lambda: bool(verdicts(school)), "grade", "--workers", "2"))
    assert verdicts(school)


@pytest.mark.long
def test_while_nbgrader_writes(school: Course) -> None:
    """nbgrader's transaction for one student is complete or absent, and the next run does the rest."""
    shutil.rmtree(school.root / "submitted" / "two")
    current.build(school)
    written = school.root / "autograded"  # nbgrader writes this folder
    assert_one_sentence(interrupted(school, written.exists, "grade", "--workers", "2"))
    command = [sys.executable, "-m", "autograder.cli", "grade", "--no-feedback"]
    again = subprocess.run(command, cwd=school.root, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.long
def test_while_the_course_is_examined(school: Course) -> None:
    def is_there() -> bool:
        return any(school.state.glob("models/*")) or any(school.state.glob("extensions/*"))

    assert_one_sentence(interrupted(school, is_there, "validate", "--workers", "2"))


def test_while_one_submission_is_judged(school: Course) -> None:
    folder = school.root / "submitted" / "one" / ASSIGNMENT
    ready = time.monotonic() + 5
    ended = interrupted(school, lambda: time.monotonic() > ready, "judge", str(folder))
    assert_one_sentence(ended)
