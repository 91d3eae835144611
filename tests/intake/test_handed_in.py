"""Whatever is handed in is taken where it can be safely, and otherwise named for what it is in one sentence."""

import io
import os
import re
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.errors import SubmissionError
from autograder.intake import archive, submission
from autograder.intake.kept import Kept
from autograder.intake.rules import Rules
from autograder.intake.submission import Submission, find_root, take_in
from tests.intake.test_archive import tarred, zipped

RULES = Rules(
    "nets", ((".npz", 2**24),), ("datasets",), ("Dropout.ipynb", "Übung.ipynb"), ("nets/layers.py", "nets/more/fc_net.py"), ("models/part1.npz",)
)  # fmt: skip
WORK = {
    "nets/layers.py": b"x = 1\n", "nets/more/fc_net.py": b"y = 2\n", "Dropout.ipynb": b"{}", "Übung.ipynb": b"{ }",
    "models/part1.npz": b"PK\3\4 numbers",
}  # fmt: skip


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def got(handed_in: Path) -> Submission:
    return take_in(find_root(handed_in, RULES), handed_in.parent / "out", RULES)


def of_bytes(content: bytes, tmp_path: Path, name: str = "work.zip") -> Submission:
    """Take in a file that lies in a submitted folder."""
    (tmp_path / "submitted").mkdir()
    (tmp_path / "submitted" / name).write_bytes(content)
    return got(tmp_path / "submitted")


def refusal(content: bytes, tmp_path: Path, name: str = "work.zip") -> str:
    with pytest.raises(SubmissionError) as caught:
        of_bytes(content, tmp_path, name)
    assert str(caught.value).endswith(".")
    assert str(caught.value).isprintable()
    return str(caught.value)


def content_of(found: Submission) -> dict[str, bytes]:
    return {name: (found.folder / name).read_bytes() for name in found.files}


WAYS: dict[str, Callable[[dict[str, bytes]], tuple[str, bytes]]] = {
    "zip": lambda files: ("work.zip", zipped(files)),
    "backslashes": lambda files: ("work.zip", zipped({f"hw\\{name}".replace("/", "\\"): content for name, content in files.items()})),
    "folders with backslashes": lambda files: ("a.zip", zipped({"hw\\": b"", "hw\\nets\\": b"", **{f"hw\\{name}".replace("/", "\\"): content for name, content in files.items()}})),
    "two deeper": lambda files: ("work.zip", zipped({f"repository-main/a 2/{name}": content for name, content in files.items()})),
    "gzip called zip": lambda files: ("work.zip", tarred(files)),
    "tar called zip": lambda files: ("work.zip", tarred(files, "w:")),
    "zip called tar.gz": lambda files: ("work.tar.gz", zipped(files)),
    "zip without an ending": lambda files: ("work", zipped(files)),
    "zip with another ending": lambda files: ("work.zip.download", zipped(files)),
    "nested": lambda files: ("outer.zip", zipped({"hw/inner.zip": zipped(files), "hw/readme.txt": b"", "__MACOSX/._inner.zip": b"x"})),
    "tar in a zip": lambda files: ("outer.zip", zipped({"inner.tgz": tarred(files)})),
    "zip in a tar": lambda files: ("outer.tgz", tarred({"in/inner.zip": zipped(files)})),
    "in a folder": lambda files: ("deep/er/work.zip", zipped(files)),
    "decomposed": lambda files: ("work.zip", zipped({unicodedata.normalize("NFD", f"Präsenz/{name}"): content for name, content in files.items()})),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_archives_are_taken(tmp_path: Path, way: str) -> None:
    name, content = WAYS[way](WORK)
    written(tmp_path / "submitted", {name: content, "timestamp.txt": b"", "report.pdf": b"%PDF-1.7"})
    found = got(tmp_path / "submitted")
    assert content_of(found) == WORK
    assert not [said for said in found.left_out if "MACOSX" not in said]
    assert bool(found.notes) == (("in a" in way and way != "in a folder") or way == "nested")


def test_an_archive_beside_an_installed_environment(tmp_path: Path) -> None:
    files = {f".venv/lib/python3.12/site-packages/m{number}.py": b"" for number in range(500)}
    assert content_of(of_bytes(zipped(files | WORK), tmp_path)) == WORK


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "gbk", "shift_jis"])
def test_names_in_old_encodings_do_no_harm(tmp_path: Path, encoding: str) -> None:
    """A zip of an old program holds bytes in the packing machine's encoding, and does not say which."""
    word = {"gbk": "作业提交", "shift_jis": "表ソ予"}.get(encoding, "Lösung")
    raw = word.encode(encoding)
    content = zipped(
        {f"{'q' * len(raw)}/{name}": text for name, text in WORK.items() if name.isascii()}, zipfile.ZIP_STORED
    )
    found = of_bytes(content.replace(b"q" * len(raw), raw), tmp_path)
    assert set(found.files) == {name for name in WORK if name.isascii()}


