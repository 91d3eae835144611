"""A planted class in the small course."""

import shutil
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.verdict import PartVerdict
from tests.engine.conftest import small

from .made import make_class

__all__ = ["small"]
CLASS = 200


@pytest.fixture(scope="session")
def planted(small: Course, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, dict[str, list[PartVerdict]]]:
    """Return a class of 200 and its verdicts; tests must not change it."""
    root = tmp_path_factory.mktemp("planted") / "course"
    shutil.copytree(small.root, root)
    course = Course(root)
    return course, make_class(course, CLASS)


@pytest.fixture
def school(small: Course, tmp_path: Path) -> Course:
    """Return a planted class of 12 that a test may change."""
    shutil.copytree(small.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    make_class(course, 12)
    return course
