"""`autograder new`: what it lays out works at once, what it cannot lay out it refuses and leaves everything alone."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.builder import current
from autograder.catalogue import accepted_of, mistakes_of
from autograder.course import Course
from autograder.sample.students import students_of
from autograder.template import new_assignment, new_exercise
from autograder.template.texts import TemplateError
from autograder.validate import calibration, lenient, weak
from autograder.validate.inventory import incomplete
from tests.conftest import ROOT

NAME = "shopping"


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository; not to be changed."""
    root = tmp_path_factory.mktemp("new")
    new_assignment(root, NAME, title="Receipts & prices", repository=True)
    return root


@pytest.fixture
def course(laid_out: Path, tmp_path: Path) -> Course:
    """The same, to be changed."""
    shutil.copytree(laid_out, tmp_path / "course")
    return Course(tmp_path / "course")


def texts(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def complaints(course: Course) -> list[str]:
    return [*incomplete(course), *weak.unfilled(course), *weak.points_differ(course), *weak.vague_hints(course)]


def test_a_new_assignment_has_all_that_one_needs(course: Course) -> None:
    (part,) = course.parts
    assert [exercise.id for exercise in part.automatic] == ["standardise"]
    assert course.assignment.settings.title == "Receipts & prices"
    assert len(mistakes_of(course.assignment)) == len(accepted_of(course.assignment)) == 3
    assert "sample-mistaken" in students_of(course)
    assert complaints(course) == []


def test_a_new_assignment_passes_the_gate(course: Course, level: int) -> None:
    current.build(course)
    (part,) = course.parts
    assert current.differences(course) == []
    assert calibration.reference_lacks(course, part, level) == []
    assert calibration.blank_earns(course, part, level) == []
    assert [calibration.accepted_loses(course, one, 0) for one in accepted_of(course.assignment)] == [[]] * 3
    assert [calibration.mistake_passes(course, one, level) for one in mistakes_of(course.assignment)] == [[]] * 3
    assert list(lenient.degenerate_pass(course, part)) == []


def test_what_is_laid_out_is_tidy(laid_out: Path) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
    checked = subprocess.run(command, cwd=laid_out, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_a_second_assignment(course: Course) -> None:
    before = texts(course.root)
    new_assignment(course.root, "cooking", "recipes")
    after = texts(course.root)
    assert {name: after[name] for name in before} == before
    assert Course(course.root, name="cooking").assignment.package == "recipes"


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("exercise", {}, "means something else"),
        ("two words", {}, "letters, digits and underscores"),
        ("../up", {}, "letters, digits and underscores"),
        ("class", {}, "letters, digits and underscores"),
        (NAME, {}, "is there already"),
        ("other", {"repository": True}, "is a course already"),
        ("statistics", {}, "installed already"),
        ("other", {"package": "numpy"}, "installed already"),
        ("other", {"title": 'The "best"'}, "cannot be a title"),
        ("other", {"title": "two\nlines"}, "cannot be a title"),
    ],
)
def test_names_that_cannot_be(laid_out: Path, name: str, options: dict[str, object], says: str) -> None:
    before = texts(laid_out)
    with pytest.raises(TemplateError, match=says):
        new_assignment(laid_out, name, **options)  # type: ignore[arg-type]
    assert texts(laid_out) == before


def test_a_folder_that_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="--repository"):
        new_assignment(tmp_path, NAME)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Mine.")
    with pytest.raises(TemplateError, match=r"README\.md is there already"):
        new_assignment(tmp_path, "market", repository=True)
    assert texts(tmp_path) == {"README.md": "Mine."}


@pytest.mark.long
def test_a_new_exercise_works_and_says_what_is_left(course: Course, level: int) -> None:
    new_exercise(course, "running_sum", points=2)
    course = Course(Path(shutil.move(course.root, course.root.with_name("again"))))  # which is read afresh
    current.build(course)
    (part,) = course.parts
    assert [(exercise.id, exercise.points) for exercise in part.automatic] == [("standardise", 3), ("running_sum", 2)]
    assert calibration.reference_lacks(course, part, level) == []
    assert calibration.blank_earns(course, part, level) == []
    assert [calibration.mistake_passes(course, one, level) for one in mistakes_of(course.assignment)] == [[]] * 4
    said = complaints(course)
    for file in ("source/shopping/Start.ipynb", "shopping/start.py", "hidden/test_start.py", "mistakes/start.py"):
        assert [one for one in said if file in one and "still holds" in one], file
    assert any("has 1 known mistakes and needs 3" in one for one in said)
    assert any("promises 3 points, and the grade cells add up to 5" in one for one in said)


