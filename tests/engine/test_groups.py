"""Tests of `collecting.groups` and `collecting.notes`: one submission for a group, and the exchange's notes beside it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.collecting import notes, times
from autograder.collecting.groups import GroupsError, count, read_groups
from autograder.collecting.roster import NAME

GROUPS = {"blue": ("ada", "alan", "kurt")}
SECRET = "0123456789abcdef" * 8


def handed_in(root: Path, **times: str) -> dict[str, Path]:
    found = {}
    for name, time in times.items():
        folder = root / name / "one"
        folder.mkdir(parents=True)
        if time:
            (folder / "timestamp.txt").write_text(time)
        found[name] = folder
    return found


def time_of(folder: Path) -> datetime | None:
    return times.look(folder, datetime(2026, 2, 1, tzinfo=UTC)).time


def who(root: Path, folders: dict[str, Path]) -> dict[str, str]:
    return {student: folder.relative_to(root).parts[0] for student, folder in folders.items()}


def test_one_submission_counts_for_all(tmp_path: Path) -> None:
    found = count(handed_in(tmp_path, alan="2026-01-02 10:00:00 UTC", eve=""), GROUPS, time_of)
    assert who(tmp_path, found.folders) == {"ada": "alan", "alan": "alan", "eve": "eve", "kurt": "alan"}
    assert found.notes == dict.fromkeys(("ada", "kurt"), "Handed in by alan, for the group blue.")


def test_the_newest_counts_also_under_the_groups_name(tmp_path: Path) -> None:
    stamps = {"ada": "2026-01-02 10:00:00 UTC", "alan": "2026-01-02 12:30:00 CET", "blue": "2026-01-02 10:30:00 UTC"}
    found = count(handed_in(tmp_path, **{**stamps, "alan": "2026-01-02 10:15:00 UTC"}), GROUPS, time_of)
    assert who(tmp_path, found.folders) == dict.fromkeys(("ada", "alan", "kurt"), "blue")


def test_nothing_is_guessed_without_times(tmp_path: Path) -> None:
    found = count(handed_in(tmp_path, ada="2026-01-02 10:00:00 UTC", alan=""), GROUPS, time_of)
    assert who(tmp_path, found.folders) == {"ada": "ada", "alan": "alan"}
    assert "several submissions (ada, alan)" in found.notes["kurt"]
    assert count({}, GROUPS, time_of).folders == {}


def test_a_time_that_cannot_be_true_is_not_the_newest(tmp_path: Path) -> None:
    found = count(handed_in(tmp_path, ada="2026-01-02 10:00:00 UTC", alan="2100-01-01 00:00:00 UTC"), GROUPS, time_of)
    assert who(tmp_path, found.folders) == {"ada": "ada", "alan": "alan"}
    assert "not all have a time" in found.notes["kurt"]


def test_the_file_of_groups(tmp_path: Path) -> None:
    assert read_groups(tmp_path, NAME) == {}
    path = tmp_path / "groups.csv"
    path.write_text("\ufeffgroup,student\nblue, ada,alan\n\nred,kurt\nblue,zoe,ada\n", encoding="utf-8")
    assert read_groups(tmp_path, NAME) == {"blue": ("ada", "alan", "zoe"), "red": ("kurt",)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("blue,ada\nred,ada\n", "line 2: ada is in blue and in red"),
        ("blue\n", "line 1: blue has no student"),
        ("blue,../evil\n", "line 1: '../evil' is no valid name"),
        ("bl\x1bue,ada\n", "no valid name"),
    ],
)
def test_a_wrong_file_of_groups_is_a_sentence(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(GroupsError, match=why.replace(".", r"\.")):
        read_groups(tmp_path, NAME)
    (tmp_path / "groups.csv").write_bytes(b"\xff\xfe\x00b")
    with pytest.raises(GroupsError, match="save it as CSV"):
        read_groups(tmp_path, NAME)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    submitted, graded = tmp_path / "submitted", tmp_path / "graded"
    submitted.mkdir()
    graded.mkdir()
    return submitted, graded


def notes_in(graded: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in graded.iterdir()}


def test_notes_reach_the_graded_folder_and_follow_the_submission(folders: tuple[Path, Path]) -> None:
    submitted, graded = folders
    (submitted / "timestamp.txt").write_text("2026-01-02 10:00:00 UTC\n")
    (submitted / "submission_secret.txt").write_text(SECRET)
    notes.carry(submitted, graded, True, 0o444)
    notes.carry(submitted, graded, True, 0o444)
    assert notes_in(graded) == {"timestamp.txt": "2026-01-02 10:00:00 UTC", "submission_secret.txt": SECRET}
    assert (graded / "submission_secret.txt").stat().st_mode & 0o777 == 0o444
    (submitted / "submission_secret.txt").write_text(SECRET[::-1])
    notes.carry(submitted, graded, True, 0o444)
    assert notes_in(graded)["submission_secret.txt"] == SECRET[::-1]
    notes.carry(submitted, graded, False, 0o444)
    assert notes_in(graded) == {"timestamp.txt": "2026-01-02 10:00:00 UTC"}
    (submitted / "timestamp.txt").unlink()
    notes.carry(submitted, graded, True, 0o444)
    assert notes_in(graded) == {"timestamp.txt": "", "submission_secret.txt": SECRET[::-1]}


@pytest.mark.parametrize(
    "content", [b"", b"short", b"x" * 5000, b"../../../evil/../../../evil", "geheim".encode("utf-16") * 8, b"a b" * 20]
)
def test_hostile_notes_are_left(folders: tuple[Path, Path], content: bytes) -> None:
    submitted, graded = folders
    for name in notes.NOTES:
        (submitted / name).write_bytes(content)
    notes.carry(submitted, graded, True, 0o444)
    assert notes_in(graded) == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes as on Linux and macOS")
def test_notes_that_are_no_files(folders: tuple[Path, Path], tmp_path: Path) -> None:
    submitted, graded = folders
    other = tmp_path / "other"
    other.write_text(SECRET)
    (submitted / "submission_secret.txt").symlink_to(other)
    os.mkfifo(submitted / "timestamp.txt")
    notes.carry(submitted, graded, True, 0o444)
    assert notes_in(graded) == {}
    (graded / "submission_secret.txt").symlink_to(other)
    notes.carry(submitted, graded, True, 0o444)
    assert other.read_text() == SECRET
    assert notes_in(graded) == {}
