"""A student's folder in `autograded` is replaced when the new one is complete, and not before."""

from pathlib import Path
from typing import Any

import pytest
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.course import Course
from autograder.grading.facts import Facts
from autograder.grading.gradebook import Judged, JudgedAutograde
from tests.engine.conftest import NAME, copied


@pytest.fixture
def grader(tmp_path: Path) -> JudgedAutograde:
    """Return a grader of a course with one hand-in that was graded before."""
    course: Course = copied(tmp_path / "course")
    hand_in = course.root / "submitted" / "ada" / NAME
    hand_in.mkdir(parents=True)
    graded(course.root).mkdir(parents=True)
    (graded(course.root) / "Readings.ipynb").write_text("old")
    grader = JudgedAutograde(coursedir=CourseDirectory(root=str(course.root), assignment_id=NAME))
    grader.assignments = {"ada": [str(hand_in)]}
    return grader


def graded(root: Path) -> Path:
    return root / "autograded" / "ada" / NAME


@pytest.mark.parametrize("broken", ["_judge", "_write_scores", "_write_into", "write_single_notebook"])
def test_a_grade_that_fails_leaves_the_old_folder(grader: JudgedAutograde, broken: str) -> None:
    def write_into(fresh: Path, *_: object) -> None:
        (fresh / "Readings.ipynb").write_text("new")
        step("write_single_notebook")

    def step(name: str) -> Any:
        if name == broken:
            raise OSError("No space left on device")
        return Judged(Facts(), {}, {})

    grader._judge = lambda *_: step("_judge")
    grader._write_scores = lambda *_: (True, step("_write_scores").facts)
    grader._write_into = (lambda *_: step("_write_into")) if broken == "_write_into" else write_into
    with pytest.raises(NbGraderException, match="1 of 1 submissions could not be graded"):
        grader.convert_notebooks()
    home = graded(Path(grader.coursedir.root))
    assert {path.name: path.read_text() for path in home.iterdir()} == {"Readings.ipynb": "old"}
    assert [path.name for path in home.parent.iterdir()] == [NAME]


def test_the_new_folder_holds_nothing_of_the_old_one(grader: JudgedAutograde) -> None:
    grader._judge = lambda *_: Judged(Facts(), {}, {})
    grader._write_scores = lambda *_: (True, Facts())
    grader._write_into = lambda fresh, *_: (fresh / "readings.py").write_text("new")
    grader.convert_notebooks()
    home = graded(Path(grader.coursedir.root))
    assert {path.name: path.read_text() for path in home.iterdir()} == {"readings.py": "new"}
