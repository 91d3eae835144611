"""What is weak in an assignment is found and named with its file: planted here, one weakness at a time."""

import json
import re
import shutil
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.validate import weak
from tests.engine.conftest import NAME, copied

HIDDEN = f"autograder/assignments/{NAME}/hidden/test_readings.py"
MISTAKES = f"autograder/assignments/{NAME}/mistakes/readings.py"
NOTEBOOK = f"source/{NAME}/Readings.ipynb"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return copied(tmp_path / "course")


def again(course: Course) -> Course:
    """Return the course after a change: another folder, so that nothing of it is remembered."""
    return Course(Path(shutil.move(course.root, course.root.with_name("again"))))


def edit(course: Course, file: str, *changes: tuple[str, str]) -> Course:
    path = course.root / file
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return again(course)


def test_a_sound_assignment_has_no_weakness(course: Course) -> None:
    assert list(weak.unfilled(course)) == []
    assert list(weak.points_differ(course)) == []
    assert list(weak.vague_hints(course)) == []


@pytest.mark.parametrize("file", [HIDDEN, MISTAKES, f"source/{NAME}/{NAME}/readings.py"])
def test_a_place_to_fill_in(course: Course, file: str) -> None:
    path = course.root / file
    line = path.read_text().count("\n") + 1
    with path.open("a") as appended:
        appended.write("# FILL IN: say why\n")
    assert list(weak.unfilled(course)) == [f"{file}, line {line}, still holds 'FILL IN: say why'."]


def test_a_place_to_fill_in_in_a_notebook(course: Course) -> None:
    course = edit(course, NOTEBOOK, ("# Readings", "# FILL IN: a title"))
    assert list(weak.unfilled(course)) == [f"{NOTEBOOK}, cell 1, still holds 'FILL IN: a title'."]


def test_an_exercise_without_points(course: Course) -> None:
    (sentence,) = weak.points_differ(edit(course, NOTEBOOK, ('"points": 3', '"points": 0')))
    assert sentence == "Readings.ipynb: running_mean has no points. Set them in its grade cell."


@pytest.mark.parametrize(("points", "wrong"), [("7", False), ("7.0", False), ("8", True)])
def test_a_sum_of_points(course: Course, points: str, wrong: bool) -> None:
    with (course.assignment.folder / "assignment.toml").open("a") as settings:
        settings.write(f"points = {points}\n")
    found = list(weak.points_differ(again(course)))
    assert bool(found) is wrong
    if wrong:
        assert "assignment.toml promises 8 points, and the grade cells add up to 7" in found[0]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Convert. **2 points**", False),
        ("Convert. **3 points**", True),
        ("Convert, for 3 points.", False),
        ("Convert (3 points).", True),
        ("**1 point** and **1 point**", False),
        ("**2.5 points**", True),
    ],
)
def test_points_in_the_text_above(course: Course, text: str, wrong: bool) -> None:
    path = course.root / NOTEBOOK
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["source"] = text
    path.write_text(json.dumps(notebook))
    found = list(weak.points_differ(again(course)))
    assert [re.findall(r"the text above (\w+) promises", one) for one in found] == ([["to_celsius"]] if wrong else [])


@pytest.mark.parametrize(
    ("hint", "says"),
    [
        ("", "names nothing"),
        ("This is wrong.", "names nothing"),
        ("Something is not right here, please check your code again!", "names nothing"),
        ("The factor is upside down.", "is that of another mistake too"),
        ("The factor is upside-down!", "is that of another mistake too"),
        ("Write celsius = (readings - 32) * 5 / 9 instead.", "holds the solution"),
        ("You forgot something: return (readings-32)*5/9, then it is right.", "holds the solution"),
    ],
)
def test_a_hint_that_helps_nobody(course: Course, hint: str, says: str) -> None:
    found = list(weak.vague_hints(edit(course, MISTAKES, ("The 32 degrees are missing.", hint))))
    assert found
    assert all(says in sentence and sentence.startswith(MISTAKES) for sentence in found)
    assert "to_celsius/no_offset" in found[0]
