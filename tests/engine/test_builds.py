"""A build replaces release and gradebook together or not at all, in all three ways: autograder, nbgrader, formgrader."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from autograder.builder import current
from autograder.course import Course
from autograder.grading import ready
from autograder.grading.ready import NotReady
from tests.engine.conftest import NAME, copied

pytestmark = pytest.mark.xdist_group("builds")
SLOW = pytest.param("nbgrader", marks=pytest.mark.slow)
"""The real command is a process, and the other two ways are functions."""


def require_built(course: Course) -> None:
    """Check that the gradebook has the source's exercises and points."""
    ready.require_build(Course(course.root), course.root / "gradebook.db")


WAYS = ("autograder", SLOW, "formgrader")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with its release, and with two hand-ins in the gradebook, one read by a person."""
    course = copied(tmp_path_factory.mktemp("built"))
    current.build(course)
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "weather") as gradebook:
        for student in ("ada", "bob"):
            gradebook.add_student(student)
            gradebook.add_submission(NAME, student)
        grade = gradebook.find_grade("explain", "Readings", NAME, "ada")
        grade.manual_score = 1.0
        gradebook.find_grade("to_celsius", "Readings", NAME, "bob").auto_score = 2.0
        gradebook.db.commit()
    return course


@pytest.fixture
def own(built: Course, tmp_path: Path) -> Course:
    """Return a copy that a test may change. Brackets in its path are a pattern to nbgrader."""
    shutil.copytree(built.root, tmp_path / "a course")
    return Course(tmp_path / "a course")


def build(own: Course, way: str, *more: str) -> tuple[bool, str]:
    """Build, and return whether it worked and what was said."""
    said: list[str] = []
    if way == "autograder":
        try:
            current.build(own, tell=said.append)
        except SystemExit as error:
            return False, str(error)
        return True, " ".join(said)
    if way == "formgrader":
        config = PyFileConfigLoader("nbgrader_config.py", path=str(own.root)).load_config()
        done = NbGraderAPI(CourseDirectory(config=config, root=str(own.root)), config=config).generate_assignment(NAME)
        return done["success"], f"{done.get('log', '')}{done.get('error', '')}"
    command = [*NBGRADER, *more]
    ran = subprocess.run(command, cwd=own.root, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr
    return ran.returncode == 0, ran.stderr


NBGRADER = [sys.executable, "-W", "ignore", "-m", "nbgrader", "generate_assignment", NAME, "--force"]


def released(own: Course) -> dict[str, bytes]:
    return {
        path.relative_to(own.release).as_posix(): path.read_bytes() for path in own.release.rglob("*") if path.is_file()
    }


def entries(own: Course) -> list[str]:
    """Return the content of the gradebook."""
    with sqlite3.connect(own.root / "gradebook.db") as database:
        return list(database.iterdump())


def edit(own: Course, change: Callable[[list[dict]], None]) -> None:  # type: ignore[type-arg]
    """Change the cells of the source notebook."""
    path = own.source / "Readings.ipynb"
    content = json.loads(path.read_text())
    change(content["cells"])
    path.write_text(json.dumps(content))


def named(cells: list[dict], name: str) -> dict:  # type: ignore[type-arg]
    found: dict = next(one for one in cells if one["metadata"].get("nbgrader", {}).get("grade_id") == name)  # type: ignore[type-arg]
    return found


def leaking(own: Course) -> None:
    hidden = "\n\ndef test_degrees(student):\n    pass\n"
    name = next(
        line.split("def ")[1].split("(")[0]
        for path in own.assignment.hidden.glob("test_*.py")
        for line in path.read_text().splitlines()
        if line.startswith("def test_")
    )
    path = own.source / "tests" / "test_readings.py"
    path.write_text(path.read_text() + hidden.replace("test_degrees", name))


def unclosed(own: Course) -> None:
    path = own.source / "weather" / "readings.py"
    path.write_text(path.read_text().replace("### END SOLUTION", "", 1))


def no_python(own: Course) -> None:
    path = own.source / "weather" / "readings.py"
    path.write_text(path.read_text() + "\ndef (\n")


def no_notebook(own: Course) -> None:
    (own.source / "Readings.ipynb").write_text("{")


def raising(own: Course) -> None:
    path = own.root / "nbgrader_config.py"
    path.write_text(
        path.read_text() + "\nfrom nbgrader.preprocessors import NbGraderPreprocessor\n"
        "class Raising(NbGraderPreprocessor):\n"
        "    def preprocess(self, nb, resources):\n        raise RuntimeError('broken on purpose')\n"
        "c.GenerateAssignment.preprocessors = [Raising]\n"
    )


def twice(own: Course) -> None:
    edit(own, lambda cells: cells.append({**named(cells, "forecast"), "id": "again"}))


def unread(own: Course) -> None:
    """An exercise goes that a person has graded."""
    edit(own, lambda cells: cells.remove(named(cells, "explain")))


def nothing_is_lost(own: Course, before: tuple[dict[str, bytes], list[str]]) -> None:
    assert (released(own), entries(own)) == before
    assert [path.name for path in own.release.parent.iterdir()] == [NAME]
    assert not [path.name for path in own.state.iterdir() if ".new-" in path.name]


FAILURES = [
    (leaking, "The release leaks"),
    (unclosed, "a region begins inside the region"),
    (no_python, "is not valid Python"),
    (no_notebook, "Readings.ipynb"),
    (twice, "forecast"),
    (unread, "people entered 1 score for it (ada)"),
]


@pytest.mark.parametrize("way", ["autograder", "formgrader"])
@pytest.mark.parametrize(("break_it", "words"), FAILURES)
def test_a_build_that_fails_changes_nothing(
    own: Course, way: str, break_it: Callable[[Course], None], words: str
) -> None:
    before = released(own), entries(own)
    break_it(own)
    worked, said = build(own, way)
    assert not worked
    assert words in said
    nothing_is_lost(own, before)


@pytest.mark.slow
@pytest.mark.parametrize(("break_it", "words"), [(raising, "broken on purpose"), FAILURES[-1]])
def test_nbgraders_command_that_fails_changes_nothing(
    own: Course, break_it: Callable[[Course], None], words: str
) -> None:
    test_a_build_that_fails_changes_nothing(own, "nbgrader", break_it, words)


@pytest.mark.parametrize("way", WAYS)
def test_an_exercise_comes_and_another_changes_its_points(own: Course, way: str) -> None:
    def change(cells: list[dict]) -> None:  # type: ignore[type-arg]
        named(cells, "to_celsius")["metadata"]["nbgrader"]["points"] = 4
        again = json.loads(json.dumps(named(cells, "explain")))
        again["id"] = again["metadata"]["nbgrader"]["grade_id"] = "why"
        cells.append(again)

    edit(own, change)
    with pytest.raises(NotReady, match=r"to_celsius has 4 points in the source and 2 in it"):
        require_built(own)
    worked, said = build(own, way)
    assert worked, said
    if way != "formgrader":
        assert "why is new: it waits to be graded in 2 hand-ins." in said
        assert "to_celsius is worth 4 points instead of 2." in said
    require_built(own)
    with Gradebook(f"sqlite:///{own.root / 'gradebook.db'}", "weather") as gradebook:
        assert gradebook.find_grade("explain", "Readings", NAME, "ada").manual_score == 1.0
        assert gradebook.find_grade("to_celsius", "Readings", NAME, "bob").max_score == 4.0
        assert gradebook.find_grade("why", "Readings", NAME, "bob").needs_manual_grade


@pytest.mark.slow
def test_a_renamed_exercise_and_a_discarded_one(own: Course) -> None:
    def rename(cells: list[dict]) -> None:  # type: ignore[type-arg]
        named(cells, "explain")["metadata"]["nbgrader"]["grade_id"] = "reason"

    edit(own, rename)
    command = [sys.executable, "-m", "autograder.cli", "build", "--rename", "explain=reason"]
    ran = subprocess.run(command, cwd=own.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "explain is now reason" in ran.stdout
    with Gradebook(f"sqlite:///{own.root / 'gradebook.db'}", "weather") as gradebook:
        assert gradebook.find_grade("reason", "Readings", NAME, "ada").manual_score == 1.0
    edit(own, lambda cells: cells.remove(named(cells, "reason")))
    assert not build(own, "autograder")[0]
    worked, said = build(own, "nbgrader", "--ReleaseBuilder.discard_scores=True")
    assert worked, said
    (kept,) = (own.state / "discarded").iterdir()
    assert [(one["student"], one["manual_score"]) for one in json.loads(kept.read_text())] == [("ada", 1.0)]


@pytest.mark.slow
def test_a_gradebook_that_cannot_be_written(own: Course) -> None:
    before = released(own), entries(own)
    edit(own, lambda cells: named(cells, "to_celsius")["metadata"]["nbgrader"].update(points=4))
    with sqlite3.connect(own.root / "gradebook.db") as database:
        database.execute("BEGIN EXCLUSIVE")
        worked, said = build(own, "autograder")
        database.rollback()
    assert not worked
    assert "the gradebook cannot be written (database is locked)" in said
    nothing_is_lost(own, before)


def test_a_gradebook_that_is_none(own: Course) -> None:
    (own.root / "gradebook.db").write_bytes(b"no database at all" * 100)
    before = released(own)
    worked, said = build(own, "autograder")
    assert not worked
    assert "the gradebook cannot be written (file is not a database); move gradebook.db away" in said
    assert released(own) == before


def test_the_old_release_returns_if_the_gradebook_cannot_be_committed(
    own: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = released(own), entries(own)
    edit(own, lambda cells: named(cells, "to_celsius")["metadata"]["nbgrader"].update(points=4))
    seen = []

    def full(*_: object) -> None:
        seen.append(released(own))
        raise OSError("No space left on device")

    monkeypatch.setattr(current.ReleaseBuilder, "_commit", full)
    with pytest.raises(SystemExit, match="No space left"):
        current.build(own)
    assert seen[0] != before[0]  # the new one was in place
    nothing_is_lost(own, before)


@pytest.mark.slow
def test_one_notebook_alone(own: Course) -> None:
    shutil.copy(own.source / "Readings.ipynb", own.source / "Second.ipynb")
    text = (own.source / "Second.ipynb").read_text()
    for name in ("to_celsius", "running_mean", "forecast", "explain"):
        text = text.replace(f'"grade_id": "{name}', f'"grade_id": "second_{name}')
    (own.source / "Second.ipynb").write_text(text)
    before = released(own)
    worked, said = build(own, "nbgrader", "--notebook", "Second")
    assert worked, said
    assert {"Readings.ipynb", "Second.ipynb"} <= released(own).keys()
    assert released(own)["Readings.ipynb"] == before["Readings.ipynb"]
    with Gradebook(f"sqlite:///{own.root / 'gradebook.db'}", "weather") as gradebook:
        assert len(gradebook.find_submission(NAME, "ada").notebooks) == 2


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("command", [NBGRADER, [sys.executable, "-m", "autograder.cli", "build"]])
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_one(own: Course, command: list[str]) -> None:
    old = released(own), entries(own)
    edit(own, lambda cells: named(cells, "to_celsius")["metadata"]["nbgrader"].update(points=4))
    path = own.source / "weather" / "readings.py"
    path.write_text(path.read_text().replace("as they are read", "as people read them"))
    shutil.copytree(own.root, other := own.root.parent / "other")
    began = time.monotonic()
    subprocess.run(command, cwd=other, check=True)
    whole = time.monotonic() - began
    new = released(Course(other))
    moments = random.Random(len(command))
    for number in range(6):
        process = subprocess.Popen(command, cwd=own.root, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(whole * moments.uniform(0.5, 1.0))
        process.send_signal(signal.SIGKILL if number % 2 else signal.SIGINT)
        process.wait()
        assert released(own) in (old[0], new)
        with sqlite3.connect(own.root / "gradebook.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            entered = database.execute("SELECT manual_score FROM grade WHERE manual_score IS NOT NULL").fetchall()
            points = database.execute("SELECT sum(max_score) FROM grade_cells").fetchone()[0]
        assert entered == [(1.0,)]
        assert points == 7.0 if released(own) == old[0] else points in (7.0, 9.0)
    assert build(own, "autograder")[0]
    nothing_is_lost(own, (new, entries(own)))
    require_built(own)


def test_unbuilt_changes_are_noticed_and_nothing_is_written(own: Course) -> None:
    require_built(own)
    before = released(own), entries(own)
    edit(own, lambda cells: named(cells, "forecast")["metadata"]["nbgrader"].update(grade_id="prediction"))
    with pytest.raises(NotReady) as error:
        require_built(own)
    assert str(error.value) == (
        "The gradebook is not built from this source: it has forecast in Readings, which the source has not; it has no "
        "prediction in Readings. Run `autograder build`."
    )
    nothing_is_lost(own, before)


def test_a_gradebook_of_another_build_is_noticed(own: Course) -> None:
    """As when yesterday's gradebook.db was put back."""
    with sqlite3.connect(own.root / "gradebook.db") as database:
        database.execute("UPDATE grade_cells SET max_score = 9 WHERE max_score = 2")
    with pytest.raises(NotReady, match=r"to_celsius has 2 points in the source and 9 in it"):
        require_built(own)


@pytest.mark.slow
def test_grading_stops_before_any_judging(own: Course) -> None:
    hand_in = own.root / "submitted" / "ada" / NAME
    shutil.copytree(own.release, hand_in)
    edit(own, lambda cells: named(cells, "to_celsius")["metadata"]["nbgrader"].update(points=4))
    for command in (["-m", "autograder.cli", "grade"], ["-m", "nbgrader", "autograde", NAME]):
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", *command], cwd=own.root, capture_output=True, text=True, check=False,
            env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        assert ran.returncode != 0
        assert "Run `autograder build`" in ran.stderr
    assert not (own.root / "autograded").exists()
    assert not (own.state / "verdicts").exists()
