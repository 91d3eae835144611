"""Earlier releases are remembered: a hand-in of one is shown and read with the texts that its student received."""

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader import utils
from nbgrader.api import Gradebook

from autograder.builder import current
from autograder.builder.releases import as_received, known_blanks, release_of, versions
from autograder.builder.strip import reveal
from autograder.course import Course
from tests.engine.conftest import NAME, copied

pytestmark = pytest.mark.xdist_group("releases")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with three releases, of which the first was built before releases were kept."""
    course = copied(tmp_path_factory.mktemp("releases"))
    edit(course, "explain", "Your answer here.\n\n### BEGIN SOLUTION\nBecause of the inversion.\n### END SOLUTION")
    current.build(course)
    shutil.copytree(course.release, course.root / "first")
    shutil.rmtree(course.state / "releases")
    edit(course, "to_celsius", 'check("to_celsius")  # corrected')
    current.build(course)
    shutil.copytree(course.release, course.root / "second")
    edit(
        course, "explain", "Your answer in two sentences.\n\n### BEGIN SOLUTION\nWarm air.\n### END SOLUTION", points=2
    )
    current.build(course)
    return course


def edit(course: Course, name: str, text: str, **said: Any) -> None:
    path = course.source / "Readings.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == name)
    cell.source = text
    cell.metadata.nbgrader.update(said)
    nbformat.write(notebook, path)


def read(course: Course, release: str) -> Any:
    folder = course.release if release == "third" else course.root / release
    return nbformat.read(folder / "Readings.ipynb", as_version=4)


def named(notebook: Any, name: str) -> Any:
    return next(one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == name)


def test_each_version_is_kept_once_also_the_one_before_this_was_done(course: Course) -> None:
    kept = sorted((course.state / "releases" / NAME / "Readings").iterdir())
    assert len(kept) == 3
    current.build(course)
    assert sorted((course.state / "releases" / NAME / "Readings").iterdir()) == kept
    assert len(versions(course, "Readings")) == 3
    assert versions(course, "Absent") == []


def test_checking_the_release_keeps_nothing(course: Course, tmp_path: Path) -> None:
    shutil.copytree(course.root, tmp_path / "own", ignore=shutil.ignore_patterns(".autograder"))
    assert current.differences(Course(tmp_path / "own")) == []
    assert not (tmp_path / "own" / ".autograder").exists()


def test_every_text_of_an_answer_is_known(course: Course) -> None:
    found = known_blanks(course, "Readings", "explain")
    assert {named(read(course, release), "explain").source for release in ("first", "second", "third")} == found
    assert len(found) == 2
    assert known_blanks(course, "Readings", "absent") == set()


@pytest.mark.parametrize("release", ["first", "second", "third"])
@pytest.mark.parametrize("wiped", [False, True])
def test_a_notebook_tells_its_release(course: Course, release: str, wiped: bool) -> None:
    notebook = read(course, release)
    named(notebook, "explain").source = "My answer."
    if wiped:
        for cell in notebook.cells:
            cell.metadata = {}
    found = release_of(course, "Readings", notebook.cells)
    assert found is not None
    texts = {name: cell.source for name, cell in found.version.cells.items()}
    assert texts["to_celsius"] == named(read(course, release), "to_celsius").source
    if not wiped:
        assert texts["explain"] == named(read(course, release), "explain").source
        assert found.current == (release == "third")


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [{"metadata": None}],
        [{"metadata": {"nbgrader": []}, "source": 3}],
        [{"metadata": {"nbgrader": {"grade_id": {}, "checksum": []}}, "source": "x"}],
        [{"metadata": {"nbgrader": {"grade_id": "explain", "checksum": "x" * 99999}}}],
    ],
)
def test_a_hostile_notebook_comes_from_no_release(course: Course, cells: list[Any]) -> None:
    assert release_of(course, "Readings", cells) is None


def test_a_damaged_file_is_passed_over(course: Course, tmp_path: Path) -> None:
    shutil.copytree(course.root, tmp_path / "own")
    own = Course(tmp_path / "own")
    for path in (own.state / "releases" / NAME / "Readings").iterdir():
        path.write_text("{")
    assert len(versions(own, "Readings")) == 1


def test_the_students_own_texts_and_todays_points(course: Course) -> None:
    student, today = read(course, "first"), read(course, "third")
    shown = as_received(release_of(course, "Readings", student.cells), today)
    assert named(shown, "to_celsius").source == 'check("to_celsius")'
    assert named(shown, "explain").source == named(student, "explain").source
    assert named(shown, "explain").metadata.nbgrader.points == 2
    for cell in shown.cells:
        if utils.is_solution(cell):
            assert cell.metadata.nbgrader.checksum == utils.compute_checksum(cell)
    assert today == read(course, "third")
    assert as_received(release_of(course, "Readings", copy.deepcopy(today).cells), today) is today
    assert as_received(None, today) is today


@pytest.mark.slow
def test_a_student_who_has_begun_brings_the_corrected_release_in(course: Course, tmp_path: Path) -> None:
    """With real releases; see `tests/checks/test_update.py` for each kind of change."""
    own = shutil.copytree(course.root / "first", tmp_path / "mine")
    solved = (course.source / "weather" / "readings.py").read_text()
    (own / "weather" / "readings.py").write_text(reveal(solved))
    notebook = nbformat.read(own / "Readings.ipynb", as_version=4)
    named(notebook, "explain").source = "Because of the warm air."
    nbformat.write(notebook, own / "Readings.ipynb")
    command = [sys.executable, "-m", "weather.checks.update", str(course.release)]
    first, second = (
        subprocess.run(command, cwd=own, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert "merged   Readings.ipynb" in first
    assert second == "Everything is up to date.\n"
    notebook = nbformat.read(own / "Readings.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert named(notebook, "explain").source == "Because of the warm air."
    assert named(notebook, "explain").metadata.nbgrader.points == 2
    assert named(notebook, "to_celsius").source == 'check("to_celsius")  # corrected'
    assert (own / "weather" / "readings.py").read_text() == reveal(solved)
    origin = release_of(course, "Readings", notebook.cells)
    assert origin is not None
    assert origin.current
    program = "from weather.checks import check; check('to_celsius')"
    ran = subprocess.run([sys.executable, "-c", program], cwd=own, capture_output=True, text=True, check=False)
    assert "checks passed" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.slow
@pytest.mark.long
def test_hand_ins_of_an_earlier_release_are_graded_with_todays_tests_and_points(course: Course, level: int) -> None:
    for student, release in (("early", "first"), ("late", "third"), ("answered", "first")):
        folder = course.root / "submitted" / student / NAME
        shutil.copytree(course.release if release == "third" else course.root / release, folder)
        shutil.copy(course.source / "weather" / "readings.py", folder / "weather" / "readings.py")
    path = course.root / "submitted" / "answered" / NAME / "Readings.ipynb"
    notebook = nbformat.read(path, as_version=4)
    named(notebook, "explain").source = "Because of the warm air."
    nbformat.write(notebook, path)
    ran = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "grade"], cwd=course.root, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "weather") as gradebook:
        for student, waits in (("early", False), ("late", False), ("answered", True)):
            grade = gradebook.find_grade("explain", "Readings", NAME, student)
            assert (grade.needs_manual_grade, grade.max_score) == (waits, 2.0)
            assert gradebook.find_grade("to_celsius", "Readings", NAME, student).auto_score == 2.0
    shown = json.loads((course.root / "autograded" / "answered" / NAME / "Readings.ipynb").read_text())
    assert any("".join(cell["source"]) == 'check("to_celsius")' for cell in shown["cells"])
    said = "This notebook was begun with the release of "
    for student, earlier in (("early", True), ("late", False), ("answered", True)):
        text = (course.root / "autograded" / student / NAME / "Readings.ipynb").read_text()
        assert (said in text) == earlier
