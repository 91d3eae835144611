"""Points that wait for a set-up or a person are shown as *open* everywhere, with a reason, and never as zero."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from autograder import cli
from autograder.assignment import Part
from autograder.builder import current
from autograder.course import Course, put_tools_on_path
from autograder.grading import engine, facts, record
from autograder.grading.answers import UNREAD
from autograder.grading.export import CsvExport
from autograder.grading.gradebook import JudgedAutograde, books_of
from autograder.intake.submission import Submission
from autograder.judge import session
from autograder.judge.apart import Apart
from autograder.judge.session import taken_in
from autograder.reports import terminal
from autograder.sample import students
from autograder.sandbox import profiles
from autograder.verdict import GRADED, OPEN, ExerciseResult, PartVerdict, TestResult, from_json, score, to_json
from tests.assignment2 import ASSIGNED, ASSIGNMENT

pytestmark = pytest.mark.slow
SENTENCE = "PyTorch is not installed where this was graded: run `make setup FRAMEWORK=pytorch` there and grade again."


@pytest.fixture(scope="module")
def school(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with one complete student and no framework; all points of the other parts are given."""
    root = tmp_path_factory.mktemp("school")
    shutil.copytree(course.root / "source", root / "source")
    shutil.copy(course.root / "nbgrader_config.py", root)
    school = Course(root, course.data)
    put_tools_on_path()
    current.build(school)
    students.solved(
        school, root / "submitted" / "one" / ASSIGNMENT, [*school.parts[:4], school.parts[4].alternatives[0]]
    )
    return school


def without_frameworks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(profiles, "is_installed", lambda assignment, part: part.framework == "")


def verdict_on(apart: Apart, part: Part, submission: Submission) -> PartVerdict:
    """Return the real verdict for part 5, and full points for the other parts."""
    if part.framework:
        return session.judge_part(apart.course, part, submission, apart.level)
    passed = (TestResult("a", "A", "core", "passed", credit=1.0),)
    exercises = tuple(ExerciseResult(one.id, one.points, one.points, GRADED, passed) for one in part.automatic)
    return PartVerdict(part.number, part.name, exercises)


@pytest.fixture(scope="module")
def graded(school: Course, level: int) -> Course:
    """Return the school after nbgrader has graded it and written feedback."""
    with pytest.MonkeyPatch.context() as patch:
        without_frameworks(patch)
        patch.setattr(engine, "verdict_on", verdict_on)
        patch.chdir(school.root)
        config = PyFileConfigLoader("nbgrader_config.py", path=str(school.root)).load_config()
        coursedir = CourseDirectory(config=config, root=str(school.root), assignment_id=ASSIGNMENT)
        for converter in (JudgedAutograde, GenerateFeedback):
            instance = converter(coursedir=coursedir, config=config)
            instance.force = True
            instance.start()
    return school


def test_without_its_framework_a_part_is_open(
    school: Course, level: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_frameworks(monkeypatch)
    with taken_in(school.root / "submitted" / "one" / ASSIGNMENT, ASSIGNED) as submission:
        verdict = session.judge_part(school, school.parts[4], submission, level)
    assert {one.outcome for one in verdict.exercises} == {OPEN}
    assert {one.message for one in verdict.exercises} == {SENTENCE}
    assert (verdict.score, verdict.points) == (0, 14)
    assert from_json(to_json([verdict])) == [verdict]
    with cli.out.capture() as captured:
        cli._print_verdict(verdict)
    assert "open: PyTorch is not installed" in " ".join(captured.get().replace("│", " ").split())


def test_the_class_table_shows_it(graded: Course) -> None:
    with books_of(graded) as books:
        records = record.of_class(graded, books, ["one"])
    console = cli.Console(highlight=False, width=400)
    with console.capture() as captured:
        console.print(terminal.class_table(records))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in captured.get().splitlines() if "│" in line]
    unread = sum(one.points for part in graded.parts for one in part.exercises if one.manual)
    (row,) = [row for row in rows if row[0] == "one"]
    assert row[5:] == ["0", f"{100 - 14 - unread:g} of 100", f"{14 + unread:g}", ""]
    (reason,) = [row for row in rows if row[0] == SENTENCE]
    assert reason[1:] == ["14", "one"]


def test_the_feedback_says_so(graded: Course) -> None:
    page = (graded.root / "feedback" / "one" / ASSIGNMENT / "PyTorch.html").read_text()
    assert page.count("open. It is not judged yet and costs nothing") == 5
    assert "make setup FRAMEWORK=pytorch" in page


def test_the_gradebook_waits(graded: Course) -> None:
    with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("barebones_convnet", "PyTorch", ASSIGNMENT, "one")
        assert (grade.auto_score, grade.needs_manual_grade) == (None, True)


def export(graded: Course, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(graded.root)
    with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as gradebook:
        CsvExport(to="grades.csv").export(gradebook)
    with open(graded.root / "grades.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    return row


def test_the_export_says_how_much_and_why(graded: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unread answers are open too; after a person has decided, the points are no longer open."""
    row = export(graded, monkeypatch)
    unread = sum(one.points for part in graded.parts for one in part.exercises if one.manual)
    assert float(row["open_points"]) == 14 + unread
    assert row["open_reasons"] == f"{UNREAD} {SENTENCE}"
    assert float(row["score"]) + float(row["open_points"]) == float(row["max_score"])
    with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("accuracy_part5", "PyTorch", ASSIGNMENT, "one")
        grade.manual_score, grade.needs_manual_grade = 5.0, False
        gradebook.db.commit()
    assert float(export(graded, monkeypatch)["open_points"]) == 9 + unread


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_reason_is_no_formula(graded: Course, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    kept = facts.read(graded.root, ASSIGNMENT, "one")
    assert kept is not None
    decided = tuple(replace(one, why=text) for one in kept.decisions)
    monkeypatch.setattr(facts, "read", lambda *_: structs.replace(kept, decisions=decided))
    assert export(graded, monkeypatch)["open_reasons"] in (f"'{text.strip()}", f"'{text.strip()} {text.strip()}")


def test_nbgrader_exports_with_it(graded: Course) -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(graded.root)).load_config()
    assert config.ExportApp.plugin_class is CsvExport


def test_old_facts_are_as_good_as_none(graded: Course) -> None:
    path = facts.path_of(graded.root, ASSIGNMENT, "old")
    for content in ({"submission": 3, "tests": "def"}, [], None, {"parts": {}, "decisions": {"a": 3}}):
        path.write_text(json.dumps(content))
        assert facts.read(graded.root, ASSIGNMENT, "old") is None
    path.unlink()
    assert facts.read(graded.root, ASSIGNMENT, "old") is None


def test_an_exercise_is_open_before_it_is_anything_else() -> None:
    """The exception is an error of the grader, which somebody must fix first."""

    def outcome(*outcomes: str) -> str:
        return score(2.0, tuple(TestResult("a", "A", "core", one, credit=1.0) for one in outcomes))[1]

    assert outcome("passed", "open") == "open"
    assert outcome("failed", "open", "not_graded") == "open"
    assert outcome("open", "error") == "error"


def test_verdicts_of_before_are_read() -> None:
    old = Path(__file__).with_name("verdict_before_open.json")
    (verdict,) = from_json(json.loads(old.read_text()))
    assert [one.outcome for one in verdict.exercises] == ["graded", "not_graded"]
