"""nbgrader's ``zip_collect`` on real downloads, then graded; and groups that hand in once."""

import csv
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.course import Course

from .conftest import NAME
from .test_exchange import SOLVED

pytestmark = [pytest.mark.slow, pytest.mark.long]
NBGRADER = [sys.executable, "-W", "ignore", "-m", "nbgrader"]
AUTOGRADER = [sys.executable, "-m", "autograder.cli"]
ROSTER = """id,first_name,last_name,email,lms_user_id
ada,Ada,Lovelace,ada@x.edu,101
kgoedel,Kurt,Gödel,,
zoe,Zoë,De La Cruz,,
"""


@pytest.fixture
def course(small: Course, tmp_path: Path) -> Course:
    shutil.copytree(small.root, tmp_path / "course")
    return Course(tmp_path / "course")


def run(course: Course, *command: str, fails: bool = False) -> str:
    ended = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert (ended.returncode != 0) == fails, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def pack(course: Course, path: Path, module: str = SOLVED) -> Path:
    """Write a student's archive: the release with another module."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(course.release.rglob("*")):
            if file.is_file():
                name = file.relative_to(course.release).as_posix()
                archive.writestr(name, module if name == f"{NAME}/readings.py" else file.read_bytes())
    return path


def scores(course: Course) -> dict[str, float]:
    run(course, *NBGRADER, "export", "--to", "grades.csv")
    with (course.root / "grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def test_downloads_of_three_systems_are_collected_and_graded(course: Course, tmp_path: Path) -> None:
    own, wrong = (
        pack(course, tmp_path / "own.zip"),
        pack(course, tmp_path / "wrong.zip", "def to_celsius(x):\n    return x\n"),
    )
    downloads = course.root / "downloaded" / NAME / "archive"
    downloads.mkdir(parents=True)
    with zipfile.ZipFile(downloads / "submissions.zip", "w") as archive:
        archive.write(wrong, "lovelaceada_101_776_work.zip")
        archive.write(own, "lovelaceada_LATE_101_777_work-1.zip")
        archive.write(own, "turingalan_102_778_work.zip")
    with zipfile.ZipFile(downloads / "Weather-5.zip", "w") as archive:
        archive.write(wrong, "Kurt Gödel_5_assignsubmission_file_/my work.zip")
    with zipfile.ZipFile(downloads / "export.zip", "w") as archive:
        archive.writestr(
            "export/submission_metadata.yml",
            "submission_9:\n  :submitters:\n  - :name: Zoë De La Cruz\n    :sid: ''\n    :email: z@x.edu\n  :created_at: 2026-03-01 10:00:00 Z\n",
        )
        with zipfile.ZipFile(own) as files:
            for name in files.namelist():
                archive.writestr(f"export/submission_9/{name}", files.read(name))
    said = run(course, *NBGRADER, "zip_collect", NAME, fails=True)
    assert "nbgrader db student import" in said
    (course.root / "roster.csv").write_text(ROSTER, encoding="utf-8-sig")
    run(course, *NBGRADER, "db", "student", "import", "roster.csv")
    said = run(course, *NBGRADER, "zip_collect", NAME, "--force")
    assert "ada handed in late, says Canvas" in said
    assert "No student of the gradebook is turingalan (Canvas's number 102)" in said
    left = course.root / "downloaded" / NAME / "unassigned"
    assert sorted(path.name for path in left.iterdir()) == [
        "lovelaceada_101_776_work.zip",
        "turingalan_102_778_work.zip",
    ]
    collected = course.root / "submitted"
    assert sorted(path.name for path in collected.iterdir()) == ["ada", "kgoedel", "zoe"]
    assert (collected / "zoe" / NAME / "timestamp.txt").read_text().startswith("2026-03-01 10:00:00")
    run(course, *NBGRADER, "autograde", NAME)
    assert scores(course) == {"ada": 5, "kgoedel": 0, "zoe": 5}
    run(course, *NBGRADER, "db", "student", "add", "alan", "--lms-user-id=102")
    run(course, *NBGRADER, "zip_collect", NAME, "--force")
    assert (collected / "alan" / NAME / "work.zip").is_file()
    run(course, *NBGRADER, "zip_collect", NAME, fails=True)  # without --force nothing is replaced


def test_a_group_hands_in_once(course: Course) -> None:
    """All get the grade; the exchange's secret stays with the one who handed in."""
    (course.root / "groups.csv").write_text("group,student\nblue,ada,alan\n")
    for name, module in (("ada", SOLVED), ("eve", "")):
        target = course.root / "submitted" / name / NAME
        shutil.copytree(course.release, target)
        (target / NAME / "readings.py").write_text(module)
        (target / "submission_secret.txt").write_text(name * 20)
    said = run(course, *AUTOGRADER, "grade", "--workers", "1")
    assert "Handed in by ada, for the group blue." in said.replace("\n", " ") or "Handed in by ada" in said
    found = scores(course)
    assert found["ada"] == found["alan"] == 5
    assert found["eve"] == 0
    secrets = {path.parts[-3] for path in (course.root / "autograded").glob("*/*/submission_secret.txt")}
    assert secrets == {"ada", "eve"}
    said = run(course, *NBGRADER, "autograde", NAME, "--student", "alan", "--force")
    assert "alan: 5 points" in said
    (course.root / "groups.csv").write_text("blue,ada\nred,ada\n")
    assert "line 2: ada is in blue and in red" in run(course, *AUTOGRADER, "grade", fails=True)
