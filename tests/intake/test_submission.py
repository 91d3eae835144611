"""Intake copies the files that count, follows no links, keeps its limits and lists the files that it left out."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import SubmissionError
from autograder.intake import entries, layout, submission
from autograder.intake.submission import find_root, take_in
from tests.rules import RULES


def hand_in(folder: Path, **files: str) -> Path:
    for name, text in {"cs231n/layers.py": "x = 1\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_what_counts_is_taken(tmp_path: Path) -> None:
    source = hand_in(
        tmp_path / "in",
        **{
            "A.ipynb": "{}",
            "models/part1.npz": "z",
            "notes.txt": "",
            "evil.so": "",
            "cs231n/__pycache__/layers.pyc": "",
            "x.pkl": "p",
        },
    )
    taken = take_in(source, tmp_path / "out", RULES)
    assert taken.files == ("A.ipynb", "cs231n/layers.py", "models/part1.npz")
    assert [name.split()[0] for name in taken.left_out] == ["__pycache__/", "evil.so", "x.pkl"]
    assert (tmp_path / "out" / "cs231n" / "layers.py").read_text() == "x = 1\n"


def test_the_digest_follows_names_and_contents(tmp_path: Path) -> None:
    first = take_in(hand_in(tmp_path / "a"), tmp_path / "1", RULES).digest
    assert take_in(hand_in(tmp_path / "b"), tmp_path / "2", RULES).digest == first
    assert take_in(hand_in(tmp_path / "c", **{"cs231n/layers.py": "x = 2\n"}), tmp_path / "3", RULES).digest != first
    assert take_in(hand_in(tmp_path / "d", **{"cs231n/more.py": ""}), tmp_path / "4", RULES).digest != first


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes as on Linux and macOS")
def test_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("gradebook")
    source = hand_in(tmp_path / "in")
    (source / "cs231n" / "linked.py").symlink_to(secret)
    (source / "cs231n" / "folder").symlink_to(tmp_path)
    os.mkfifo(source / "cs231n" / "pipe.py")
    os.link(secret, source / "cs231n" / "hard.py")  # a hard link is an ordinary file after submission
    taken = take_in(source, tmp_path / "out", RULES)
    assert taken.files == ("cs231n/hard.py", "cs231n/layers.py")
    assert len(taken.left_out) == 3
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sockets in folders")
def test_a_socket_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = hand_in(tmp_path / "in")
    monkeypatch.chdir(source)  # names of sockets must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("talk.py")
        assert take_in(source, tmp_path / "out", RULES).left_out == ("talk.py (not a plain file)",)


def after_a_look_at(name: str, change: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Change a file after intake has looked at it and before intake opens it."""
    describe = entries._describe

    def described(entry: "os.DirEntry[str]", full: str) -> entries.Entry:
        found = describe(entry, full)
        if entry.name == name:
            change(Path(entry.path))
        return found

    monkeypatch.setattr(entries, "_describe", described)


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes as on Linux and macOS")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.write_bytes(bytes(3_000_000)), "too large"),
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "cannot be read"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "not a plain file"),
        (lambda path: shutil.rmtree(path.parent), "cannot be read"),
    ],
)
def test_what_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object], reason: str
) -> None:
    source = hand_in(tmp_path / "in", **{"work/changes.py": "x = 1"})
    after_a_look_at("changes.py", change, monkeypatch)
    taken = take_in(source, tmp_path / "out", RULES)
    assert taken.files == ("cs231n/layers.py",)
    assert taken.left_out == (f"work/changes.py ({reason})",)
    assert not (tmp_path / "out" / "work" / "changes.py").exists()


