"""nbgrader's whole round with several system users: release, fetch, submit, collect, grade, read, feedback and back."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.builder import current
from autograder.course import Course

from ..attacks.test_ordinary_user import python, reachable
from .conftest import NAME, copied

if sys.platform != "win32":
    import pwd

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="this is an ordinary user"),
]
NBGRADER = ["-W", "ignore", "-m", "nbgrader"]
SOLVED = """import numpy as np

def to_celsius(readings):
    return (readings - 32) * 5 / 9

def running_mean(readings, width):
    celsius = to_celsius(readings)
    return np.array([celsius[max(0, i - width + 1) : i + 1].mean() for i in range(len(celsius))])
"""


@dataclass
class User:
    """A system user who is a student, with a home of their own."""

    name: str
    uid: int
    home: Path
    exchange: Path

    def nbgrader(self, *arguments: str) -> str:
        """Run a command of nbgrader as this user, in the user's home, without the course's configuration."""
        packages = Path(str(importlib.util.find_spec("nbgrader").origin)).parents[1]  # type: ignore[union-attr]
        if not reachable(packages):
            pytest.skip(f"an ordinary user cannot read {packages}")
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "PYTHONPATH": str(packages)}
        ended = subprocess.run(
            [python(), *NBGRADER, *arguments, "--course", NAME, f"--Exchange.root={self.exchange}"],
            cwd=self.home, env=environment, user=self.uid, group=self.uid, extra_groups=[], umask=0o077,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def hand_in(self, module: str, answer: str) -> None:
        work = self.home / NAME
        (work / NAME / "readings.py").write_text(module)
        notebook = work / "Readings.ipynb"
        text = notebook.read_text()
        assert "YOUR ANSWER HERE" in text
        notebook.write_text(text.replace("YOUR ANSWER HERE", answer))
        self.nbgrader("submit", NAME)

    def pages(self) -> list[str]:
        """Return the text of each fetched page, the newest submission last."""
        return [path.read_text() for path in sorted(self.home.glob(f"{NAME}/feedback/*/Readings.html"))]


@pytest.fixture
def exchange() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="exchange-"))
    home.chmod(0o755)
    (home / "exchange").mkdir()
    (home / "exchange").chmod(0o777)
    yield home / "exchange"
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def students(exchange: Path) -> list[User]:
    """Return two students: existing users of this machine, because nbgrader asks the machine for their names."""
    found = [
        one for one in pwd.getpwall() if one.pw_uid and one.pw_name in ("nobody", "games", "mail", "daemon", "bin")
    ]
    users = []
    for one in found[:2]:
        home = exchange.parent / one.pw_name
        home.mkdir()
        os.chown(home, one.pw_uid, one.pw_uid)
        users.append(User(one.pw_name, one.pw_uid, home, exchange))
    assert len(users) == 2
    return users


@pytest.fixture
def course(exchange: Path, tmp_path: Path) -> Course:
    course = copied(tmp_path / "course")
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Exchange.root = {str(exchange)!r}\n")
    current.build(course)
    return course


def run(course: Course, *arguments: str) -> str:
    """Run a command of nbgrader as the instructor, and return what it says."""
    ended = subprocess.run(
        [sys.executable, *NBGRADER, *arguments], cwd=course.root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def read(course: Course, student: str, points: float, comment: str) -> None:
    """Read a written answer, as formgrader does."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("explain", "Readings", NAME, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.find_comment("explain", "Readings", NAME, student).manual_comment = comment
        gradebook.db.commit()


def score(course: Course, student: str) -> float:
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        found: float = gradebook.find_submission(NAME, student).score
        return found


def test_the_whole_round(course: Course, students: list[User]) -> None:
    first, second = students
    run(course, "release_assignment", NAME)
    for student in students:
        student.nbgrader("fetch_assignment", NAME)
    first.hand_in(SOLVED, "Because of the inversion of the air.")
    second.hand_in(SOLVED.replace("* 5 / 9", "* 5"), "No idea.")
    assert NAME in first.nbgrader("list", "--cached")

    run(course, "collect", NAME)
    shutil.copytree(
        course.root / "submitted" / first.name, course.root / "submitted" / "by-mail"
    )  # not by the exchange
    for name in ("submission_secret.txt", "timestamp.txt"):
        (course.root / "submitted" / "by-mail" / NAME / name).unlink()
    run(course, "autograde", NAME)
    assert score(course, first.name) == 5  # of 7: the forecast is not answered, the explanation is not read
    assert score(course, second.name) < 5
    read(course, first.name, 0.5, "Which inversion?")
    run(course, "generate_feedback", NAME)
    said = run(course, "release_feedback", NAME)
    assert "The feedback of by-mail is not released" in said
    for student in students:
        student.nbgrader("fetch_feedback", NAME)
    assert ["Which inversion?" in page for page in first.pages()] == [True]
    assert ["Which inversion?" in page for page in second.pages()] == [False]

    # Read once more, graded again, released again: the student sees the newer page.
    read(course, first.name, 1, "The one of temperature: agreed.")
    run(course, "autograde", NAME, "--force")
    run(course, "generate_feedback", NAME)
    run(course, "release_feedback", NAME)
    first.nbgrader("fetch_feedback", NAME)
    assert len(first.pages()) == 1
    assert "agreed" in first.pages()[0]
    assert "Which inversion?" not in first.pages()[0]
    assert score(course, first.name) == 6

    # The same files handed in again: graded before, but the feedback is found under the new secret.
    first.nbgrader("submit", NAME)
    run(course, "collect", NAME, "--update")
    assert f"{first.name} was graded before" in run(course, "autograde", NAME)

    # One student is removed: said, and everybody else gets feedback.
    run(course, "db", "student", "remove", second.name, "--force")
    read(course, first.name, 1, "Agreed, and on time.")
    said = run(course, "generate_feedback", NAME)
    assert f"No feedback is written for {second.name}" in said
    said = run(course, "release_feedback", NAME)
    assert f"The feedback of {second.name} is not released" in said
    first.nbgrader("fetch_feedback", NAME)
    assert len(first.pages()) == 2
    assert "Agreed, and on time." in first.pages()[1]


def test_failing_feedback_keeps_the_old_pages(course: Course) -> None:
    target = course.root / "submitted" / "ada" / NAME
    shutil.copytree(course.release, target)
    run(course, "autograde", NAME)
    run(course, "generate_feedback", NAME)
    page = course.root / "feedback" / "ada" / NAME / "Readings.html"
    before = page.read_text()
    graded = course.root / "autograded" / "ada" / NAME / "Readings.ipynb"
    graded.chmod(0o644)
    graded.write_text("{")
    ended = subprocess.run(
        [sys.executable, *NBGRADER, "generate_feedback", NAME], cwd=course.root, capture_output=True, check=False
    )
    assert ended.returncode != 0
    assert page.read_text() == before
    assert [path.name for path in page.parents[1].iterdir()] == [NAME]
