"""Which of several hand-ins in the exchange counts: the course's rule."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.course import Course
from autograder.grading.collect import CollectByRule
from autograder.grading.database import configured

from .conftest import NAME
from .test_exchange import SOLVED

FIRST, SECOND, THIRD = "2026-05-01 10:00:00", "2026-05-02 10:00:00", "2026-05-03 10:00:00"


@pytest.fixture
def course(small: Course, tmp_path: Path) -> Course:
    """Return a course in whose exchange Ada has three hand-ins: a right one, a wrong one, an empty one."""
    root = tmp_path / "course"
    shutil.copytree(small.root, root)
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", NAME) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-05-01 12:00:00 UTC")
    for time, module in ((FIRST, SOLVED), (SECOND, SOLVED.replace("(len(celsius))", "(1)")), (THIRD, None)):
        folder = tmp_path / "exchange" / NAME / "inbound" / f"ada+{NAME}+{time} UTC+5f3e"
        shutil.copytree(small.release, folder)
        (folder / "timestamp.txt").write_text(f"{time} UTC")
        if module is not None:
            (folder / NAME / "readings.py").write_text(module)
    return Course(root)


def collected(course: Course) -> str:
    return (course.root / "submitted" / "ada" / NAME / "timestamp.txt").read_text().removesuffix(" UTC")


def collect(course: Course, rule: str, **late: float) -> str:
    """Collect by a rule, and return the time of the hand-in that was collected."""
    config = configured(course.root)
    config.CollectByRule.rule = rule
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.writelines(f"c.LatePolicy.{name} = {value}\n" for name, value in late.items())
    config.merge(configured(course.root))
    coursedir = CourseDirectory(root=str(course.root), config=config)
    coursedir.assignment_id = NAME
    CollectByRule(coursedir=coursedir, config=config).start()
    return collected(course)


def test_the_last_one(course: Course) -> None:
    assert collect(course, "last") == THIRD


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "the one of 2026-05-03 10:00 UTC counts, the last one"),
        ("before_due", "the one of 2026-05-01 10:00 UTC counts, the last one before the due date"),
    ],
)
def test_several_hand_ins_are_said(course: Course, rule: str, said: str) -> None:
    """The last one counts if the course says nothing."""
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.CollectByRule.rule = {rule!r}\n" if rule else "")
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "collect", NAME]
    ended = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert collected(course) == (FIRST if rule else THIRD)
    assert f"ada: 3 hand-ins, {said}\n" in ended.stderr


def test_the_last_one_before_the_due_date_and_an_extension(course: Course) -> None:
    assert collect(course, "before_due") == FIRST
    (course.root / "extensions.csv").write_text(f"student,assignment,due,days\nAda,{NAME},,1\n")
    assert collect(course, "before_due") == SECOND


@pytest.mark.slow
def test_the_best_one(course: Course) -> None:
    """The command says why. What was collected before is replaced by an older hand-in."""
    assert collect(course, "last") == THIRD
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write("c.CollectByRule.rule = 'best'\n")
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "collect", NAME]
    ended = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert collected(course) == FIRST
    assert "ada: 3 hand-ins, the one of 2026-05-01 10:00 UTC counts, the best one" in ended.stderr


@pytest.mark.slow
def test_late_work_may_be_worse(course: Course) -> None:
    """If a day costs everything, points that come late are none, and the one in time counts."""
    inbound = next((course.root.parent / "exchange").glob("*/inbound"))
    right, wrong = (next(inbound.glob(f"*{time}*")) for time in (FIRST, SECOND))
    shutil.copy(wrong / NAME / "readings.py", right / NAME / "readings.py")  # now the wrong one is in time
    (wrong / NAME / "readings.py").write_text(SOLVED)
    assert collect(course, "best", percent_per_day=100) == FIRST
    assert collect(course, "best", percent_per_day=0) == SECOND
