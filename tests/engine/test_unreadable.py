"""An author's error is told once, in a sentence with its file and line, and without the errors that follow from it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.validate import gate
from autograder.validate.readable import unreadable
from tests.engine.conftest import NAME, copied

GRADER = f"autograder/assignments/{NAME}"
HIDDEN, MISTAKES = f"{GRADER}/hidden/test_readings.py", f"{GRADER}/mistakes/readings.py"
MODULE, PUBLIC = f"source/{NAME}/{NAME}/readings.py", f"source/{NAME}/tests/test_readings.py"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return copied(tmp_path / "course")


def edited(course: Course, file: str, old: str, new: str) -> Course:
    path = course.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return Course(Path(shutil.move(course.root, course.root.with_name("again"))))


def test_a_sound_assignment_is_readable(course: Course) -> None:
    assert list(unreadable(course)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (HIDDEN, "import pytest\n", "import pytest\ndef (\n", "test_readings.py, line 5: this is no valid Python"),
        (HIDDEN, "import pytest\n", "import nowhere\n", "No module named 'nowhere'"),
        (
            MISTAKES,
            'FILE = "readings.py"',
            "FILE = 1 / 0",
            "readings.py, line 5, cannot be imported (ZeroDivisionError",
        ),
        (MISTAKES, "MISTAKES:", "OTHERS:", "defines no tuple MISTAKES"),
        (MODULE, "import numpy as np", "import numpy as np\nimport nowhere", "No module named 'nowhere'"),
        (MODULE, "    ### END SOLUTION\n", "", ": a region begins inside the region that begins in line 8"),
        (PUBLIC, "import numpy as np", "import nowhere as np", "must ask `student` for the rest"),
    ],
)
def test_an_error_is_told_once(course: Course, file: str, old: str, new: str, says: str) -> None:
    (sentence,) = unreadable(edited(course, file, old, new))
    assert says in sentence


def test_nothing_else_is_examined_then(course: Course, level: int) -> None:
    (found,) = gate.examine(edited(course, MISTAKES, "MISTAKES:", "OTHERS:"), level)
    assert (found.name, len(found.wrong)) == ("files", 1)


@pytest.mark.long
def test_a_test_that_fails_on_the_reference_comes_first(course: Course, level: int) -> None:
    course = edited(course, HIDDEN, "readings = rng.uniform(-40, 120, size=12)", "readings = nowhere")
    subprocess.run([sys.executable, "-m", "autograder.cli", "build"], cwd=course.root, check=True)
    found = {one.name: one.wrong for one in gate.examine(course, level, seeds=1)}
    assert {name for name, wrong in found.items() if wrong} == {"reference"}
    assert not {"mistakes", "accepted", "degenerate"} & set(found)
    first, then = found["reference"]
    assert f"test_degrees ends in an error, which this command shows: pytest {course.assignment.hidden}" in first
    assert then.startswith("Correct the reference or its tests first")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (HIDDEN, "import pytest\n", "import pytest\ndef (\n", "test_readings.py, line 5, is no valid Python"),
        (
            f"source/{NAME}/Readings.ipynb",
            '"solution": true',
            '"solution": false',
            "Readings.ipynb cannot be converted",
        ),
    ],
)
def test_building_says_one_sentence(course: Course, file: str, old: str, new: str, says: str) -> None:
    course = edited(course, file, old, new)
    command = [sys.executable, "-m", "autograder.cli", "build"]
    ran = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert says in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


@pytest.mark.long
def test_a_new_cell_reaches_the_hand_ins(course: Course, level: int) -> None:
    command = [sys.executable, "-m", "autograder.cli"]
    for step in ("build", "sample", "grade", "new exercise another"):
        subprocess.run([*command, *step.split()], cwd=course.root, check=True, capture_output=True)
    before = scores(course)
    ran = subprocess.run([*command, "build"], cwd=course.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert f"another is new: it waits to be graded in {len(before)} hand-ins." in ran.stdout
    after = scores(course)
    assert {student: {**own, "another": None} for student, own in before.items()} == after


def scores(course: Course) -> dict[str, dict[str, float | None]]:
    """Return the automatic score of each cell in the gradebook, by student."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score for notebook in submission.notebooks for grade in notebook.grades
            }
            for submission in gradebook.assignments[0].submissions
        }