SENTENCES = {
    "work.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(100), "work.rar is a RAR archive, which cannot be read here: pack the files as a zip"),
    "work2.zip": (b"Rar!\x1a\x07\x00" + bytes(100), "work2.zip is a RAR archive"),
    "work.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "work.7z is a 7z archive"),
    "work.zip": (b"", r"work.zip is empty \(0 bytes\)"),
    "work.tar.bz2": (b"BZh91AY&SY" + bytes(100), "is packed with bzip2"),
    "work.tar.xz": (b"\xfd7zXZ\0" + bytes(100), "is packed with xz"),
    "report.pdf": (b"%PDF-1.7\n", "report.pdf is a PDF document: hand in the package and the notebooks themselves"),
    "work.zip.001": (b"PK\3\4" + bytes(100), "is one part of an archive in parts"),
    "work.z01": (b"PK\7\x08PK\3\4" + bytes(100), "is one part of an archive in parts"),
    "work3.zip": (b"PK\7\x08PK\3\4" + bytes(100), "is one part of an archive in parts"),
    "work.part1.rar": (b"Rar!\x1a\x07\x01\x00", "is one part of an archive in parts"),
    "work.tar.lz": (b"LZIP" + bytes(100), "is packed with lzip"),
    "work4.zip": (b"\x04\x22\x4d\x18" + bytes(100), "is packed with LZ4"),
    "work5.zip": (b"MSCF" + bytes(100), "is a Cabinet archive"),
    "work.dmg": (bytes(100), "work.dmg is the image of a disk"),
    "Work.ipynb.lnk": (b"L\0\0\0\1\x14\2\0" + bytes(100), "is a link to a file and not the file: download the file itself"),
    "Work.webloc": (b"<?xml version='1.0'?><plist>", "is a link to a file and not the file"),
    "Work.zip": (b"[InternetShortcut]\r\nURL=https://drive/x", "is a link to a file and not the file"),
    "Work.gdoc": (b'{"url": "https://docs"}', "is a link to a file and not the file"),
    "lzma.zip": (zipped(WORK, zipfile.ZIP_LZMA), "that can be read, because its files are packed by an unsupported method: pack them with the usual"),
    "page.zip": (b"<!DOCTYPE html><html>", "is a web page"),
    "pointer.zip": (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of git-lfs"),
    "answer.docx": (zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "is an Office document"),
    "answer.zip": (zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "is an Office document"),
    "answer.doc": (b"\xd0\xcf\x11\xe0" + bytes(100), "is an Office document"),
    "none.zip": (zipped({}), "holds no nets package and no notebook: hand in the folder that holds them"),
    "other.zip": (zipped({"main.py": b"", "report.pdf": b""}), "holds no nets package and no notebook, only main.py, report.pdf"),
    "empty.txt": (b"some text", "submitted holds no nets package and no notebook"),
    "twice.zip": (zipped({"a.zip": zipped({"b.zip": zipped(WORK)})}), "holds only the archive a.zip, which holds an archive in an archive"),
    "two.zip": (zipped({"a.zip": zipped(WORK), "b.zip": zipped(WORK)}), "two.zip holds 2 archives and nothing else to grade"),
    "rubbish.zip": (zipped({"a.zip": b"PK\3\4 rubbish"}), "holds only the archive a.zip, which is broken or incomplete"),
    "absolute.zip": (zipped({f"/home/jane/{name}": text for name, text in WORK.items()}), "holds no nets package.*its path is absolute"),
}  # fmt: skip


@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("alone", [True, False])
def test_what_cannot_be_read_is_named_for_what_it_is(tmp_path: Path, name: str, alone: bool) -> None:
    content, sentence = SENTENCES[name]
    if not alone:
        assert re.search(sentence, refusal(content, tmp_path, name))
        return
    (tmp_path / name).write_bytes(content)
    alone_too = "is neither a folder nor an archive" if name == "empty.txt" else sentence
    with pytest.raises(SubmissionError, match=alone_too):
        got(tmp_path / name)


def test_the_last_part_of_a_zip_in_parts(tmp_path: Path) -> None:
    content = bytearray(zipped(WORK))
    end = content.rfind(b"PK\5\6")
    content[end + 4 : end + 8] = struct.pack("<HH", 2, 1)
    assert "is one part of an archive in parts" in refusal(bytes(content), tmp_path)


def encrypted(content: bytes, names: int) -> bytes:
    """Set the flag of encryption for the first members of a zip."""
    changed = bytearray(content)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        for _ in range(names):
            at = changed.find(mark, at + 1)
            changed[at + flags] |= 1
    return bytes(changed)


def test_an_archive_with_a_password(tmp_path: Path) -> None:
    said = refusal(encrypted(zipped({name: b"x" * 9 for name in WORK if name != "models/part1.npz"}), 4), tmp_path)
    assert (
        said
        == "work.zip holds no nets package and no notebook that can be read, because its files are encrypted: pack them without a password."
    )
    (tmp_path / "2").mkdir()
    some = of_bytes(encrypted(zipped(dict.fromkeys(WORK, b"x" * 9)), 1), tmp_path / "2")
    assert some.left_out == ("nets/layers.py (encrypted)",)
    assert "Not handed in: nets/layers.py." in some.notes


@pytest.mark.parametrize(
    "name", ["Dropout.ipynb", "Dropout (1).ipynb", "layers.py", "part1.npz", "Dropout.ipynb.txt", "other.ipynb"]
)
def test_a_file_that_is_handed_in_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{}")
    (tmp_path / "beside.py").write_bytes(b"")
    found = got(tmp_path / name)
    assert len(found.files) == 1
    assert {"Dropout.ipynb", "nets/layers.py", "models/part1.npz", "other.ipynb"} & set(found.files)


def test_copies_of_an_archive(tmp_path: Path) -> None:
    folder = written(tmp_path / "in", {"work.zip": zipped(WORK), "work (1).zip": zipped({"nets/layers.py": b"newer"})})
    os.utime(folder / "work.zip", (1e9, 1e9))
    assert find_root(folder, RULES).name == "work (1).zip"
    os.utime(folder / "work (1).zip", (1e9, 1e9))
    with pytest.raises(SubmissionError, match="in holds 2 archives"):
        find_root(folder, RULES)


def dated(files: dict[str, tuple[bytes, int]]) -> bytes:
    """Return a zip whose members have the given years."""
    return zipped([(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), content) for name, (content, year) in files.items()])


