"""The engine on an assignment that it has never seen: build, check, judge, hint, grade, validate, pytest."""

import json
import pickle
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.assignment import AssignmentError
from autograder.builder import current
from autograder.builder.leaks import scan
from autograder.builder.record import record
from autograder.catalogue import accepted_of, mistakes_of
from autograder.course import Course, CourseError, find_course
from autograder.errors import SetupError
from autograder.grading.engine import judge_all, submissions
from autograder.grading.store import VerdictStore
from autograder.intake.submission import Submission
from autograder.judge.context import Context
from autograder.judge.extension import Extension
from autograder.judge.session import judge_part, seen_by, taken_in
from autograder.sample import make_class, students
from autograder.sample.students import students_of
from autograder.sandbox import starvation
from autograder.validate import calibration
from autograder.validate.inventory import incomplete
from autograder.verdict import PartVerdict
from tests.engine.conftest import NAME, copied

AUTOGRADER = (sys.executable, "-m", "autograder.cli")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def solved(small: Course, tmp_path: Path) -> Path:
    """Return a complete submission."""
    folder = tmp_path / "handed-in" / NAME
    students.solved(small, folder)
    return folder


def judged(course: Course, folder: Path, level: int) -> PartVerdict:
    (part,) = course.parts
    with taken_in(folder, course.assignment) as submission:
        return judge_part(course, part, submission, level)


def test_the_assignment_is_read(small: Course) -> None:
    (part,) = small.parts
    assert [exercise.id for exercise in part.automatic] == ["to_celsius", "running_mean", "forecast"]
    assert [exercise.id for exercise in part.exercises if exercise.manual] == ["explain"]
    assert part.model == ""
    assert len(mistakes_of(small.assignment)) == 6
    assert [solution.name for solution in accepted_of(small.assignment)] == ["loops"]


def test_a_course_travels_to_another_process(small: Course) -> None:
    course = Course(small.root)
    object.__setattr__(course, "kit", sys)  # like a kit that holds a module
    again = pickle.loads(pickle.dumps(course))
    assert again == course
    assert again.kit is not sys


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("pakage = 'weather'", "pakage"),
        ("title = 3", "title"),
        ("title = ", "cannot be read"),
        ("", "package"),
    ],
)
def test_settings_that_are_wrong_are_told(tmp_path: Path, line: str, says: str) -> None:
    course = copied(tmp_path)
    (course.root / "autograder" / "assignments" / NAME / "assignment.toml").write_text(line)
    with pytest.raises(AssignmentError, match=says) as caught:
        _ = find_course(tmp_path).assignment
    assert "assignment.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("mistakes/readings.py", "import nowhere", r"mistakes/readings\.py, line 1, cannot be imported .*nowhere"),
        ("mistakes/readings.py", "MISTAKES = [1]", "defines no tuple MISTAKES"),
        ("mistakes/readings.py", "", "defines no tuple MISTAKES"),
        ("kit/judge/__init__.py", "1 / 0", r"kit/judge/__init__\.py, line 1, cannot be imported .*ZeroDivisionError"),
        ("kit/judge/__init__.py", "", "defines no class Kit"),
        ("samples/__init__.py", "def (", r"samples/__init__\.py, line 1, cannot be imported .*SyntaxError"),
        ("../../../source/weather/tests/test_readings.py", "import nowhere", "public tests in .* cannot be imported"),
    ],
)
def test_code_of_the_grader_that_is_broken_is_told_in_a_sentence(
    tmp_path: Path, file: str, text: str, says: str
) -> None:
    course = copied(tmp_path)
    path = course.root / "autograder" / "assignments" / NAME / file
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "__init__.py").touch()
    path.write_text(text)
    with pytest.raises(SetupError, match=says) as caught:
        _ = mistakes_of(course.assignment), course.kit, students_of(course)
        record(course.assignment, tmp_path / "release")
    assert str(caught.value).count("\n") == 0


