"""A class in one file: what comes back is what was there, and nothing is lost on the way."""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import zlib
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from autograder.course import STATE, Course
from autograder.errors import SetupError
from autograder.grading import backup as backups
from autograder.grading.backup import backup, restore
from tests.engine.conftest import NAME, copied

NOW = datetime(2026, 5, 20, 12)
ASIDE = "before-restore-2026-05-20-120000"
KEPT = {
    f"submitted/anna/{NAME}/weather/readings.py": "x = 1\n",
    f"submitted/O'Brien ü/{NAME}/Readings.ipynb": "{}",
    f"submitted/anna/{NAME}/timestamp.txt": "2026-05-09 10:30:00 UTC",
    f"{STATE}/secret": "5ec2e7",
    f"{STATE}/verdicts/ab/abc.json": "[]",
    f"{STATE}/submissions/ab/abc/listing.json": "{}",
    f"{STATE}/graded/{NAME}/anna.json": "{}",
    f"{STATE}/runs/{NAME}/1.json": "{}",
    "extensions.csv": "student,assignment,days\n",
    "groups.csv": "group,student\n",
}
NOT_KEPT = (
    f"{STATE}/models/m.npz",
    f"{STATE}/pictures/p.bin",
    f"{STATE}/submissions/new-1/x",
    f"{STATE}/new-1/x",
    f"{STATE}/verdicts/a.tmp",
    f"autograded/anna/{NAME}/x",
    "feedback/a.html",
)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def school(tmp_path: Path) -> Course:
    """Return a small course with a class."""
    course = copied(tmp_path / "course")
    write(course.root, {**KEPT, **dict.fromkeys(NOT_KEPT, "made again")})
    with closing(sqlite3.connect(course.root / "gradebook.db")) as books:
        books.execute("CREATE TABLE grade (score)")
        books.execute("INSERT INTO grade VALUES (17)")
        books.commit()
    return course


def score(path: Path) -> int:
    with closing(sqlite3.connect(path)) as books:
        return int(books.execute("SELECT score FROM grade").fetchone()[0])


