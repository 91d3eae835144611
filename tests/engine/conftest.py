"""A small course for the engine's tests: one assignment, without data, models, frameworks or an extension."""

import shutil
from pathlib import Path

import pytest

from autograder.assignment import read_assignment
from autograder.builder import current
from autograder.course import Course

SMALL = Path(__file__).resolve().parent / "course"
NAME = "weather"
SMALL_ASSIGNMENT = read_assignment(SMALL / "autograder" / "assignments" / NAME, SMALL / "source" / NAME)
collect_ignore = ["course"]  # separate pytest processes run the course's tests


def copied(into: Path) -> Course:
    """Copy the small course into a folder, and return the copy."""
    shutil.copytree(SMALL, into, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"), dirs_exist_ok=True)
    return Course(into)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the small course with its release built; tests must not change it."""
    course = copied(tmp_path_factory.mktemp("small"))
    current.build(course)
    return course