def test_a_folder_that_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="not a course's folder"):
        find_course(tmp_path)


def test_of_several_assignments_one_is_named(tmp_path: Path) -> None:
    course = copied(tmp_path)
    for step in ("source", "autograder/assignments"):
        shutil.copytree(course.root / step / NAME, course.root / step / "climate")
    with pytest.raises(CourseError, match="--assignment: climate, weather"):
        find_course(tmp_path)
    assert find_course(tmp_path, name="climate").assignment.name == "climate"


def test_the_release_holds_no_solution(small: Course) -> None:
    assert scan(small.release, small.assignment) == []
    assert "5 / 9" not in "".join(path.read_text() for path in small.release.rglob("*.py"))
    assert not list(small.release.rglob("*hidden*"))


def test_a_students_pytest_in_the_release(small: Course, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    shutil.copytree(small.release, folder)
    ran = run(tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "to_celsius")
    assert "1 failed, 2 deselected" in ran.stdout
    assert "It is not written yet" in ran.stdout


def test_check_names_a_mistake(small: Course, solved: Path) -> None:
    mistake = next(one for one in mistakes_of(small.assignment) if one.key == "running_mean/sum")
    mistake.apply(solved / "weather")
    program = "from weather.checks import check; check('to_celsius'); check('running_mean')"
    ran = run(solved, sys.executable, "-c", program)
    assert "to_celsius: 1 of 1 checks passed." in ran.stdout
    assert f"Perhaps: {mistake.explanation}" in ran.stdout


def test_a_complete_submission_gets_all(small: Course, solved: Path, level: int) -> None:
    verdict = judged(small, solved, level)
    assert [exercise.score for exercise in verdict.exercises] == [2, 3, 1]
    assert verdict.data == ""


def test_an_untouched_release_gets_nothing(small: Course, tmp_path: Path, level: int) -> None:
    students.blank(small, tmp_path / NAME)
    assert judged(small, tmp_path / NAME, level).score == 0


def test_a_mistake_is_named_and_blamed_for_what_runs_on_it(small: Course, solved: Path, level: int) -> None:
    mistake = mistakes_of(small.assignment)[0]
    mistake.apply(solved / "weather")
    first, second, third = judged(small, solved, level).exercises
    assert (first.score, second.score, third.score) == (0, 0.2 * 0, 1)
    assert first.tests[0].hint == mistake.explanation
    assert second.message.startswith("This test runs on to_celsius")


def test_syntax_of_a_newer_python_is_no_mistake_of_the_students(small: Course, solved: Path, level: int) -> None:
    """A flag names the version that the notebook was saved with and the one that judges; without a newer one, none."""
    module = solved / "weather" / "readings.py"
    module.write_text(module.read_text() + "\nunit kelvin = celsius\n")
    notebook = solved / "Readings.ipynb"
    content = json.loads(notebook.read_text())
    for version, told in {"3.99.1": True, sys.version.split()[0]: False}.items():
        content["metadata"]["language_info"] = {"name": "python", "version": version}
        notebook.write_text(json.dumps(content))
        flags = " ".join(judged(small, solved, level).flags)
        ours = "{}.{}".format(*sys.version_info)
        assert (f"was saved with Python 3.99, and Python {ours} judged it" in flags) == told


def test_a_plain_assert_of_a_hidden_test_fails_the_student(small: Course, solved: Path, level: int) -> None:
    module = solved / "weather" / "readings.py"
    module.write_text(module.read_text() + "\n_right = running_mean\ndef running_mean(readings, width):\n"
                      "    means = _right(readings, width)\n    return means if len(means) > 1 else np.zeros(2)\n")  # fmt: skip
    tests = {test.name: test for exercise in judged(small, solved, level).exercises for test in exercise.tests}
    assert tests["mean_of_one"].outcome == "failed"
    assert tests["mean_of_one"].message == "One reading has one mean."


def test_the_gate_finds_nothing_wrong(small: Course, level: int) -> None:
    (part,) = small.parts
    assert list(incomplete(small)) == []
    assert current.differences(small) == []
    assert calibration.reference_lacks(small, part, level) == []
    assert calibration.blank_earns(small, part, level) == []
    assert [calibration.accepted_loses(small, one, 0) for one in accepted_of(small.assignment)] == [[]]
    assert [calibration.mistake_passes(small, one, level) for one in mistakes_of(small.assignment)] == [[]] * 6


@pytest.mark.long
def test_the_commands(tmp_path: Path, level: int) -> None:
    course = copied(tmp_path)
    early = run(tmp_path, *AUTOGRADER, "grade")
    assert (early.returncode, "run `autograder build` first" in early.stderr.replace("\n", " ")) == (1, True)
    assert run(tmp_path, *AUTOGRADER, "build").returncode == 0
    (tmp_path / "gradebook.db").unlink()  # like a fresh clone, which has the release but no gradebook
    assert run(tmp_path, *AUTOGRADER, "sample").returncode == 0
    unknown = run(tmp_path, *AUTOGRADER, "grade")
    assert unknown.returncode == 1
    assert unknown.stderr.count("The gradebook does not know weather yet: run `autograder build` first.") == 1
    for command in ("build", "sample", "grade"):
        ran = run(tmp_path, *AUTOGRADER, command)
        assert ran.returncode == 0, ran.stderr + ran.stdout
    assert re.search(r"sample-complete .* 6 of 7 .* 1 ", ran.stdout)
    assert len(list((tmp_path / "feedback").glob(f"*/{NAME}/Readings.html"))) == 3
    validated = run(tmp_path, *AUTOGRADER, "validate")
    assert validated.returncode == 0, validated.stderr
    assert course.judged_on.root is None


RUNNER = """
from autograder.checks.kit import RunnerKit


class Kit(RunnerKit):
    def namespaces(self):
        return {"tools": lambda: self}

    def twice(self, value):
        return 2 * value
"""
ASKS_THE_KIT = """

@exercise("to_celsius")
def test_tools_{}(student):
    \"\"\"The kit is there.\"\"\"
    assert as_number("twice", student.tools.twice(21)) == 42
"""
JUDGE = """
from autograder.kit import Data, JudgeKit


class Kit(JudgeKit):
    def data(self):
        return Data("readings", "abc")
"""


@pytest.mark.parametrize("rooms", [{"runner": RUNNER}, {"judge": JUDGE}, {"runner": RUNNER, "judge": JUDGE}])
def test_a_kit_has_the_rooms_that_it_needs(tmp_path: Path, level: int, rooms: dict[str, str]) -> None:
    course = copied(tmp_path / "course")
    grader = course.root / "autograder" / "assignments" / NAME
    for room, text in {"": "", **rooms}.items():
        (grader / "kit" / room).mkdir(parents=True)
        (grader / "kit" / room / "__init__.py").write_text(text)
    if "runner" in rooms:
        for tests, kind in ((grader / "hidden", "hidden"), (course.root / "source" / NAME / "tests", "public")):
            (tests / "test_readings.py").write_text(
                (tests / "test_readings.py").read_text() + ASKS_THE_KIT.format(kind)
            )
        assert "kit/runner adds other namespaces than assignment.toml lists" in "".join(incomplete(course))
        with (grader / "assignment.toml").open("a") as settings:
            settings.write('namespaces = ["tools"]\n')
    course = Course(Path(shutil.move(course.root, tmp_path / "again")))  # the engine reads it anew
    current.build(course)
    assert list(incomplete(course)) == []
    released = {path.parent.name for path in course.release.rglob("kit/*/__init__.py")}
    assert released == {"runner"} & set(rooms)
    solved = tmp_path / "handed-in" / NAME
    students.solved(course, solved)
    verdict = judged(course, solved, level)
    assert verdict.score == 6
    assert verdict.data == ("readings" if "judge" in rooms else "")
    for folder in (course.source, solved):
        ran = run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
        assert f"{4 if 'runner' in rooms else 3} passed" in ran.stdout, ran.stdout


def test_each_part_sees_its_own(small: Course, solved: Path) -> None:
    (part,) = small.parts
    with taken_in(solved, small.assignment) as submission:
        assert seen_by(small, part, submission).digest == submission.digest


def test_a_submission_is_read_once(tmp_path: Path, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    course = copied(tmp_path)
    current.build(course)
    make_class(course, tmp_path / "submitted")
    folder = submissions(course)["sample-complete"]
    first = course.submissions.take(folder)
    monkeypatch.setattr("autograder.intake.kept.take_in", lambda *_: pytest.fail("the folder is read again"))
    assert course.submissions.take(folder) == first
    monkeypatch.undo()
    (folder / "weather" / "readings.py").write_text("changed = True\n")
    assert course.submissions.take(folder).digest != first.digest


@pytest.mark.slow
def test_what_was_judged_is_not_judged_again(tmp_path: Path, level: int) -> None:
    course = copied(tmp_path)
    current.build(course)
    make_class(course, tmp_path / "submitted")
    judge_all(course, submissions(course), level, workers=1)
    verdicts = {path: path.stat().st_mtime_ns for path in (course.state / "verdicts").rglob("*.json")}
    assert len(verdicts) == 3
    judge_all(course, submissions(course), level, workers=1)
    assert {path: path.stat().st_mtime_ns for path in (course.state / "verdicts").rglob("*.json")} == verdicts
    hidden = course.assignment.hidden / "test_readings.py"
    hidden.write_text(hidden.read_text() + "\n")
    (part,) = course.parts
    submission = course.submissions.take(submissions(course)["sample-complete"])
    assert VerdictStore(course).get(submission.digest, part, level) is None


def test_hidden_tests_are_pytest_tests(small: Course, solved: Path, level: int) -> None:
    hidden = str(small.assignment.hidden)
    pytest_ = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", hidden)
    right = run(small.root, *pytest_, "--submission", str(small.source))
    assert "6 passed" in right.stdout, right.stdout + right.stderr
    mistakes_of(small.assignment)[0].apply(solved / "weather")
    wrong = run(small.root, *pytest_, "--submission", str(solved), "-k", "to_celsius")
    assert "1 failed, 1 passed, 4 deselected" in wrong.stdout
    assert "All values are off by the same amount." in wrong.stdout
    assert "Name the submission" in run(small.root, *pytest_).stderr + run(small.root, *pytest_).stdout


def test_pdb_stops_in_the_hidden_test(small: Course, solved: Path, level: int) -> None:
    mistakes_of(small.assignment)[0].apply(solved / "weather")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(small.assignment.hidden)]
    command += ["--submission", str(solved), "-k", "test_degrees and not leave", "--pdb"]
    ran = subprocess.run(
        command,
        cwd=small.root,
        input="up\nprint(sorted(locals()))\nq\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "['readings', 'reference', 'rng', 'student']" in ran.stdout


def test_the_verdict_of_the_command(small: Course, solved: Path, level: int) -> None:
    ran = run(small.root, *AUTOGRADER, "judge", str(solved), "--json")
    content = json.loads(ran.stdout)
    assert content["parts"][0]["name"] == "Readings"
    assert set(content["parts"][0]) == {
        "id", "name", "exercises", "problems", "flags", "seconds", "sandbox_level", "data", "submission", "seed", "left_out",
    }  # fmt: skip


def test_time_in_which_the_judge_waits_for_a_core_does_not_count(
    small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context(small, small.parts[0], Submission(tmp_path, "", (), ()), 0, Extension())
    assert not context.over
    waited = starvation.own()
    monkeypatch.setattr(time, "monotonic", lambda usual=time.monotonic: usual() + 1000)
    assert context.over
    monkeypatch.setattr(starvation, "own", lambda: waited + 990)
    assert not context.over
