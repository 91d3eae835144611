"""The gradebook is the truth: lost, restored, late, corrected, undone, locked or killed, the books are right at once."""

import copy
import csv
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import sqlalchemy
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import notebook_hash
from traitlets.config.loader import PyFileConfigLoader

from autograder.builder import current
from autograder.course import Course
from autograder.grading import books, changes, facts, ready, record
from autograder.grading.books import Account
from autograder.grading.changes import Grade, Step
from autograder.grading.decisions import Decision, Role
from autograder.grading.export import CsvExport
from autograder.grading.gradebook import JudgedAutograde, books_of
from autograder.grading.waiting import waiting
from autograder.judge.apart import Apart
from autograder.sample import students as samples
from autograder.sample.students import solved
from autograder.verdict import GRADED, from_json

from .conftest import NAME, copied

pytestmark = pytest.mark.slow
STUDENTS = ("ann", "ben", "cleo")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with three graded hand-ins: right, right except for one function, untouched."""
    school = copied(tmp_path_factory.mktemp("term") / "course")
    current.build(school)
    for student in STUDENTS[:2]:
        solved(school, school.root / "submitted" / student / NAME)
    samples.blank(school, school.root / "submitted" / "cleo" / NAME)
    spoil(school, "ben")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(school.root)
        grade(school)
    return school


@pytest.fixture
def school(template: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Return a copy of the graded course. Its submissions are known by their digests, so nothing is judged again."""
    root = tmp_path / "course"
    shutil.copytree(template.root, root)
    monkeypatch.chdir(root)
    return Course(root)


def spoil(school: Course, student: str) -> None:
    """Put a mistake into a student's running mean."""
    path = school.root / "submitted" / student / NAME / "weather" / "readings.py"
    path.write_text(path.read_text().replace("number - width + 1", "number - width"))


def grade(
    school: Course, student: str = "*", *, dry: bool = False, undo: bool = False, force: bool = False, late: str = ""
) -> list[Grade]:
    """Grade with nbgrader's converter, and return what it reports."""
    path = school.root / "nbgrader_config.py"
    if late and "LatePolicy" not in path.read_text():
        path.write_text(path.read_text() + f"\nc.LatePolicy.penalty_method = {late!r}\n")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(school.root)).load_config()
    coursedir = CourseDirectory(config=config, root=str(school.root), assignment_id=NAME, student_id=student)
    converter = JudgedAutograde(coursedir=coursedir, config=config)
    converter.dry_run, converter.undo, converter.force = dry, undo, force
    converter.journal = str(changes.new_journal(school, dry))
    converter.start()
    return changes.grades(school.parts, changes.steps(Path(converter.journal)))


def totals(school: Course) -> dict[str, float]:
    """Return the total of each student, as it counts."""
    with books_of(school) as opened:
        return {one.student: one.total for one in record.of_class(school, opened, opened.handed_in())}


def account(school: Course, student: str) -> Account:
    with books_of(school) as opened:
        found = opened.account(student)
    assert found is not None
    return found


def without_judging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail if anything is judged."""

    def judged(*_: object) -> None:
        raise AssertionError("judged again")

    monkeypatch.setattr(Apart, "verdicts", judged)


def stamp(school: Course, student: str, when: datetime) -> None:
    """Write the time of a hand-in as nbgrader does."""
    path = school.root / "submitted" / student / NAME / "timestamp.txt"
    path.write_text(when.strftime("%Y-%m-%d %H:%M:%S.%f UTC"))


def due(school: Course, when: datetime | None) -> None:
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=when.replace(tzinfo=None) if when else None)


def enter(school: Course, student: str, cell: str, score: float, comment: str = "") -> None:
    """Enter a person's score, as formgrader does."""
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        found = gradebook.find_grade(cell, "Readings", NAME, student)
        found.manual_score, found.needs_manual_grade = score, False
        if comment:
            gradebook.find_comment(cell, "Readings", NAME, student).manual_comment = comment
        gradebook.db.commit()


def commented(school: Course, student: str) -> str | None:
    """Return what a person wrote about an answer."""
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        found: str | None = gradebook.find_comment("explain", "Readings", NAME, student).manual_comment
        return found


