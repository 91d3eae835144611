"""A submission is read once, recognised by its stamp, and read again after any change."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from autograder.errors import SubmissionError
from autograder.intake import kept
from autograder.intake.kept import Kept, view
from autograder.intake.submission import Submission, take_in
from tests.rules import RULES


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed-in"
    (folder / "cs231n").mkdir(parents=True)
    (folder / "cs231n" / "layers.py").write_text("x = 1\n")
    (folder / "A.ipynb").write_text("{}")
    (folder / "B.ipynb").write_text("{}")
    (folder / "notes.exe").write_text("")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "store", RULES)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the list of folders that intake reads, filled during the test."""
    found: list[Path] = []

    def heard(source: Path, *rest: object) -> Submission:
        found.append(source)
        return take_in(source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(kept, "take_in", heard)
    return found


def test_it_is_read_once_and_the_same(store: Kept, handed_in: Path, read: list[Path], tmp_path: Path) -> None:
    first = store.take(handed_in)
    assert store.take(handed_in) == first == Kept(tmp_path / "store", RULES).take(handed_in)
    assert read == [handed_in]
    plain = take_in(handed_in, tmp_path / "plain", RULES)
    assert (first.digest, first.files, first.left_out) == (plain.digest, plain.files, plain.left_out)
    assert (first.folder / "cs231n" / "layers.py").read_text() == "x = 1\n"


@pytest.mark.parametrize("what", ["content", "time", "new", "gone", "renamed"])
def test_a_change_is_seen(store: Kept, handed_in: Path, read: list[Path], what: str) -> None:
    first = store.take(handed_in)
    path = handed_in / "cs231n" / "layers.py"
    status = path.stat()
    match what:
        case "content":  # a change with the same size and restored times
            path.write_text("x = 2\n")
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "time":
            os.utime(path, (5, 5))
        case "new":
            (handed_in / "cs231n" / "optim.py").write_text("")
        case "gone":
            (handed_in / "B.ipynb").unlink()
        case "renamed":
            (handed_in / "B.ipynb").rename(handed_in / "C.ipynb")
    assert (store.take(handed_in).digest == first.digest) == (what == "time")
    assert len(read) == 2


def test_archives_are_known_again_too(store: Kept, handed_in: Path, read: list[Path], tmp_path: Path) -> None:
    packed = tmp_path / "mine.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in handed_in.rglob("*"):
            archive.write(path, path.relative_to(handed_in))
    assert store.take(packed).digest == store.take(packed).digest == store.take(handed_in).digest
    assert len(read) == 2


def test_what_is_refused_is_refused_again(store: Kept, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    for _ in range(2):
        with pytest.raises(SubmissionError, match="holds no cs231n package"):
            store.take(tmp_path / "nothing")


@pytest.mark.parametrize("harm", ["listing", "file", "note"])
def test_a_damaged_store_is_mended(store: Kept, handed_in: Path, tmp_path: Path, harm: str) -> None:
    first = store.take(handed_in)
    match harm:
        case "listing":
            (first.folder.parent / kept.LISTING).write_text("{")
        case "file":
            (first.folder / "A.ipynb").unlink()
        case "note":
            for note in (tmp_path / "store" / "stamps").iterdir():
                note.write_text(json.dumps({"stamp": 3}))
    assert store.take(handed_in) == first
    assert (first.folder / "A.ipynb").read_text() == "{}"


def test_links_of_a_submission_are_not_followed(store: Kept, handed_in: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.py").write_text("key")
    (handed_in / "cs231n" / "linked").symlink_to(tmp_path / "secret")
    taken = store.take(handed_in)
    assert not any("key" in name for name in taken.files)


@pytest.mark.parametrize("linked", [True, False])
def test_a_view_holds_what_is_seen_and_no_more(store: Kept, handed_in: Path, linked: bool) -> None:
    whole = store.take(handed_in)
    seen = whole.without({"B.ipynb"})
    assert seen.digest != whole.digest
    with view(seen, linked) as laid:
        assert sorted(path.name for path in laid.folder.rglob("*") if path.is_file()) == ["A.ipynb", "layers.py"]
        assert (laid.folder / "A.ipynb").samefile(whole.folder / "A.ipynb") == linked
        assert laid.digest == seen.digest
    assert not laid.folder.exists()
    assert (whole.folder / "A.ipynb").exists()


def test_what_is_not_seen_decides_nothing(store: Kept, handed_in: Path) -> None:
    seen = store.take(handed_in).without({"B.ipynb"}).digest
    shutil.copy(handed_in / "A.ipynb", handed_in / "B.ipynb")
    (handed_in / "B.ipynb").write_text("changed")
    assert store.take(handed_in).without({"B.ipynb"}).digest == seen
    assert store.take(handed_in).without(()).digest == store.take(handed_in).digest
