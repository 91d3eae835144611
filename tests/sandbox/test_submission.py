"""Intake copies what counts, follows nothing, keeps within limits and says what it left out."""

import os
from pathlib import Path

import pytest

from autograder.sandbox import submission
from autograder.sandbox.submission import SubmissionError, find_root, take_in


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
    taken = take_in(source, tmp_path / "out")
    assert taken.files == ("A.ipynb", "cs231n/layers.py", "models/part1.npz")
    assert [name.split()[0] for name in taken.left_out] == ["evil.so", "x.pkl"]
    assert (tmp_path / "out" / "cs231n" / "layers.py").read_text() == "x = 1\n"


def test_the_digest_follows_names_and_contents(tmp_path: Path) -> None:
    first = take_in(hand_in(tmp_path / "a"), tmp_path / "1").digest
    assert take_in(hand_in(tmp_path / "b"), tmp_path / "2").digest == first
    assert take_in(hand_in(tmp_path / "c", **{"cs231n/layers.py": "x = 2\n"}), tmp_path / "3").digest != first
    assert take_in(hand_in(tmp_path / "d", **{"cs231n/more.py": ""}), tmp_path / "4").digest != first


@pytest.mark.skipif(os.name == "nt", reason="links and pipes as on Linux and macOS")
def test_links_and_pipes_are_left_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("gradebook")
    source = hand_in(tmp_path / "in")
    (source / "cs231n" / "linked.py").symlink_to(secret)
    (source / "cs231n" / "folder").symlink_to(tmp_path)
    os.mkfifo(source / "cs231n" / "pipe.py")
    os.link(secret, source / "cs231n" / "hard.py")  # a file like any other, once it was handed in
    taken = take_in(source, tmp_path / "out")
    assert taken.files == ("cs231n/hard.py", "cs231n/layers.py")
    assert len(taken.left_out) == 3
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


def test_names_that_could_fool_are_left_out(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", **{"cs231n/Layers.py": "", "cs231n/\x1b[2Jx.py": "", "cs231n/\u202eyp.py": ""})
    taken = take_in(source, tmp_path / "out")
    assert len([name for name in taken.files if name.casefold() == "cs231n/layers.py"]) == 1
    assert not any("\x1b" in name for name in (*taken.files, *taken.left_out))
    assert len(taken.left_out) == 3


def test_what_an_honest_build_leaves_is_not_worth_a_word(tmp_path: Path) -> None:
    library = "cs231n/im2col_cython.cpython-311-x86_64-linux-gnu.so"
    built = {"cs231n/im2col_cython.pyx": "", "cs231n/im2col_cython.c": "", library: "", "x.egg-info/PKG-INFO": ""}
    taken = take_in(hand_in(tmp_path / "in", **built, **{"cs231n/other.so": ""}), tmp_path / "out")
    assert taken.files == ("cs231n/im2col_cython.pyx", "cs231n/layers.py")
    assert taken.left_out == ("cs231n/other.so (not a kind of file that counts)",)


def test_limits_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = hand_in(
        tmp_path / "in", **{f"cs231n/m{i}.py": "" for i in range(20)}, **{"cs231n/big.py": "#" * 3_000_000}
    )
    taken = take_in(source, tmp_path / "1")
    assert "cs231n/big.py (too large)" in taken.left_out
    monkeypatch.setattr(submission, "MAX_FILES", 5)
    assert len(take_in(source, tmp_path / "2").files) == 5
    monkeypatch.setattr(submission, "MAX_ENTRIES", 5)
    with pytest.raises(SubmissionError, match="more than 5 files"):
        take_in(source, tmp_path / "3")


def test_depth_is_bounded(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 30)
    taken = take_in(hand_in(tmp_path / "in", **{f"{deep}/x.py": ""}), tmp_path / "out")
    assert taken.files == ("cs231n/layers.py",)


def test_the_right_folder_is_found(tmp_path: Path) -> None:
    inner = hand_in(tmp_path / "outer" / "assignment2")
    assert find_root(inner) == inner
    assert find_root(tmp_path / "outer") == inner
    for wrong in (tmp_path / "nothing", inner / "cs231n"):
        with pytest.raises(SubmissionError, match="give the folder that holds"):
            find_root(wrong)