def waits(school: Course, student: str) -> set[str]:
    """Return the cells of a student that wait for a person."""
    return {cell for (_, cell), entry in account(school, student).entries.items() if entry.waits}


def with_second_part(school: Course) -> Course:
    """Add a notebook with exercises of other names on the same functions, and hidden and public tests for it."""
    names = ("to_celsius", "running_mean", "forecast", "explain")

    def renamed(text: str, template: str) -> str:
        for name in names:
            text = text.replace(template.format(name), template.format(f"{name}_again"))
        return text

    notebook = nbformat.read(school.source / "Readings.ipynb", as_version=4)
    notebook.metadata["autograder"] = {"part": 2}
    for cell in notebook.cells:
        cell.source = renamed(cell.source, 'check("{}")').replace("FORECAST", "WINDS")
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id += "_again"
    nbformat.write(notebook, school.source / "Winds.ipynb")
    for folder in (school.assignment.hidden, school.source / "tests"):
        text = renamed((folder / "test_readings.py").read_text(), '@exercise("{}"').replace("FORECAST", "WINDS")
        (folder / "test_winds.py").write_text(text.replace('needs=("to_celsius",)', 'needs=("to_celsius_again",)'))
    return Course(school.root)


def verdicts_of(school: Course) -> dict[Path, int]:
    """Return the stored verdicts, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in (school.state / "verdicts").rglob("*.json")}


def test_totals_are_what_a_hand_computes(school: Course) -> None:
    assert totals(school) == {"ann": 6.0, "ben": 3.0 + 0.0, "cleo": 0.0}
    with books_of(school) as opened:
        ann, ben, cleo = record.of_class(school, opened, STUDENTS)
    assert (ann.open, ben.open, cleo.open) == (1.0, 1.0, 0.0)
    assert [one.outcome for one in cleo.exercises] == ["failed"] * 4
    assert cleo.exercises[3].why == "No response."
    assert ann.reasons == {"Answers wait for a person to read them.": 1.0}


def test_a_second_run_changes_nothing_and_judges_nothing(school: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    without_judging(monkeypatch)
    enter(school, "ann", "explain", 0.5)
    before = account(school, "ann")
    assert grade(school) == []
    assert account(school, "ann") == before


@pytest.mark.parametrize("lost", ["row", "student", "file"])
def test_what_the_gradebook_lost_is_written_again(school: Course, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    without_judging(monkeypatch)
    before = totals(school)
    if lost == "file":
        (school.root / "gradebook.db").unlink()
        current.build(school)
    else:
        with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
            gradebook.remove_submission(NAME, "ben") if lost == "row" else gradebook.remove_student("ben")
        assert "ben" not in totals(school)
    found = grade(school)
    assert {one.student for one in found} >= {"ben"}
    assert all(one.before is None for one in found)
    assert totals(school) == before


def test_a_gradebook_from_yesterday_is_corrected_and_said(school: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(school.root / "gradebook.db", school.root / "yesterday.db")
    solved_again = school.root / "submitted" / "ben" / NAME
    shutil.rmtree(solved_again)
    solved(school, solved_again)
    (found,) = grade(school)
    assert (found.student, found.before, found.after) == ("ben", 3.0, 6.0)
    assert [(one.exercise, one.before, one.after, one.why) for one in found.changes] == [
        ("running_mean", "0", "3", "submission changed")
    ]
    shutil.move(school.root / "yesterday.db", school.root / "gradebook.db")
    without_judging(monkeypatch)
    (found,) = grade(school)
    assert [one.why for one in found.changes] == ["the gradebook was changed or restored"]
    assert totals(school)["ben"] == 6.0


def test_late_work_follows_the_due_date_at_once(school: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    without_judging(monkeypatch)
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for student in STUDENTS:
        stamp(school, student, now)
    assert grade(school, late="zero") == []  # the time alone changes no grade
    due(school, now - timedelta(hours=1))
    found = {one.student: one for one in grade(school, late="zero")}
    assert (found["ann"].before, found["ann"].after) == (6.0, 0.0)
    assert [(one.exercise, one.after, one.why) for one in found["ann"].changes] == [
        ("late penalty", "6", "due date or extension changed")
    ]
    assert "cleo" not in found or not found["cleo"].changes
    stamp(school, "ann", now - timedelta(hours=2))
    (found_again,) = [one for one in grade(school, late="zero") if one.changes]
    assert [one.why for one in found_again.changes] == ["time of the hand-in changed"]
    assert totals(school) == {"ann": 6.0, "ben": 0.0, "cleo": 0.0}
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        gradebook.grant_extension(NAME, "ben", days=1)
    grade(school, late="zero")
    assert totals(school)["ben"] == 3.0
    due(school, None)
    grade(school, late="zero")
    assert totals(school) == {"ann": 6.0, "ben": 3.0, "cleo": 0.0}


def test_what_a_person_entered_survives(school: Course) -> None:
    enter(school, "ben", "running_mean", 2.5)
    enter(school, "ben", "explain", 1.0, "nearly")
    grade(school, force=True)
    assert totals(school)["ben"] == 6.5
    with books_of(school) as opened:
        (ben,) = record.of_class(school, opened, ["ben"])
    assert (ben.open, ben.again) == (0.0, ())
    path = school.root / "submitted" / "ben" / NAME / "weather" / "readings.py"
    path.write_text(path.read_text() + "\n# changed\n")
    grade(school)
    with books_of(school) as opened:
        (ben,) = record.of_class(school, opened, ["ben"])
    assert ben.total == 6.5
    assert ben.again == ("running_mean", "explain")
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        assert gradebook.find_comment("explain", "Readings", NAME, "ben").manual_comment == "nearly"


def test_a_dry_run_writes_nothing(school: Course) -> None:
    spoil(school, "ann")
    kept = {path: path.read_bytes() for path in school.root.rglob("*") if path.is_file()}
    before = account(school, "ann")
    (found,) = grade(school, dry=True)
    assert (found.student, found.before, found.after) == ("ann", 6.0, 3.0)
    assert account(school, "ann") == before
    shared = ("autograded", "feedback", ".autograder/graded")
    assert all(path.read_bytes() == content for path, content in kept.items() if str(path).startswith(shared))
    (found,) = grade(school)
    assert (found.student, found.before, found.after) == ("ann", 6.0, 3.0)


def test_a_run_is_undone_and_what_people_entered_since_stays(school: Course) -> None:
    before = totals(school)
    spoil(school, "ann")
    solved(school, school.root / "submitted" / "new" / NAME)
    grade(school)
    assert totals(school) == {**before, "ann": 3.0, "new": 6.0}
    enter(school, "ann", "explain", 1.0, "well said")
    grade(school, undo=True)
    assert totals(school) == {**before, "ann": 7.0}
    assert commented(school, "ann") == "well said"
    page = school.root / "autograded" / "ann" / NAME / "Readings.ipynb"
    assert "running_mean: 3.0 of 3" in page.read_text()
    assert facts.read(school.root, NAME, "new") is None
    with pytest.raises(NbGraderException, match="no run to undo"):
        for _ in range(3):
            grade(school, undo=True)
    grade(school)
    assert totals(school) == {**before, "ann": 4.0, "new": 6.0}


def test_a_corrected_test_is_named_as_the_reason(school: Course) -> None:
    path = school.root / "autograder" / "assignments" / NAME / "hidden" / "test_readings.py"
    text = path.read_text().replace("reference.readings.to_celsius(readings))", "readings)")
    path.write_text(text)
    found = {one.student: one for one in grade(Course(school.root))}
    assert [(one.exercise, one.before, one.after, one.why) for one in found["ann"].changes] == [
        ("to_celsius", "2", "0", "tests or grader changed")
    ]


def test_only_the_part_with_the_corrected_test_is_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    school = with_second_part(copied(tmp_path / "course"))
    current.build(school)
    for student in STUDENTS[:2]:
        solved(school, school.root / "submitted" / student / NAME)
    monkeypatch.chdir(school.root)
    grade(school)
    before = verdicts_of(school)
    assert len(before) == 2  # one for each part: the hand-ins are alike
    path = school.assignment.hidden / "test_winds.py"
    path.write_text(path.read_text().replace("reference.readings.to_celsius(readings))", "readings)"))
    found = grade(Course(school.root))
    assert {one.student: [change.exercise for change in one.changes] for one in found} == {
        "ann": ["to_celsius_again"],
        "ben": ["to_celsius_again"],
    }
    after = verdicts_of(school)
    assert {path: after[path] for path in before} == before
    (fresh,) = after.keys() - before.keys()
    (verdict,) = from_json(json.loads(fresh.read_text())["verdict"])
    assert verdict.name == "Winds"


def test_what_a_person_wrote_survives_a_corrected_test_and_older_books(school: Course) -> None:
    enter(school, "ben", "explain", 1.0, "nearly")
    shutil.copy(school.root / "gradebook.db", school.root / "yesterday.db")
    path = school.root / "autograder" / "assignments" / NAME / "hidden" / "test_readings.py"
    path.write_text(path.read_text().replace("reference.readings.to_celsius(readings))", "readings)"))
    grade(Course(school.root))
    assert (totals(school)["ben"], commented(school, "ben")) == (2.0, "nearly")
    shutil.move(school.root / "yesterday.db", school.root / "gradebook.db")
    grade(Course(school.root))
    assert (totals(school)["ben"], commented(school, "ben")) == (2.0, "nearly")
    (school.root / "gradebook.db").unlink()  # what people entered is lost with it, and the answer waits again
    current.build(school)
    grade(Course(school.root))
    assert (totals(school)["ben"], commented(school, "ben")) == (1.0, None)
    assert waits(school, "ben") == {"explain"}


def test_times_that_cannot_be_or_have_no_zone(school: Course) -> None:
    """The first costs nothing and is said; the other is read as UTC, and is said too."""
    deadline = datetime(2026, 11, 20, 12, tzinfo=UTC)
    grade(school, late="zero")
    due(school, deadline)
    for student, text in {"ann": "2001-01-01 00:00:00 UTC", "ben": "2026-11-20 12:30:00"}.items():
        (school.root / "submitted" / student / NAME / "timestamp.txt").write_text(text)
    grade(school)
    assert (totals(school)["ann"], totals(school)["ben"]) == (6.0, 0.0)
    told = {student: " ".join(known.flags) for student in STUDENTS if (known := facts.read(school.root, NAME, student))}
    assert "from before this course" in told["ann"]
    assert "names no time zone, and is read as UTC" in told["ben"]


def test_a_change_report_as_csv(school: Course) -> None:
    spoil(school, "ann")
    rows = list(csv.reader(changes.to_csv(grade(school)).splitlines()))
    assert rows == [
        ["student", "exercise", "before", "after", "why"],
        ["ann", "running_mean", "3", "0", "submission changed"],
        ["ann", "total", "6", "3", ""],
    ]


def test_a_gradebook_in_use_is_waited_for(school: Course) -> None:
    """Another program, such as formgrader, holds the lock for a moment."""
    spoil(school, "ann")
    other = sqlite3.connect(school.root / "gradebook.db", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(2, lambda: other.execute("COMMIT"))
    timer.start()
    grade(school)
    timer.join()
    other.close()
    assert totals(school)["ann"] == 3.0


def test_a_gradebook_that_stays_locked_is_said(school: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "LOCK_SECONDS", 1.0)
    spoil(school, "ann")
    before = totals(school)
    other = sqlite3.connect(school.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NbGraderException, match="locked by another program"):
        grade(school)
    other.execute("ROLLBACK")
    other.close()
    assert totals(school) == before


def test_a_disk_that_is_full_in_the_middle_is_said(school: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each student is in the books as a whole or not at all, and the next run finishes."""
    for number in range(20):
        shutil.copytree(school.root / "submitted" / "ann", school.root / "submitted" / f"new{number:02}")
    before = totals(school)
    with sqlite3.connect(school.root / "gradebook.db") as database:
        database.execute("VACUUM")
        (pages,) = database.execute("PRAGMA page_count").fetchone()

    class Full(Gradebook):  # type: ignore[misc]
        """A gradebook on a disk that has room for three more pages."""

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            self.engine.dispose()
            limit = f"PRAGMA max_page_count = {pages + 3}"
            sqlalchemy.event.listen(self.engine, "connect", lambda connection, _: connection.execute(limit))

    with monkeypatch.context() as patch:
        patch.setattr(books, "Gradebook", Full)
        with pytest.raises(NbGraderException, match="free some room on its disk"):
            grade(school)
    found = totals(school)
    assert {student: found[student] for student in before} == before
    assert 0 < len(found) - len(before) < 20
    assert {found[student] for student in found.keys() - before.keys()} == {6.0}
    grade(school)
    assert totals(school) == {**before, **{f"new{number:02}": 6.0 for number in range(20)}}


