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

from autograder.builder import current
from autograder.builder.current import UnbuiltError, require_built
from autograder.course import Course
from tests.engine.conftest import NAME, copied

pytestmark = pytest.mark.xdist_group("builds")
WAYS = ("autograder", "nbgrader", "formgrader")
BUTTON = (
    "import os, sys\nfrom traitlets.config.loader import PyFileConfigLoader\n"
    "config = PyFileConfigLoader('nbgrader_config.py', path=os.getcwd()).load_config()\n"
    "from nbgrader.coursedir import CourseDirectory\nfrom nbgrader.apps.api import NbGraderAPI\n"
    "api = NbGraderAPI(CourseDirectory(config=config, root=os.getcwd()), config=config)\n"
    f"done = api.generate_assignment({NAME!r})\n"
    "print(done.get('log', ''), done.get('error', ''), file=sys.stderr)\nsys.exit(not done['success'])\n"
)
COMMANDS = {
    "autograder": ["-m", "autograder.cli", "build"],
    "nbgrader": ["-m", "nbgrader", "generate_assignment", NAME, "--force"],
    "formgrader": ["-c", BUTTON],
}


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
    shutil.copytree(built.root, tmp_path / "a [course]")
    return Course(tmp_path / "a [course]")


def build(own: Course, way: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", *COMMANDS[way], *more]
    return subprocess.run(command, cwd=own.root, capture_output=True, text=True, check=False)


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


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (leaking, "The release leaks"),
        (unclosed, "this region has no end marker"),
        (no_python, "is not valid Python"),
        (no_notebook, "Readings.ipynb"),
        (raising, "broken on purpose"),
        (twice, "forecast"),
        (unread, "people entered 1 score for it (ada)"),
    ],
)
def test_a_build_that_fails_changes_nothing(
    own: Course, way: str, break_it: Callable[[Course], None], words: str
) -> None:
    if break_it is raising and way == "autograder":
        pytest.skip("autograder build reads no preprocessors from nbgrader_config.py")
    before = released(own), entries(own)
    break_it(own)
    ran = build(own, way)
    assert ran.returncode != 0
    assert words in ran.stderr
    assert way == "formgrader" or "Traceback" not in ran.stderr
    nothing_is_lost(own, before)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_an_exercise_comes_and_another_changes_its_points(own: Course, way: str) -> None:
    def change(cells: list[dict]) -> None:  # type: ignore[type-arg]
        named(cells, "to_celsius")["metadata"]["nbgrader"]["points"] = 4
        again = json.loads(json.dumps(named(cells, "explain")))
        again["id"] = again["metadata"]["nbgrader"]["grade_id"] = "why"
        cells.append(again)

    edit(own, change)
    with pytest.raises(UnbuiltError, match=r"to_celsius is worth 4 points in Readings.ipynb, and 2 in the release"):
        require_built(own)
    ran = build(own, way)
    assert ran.returncode == 0, ran.stderr
    said = " ".join((ran.stdout + ran.stderr).split())
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
    ran = build(own, "autograder", "--rename", "explain=reason")
    assert ran.returncode == 0, ran.stderr
    assert "explain is now reason" in ran.stdout
    with Gradebook(f"sqlite:///{own.root / 'gradebook.db'}", "weather") as gradebook:
        assert gradebook.find_grade("reason", "Readings", NAME, "ada").manual_score == 1.0
    edit(own, lambda cells: cells.remove(named(cells, "reason")))
    assert build(own, "nbgrader").returncode != 0
    ran = build(own, "nbgrader", "--ReleaseBuilder.discard_scores=True")
    assert ran.returncode == 0, ran.stderr
    (kept,) = (own.state / "discarded").iterdir()
    assert [(one["student"], one["manual_score"]) for one in json.loads(kept.read_text())] == [("ada", 1.0)]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_gradebook_that_cannot_be_written(own: Course, way: str) -> None:
    before = released(own), entries(own)
    edit(own, lambda cells: named(cells, "to_celsius")["metadata"]["nbgrader"].update(points=4))
    with sqlite3.connect(own.root / "gradebook.db") as database:
        database.execute("BEGIN EXCLUSIVE")
        ran = build(own, way)
        database.rollback()
    assert ran.returncode != 0
    assert "the gradebook cannot be written (database is locked)" in ran.stderr
    nothing_is_lost(own, before)