@pytest.mark.long
def test_an_exercise_that_is_answered_in_the_notebook(course: Course, level: int, tmp_path: Path) -> None:
    changed = new_exercise(course, "answer", points=2, in_notebook=True)
    assert not [path for path in changed if path.name in ("start.py",)]
    course = Course(Path(shutil.move(course.root, course.root.with_name("again"))))
    current.build(course)
    (part,) = course.parts
    assert calibration.reference_lacks(course, part, level) == []
    assert calibration.blank_earns(course, part, level) == []
    assert {one for one in complaints(course) if "known mistakes" in one} == set()
    released = json.loads((course.release / "Start.ipynb").read_text())
    (answer,) = [cell for cell in released["cells"] if cell["id"] == "answer-answer"]
    assert "6 * 7" not in "".join(answer["source"])


def test_two_exercises_can_wait_to_be_filled_in(course: Course, level: int) -> None:
    for exercise in ("running_sum", "running_product"):
        new_exercise(course, exercise)
        course = Course(Path(shutil.move(course.root, course.root.with_name(exercise))))
    assert [calibration.mistake_passes(course, one, level) for one in mistakes_of(course.assignment)] == [[]] * 5


def test_an_exercise_in_files_that_are_not_there_yet(course: Course) -> None:
    hidden = course.assignment.hidden / "test_start.py"
    for path in (hidden, course.source / "tests" / "test_start.py", course.assignment.folder / "mistakes" / "start.py"):
        path.unlink()
    new_exercise(course, "running_sum", module="sums")
    assert "assert_close" in hidden.read_text()
    assert (course.source / NAME / "sums.py").read_text().count("import numpy as np") == 1
    for path in course.root.rglob("*.py"):
        ast.parse(path.read_text())


@pytest.mark.parametrize(
    ("exercise", "options", "says"),
    [
        ("standardise", {}, "There is an exercise standardise already"),
        ("np", {}, "has a name np already"),
        ("a-b", {}, "letters, digits and underscores"),
        ("other", {"notebook": "Other"}, "Say with --notebook"),
        ("other", {"module": "../up"}, "letters, digits and underscores"),
        ("other", {"points": 0.0}, "cannot have 0 points"),
        ("other", {"points": float("nan")}, "cannot have nan points"),
    ],
)
def test_exercises_that_cannot_be(course: Course, exercise: str, options: dict[str, object], says: str) -> None:
    before = texts(course.root)
    with pytest.raises(TemplateError, match=says):
        new_exercise(course, exercise, **options)  # type: ignore[arg-type]
    assert texts(course.root) == before


@pytest.mark.parametrize(
    "end", ["()", "(\n)", "(ONE,)", "(ONE, ONE)", "(\n    ONE,\n    # the last one\n)  # fmt: skip"]
)
def test_a_mistake_is_added_to_any_tuple(course: Course, end: str) -> None:
    path = course.assignment.folder / "mistakes" / "start.py"
    one = 'mistake("standardise", "é", "start.py", "Ä", "ß", ("a", "b"))'
    path.write_text(f"from autograder.catalogue import mistake\nONE = {one}\nMISTAKES = {end}\n")
    new_exercise(course, "running_sum")
    names: dict[str, object] = {}
    exec(path.read_text(), names)
    assert names["MISTAKES"][-1].exercise == "running_sum"  # type: ignore[index]
    assert len(names["MISTAKES"]) == end.count("ONE") + 1  # type: ignore[arg-type]


@pytest.mark.parametrize("listed", ["ONE, ONE", "[ONE]", "make()", "ONE, (ONE)"])
def test_mistakes_that_are_no_tuple_in_parentheses(course: Course, listed: str) -> None:
    path = course.assignment.folder / "mistakes" / "start.py"
    path.write_text(f"ONE = 1\nMISTAKES = {listed}\n")
    before = texts(course.root)
    with pytest.raises(TemplateError, match="MISTAKES"):
        new_exercise(course, "running_sum")
    assert texts(course.root) == before


def test_a_notebook_keeps_its_other_cells(course: Course) -> None:
    path = course.source / "Start.ipynb"
    before = json.loads(path.read_text())
    new_exercise(course, "running_sum")
    after = json.loads(path.read_text())
    assert after["cells"][: len(before["cells"])] == before["cells"]
    assert {name: after[name] for name in after if name != "cells"} == {
        name: before[name] for name in before if name != "cells"
    }