@pytest.mark.parametrize(("year", "counts"), [(2027, b"copy"), (2025, b"exact"), (2026, b"exact"), (1980, b"exact")])
def test_of_two_the_newer_by_the_stored_time_counts(tmp_path: Path, year: int, counts: bytes) -> None:
    files = {"nets/layers.py": (b"", 2026), "Dropout.ipynb": (b"exact", 2026), "Dropout (1).ipynb": (b"copy", year)}
    ways = [dated(files), tarred([(info(name, years), content) for name, (content, years) in files.items()])]
    for number, content in enumerate(ways):
        (tmp_path / str(number)).mkdir()
        found = of_bytes(content, tmp_path / str(number))
        assert content_of(found)["Dropout.ipynb"] == counts
        assert len([note for note in found.notes if "left out" in note]) == 1
        assert len(found.left_out) == 1
    folder = written(tmp_path / "folder", {name: content for name, (content, _) in files.items()})
    for name, (_, years) in files.items():
        os.utime(folder / name, (years * 1e6, years * 1e6))
    assert content_of(got(folder))["Dropout.ipynb"] == counts


def info(name: str, year: int) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.mtime = 0 if year == 1980 else year * 10**6
    return found


def test_a_folder_with_what_a_poor_program_unpacks(tmp_path: Path) -> None:
    """Some programs unpack a zip with backslashes to files with backslashes in their names."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, content in WORK.items():
        (folder / f"hw\\{name}".replace("/", "\\")).write_bytes(content)
    assert content_of(got(folder)) == WORK


@pytest.mark.parametrize("last", ["a 1.py", "[x] (y).py", "übung.py", "u\u0308bung.py", "📝.py", "n" * 190 + ".py"])
def test_unusual_names_are_taken(tmp_path: Path, last: str) -> None:
    folder = written(tmp_path / "folder" / "in", {**WORK, f"nets/{last}": b"z = 3\n"})
    found = got(folder)
    assert f"nets/{last}" in found.files
    again = of_bytes(zipped({**WORK, f"nets/{last}": b"z = 3\n"}), tmp_path)
    assert again.digest == found.digest


@pytest.mark.parametrize("last", ["dots...", "a?.py", "x" * 240 + ".py", "a\u200db.py", "con.py"])
def test_names_that_cannot_be_taken_are_said(tmp_path: Path, last: str) -> None:
    found = of_bytes(zipped({**WORK, f"nets/{last}": b"z = 3\n"}), tmp_path)
    assert content_of(found) == WORK
    assert len(found.left_out) == 1


def test_sixty_thousand_files_before_the_work(tmp_path: Path) -> None:
    """The archive of a whole folder with an environment: nothing is lost."""
    names = [
        f"hw/a_env/lib/python3.12/site-packages/package_{i % 97}/a_module_with_a_name_{i}.py" for i in range(60_000)
    ]
    names += [f"hw/node_modules/p{i}.js" for i in range(1000)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in names:
            packed.writestr(zipfile.ZipInfo(name), b"")
        for name, content in WORK.items():
            packed.writestr(f"hw/{name}", content)
    (tmp_path / "work.zip").write_bytes(buffer.getvalue())
    found = got(tmp_path / "work.zip")
    assert content_of(found) == WORK
    assert found.left_out == (
        "hw/a_env/ (60,000 files, a virtual environment)",
        "hw/node_modules/ (1,000 files, installed packages)",
    )


def test_a_folder_counts_what_it_skips(tmp_path: Path) -> None:
    crowd = {f"env/lib/python3.12/site-packages/p/m{i}.py": b"" for i in range(600)}
    crowd |= {f".git/objects/{i}": b"" for i in range(20)} | {"env/pyvenv.cfg": b""}
    folder = written(tmp_path / "in", crowd | WORK)
    found = got(folder)
    assert content_of(found) == WORK
    assert found.left_out == (".git/ (20 files, version control)", "env/ (600 files, a virtual environment)")


def test_a_skipped_folder_cannot_refuse_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MAX_ENTRIES", 60)
    crowd = {f"{folder}/f{i}.py": b"" for i in range(100) for folder in (".venv", "env/lib")}
    found = got(written(tmp_path / "in", crowd | WORK | {"env/pyvenv.cfg": b""}))
    assert content_of(found) == WORK


def test_a_nested_archive_keeps_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MAX_PACKED", 2**16)
    content = zipped({"inner.zip": zipped({"nets/layers.py": os.urandom(2**17)})})
    assert "holds an archive larger than" in refusal(content, tmp_path)
    assert archive.MAX_PACKED > 2**16


def test_two_students_with_the_same_files_keep_what_is_said_of_each(tmp_path: Path) -> None:
    store = Kept(tmp_path / "store", RULES)
    one = written(tmp_path / "one", WORK | {"evil.so": b""})
    two = written(
        tmp_path / "two",
        {**{name: content for name, content in WORK.items() if name != "Dropout.ipynb"}, "Dropout (1).ipynb": b"{}"},
    )
    for _ in range(2):  # read, then known again
        first, second = store.take(one), store.take(two)
        assert first.digest == second.digest
        assert first.left_out == ("evil.so (not a kind of file that is accepted)",)
        assert first.notes == ()
        assert second.left_out == ()
        assert second.notes == ("Dropout (1).ipynb was taken as Dropout.ipynb.",)
    assert store.get(first.digest).notes == store.get(first.digest).left_out == ()