def test_an_error_between_writes_leaves_the_books_as_they_were(school: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(school, "ann")
    before = account(school, "ann")

    def broken(*_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(books.Books, "penalize", broken)
        with pytest.raises(NbGraderException, match="3 of 3"):
            grade(school)
    assert account(school, "ann") == before
    grade(school)
    assert totals(school)["ann"] == 3.0


def test_what_waits(school: Course) -> None:
    assert waiting(school) == {
        "to judge": [], "to read": ["ann", "ben"], "feedback to write": list(STUDENTS), "feedback to release": [],
    }  # fmt: skip
    spoil(school, "ann")
    enter(school, "ben", "explain", 1.0)
    pages = school.root / "feedback" / "cleo" / NAME
    pages.mkdir(parents=True)
    (pages / "Readings.html").write_text("")
    secret = "0123456789abcdef" * 2
    (pages / "submission_secret.txt").write_text(secret)
    exchange = school.root / "exchange"
    config = school.root / "nbgrader_config.py"
    config.write_text(config.read_text() + f"\nc.Exchange.root = {str(exchange)!r}\n")
    assert waiting(school) == {
        "to judge": ["ann"], "to read": [], "feedback to write": ["ben"], "feedback to release": ["cleo"],
    }  # fmt: skip
    released = exchange / "weather" / "feedback" / f"{notebook_hash(secret=secret, notebook_id='Readings')}.html"
    released.parent.mkdir(parents=True)
    released.write_text("")
    assert waiting(school)["feedback to release"] == []


@pytest.mark.long
def test_a_kill_leaves_the_books_before_or_after(school: Course) -> None:
    """Ten kills of a regrade that changes everybody's scores: each student's account is the old or the new one."""
    for number in range(9):
        shutil.copytree(school.root / "submitted" / "ann", school.root / "submitted" / f"copy{number}")
    grade(school)
    path = school.root / "autograder" / "assignments" / NAME / "hidden" / "test_readings.py"
    path.write_text(path.read_text().replace("reference.readings.to_celsius(readings))", "readings)"))
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "autograde", NAME]
    dry = changes.new_journal(school, dry=True)
    subprocess.run(
        [*command, "--JudgedAutograde.dry_run=True", f"--JudgedAutograde.journal={dry}"],
        cwd=school.root, capture_output=True, check=True,
    )  # fmt: skip
    steps = {one.student: one for one in changes.steps(dry)}
    assert len(steps) == 11  # everybody who was right
    shutil.rmtree(school.state / "runs")  # `written` counts the lines of the regrade alone
    kept = school.root.with_name("kept")
    shutil.copytree(school.root, kept)
    generator, seen = random.Random(4), set()
    for _ in range(10):
        process = subprocess.Popen(command, cwd=school.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        target = generator.randrange(1, len(steps) + 1)
        while process.poll() is None and written(school) < target:  # opening the gradebook takes too long here
            time.sleep(0.001)
        time.sleep(generator.uniform(0, 0.02))
        process.kill()
        process.wait()
        for step in steps.values():
            assert step.account_before is not None
            assert account(school, step.student) in (step.account_before.account, step.account_after.account)
        seen |= set(map(partial(is_after, school), steps.values()))
        shutil.rmtree(school.root)
        shutil.copytree(kept, school.root)
        os.chdir(school.root)  # the folder is another one now
    assert seen == {True, False}
    grade(school)
    assert all(map(partial(is_after, school), steps.values()))


def written(school: Course) -> int:
    """Return the number of students in the newest journal: one line is written in each transaction."""
    newest = changes.last(school)
    return 0 if newest is None else newest.read_bytes().count(b"\n")


def is_after(school: Course, step: Step) -> bool:
    """Tell whether a student's account is as a run leaves it."""
    return account(school, step.student) == step.account_after.account


def test_export_and_records_agree(school: Course) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    stamp(school, "ben", now)
    due(school, now - timedelta(hours=1))
    grade(school, late="zero")
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        config = PyFileConfigLoader("nbgrader_config.py", path=str(school.root)).load_config()
        CsvExport(to="grades.csv", config=config).export(gradebook)
    with books_of(school) as opened:
        found = {one.student: one for one in record.of_class(school, opened, STUDENTS)}
    with open("grades.csv", newline="") as file:
        for row in csv.DictReader(file):
            own = found[row["student_id"]]
            assert (float(row["score"]), float(row["open_points"])) == (own.total, own.open)
            assert float(row["late_submission_penalty"]) == own.penalty
    assert (found["ben"].raw, found["ben"].penalty, found["ben"].total) == (3.0, 3.0, 0.0)


def bonus_course(root: Path) -> Course:
    """Return the course, graded, with an answer that is worth 0 points and for which a person may give extra credit."""
    school = copied(root)
    path = school.source / "Readings.ipynb"
    notebook = nbformat.read(path, as_version=4)
    bonus = nbformat.v4.new_markdown_cell("### BEGIN SOLUTION\nA barometer.\n### END SOLUTION", id="bonus")
    bonus.metadata = copy.deepcopy(notebook.cells[-1].metadata)
    bonus.metadata.nbgrader.update(grade_id="bonus", points=0)
    notebook.cells.append(bonus)
    nbformat.write(notebook, path)
    current.build(school)
    solved(school, school.root / "submitted" / "ann" / NAME)
    return school


def test_extra_credit_for_a_cell_without_points_counts_everywhere_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = bonus_course(tmp_path / "course")
    monkeypatch.chdir(school.root)
    grade(school)
    assert (account(school, "ann").entries["Readings", "bonus"].waits, totals(school)) == (True, {"ann": 6.0})
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:  # like formgrader
        for cell, extra in (("bonus", 1.5), ("to_celsius", 0.5)):
            found = gradebook.find_grade(cell, "Readings", NAME, "ann")
            found.extra_credit = extra
            found.needs_manual_grade = found.manual_score is None and found.auto_score is None
        gradebook.db.commit()
    spoil(school, "ann")
    for score in (8.0, 5.0):  # before and after the hand-in changes
        if score == 5.0:
            grade(school, force=True)
        assert totals(school) == {"ann": score}
        assert not account(school, "ann").entries["Readings", "bonus"].waits
        with books_of(school) as opened:
            (ann,) = record.of_class(school, opened, ["ann"])
        assert sum(one.score for one in ann.exercises) == sum(one.score for one in ann.parts) == score
        with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
            CsvExport(to="grades.csv").export(gradebook)
        with open("grades.csv", newline="") as file:
            assert [float(row["score"]) for row in csv.DictReader(file)] == [score]


def test_undo_keeps_a_new_hand_in_with_extra_credit(school: Course) -> None:
    solved(school, school.root / "submitted" / "new" / NAME)
    grade(school)
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        gradebook.find_grade("running_mean", "Readings", NAME, "new").extra_credit = 0.5
        gradebook.db.commit()
    grade(school, undo=True)
    assert account(school, "new").entries["Readings", "running_mean"].extra == 0.5


@pytest.mark.parametrize(
    ("points", "given", "extra", "waits"), [(2.0, False, 0.5, True), (0.0, True, 0.5, True), (0.0, False, None, False)]
)
def test_extra_credit_in_a_notebook_that_no_longer_counts(
    points: float, given: bool, extra: float | None, waits: bool
) -> None:
    """A person's stays, and a person looks at it. The judge's goes: it is that of a cell without points."""
    found = SimpleNamespace(
        max_score=points, auto_score=points, manual_score=None, extra_credit=0.5, needs_manual_grade=False
    )
    books._write(found, Decision("PyTorch", "net", Role.ASIDE, 0.0, GRADED), changed=True, given=given)
    assert (found.auto_score, found.extra_credit, found.needs_manual_grade) == (0.0, extra, waits)
