"""What is wrong with a course is said before anything is judged, in one sentence with the command that helps."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from autograder.builder import current
from autograder.course import Course, find_course
from autograder.errors import SetupError
from autograder.grading import database, ready
from autograder.grading.extensions import TABLE
from autograder.kit import Data, JudgeKit
from tests.engine.conftest import NAME, copied

BOOKS = database.NAME


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return the small course with release and gradebook; tests must not change it."""
    course = copied(tmp_path_factory.mktemp("built"))
    current.build(course)
    return course


@pytest.fixture
def course(built: Course, tmp_path: Path) -> Course:
    """Return a copy of the built course, to spoil."""
    shutil.copytree(built.root, tmp_path / "course")
    return find_course(tmp_path / "course")


def test_a_course_that_is_ready(course: Course) -> None:
    assert ready.require(course) == []


def edit(course: Course, change: Callable[[dict[str, object]], object]) -> Course:
    """Change each grade cell of the source, and read the course again."""
    path = course.source / "Readings.ipynb"
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            change(cell["metadata"]["nbgrader"])
    path.write_text(json.dumps(content))
    from autograder import assignment

    assignment._read_parts.cache_clear()
    return Course(course.root)


def points(cell: dict[str, object]) -> None:
    if cell["grade_id"] == "forecast":
        cell["points"] = 77


def renamed(cell: dict[str, object]) -> None:
    if cell["grade_id"] == "forecast":
        cell["grade_id"] = "weather_forecast"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (points, "forecast has 77 points in the source and .* in it"),
        (renamed, "it has forecast in Readings, which the source has not; it has no weather_forecast in Readings"),
    ],
)
def test_a_source_that_was_changed_and_not_built_is_noticed(
    course: Course, change: Callable[[dict[str, object]], object], says: str
) -> None:
    changed = edit(course, change)
    with pytest.raises(SetupError, match=says) as caught:
        ready.require(changed)
    assert "Run `autograder build`" in str(caught.value)


def copied_from_elsewhere(course: Course) -> None:
    with closing(sqlite3.connect(course.root / BOOKS)) as books:
        books.execute("UPDATE assignment SET name = 'geology'")
        books.commit()


def same_name(course: Course) -> None:
    with closing(sqlite3.connect(course.root / BOOKS)) as books:
        books.execute("UPDATE base_cell SET name = 'other_' || name")
        books.commit()


def emptied(course: Course) -> None:
    with closing(sqlite3.connect(course.root / BOOKS)) as books:
        books.execute("DELETE FROM assignment")
        books.commit()


def cut(course: Course) -> None:
    path = course.root / BOOKS
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * 8192 + content[16384:])


FAULTS: dict[str, tuple[Callable[[Course], object], str, str]] = {
    "release": (lambda course: shutil.rmtree(course.release), "There is no .*release", "autograder build"),
    "notebook": (lambda course: (course.release / "Readings.ipynb").unlink(), "no Readings.ipynb", "autograder build"),
    "gradebook": (lambda course: (course.root / BOOKS).unlink(), "There is no gradebook.db", "autograder restore FILE"),
    "another course": (copied_from_elsewhere, r"is of another course \(it knows geology", "autograder restore FILE"),
    "same name": (same_name, r"is of another course \(it knows weather", "autograder restore FILE"),
    "assignment": (emptied, "does not know weather yet", "autograder build"),
    "damaged": (cut, "damaged", "autograder restore FILE"),
    "no database": (lambda course: (course.root / BOOKS).write_text("grades"), "damaged", "autograder restore FILE"),
    "empty": (lambda course: (course.root / BOOKS).write_bytes(b""), "no gradebook of nbgrader", "autograder build"),
    "extensions": (lambda course: (course.root / TABLE).write_text("who,when\n"), "extensions.csv, line 1", "columns"),
}  # fmt: skip


def test_an_assignment_that_has_only_a_due_date_is_not_built(course: Course) -> None:
    with closing(sqlite3.connect(course.root / BOOKS)) as books:
        books.execute("DELETE FROM notebook")
        books.commit()
    with pytest.raises(SetupError, match="does not know weather yet: run `autograder build` first"):
        ready.require(course)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_with_the_command(course: Course, fault: str) -> None:
    spoil, says, command = FAULTS[fault]
    spoil(course)
    with pytest.raises(SetupError, match=says) as caught:
        ready.require(course)
    assert command in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_data_are_said(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: JudgeKit) -> Data:
        raise SetupError("There are no data: run `autograder data`.")

    monkeypatch.setattr(JudgeKit, "data", none)
    with pytest.raises(SetupError, match="run `autograder data`"):
        ready.require(course)


def test_a_wrong_policy_is_said(course: Course) -> None:
    with (course.root / database.CONFIG).open("a") as file:
        file.write("\nc.LatePolicy.percent_per_dya = 10\n")
    with pytest.raises(SetupError, match="no option percent_per_dya: did you mean percent_per_day"):
        ready.require(course)


