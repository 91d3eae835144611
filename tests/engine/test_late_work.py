"""A term with nbgrader's real commands on the small course: due dates, extensions, names, and what a student sees."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.builder import current
from autograder.course import Course
from autograder.sample import students
from tests.engine.conftest import NAME, copied

pytestmark = [pytest.mark.slow, pytest.mark.long]
NBGRADER = (sys.executable, "-W", "ignore", "-m", "nbgrader")
AUTOGRADER = (sys.executable, "-m", "autograder.cli")
CONFIG = """
c.LatePolicy.percent_per_day = 10
c.LatePolicy.time_zone = "Europe/Berlin"
"""


def run(root: Path, *command: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, level: int) -> Course:
    """Return a graded class: anna in time, o'brien two days late, one in the future, one without any time."""
    course = copied(tmp_path_factory.mktemp("term"))
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(CONFIG)
    current.build(course)
    for name, stamp in (
        ("anna", "2026-05-10 20:00:00.000000 UTC"),
        ("o'brien", "2026-05-12 23:59:00.000000 CEST"),
        ("future", "2100-01-01 00:00:00 UTC"),
        ("unknown", ""),
        ("аnna", "2026-05-10 20:00:00 UTC"),  # with a Cyrillic letter
    ):
        folder = course.root / "submitted" / name / NAME
        students.solved(course, folder)
        (folder / "timestamp.txt").write_text(stamp)
    module = course.root / "submitted" / "unknown" / NAME / "weather" / "readings.py"
    module.write_text(module.read_text() + "# different\n")
    for name in ("O'Brien", "anna", "future", "unknown"):
        run(course.root, *NBGRADER, "db", "student", "add", name)
    run(course.root, *NBGRADER, "db", "assignment", "add", NAME, "--duedate", "2026-05-10 23:59 Europe/Berlin")
    ended = run(course.root, *AUTOGRADER, "grade", "--workers", "1", status=1)  # one folder is not graded
    (course.root / "said.txt").write_text(ended.stdout + ended.stderr)
    return course


def rows(course: Course) -> dict[str, dict[str, str]]:
    run(course.root, *NBGRADER, "export", "--to", "grades.csv")
    with (course.root / "grades.csv").open(newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def automatic(course: Course) -> float:
    return sum(exercise.points for part in course.parts for exercise in part.automatic)


def test_the_export_has_the_penalty_and_every_student_once(school: Course) -> None:
    full, found = automatic(school), rows(school)
    assert sorted(found) == ["O'Brien", "anna", "future", "unknown"]
    assert float(found["anna"]["score"]) == full
    assert float(found["O'Brien"]["late_submission_penalty"]) == pytest.approx(0.2 * full)
    assert float(found["O'Brien"]["score"]) == pytest.approx(0.8 * full)
    assert [float(found[one]["score"]) for one in ("future", "unknown")] == [full, full]


def test_the_student_sees_the_penalty(school: Course) -> None:
    page = (school.root / "feedback" / "O'Brien" / NAME / "Readings.html").read_text()
    assert (
        "Late: handed in on 2026-05-12 23:59 CEST, due on 2026-05-10 23:59 CEST, 2 started days after it. "
        f"It loses 20 % of the score: {0.2 * automatic(school):.4g} points."
    ) in page
    assert f"Readings: {0.8 * automatic(school):g} of 7 points" in page
    assert "Late:" not in (school.root / "feedback" / "anna" / NAME / "Readings.html").read_text()


def test_the_run_says_what_to_look_at(school: Course) -> None:
    said = " ".join((school.root / "said.txt").read_text().replace("│", " ").split())
    assert "timestamp.txt (2100-01-01 00:00:00 UTC) is in the future" in said
    assert "timestamp.txt is missing" in said
    assert "submitted/o'brien is the student O'Brien of the gradebook" in said
    assert "it looks like the student anna" in said
    assert "O'Brien, anna, future handed in the same work" in said


def test_the_books_are_right_at_once_after_an_extension_and_a_moved_due_date(school: Course) -> None:
    full, table = automatic(school), school.root / "extensions.csv"
    stamps = {path: path.stat().st_mtime_ns for path in (school.state / "verdicts").rglob("*.json")}
    table.write_text(f"student,assignment,days\nO'BRIEN,{NAME},2\n")
    assert float(rows(school)["O'Brien"]["score"]) == full
    table.unlink()
    assert float(rows(school)["O'Brien"]["score"]) == pytest.approx(0.8 * full)
    for due, days in (
        ("2026-05-11 23:59 Europe/Berlin", 1),
        ("2026-05-01 23:59 +0200", 10),
        ("2026-05-10 23:59 +0200", 2),
    ):
        run(school.root, *NBGRADER, "db", "assignment", "add", NAME, "--duedate", due)
        assert float(rows(school)["O'Brien"]["score"]) == pytest.approx((1 - days / 10) * full)
    run(school.root, *NBGRADER, "generate_feedback", NAME, "--force", "--student", "O'Brien")
    assert "It loses 20 %" in (school.root / "feedback" / "O'Brien" / NAME / "Readings.html").read_text()
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}  # nothing was judged again


def test_a_corrected_time_counts_when_graded_again(school: Course) -> None:
    stamp = school.root / "submitted" / "future" / NAME / "timestamp.txt"
    for text, penalty in (("2026-05-11 10:00:00 UTC", 0.1), ("2100-01-01 00:00:00 UTC", 0.0)):
        stamp.write_text(text)
        run(school.root, *NBGRADER, "autograde", NAME, "--student", "future", "--force")
        assert float(rows(school)["future"]["late_submission_penalty"]) == pytest.approx(penalty * automatic(school))


def test_a_backup_brings_manual_grades_and_the_same_scores_back(school: Course, tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("explain", "Readings", NAME, "anna")
        grade.manual_score, grade.needs_manual_grade = 1.0, False
        gradebook.db.commit()
    before = rows(school)
    run(school.root, *AUTOGRADER, "backup", str(tmp_path / "kept.tar.gz"))
    other = copied(tmp_path / "new machine")
    shutil.copy(school.root / "nbgrader_config.py", other.root)
    current.build(other)
    run(other.root, *AUTOGRADER, "restore", str(tmp_path / "kept.tar.gz"))
    run(other.root, *AUTOGRADER, "grade", "--workers", "1", status=1)
    assert rows(other) == before
