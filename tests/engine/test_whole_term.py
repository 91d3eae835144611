"""A term, from the first build to the last export: every figure is checked against one that was computed by hand."""

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.sample import students as samples

from .conftest import NAME
from .test_exchange import SOLVED, User, pytestmark, read, run
from .test_exchange import course as course
from .test_exchange import exchange as exchange
from .test_exchange import students as students

__all__ = ["pytestmark"]
AUTOGRADER = ("-m", "autograder.cli")
DUE = datetime(2026, 5, 10, 12, tzinfo=UTC)
HANDED_IN = {  # days after the due date
    "s01": -1, "s02": 1, "s03": 3, "s04": 2, "s05": 4, "s06": 1, "s07": 0, "s08": -2, "s09": -1, "s10": -1,
}  # fmt: skip
SPOILED = ("s06", "s07", "s08")
"""Their running mean takes one reading too many."""
WRONG, BLANK = "s10", "s09"


def autograder(course: Course, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, *AUTOGRADER, *arguments], cwd=course.root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def totals(course: Course) -> dict[str, float]:
    """Return the score of each student in nbgrader's export."""
    run(course, "export", "--to", "grades.csv")
    with (course.root / "grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def changed(course: Course) -> list[tuple[str, ...]]:
    """Return the rows of the last run's report, without totals."""
    newest = max((course.state / "runs" / NAME).glob("*.csv"), key=lambda path: path.stat().st_mtime)
    with newest.open(newline="") as file:
        return [tuple(row) for row in list(csv.reader(file))[1:] if row[1] != "total"]


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def hand_in_by_mail(course: Course) -> None:
    """Put ten submissions into ``submitted``, with the times at which they came."""
    for student, days in HANDED_IN.items():
        folder = course.root / "submitted" / student / NAME
        (samples.blank if student == BLANK else samples.solved)(course, folder)
        if student in SPOILED:
            edited(folder / NAME / "readings.py", "number - width + 1", "number - width")
        if student == WRONG:
            edited(folder / NAME / "readings.py", "* 5 / 9", "* 5 / 8")
        when = DUE + timedelta(days=days, hours=-1)
        (folder / "timestamp.txt").write_text(when.strftime("%Y-%m-%d %H:%M:%S UTC"))


def set_dates(course: Course, online: list[User]) -> None:
    """Set the due date; a later one for a section (s05, and who uses the exchange), and an extension for s04."""
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.LatePolicy.percent_per_day = 10\n")
    later = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT12:00+00:00")
    lines = ["student,assignment,due,days", f"s04,{NAME},,2", f"s05,{NAME},2026-05-15T12:00+00:00,"]
    lines += [f"{user.name},{NAME},{later}," for user in online]
    (course.root / "extensions.csv").write_text("\n".join(lines))
    run(course, "db", "assignment", "add", NAME, "--duedate", "2026-05-10 12:00 UTC")


def test_a_term(course: Course, students: list[User]) -> None:
    first, second = students
    run(course, "release_assignment", NAME)
    set_dates(course, students)
    for user in students:
        user.nbgrader("fetch_assignment", NAME)
    first.hand_in(SOLVED, "Because of the inversion.")
    second.hand_in(SOLVED.replace("* 5 / 9", "* 5"), "No idea.")
    run(course, "collect", NAME)
    hand_in_by_mail(course)

    # 2 points for to_celsius, 3 for running_mean, 1 for the forecast; the answer (1) is not read yet.
    autograder(course, "grade", "--no-feedback")
    online = {first.name: 5.0, second.name: 0.0}  # no forecast
    assert totals(course) == {
        **online, "s01": 6, "s02": 5.4, "s03": 4.2, "s04": 6, "s05": 6, "s06": 2.7, "s07": 3, "s08": 3, "s09": 0,
        "s10": 1,
    }  # fmt: skip
    assert "to read" in autograder(course, "status")

    # A person reads: one point each, half a point for those who are late.
    for student in (first.name, "s01", "s04", "s05", "s07", "s08", "s10"):
        read(course, student, 1, "Good.")
    for student in ("s02", "s03", "s06"):
        read(course, student, 0.5, "Short.")
    read(course, second.name, 0, "Ask me.")
    read_totals = {
        first.name: 6.0, second.name: 0.0, "s01": 7, "s02": 5.85, "s03": 4.55, "s04": 7, "s05": 7, "s06": 3.15,
        "s07": 4, "s08": 4, "s09": 0, "s10": 2,
    }  # fmt: skip
    autograder(course, "grade")
    assert totals(course) == read_totals
    run(course, "release_feedback", NAME)
    for user, total in ((first, "6"), (second, "0")):
        user.nbgrader("fetch_feedback", NAME)
        assert f"Total: {total} of 7 points" in user.pages()[-1]
    late = (course.root / "feedback" / "s02" / NAME / "Readings.html").read_text()
    assert "Total: 5.85 of 7 points" in late
    assert "It loses 10 % of the score: 0.65 points" in late.replace("\\", "")

    # A hidden test is corrected: it asks for the mean of all readings, which the spoiled functions give.
    path = course.root / "autograder" / "assignments" / NAME / "hidden" / "test_readings.py"
    edited(path, '"width", [1, 3]', '"width", [20, 30]')
    autograder(course, "grade", "--dry-run")
    why = "tests or grader changed"
    # s06 is a day late: the score of 6.5 loses 0.65 points, instead of 0.35.
    report = [
        ("s06", "running_mean", "0", "3", why),
        ("s06", "late penalty", "0.35", "0.65", "score changed"),
        ("s07", "running_mean", "0", "3", why),
        ("s08", "running_mean", "0", "3", why),
    ]
    assert sorted(changed(course)) == sorted(report)
    assert totals(course) == read_totals
    autograder(course, "grade")
    assert sorted(changed(course)) == sorted(report)
    corrected = {**read_totals, "s06": 5.85, "s07": 7, "s08": 7}
    assert totals(course) == corrected
    autograder(course, "grade", "--undo")
    assert totals(course) == read_totals
    autograder(course, "grade")
    assert totals(course) == corrected

    # Points change: to_celsius is worth 4 instead of 2.
    notebook = course.root / "source" / NAME / "Readings.ipynb"
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "to_celsius":
            cell["metadata"]["nbgrader"]["points"] = 4
    notebook.write_text(json.dumps(content, indent=1))
    ended = subprocess.run(
        [sys.executable, *AUTOGRADER, "grade"], cwd=course.root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "Run `autograder build`" in ended.stderr
    assert totals(course) == corrected
    autograder(course, "build")
    autograder(course, "grade")
    assert ("s01", "to_celsius", "2", "4", "points changed") in changed(course)
    rescaled = {
        first.name: 8.0, second.name: 0.0, "s01": 9, "s02": 7.65, "s03": 5.95, "s04": 9, "s05": 9, "s06": 7.65,
        "s07": 9, "s08": 9, "s09": 0, "s10": 2,
    }  # fmt: skip
    assert totals(course) == rescaled

    # A corrected release: the heading changes. Hand-ins of the first release are graded as they were.
    edited(notebook, "# Readings", "# Readings of a station")
    autograder(course, "build")
    autograder(course, "grade")
    assert changed(course)  # still the report of the run before: this one changes no grade
    assert totals(course) == rescaled
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        waiting = gradebook.find_grade("explain", "Readings", NAME, BLANK)
        assert (waiting.auto_score, waiting.needs_manual_grade) == (0.0, False)
    with (course.root / "grades.csv").open(newline="") as file:
        assert {row["student_id"]: row["open_points"] for row in csv.DictReader(file)} == dict.fromkeys(rescaled, "0.0")