def test_a_locked_gradebook_is_said(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "LOCK_SECONDS", 0.1)
    with closing(sqlite3.connect(course.root / BOOKS, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SetupError, match=r"gradebook\.db has been locked by another program"):
            ready.require(course)
        other.execute("ROLLBACK")
    assert ready.require(course) == []


@pytest.mark.parametrize("closed", [BOOKS, ""])
def test_a_read_only_gradebook_is_said(course: Course, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """Root may write everywhere, so the answer of the system is replaced."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != course.root / closed)
    with pytest.raises(SetupError, match=r"is read-only: `chmod u\+w"):
        ready.require(course)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("attempt to write a readonly database", r"cannot be written .*chmod u\+w"),
        ("database or disk is full", "free some room"),
        ("disk I/O error", "free some room"),
        ("database is locked", "locked by another program"),
        ("file is not a database", "is damaged"),
    ],
)
def test_what_sqlite_says_is_explained(said: str, says: str) -> None:
    assert re.search(says, ready.explain(Path("/x/gradebook.db"), sqlite3.OperationalError(said)))


Usage = namedtuple("Usage", "total used free")


def test_a_disk_that_is_nearly_full_is_said(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = course.root / "submitted" / "anna" / NAME
    folder.mkdir(parents=True)
    with (folder / "big.bin").open("wb") as file:
        file.truncate(2**30)
    for free, fails in ((100, True), (500, False), (5000, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(10**12, 0, free * 2**20))
        if fails:
            with pytest.raises(SetupError, match=r"Only 100 MB are free .* may need 256 MB: `du -sh"):
                ready.require(course)
        else:
            assert len(ready.require(course)) == (free < 1000) * len({course.root, Path(tempfile.gettempdir())})
    with pytest.raises(SetupError, match="may need 4,096 MB"):  # four times the hand-in
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 3 * 2**30))
        ready.require(course, [folder])


MOUNTS = r"""
rootfs / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
//pc/share /home/me/my\040share cifs rw 0 0
tmpfs /home/me/local tmpfs rw 0 0
me@host: /mnt fuse.sshfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/course/gradebook.db", "ext4"),
        ("/home/me/gradebook.db", "nfs4"),
        ("/home/me/my share/gradebook.db", "cifs"),
        ("/home/me/local/gradebook.db", "tmpfs"),
        ("/home2/gradebook.db", "ext4"),
        ("/mnt/gradebook.db", "fuse.sshfs"),
    ],
)
def test_a_network_drive_is_recognised(tmp_path: Path, path: str, kind: str) -> None:
    assert ready.file_system(Path(path), MOUNTS) == kind
    (tmp_path / "mounts").write_text(MOUNTS)
    warned = ready.on_network(Path(path), tmp_path / "mounts")
    assert bool(warned) == (kind in ("nfs4", "cifs", "fuse.sshfs"))
    assert all(f"network drive ({kind})" in sentence and "autograder backup" in sentence for sentence in warned)


def test_a_network_drive_is_said_before_grading(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    (course.root / "mounts").write_text(f"rootfs / ext4 rw 0 0\nserver:/home {course.root} nfs4 rw 0 0\n")
    monkeypatch.setattr(ready, "MOUNTS", course.root / "mounts")
    assert any("lies on a network drive (nfs4)" in sentence for sentence in ready.require(course))


def test_without_a_list_of_mounts_nothing_is_said(tmp_path: Path) -> None:
    assert ready.on_network(tmp_path, tmp_path / "mounts") == []


def test_an_extension_for_nobody_is_said(course: Course) -> None:
    (course.root / "submitted" / "anna" / NAME).mkdir(parents=True)
    (course.root / TABLE).write_text("student,assignment,days\nana,weather,2\nANNA,wether,2\nanna,weather,2\n")
    assert ready.require(course) == [
        "extensions.csv, line 2: there is no student ana. Did you mean anna?",
        "extensions.csv, line 3: there is no assignment wether. Did you mean weather?",
    ]


def test_an_unknown_assignment_is_said_with_near_ones(course: Course) -> None:
    with pytest.raises(SetupError, match=r"There is no assignment wether\. Did you mean weather\? Choose one"):
        find_course(course.root, name="wether")


@pytest.mark.parametrize("mark", "*?[")
def test_a_path_that_nbgrader_reads_as_a_pattern_is_said(tmp_path: Path, mark: str) -> None:
    course = copied(tmp_path / f"cs {mark}2026] course")
    for act in (lambda: ready.require(course), lambda: current.build(course)):
        with pytest.raises(
            (SetupError, SystemExit), match="which nbgrader reads as a pattern: move the course with `mv"
        ):
            act()
    assert not course.release.exists()


def run(root: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_commands_say_it_before_they_judge(course: Course) -> None:
    (course.root / "submitted" / "smith" / NAME).mkdir(parents=True)
    (course.root / BOOKS).unlink()
    ended = run(course.root, sys.executable, "-m", "autograder.cli", "grade")
    assert ended.returncode == 1
    assert ended.stderr.startswith("The gradebook does not know weather yet: run `autograder build` first.")
    assert not (course.root / ".autograder" / "verdicts").exists()
    ended = run(course.root, sys.executable, "-m", "nbgrader", "autograde", NAME)
    assert ended.returncode != 0
    assert "The gradebook does not know weather yet: run `autograder build` first." in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (course.root / BOOKS).exists()
    ended = run(course.root, sys.executable, "-m", "autograder.cli", "grade", "--student", "smiht")
    assert ended.stderr.strip() == "There is no student 'smiht': did you mean smith?"
    ended = run(course.root, sys.executable, "-m", "nbgrader", "autograde", "wether")
    assert "There is no assignment wether. Did you mean weather?" in ended.stderr