def test_what_cannot_be_read_is_left_out_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test raises the error itself, because root may read every file."""
    source = hand_in(tmp_path / "in", **{"cs231n/locked/x.py": "", "cs231n/locked.py": ""})
    scandir, openly = os.scandir, os.open

    def refuse(path: Any, *more: Any, way: Any) -> Any:
        if isinstance(path, Path) and path.stem == "locked":
            raise PermissionError(13, "Permission denied")
        return way(path, *more)

    monkeypatch.setattr(os, "scandir", lambda path: refuse(path, way=scandir))
    monkeypatch.setattr(os, "open", lambda path, *more: refuse(path, *more, way=openly))
    taken = take_in(source, tmp_path / "out", RULES)
    assert taken.files == ("cs231n/layers.py",)
    assert taken.left_out == ("cs231n/locked (cannot be read)", "cs231n/locked.py (cannot be read)")
    (tmp_path / "locked").mkdir()
    with pytest.raises(SubmissionError, match="locked cannot be read: Permission denied"):
        take_in(tmp_path / "locked", tmp_path / "again", RULES)


@pytest.mark.skipif(os.name == "nt", reason="Windows does not allow such names")
def test_names_that_are_no_text_or_mean_more_elsewhere(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", **{"cs231n/aux.py": "", "com1/x.py": "", "a:b.py": "", "back\\slash.py": ""})
    hand_in(
        source, **{"dot./x.py": "", f"{'n' * 130}/{'n' * 130}.py": "", "inner.zip": "", ".DS_Store": "", "._x.py": ""}
    )
    (source / os.fsdecode(b"caf\xe9.py")).write_text("x = 1")
    taken = take_in(source, tmp_path / "out", RULES)
    assert taken.files == ("back/slash.py", "cs231n/layers.py")  # as it is where it was packed
    elsewhere = "does not work on every system"
    assert [said.partition(" (")[2].removeprefix("its name ").rstrip(")") for said in taken.left_out] == [
        elsewhere, "has characters that cannot be printed", elsewhere, elsewhere, elsewhere,
        "an archive within the submission", "is too long",
    ]  # fmt: skip
    assert all(said.isascii() for said in taken.left_out)


def test_of_a_million_files_no_more_are_listed_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MAX_ENTRIES", 50)
    source = hand_in(tmp_path / "in", **{f"many/{i}.txt": "" for i in range(500)})
    listed, scandir = [], os.scandir

    class Counting:
        def __init__(self, path: Path) -> None:
            self._found = scandir(path)

        def __enter__(self) -> Any:
            return (listed.append(entry.name) or entry for entry in self._found)

        def __exit__(self, *_: object) -> None:
            self._found.close()

    monkeypatch.setattr(os, "scandir", Counting)
    with pytest.raises(SubmissionError, match="in holds more than 50 files"):
        take_in(source, tmp_path / "out", RULES)
    assert 50 < len(listed) < 60


def test_names_that_could_fool_are_left_out(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", **{"cs231n/Layers.py": "", "cs231n/\x1b[2Jx.py": "", "cs231n/\u202eyp.py": ""})
    taken = take_in(source, tmp_path / "out", RULES)
    assert len([name for name in taken.files if name.casefold() == "cs231n/layers.py"]) == 1
    assert not any("\x1b" in name for name in (*taken.files, *taken.left_out))
    assert len(taken.left_out) == 3


def test_what_an_honest_build_leaves_is_not_worth_a_word(tmp_path: Path) -> None:
    library = "cs231n/im2col_cython.cpython-311-x86_64-linux-gnu.so"
    built = {"cs231n/im2col_cython.pyx": "", "cs231n/im2col_cython.c": "", library: "", "x.egg-info/PKG-INFO": ""}
    taken = take_in(hand_in(tmp_path / "in", **built, **{"cs231n/other.so": ""}), tmp_path / "out", RULES)
    assert taken.files == ("cs231n/im2col_cython.pyx", "cs231n/layers.py")
    assert taken.left_out == ("cs231n/other.so (not a kind of file that is accepted)",)


def test_limits_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = hand_in(
        tmp_path / "in", **{f"cs231n/m{i}.py": "" for i in range(20)}, **{"cs231n/big.py": "#" * 3_000_000}
    )
    taken = take_in(source, tmp_path / "1", RULES)
    assert "cs231n/big.py (too large)" in taken.left_out
    monkeypatch.setattr(layout, "MAX_FILES", 5)
    assert len(take_in(source, tmp_path / "2", RULES).files) == 5
    monkeypatch.setattr(submission, "MAX_ENTRIES", 5)
    with pytest.raises(SubmissionError, match="more than 5 files"):
        take_in(source, tmp_path / "3", RULES)


def test_depth_is_bounded(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 30)
    taken = take_in(hand_in(tmp_path / "in", **{f"{deep}/x.py": ""}), tmp_path / "out", RULES)
    assert taken.files == ("cs231n/layers.py",)


def test_the_right_folder_is_found(tmp_path: Path) -> None:
    inner = hand_in(tmp_path / "outer" / "assignment2")
    for root in (inner, tmp_path / "outer", tmp_path):
        assert find_root(root, RULES) == root
        assert take_in(root, tmp_path / "out" / root.name, RULES).files == ("cs231n/layers.py",)
        shutil.rmtree(tmp_path / "out")
    for wrong in (tmp_path / "nothing", inner / "cs231n"):
        with pytest.raises(SubmissionError, match="the folder that holds"):
            find_root(wrong, RULES)