@pytest.mark.slow
def test_a_gradebook_that_is_none(own: Course) -> None:
    (own.root / "gradebook.db").write_bytes(b"no database at all" * 100)
    before = released(own)
    ran = build(own, "autograder")
    assert ran.returncode != 0
    assert "the gradebook cannot be written (file is not a database); move gradebook.db away" in ran.stderr
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
    ran = build(own, "nbgrader", "--notebook", "Second")
    assert ran.returncode == 0, ran.stderr
    assert {"Readings.ipynb", "Second.ipynb"} <= released(own).keys()
    assert released(own)["Readings.ipynb"] == before["Readings.ipynb"]
    with Gradebook(f"sqlite:///{own.root / 'gradebook.db'}", "weather") as gradebook:
        assert len(gradebook.find_submission(NAME, "ada").notebooks) == 2


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_one(own: Course, way: str) -> None:
    old = released(own), entries(own)
    edit(own, lambda cells: named(cells, "to_celsius")["metadata"]["nbgrader"].update(points=4))
    path = own.source / "weather" / "readings.py"
    path.write_text(path.read_text().replace("as they are read", "as people read them"))
    shutil.copytree(own.root, other := own.root.parent / "other")
    began = time.monotonic()
    assert build(Course(other), way).returncode == 0
    whole = time.monotonic() - began
    new = released(Course(other))
    moments = random.Random(way)
    for _ in range(6):
        command = [sys.executable, "-W", "ignore", *COMMANDS[way]]
        process = subprocess.Popen(command, cwd=own.root, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(whole * moments.uniform(0.5, 1.0))
        process.send_signal(signal.SIGKILL if moments.random() < 0.5 else signal.SIGINT)
        process.wait()
        assert released(own) in (old[0], new)
        with sqlite3.connect(own.root / "gradebook.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT manual_score FROM grade WHERE manual_score IS NOT NULL").fetchall() == [
                (1.0,)
            ]
            points = database.execute("SELECT sum(max_score) FROM grade_cells").fetchone()[0]
        assert points == 7.0 if released(own) == old[0] else points in (7.0, 9.0)
    assert build(own, way).returncode == 0
    nothing_is_lost(own, (new, entries(own)))
    require_built(own)


def test_unbuilt_changes_are_noticed_and_nothing_is_written(own: Course) -> None:
    require_built(own)
    before = released(own), entries(own)
    edit(own, lambda cells: named(cells, "forecast")["metadata"]["nbgrader"].update(grade_id="prediction"))
    with pytest.raises(UnbuiltError) as error:
        require_built(own)
    assert str(error.value).splitlines() == [
        "forecast is in the release, but no longer in Readings.ipynb.",
        "prediction in Readings.ipynb is not in the release yet.",
        "The source was changed and not built: run `autograder build` first.",
    ]
    nothing_is_lost(own, before)


def test_a_gradebook_of_another_build_is_noticed(own: Course) -> None:
    """As when yesterday's gradebook.db was put back."""
    with sqlite3.connect(own.root / "gradebook.db") as database:
        database.execute("UPDATE grade_cells SET max_score = 9 WHERE max_score = 2")
    with pytest.raises(UnbuiltError, match=r"to_celsius is worth 2 points in Readings.ipynb, and 9 in the gradebook"):
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
        assert "run `autograder build` first" in ran.stderr
    assert not (own.root / "autograded").exists()
    assert not (own.state / "verdicts").exists()