def everything(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def spoil(root: Path) -> None:
    """Let the class go on after the backup: everything is different."""
    for name in KEPT:
        (root / name).write_text("later")
    write(root, {f"submitted/late/{NAME}/x.py": "later"})
    with closing(sqlite3.connect(root / "gradebook.db")) as books:
        books.execute("UPDATE grade SET score = 0")
        books.commit()


def test_what_comes_back_is_what_was_there(school: Course, tmp_path: Path) -> None:
    os.utime(school.root / f"submitted/anna/{NAME}/timestamp.txt", (1e9, 1e9))
    file = tmp_path / "kept" / "backup.tar.gz"
    assert backup(school.root, file) == len(KEPT) + 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    spoil(school.root)
    before = everything(school.root)
    done = restore(school.root, file, NOW)
    assert (done.files, done.aside) == (len(KEPT) + 1, school.root / ASIDE)
    assert {name: (school.root / name).read_text() for name in KEPT} == KEPT
    assert score(school.root / "gradebook.db") == 17
    assert not (school.root / "submitted" / "late").exists()
    assert (school.root / f"submitted/anna/{NAME}/timestamp.txt").stat().st_mtime == 1e9
    assert stat.S_IMODE((school.root / STATE / "secret").stat().st_mode) == 0o600
    # The state before lies aside, whole; only the slow work that fits any class stays in its place.
    aside = everything(school.root / ASIDE)
    kept = {
        name
        for name in before
        if name.startswith(("submitted", "autograded", "feedback", "gradebook", STATE, "e", "g"))
    }
    stays = (f"{STATE}/models/", f"{STATE}/pictures/", f"{STATE}/new-1/")
    assert aside == {name: before[name] for name in kept if not name.startswith(stays)}
    assert (school.root / STATE / "models" / "m.npz").read_text() == "made again"
    assert not (school.root / "autograded").exists()
    assert [path.name for path in school.root.glob(".autograder-restore-*")] == []


def test_a_backup_comes_back_into_an_empty_copy_of_the_course(school: Course, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    backup(school.root, file)
    other = copied(tmp_path / "new machine")
    assert restore(other.root, file, NOW).aside is None
    assert {name: (other.root / name).read_text() for name in KEPT} == KEPT
    assert backup(other.root, tmp_path / "again.tar.gz") == len(KEPT) + 1


def test_the_gradebook_is_whole_while_another_program_writes(school: Course, tmp_path: Path) -> None:
    with closing(sqlite3.connect(school.root / "gradebook.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("UPDATE grade SET score = 18")  # only in the write-ahead log yet
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE grade SET score = 19")
        backup(school.root, tmp_path / "backup.tar.gz")
        other.execute("ROLLBACK")
    target = copied(tmp_path / "target")
    restore(target.root, tmp_path / "backup.tar.gz", NOW)
    assert score(target.root / "gradebook.db") == 18


def test_links_and_pipes_of_students_are_left_out(school: Course, tmp_path: Path) -> None:
    folder = school.root / "submitted" / "anna" / NAME
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "all").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    assert backup(school.root, tmp_path / "backup.tar.gz") == len(KEPT) + 1


def test_a_backup_replaces_no_file_and_an_error_leaves_none(
    school: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out" / "backup.tar.gz"
    backup(school.root, file)
    content = file.read_bytes()
    with pytest.raises(SetupError, match="exists already"):
        backup(school.root, file)
    assert file.read_bytes() == content
    monkeypatch.setattr(backups, "_add_text", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(SetupError, match=r"was not made .No space left on device"):
        backup(school.root, tmp_path / "out" / "second.tar.gz")
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_nothing_to_keep_is_said(tmp_path: Path) -> None:
    course = copied(tmp_path / "course")
    with pytest.raises(SetupError, match="nothing to keep"):
        backup(course.root, tmp_path / "backup.tar.gz")
    with pytest.raises(SetupError, match="is not a course's folder"):
        backup(tmp_path, tmp_path / "backup.tar.gz")


def forged(path: Path, members: list[tuple[str, bytes, bytes]], **manifest: object) -> Path:
    """Write an archive with a correct list of its files."""
    listed = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, _, content in members
    }
    content = json.dumps({"format": 1, "assignments": [NAME], "files": listed, **manifest}).encode()
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, text in [*members, ("manifest.json", tarfile.REGTYPE, content)]:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(text), kind, "/etc/passwd" if kind != tarfile.REGTYPE else ""
            archive.addfile(info, io.BytesIO(text))
    return path


HOSTILE = [
    "/etc/cron.d/x", "../x", "submitted/../../x", "submitted/./x", "submitted//x", "source/weather/Readings.ipynb",
    "nbgrader_config.py", "release/x", "submitted", ".autograder", ".autograder/models/m", ".autograder/secret/x", "gradebook.db/x", "extensions.csv/x", "", ".",
    "submitted/..", "autograder/assignments/weather/hidden/conftest.py",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(school: Course, tmp_path: Path, name: str) -> None:
    file = forged(
        tmp_path / "evil.tar.gz",
        [("submitted/anna/weather/x.py", tarfile.REGTYPE, b"x"), (name, tarfile.REGTYPE, b"x")],
    )
    before = everything(tmp_path)
    with pytest.raises(SetupError, match=r"which no backup holds|is no backup, or is damaged"):
        restore(school.root, file, NOW)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_a_link_or_device_is_refused(school: Course, tmp_path: Path, kind: bytes) -> None:
    file = forged(tmp_path / "evil.tar.gz", [("submitted/anna", kind, b"")])
    before = everything(tmp_path)
    with pytest.raises(SetupError, match="which no backup holds"):
        restore(school.root, file, NOW)
    assert everything(tmp_path) == before


X = ("submitted/anna/weather/x.py", tarfile.REGTYPE, b"x")


@pytest.mark.parametrize(
    ("members", "manifest", "says"),
    [
        ([X, X], {}, "twice"),
        ([X], {"files": {}}, "is damaged"),
        ([X], {"files": {X[0]: {"size": 1, "sha256": "0" * 64}}}, "is damaged .'submitted/anna/weather/x.py'."),
        ([], {"files": {X[0]: {"size": 1, "sha256": "0" * 64}}}, "is damaged"),
        ([X], {"format": 2}, "use a newer version"),
        ([X], {"format": "x"}, "use a newer version"),
        ([X], {"files": None}, "is no backup, or is damaged"),
        ([X], {"assignments": ["geology"]}, "another course, with geology"),
        ([X], {"assignments": None}, "is damaged"),
        (
            [("gradebook.db", tarfile.REGTYPE, b"no database, but quite long" * 99)],
            {},
            "The gradebook in .* is damaged",
        ),
        ([X, ("submitted/anna/weather/x.py/y", tarfile.REGTYPE, b"x")], {}, "was not restored"),
    ],
)
def test_what_differs_from_the_list_is_refused(
    school: Course, tmp_path: Path, members: list[tuple[str, bytes, bytes]], manifest: dict[str, object], says: str
) -> None:
    file = forged(tmp_path / "evil.tar.gz", members, **manifest)
    before = everything(tmp_path)
    with pytest.raises(SetupError, match=says):
        restore(school.root, file, NOW)
    assert everything(tmp_path) == before


def unpacked(content: bytes) -> bytes | None:
    """Return what gzip finds in a file, or None if it notices damage."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return None


def test_a_damaged_file_is_refused_wherever_it_is_damaged(school: Course, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    backup(school.root, file)
    good = file.read_bytes()
    before = everything(school.root)
    spoiled = [good[: len(good) * part // 10] for part in range(10)]
    spoiled += [
        good[:place] + bytes([good[place] ^ 255]) + good[place + 1 :] for place in range(30, len(good), len(good) // 12)
    ]
    for content in (*spoiled, b"PK\x03\x04", b"\x1f\x8b"):
        if unpacked(content) == unpacked(good):  # one run of zeros may stand for another: nothing is damaged
            continue
        file.write_bytes(content)
        with pytest.raises(SetupError):
            restore(school.root, file, NOW)
        assert everything(school.root) == before
    with pytest.raises(SetupError, match="There is no file"):
        restore(school.root, tmp_path / "nowhere", NOW)


def test_a_gradebook_in_use_is_not_replaced(school: Course, tmp_path: Path) -> None:
    backup(school.root, tmp_path / "backup.tar.gz")
    with closing(sqlite3.connect(school.root / "gradebook.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SetupError, match="in use by another program"):
            restore(school.root, tmp_path / "backup.tar.gz", NOW)
        other.execute("ROLLBACK")
    (school.root / "gradebook.db").write_text("damaged")
    restore(school.root, tmp_path / "backup.tar.gz", NOW)
    assert score(school.root / "gradebook.db") == 17


@pytest.mark.parametrize("step", range(12))
def test_an_error_in_the_middle_moves_everything_back(
    school: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    backup(school.root, tmp_path / "backup.tar.gz")
    spoil(school.root)
    before, moved, move = everything(school.root), 0, shutil.move

    def fragile(source: Path, target: Path) -> object:
        nonlocal moved
        moved += 1
        if moved == step + 1:
            raise OSError(28, "No space left on device")
        return move(source, target)

    monkeypatch.setattr(shutil, "move", fragile)
    with pytest.raises(SetupError, match="everything is as before"):
        restore(school.root, tmp_path / "backup.tar.gz", NOW)
    assert everything(school.root) == before


def test_the_disk_has_no_room(school: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(school.root, tmp_path / "backup.tar.gz")
    before = everything(school.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, backups.MARGIN + 10))
    with pytest.raises(SetupError, match="more than the disk has room for"):
        restore(school.root, tmp_path / "backup.tar.gz", NOW)
    assert everything(school.root) == before


def run(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_commands(school: Course) -> None:
    ended = run(school.root, "backup")
    assert ended.returncode == 0, ended.stderr
    (file,) = school.root.glob("autograder-backup-*.tar.gz")
    assert file.name in ended.stdout.replace("\n", "")
    spoil(school.root)
    ended = run(school.root, "restore", file.name)
    assert ended.returncode == 0, ended.stderr
    assert score(school.root / "gradebook.db") == 17
    assert "before-restore-" in ended.stdout.replace("\n", "")
    ended = run(school.root, "restore", "nowhere")
    assert ended.returncode == 1
    assert ended.stderr.strip() == "There is no file nowhere."
