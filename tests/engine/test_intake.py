"""From what was handed in to what a student and an instructor read: found, recognised, named, never zero in silence."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.builder import current
from autograder.course import Course
from autograder.errors import SubmissionError
from autograder.grading.cells import MAX_LEFT_OUT, show
from autograder.grading.engine import verdict_on
from autograder.judge.apart import Apart
from autograder.judge.session import judge_part, taken_in
from autograder.sample import students
from autograder.verdict import PartVerdict
from tests.engine.conftest import NAME, copied

MODULE = f"{NAME}/readings.py"


@pytest.fixture
def solved(small: Course, tmp_path: Path) -> Path:
    """Return a complete submission."""
    folder = tmp_path / "handed-in" / NAME
    students.solved(small, folder)
    return folder


def judged(course: Course, handed_in: Path, level: int) -> PartVerdict:
    (part,) = course.parts
    with taken_in(handed_in, course.assignment) as submission:
        return judge_part(course, part, submission, level)


def move(folder: Path, moves: dict[str, str]) -> None:
    for source, target in moves.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / source).rename(folder / target)


MOVES = {
    "package deeper": {NAME: f"code/src/{NAME}"},
    "notebook deeper": {"Readings.ipynb": "notebooks/Readings.ipynb"},
    "loose module": {MODULE: "readings.py"},
    "renamed": {"Readings.ipynb": "Readings (1).ipynb", MODULE: f"{NAME}/readings-Copy1.py"},
}  # fmt: skip


@pytest.mark.parametrize("moves", MOVES)
def test_moved_and_renamed_work_earns_its_points_and_is_said(
    small: Course, solved: Path, level: int, moves: str
) -> None:
    move(solved, MOVES[moves])
    if moves == "loose module":
        shutil.rmtree(solved / NAME)
    verdict = judged(small, solved, level)
    assert verdict.score == verdict.points, verdict
    assert len([problem for problem in verdict.problems if "taken as" in problem or "found in" in problem])


@pytest.mark.parametrize("what", ["notebook alone", "empty package", "another module alone"])
def test_a_package_that_is_not_there_is_not_graded_and_named(
    small: Course, solved: Path, level: int, what: str
) -> None:
    shutil.rmtree(solved / NAME)
    if what != "notebook alone":
        (solved / NAME).mkdir()
    if what == "another module alone":
        (solved / NAME / "helpers.py").write_text("x = 1\n")
    verdict = judged(small, solved, level)
    *of_package, forecast = verdict.exercises
    assert forecast.score == forecast.points
    assert {exercise.outcome for exercise in of_package} == {"not_graded"}
    named = (
        f"{MODULE} was not handed in."
        if what == "another module alone"
        else f"There is no {NAME} package in the submission."
    )
    assert {exercise.message for exercise in of_package} == {named}
    assert (
        named.rstrip(".") in " ".join(verdict.problems)
        or f"Not handed in: {NAME}/__init__.py and {MODULE}." in verdict.problems
    )


def test_a_module_that_the_release_does_not_have_is_the_students_own_fault(
    small: Course, solved: Path, level: int
) -> None:
    (solved / MODULE).write_text(f"from {NAME}.helpers import everything\n")
    assert [exercise.outcome for exercise in judged(small, solved, level).exercises] == ["failed", "failed", "graded"]


def test_the_package_alone_names_the_notebook(small: Course, solved: Path, level: int) -> None:
    (solved / "Readings.ipynb").unlink()
    verdict = judged(small, solved, level)
    assert [exercise.outcome for exercise in verdict.exercises] == ["graded", "graded", "not_graded"]
    assert "Readings.ipynb was not handed in." in verdict.problems


def test_nothing_is_one_sentence(small: Course, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "work.rar").write_bytes(b"Rar!\x1a\x07\x01\x00")
    with (
        pytest.raises(SubmissionError, match=r"work\.rar is a RAR archive"),
        taken_in(tmp_path / "in", small.assignment),
    ):
        pass


def test_what_is_said_belongs_to_the_hand_in(small: Course, solved: Path, tmp_path: Path, level: int) -> None:
    """Two students hand in the same files, and one of them a file that is left out, and a notebook with another name."""
    course = copied(tmp_path / "course")
    current.build(course)
    other = tmp_path / "other" / NAME
    shutil.copytree(solved, other)
    move(other, {"Readings.ipynb": "Readings (1).ipynb"})
    (other / "notes.docx").write_bytes(b"PK")
    (part,) = course.parts
    for _ in range(2):
        with Apart(course, level) as apart:
            taken = {number: taken() for number, taken in apart.taken(enumerate((solved, other)))}
            first, second = (verdict_on(apart, part, taken[number]) for number in range(2))
        assert first.submission == second.submission
        assert (first.problems, first.left_out) == ((), ())
        assert second.problems == ("Readings (1).ipynb was taken as Readings.ipynb.",)
        assert second.left_out == ("notes.docx (not a kind of file that is accepted)",)
    assert len(list((course.state / "verdicts").rglob("*.json"))) == 1


def test_the_first_cell_of_the_feedback_lists_what_was_left_out(small: Course) -> None:
    notebook = nbformat.read(small.release / "Readings.ipynb", as_version=4)
    left_out = ("<b>x</b>.exe (not a kind of file that is accepted)", *(f"f{i}.exe (too large)" for i in range(30)))
    show(notebook, PartVerdict(1, "Readings", (), left_out=left_out))
    told = notebook.cells[0].source
    assert told.count("**Left out:**") == MAX_LEFT_OUT + 1
    assert "<b>" not in told.replace("\\<", "")
    assert f"{len(left_out) - MAX_LEFT_OUT} more files or folders" in told


def test_the_command_takes_an_archive_in_the_same_way(small: Course, solved: Path, tmp_path: Path, level: int) -> None:
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as packed:
        for path in sorted(solved.rglob("*.py")):
            packed.write(path, "hw\\" + str(path.relative_to(solved)).replace("/", "\\"))
        packed.write(solved / "Readings.ipynb", "readings copy.ipynb")
        packed.writestr("virus.exe", b"MZ")
    command = [sys.executable, "-m", "autograder.cli", "judge", str(tmp_path / "work.zip")]
    ran = subprocess.run(command, cwd=small.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "6 of 6" in ran.stdout
    assert "readings copy.ipynb was taken as Readings.ipynb." in ran.stdout
    assert "Left out: virus.exe (not a kind of file that is accepted)" in ran.stdout


def broken(course: Course, solved: Path) -> dict[str, float]:
    """Hand in for a class in which intake has trouble with everybody. Return the open points of each student."""
    submitted = course.root / "submitted"
    points = {"whole": 0.0, "renamed": 0.0, "crowded": 0.0, "alone": 5.0, "packed": 6.0, "nothing": 6.0, "two": 6.0}
    for student in points:
        (submitted / student).mkdir(parents=True)
        if student in ("whole", "renamed", "alone"):
            shutil.copytree(solved, submitted / student / NAME)
        else:
            (submitted / student / NAME).mkdir()
    move(submitted / "renamed" / NAME, {"Readings.ipynb": "readings (2).ipynb", NAME: f"src/{NAME}"})
    shutil.rmtree(submitted / "alone" / NAME / NAME)
    with zipfile.ZipFile(submitted / "crowded" / NAME / "work.zip", "w") as packed:
        for number in range(1000):
            packed.writestr(f"a_env\\Lib\\site-packages\\p\\m{number}.py", b"")
        for path in sorted(path for path in solved.rglob("*") if path.is_file()):
            packed.write(path, path.relative_to(solved))
    (submitted / "packed" / NAME / "work.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    for copy in ("mine", "yours"):
        shutil.copytree(solved / NAME, submitted / "two" / NAME / copy / NAME)
    return points


@pytest.mark.long
def test_a_class_of_troubles_is_zero_for_nobody(small: Course, solved: Path, tmp_path: Path, level: int) -> None:
    course = copied(tmp_path / "course")
    waiting = broken(course, solved)
    for command in ("build", "grade"):
        ran = subprocess.run(
            [sys.executable, "-m", "autograder.cli", command],
            cwd=course.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr + ran.stdout
    automatic = {exercise.id for exercise in course.parts[0].automatic}
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        grades = {
            student: [(grade.auto_score, grade.needs_manual_grade, grade.max_score) for notebook in
                      gradebook.find_submission(NAME, student).notebooks for grade in notebook.grades if grade.name in automatic]
            for student in waiting
        }  # fmt: skip
    for student, points in waiting.items():
        assert sum(most for score, waits, most in grades[student] if waits and score is None) == points, student
        assert sum(score or 0 for score, _, _ in grades[student]) == 6 - points, student
    pages = {page.parent.parent.name: page.read_text() for page in (course.root / "feedback").glob(f"*/{NAME}/*.html")}
    assert "readings (2).ipynb was taken as Readings.ipynb" in pages["renamed"]
    assert "a_env/ (1,000 files, a virtual environment)" in pages["crowded"]
    assert "work.7z is a 7z archive" in pages["packed"]
    assert f"holds several {NAME} packages (mine, yours)" in pages["two"]
    assert f"holds no {NAME} package and no notebook" in pages["nothing"]
    assert f"There is no {NAME} package in the submission." in pages["alone"]
