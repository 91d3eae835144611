"""An archive is taken in like the same folder, and a lie in an archive harms nothing else."""

import errno
import io
import os
import random
import stat
import struct
import sys
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.errors import SubmissionError
from autograder.intake import archive, layout, submission
from autograder.intake.submission import Submission, find_root, take_in
from autograder.judge.session import taken_in
from tests.fuzz import targets
from tests.fuzz.mutators import change_archive, signed
from tests.fuzz.seeds import seeds
from tests.rules import RULES

FILES = {
    "cs231n/layers.py": b"x = 1\n",
    "cs231n/classifiers/fc_net.py": b"y = 2\n",
    "A.ipynb": b"{}",
    "models/part1.npz": b"z" * 100_000,
    "notes.txt": b"",
    "evil.so": b"",
    "cs231n/__pycache__/layers.pyc": b"",
    "Übung.ipynb": b"{}",
}
TAKEN = ("A.ipynb", "cs231n/classifiers/fc_net.py", "cs231n/layers.py", "models/part1.npz", "Übung.ipynb")
PLAIN = {"cs231n/layers.py": b"x = 1\n"}


def zipped(
    files: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, content in files.items() if isinstance(files, dict) else files:
            packed.writestr(name, content)
    return buffer.getvalue()


def tarred(
    files: dict[str, bytes] | list[tuple[str | tarfile.TarInfo, bytes]],
    mode: str = "w:gz",
    format: int = tarfile.PAX_FORMAT,
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=format) as packed:  # type: ignore[call-overload]
        for name, content in files.items() if isinstance(files, dict) else files:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if content:
                info.size = len(content)
            packed.addfile(info, io.BytesIO(content) if content else None)
    return buffer.getvalue()


PACKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "in.zip": zipped,
    "stored.zip": lambda files: zipped(files, zipfile.ZIP_STORED),
    "in.tar.gz": tarred,
    "in.TGZ": lambda files: tarred(files, format=tarfile.GNU_FORMAT),
    "in.tar": lambda files: tarred(files, "w:", tarfile.USTAR_FORMAT),
    "saved by a browser.tar.gz": lambda files: tarred(files, "w:"),
}


def taken(content: bytes, folder: Path, name: str = "in.zip") -> Submission:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return take_in(find_root(folder / name, RULES), folder / "out", RULES)


def reasons(left_out: tuple[str, ...]) -> dict[str, str]:
    return {name: reason.rstrip(")") for name, _, reason in (said.rpartition(" (") for said in left_out)}


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("below", ["", "./", "handin/"])
def test_an_archive_is_as_good_as_its_folder(tmp_path: Path, name: str, below: str) -> None:
    for path, content in FILES.items():
        (tmp_path / "folder" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / path).write_bytes(content)
    folder = take_in(tmp_path / "folder", tmp_path / "copy", RULES)
    litter = {"__MACOSX/._handin": b"x", f"{below}.DS_Store": b"x", f"{below}cs231n/._layers.py": b"x"}
    files = {below + path: content for path, content in FILES.items()} | litter
    packed = taken(PACKERS[name](files), tmp_path, name)
    assert packed.files == folder.files == TAKEN
    assert packed.digest == folder.digest
    left_out = ("__pycache__/ (1 file, a cache)", "evil.so (not a kind of file that is accepted)")
    assert folder.left_out == left_out
    assert packed.left_out == ("__MACOSX/ (1 file, files that macOS adds)", *left_out)
    assert (packed.folder / "cs231n/layers.py").read_bytes() == FILES["cs231n/layers.py"]


def test_a_tar_that_begins_like_a_zip(tmp_path: Path) -> None:
    """Found by fuzzing: a tar begins with the name of its first member, which may look like a zip."""
    assert taken(tarred({"PK.py": b""} | PLAIN, "w:"), tmp_path, "in.tar").files == ("PK.py", "cs231n/layers.py")
    assert taken(tarred({"PK\3\4.py": b""} | PLAIN, "w:"), tmp_path / "2", "in.tar").files == ("cs231n/layers.py",)


def test_a_zip_that_looks_like_a_tar(tmp_path: Path) -> None:
    """Found by fuzzing: a file in the zip holds a tar's magic word at the place where a tar has it."""
    content = zipped({"cs231n/layers.py": b"#" * 300}, zipfile.ZIP_STORED)
    looks = zipped({"cs231n/layers.py": (b"#" * 300)[: 257 - content.find(b"##")] + b"ustar"}, zipfile.ZIP_STORED)
    assert looks[257:262] == b"ustar"
    assert taken(looks, tmp_path).files == ("cs231n/layers.py",)


def test_an_archive_alone_in_a_folder_is_what_was_handed_in(tmp_path: Path) -> None:
    handed_in = tmp_path / "alice" / "assignment2"
    handed_in.mkdir(parents=True)
    (handed_in / "timestamp.txt").write_text("2026-11-23")
    with pytest.raises(SubmissionError, match="assignment2 holds no cs231n package"):
        find_root(handed_in, RULES)
    (handed_in / "work.zip").write_bytes(zipped(PLAIN))
    with taken_in(handed_in, SimpleNamespace(rules=RULES)) as found:
        assert found.files == tuple(PLAIN)
    (handed_in / "again.tgz").write_bytes(tarred(PLAIN))
    with pytest.raises(SubmissionError, match="holds 2 archives"):
        find_root(handed_in, RULES)
    (handed_in / "cs231n").mkdir()
    with pytest.raises(SubmissionError, match="holds 2 archives"):
        find_root(handed_in, RULES)
    (handed_in / "cs231n" / "layers.py").write_text("x = 1\n")
    assert find_root(handed_in, RULES) == handed_in


@pytest.mark.skipif(os.name == "nt", reason="needs links as on Linux and macOS")
def test_a_link_to_an_archive_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "others.zip").write_bytes(zipped(PLAIN))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "mine.zip").symlink_to(tmp_path / "others.zip")
    with pytest.raises(SubmissionError, match="no cs231n package"):
        find_root(tmp_path / "in", RULES)


ESCAPES = {
    "../up.py": "its path is absolute or has an empty, . or .. part",
    "cs231n/../../up.py": "its path is absolute or has an empty, . or .. part",
    "/tmp/absolute.py": "its path is absolute or has an empty, . or .. part",
    "cs231n//empty.py": "its path is absolute or has an empty, . or .. part",
    "cs231n/./dot.py": "its path is absolute or has an empty, . or .. part",
    "C:/drive.py": "its path is absolute or has an empty, . or .. part",
    "C:\\other.py": "its path is absolute or has an empty, . or .. part",
    "..\\back.py": "its path is absolute or has an empty, . or .. part",
    "cs231n\\..\\..\\back.py": "its path is absolute or has an empty, . or .. part",
    "cs231n/layers.py:stream.py": "its name does not work on every system",
    "cs231n/dot./x.py": "its name does not work on every system",
    "cs231n/space /x.py": "its name does not work on every system",
    "cs231n/CON.py": "its name does not work on every system",
    "aux/x.py": "its name does not work on every system",
    "cs231n/lpt1.tar.py": "its name does not work on every system",
    "cs231n/\x1b[2J.py": "its name has characters that cannot be printed",
    f"cs231n/{'n' * 300}.py": "its name is too long",
    "cs231n/LAYERS.py": "its name differs from an earlier file's name only in case",
    "cs231n/layers.py/inside.py": "a file and a folder have the same name",
    "inner.zip": "an archive within the submission",
    "d/d/d/d/d/d/d/d/x.py": "nested too deeply",
}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_elsewhere_are_left_out(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    found = taken(pack(PLAIN | dict.fromkeys(ESCAPES, b"evil = 1")), tmp_path / "a" / "b")
    assert found.files == ("cs231n/layers.py",)
    assert sorted(reasons(found.left_out).values()) == sorted(ESCAPES.values())
    assert all(said.isprintable() for said in found.left_out)
    assert not [*tmp_path.rglob("up.py"), *tmp_path.rglob("back.py")]
    below = taken(pack({"handin/cs231n/layers.py": b"", "../up.py": b"", "beside.txt": b""}), tmp_path / "c")
    assert below.left_out == ("../up.py (its path is absolute or has an empty, . or .. part)",)


def test_a_file_where_a_folder_is(tmp_path: Path) -> None:
    """This holds even if the folder's only file is broken and was left out."""
    content = bytearray(zipped({"x.py/inside.py": b"x = 1", "x.py": b""} | PLAIN))
    said = "x.py (a file and a folder have the same name)"
    assert taken(bytes(content), tmp_path / "1").left_out == (said,)
    content[content.find(b"PK\x01\x02") + 16] ^= 1
    assert taken(bytes(content), tmp_path / "2").left_out == (said, "x.py/inside.py (broken in the archive)")


def test_a_nul_in_a_name_is_seen(tmp_path: Path) -> None:
    content = zipped(PLAIN | {"cs231n/a.py_.txt": b"evil"}).replace(b"a.py_", b"a.py\0")
    found = taken(content, tmp_path)
    assert found.files == ("cs231n/layers.py",)
    assert list(reasons(found.left_out).values()) == ["its name has characters that cannot be printed"]


def test_of_two_members_with_one_name_the_first_counts(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        double = zipped([("cs231n/layers.py", b"first"), ("cs231n/layers.py", b"second")])
    for number, content in enumerate(
        (double, tarred([("cs231n/layers.py", b"first"), ("cs231n/layers.py", b"second")]))
    ):
        found = taken(content, tmp_path / str(number))
        assert (found.folder / "cs231n/layers.py").read_bytes() == b"first"
        assert found.left_out == ("cs231n/layers.py (an earlier file has the same name)",)


def special(name: str, type: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, "/etc/passwd"
    return info


def test_links_and_devices_are_left_out(tmp_path: Path) -> None:
    kinds = {
        "sym.py": (tarfile.SYMTYPE, "a link"), "hard.py": (tarfile.LNKTYPE, "a link"),
        "char.py": (tarfile.CHRTYPE, "not a plain file"), "block.py": (tarfile.BLKTYPE, "not a plain file"),
        "pipe.py": (tarfile.FIFOTYPE, "not a plain file"), "new.py": (b"Z", "not a plain file"),
        "hole.py": (tarfile.GNUTYPE_SPARSE, "a sparse file"),
    }  # fmt: skip
    found = taken(
        tarred([*PLAIN.items(), *((special(name, type), b"") for name, (type, _) in kinds.items())]), tmp_path / "1"
    )
    assert found.files == tuple(PLAIN)
    assert reasons(found.left_out) == {name: reason for name, (_, reason) in kinds.items()}
    members = []
    for name, mode in {"sym.py": stat.S_IFLNK, "pipe.py": stat.S_IFIFO, "char.py": stat.S_IFCHR}.items():
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode | 0o777) << 16
        members.append((info, b"/etc/passwd"))
    found = taken(zipped([*PLAIN.items(), *members]), tmp_path / "2")
    assert found.files == tuple(PLAIN)
    assert set(reasons(found.left_out).values()) == {"a link", "not a plain file"}


def test_an_extended_header_that_speaks_of_holes(tmp_path: Path) -> None:
    info = tarfile.TarInfo("cs231n/hole.py")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**60)}
    found = taken(tarred([(info, b"1\n0\n0\n"), *PLAIN.items()]), tmp_path)
    assert found.files == tuple(PLAIN)
    assert found.left_out == ("cs231n/hole.py (a sparse file)",)


def test_what_is_encrypted_or_packed_strangely_is_left_out(tmp_path: Path) -> None:
    for number, method in enumerate((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)):
        info = zipfile.ZipInfo("cs231n/strange.py")
        info.compress_type = method
        found = taken(zipped([*PLAIN.items(), (info, b"x" * 1000)]), tmp_path / str(number))
        assert found.left_out == ("cs231n/strange.py (packed by an unsupported method)",)
    content = bytearray(zipped(PLAIN | {"cs231n/secret.py": b"x = 1"}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rfind(mark) + flags] |= 1
    found = taken(bytes(content), tmp_path / "2")
    assert found.left_out == ("cs231n/secret.py (encrypted)",)


def peak_of(action: Callable[[], object]) -> tuple[int, float]:
    """Return Python's peak memory in bytes, and the time in seconds."""
    tracemalloc.start()
    start = time.process_time()
    try:
        action()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak, time.process_time() - start


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_ends_at_its_limit(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    content = pack({"bomb.py": bytes(100 * 2**20)} | PLAIN)
    assert len(content) < 2**20
    found: list[Submission] = []
    peak, _ = peak_of(lambda: found.append(taken(content, tmp_path)))
    assert peak < archive.MAX_DIRECTORY + 2**20
    assert found[0].files == tuple(PLAIN)
    assert found[0].left_out == ("bomb.py (too large)",)


def test_a_zip_that_lies_about_sizes(tmp_path: Path) -> None:
    """A member that declares a small size is cut off there, and then its checksum is wrong."""
    content = bytearray(zipped(PLAIN | {"bomb.py": bytes(100 * 2**20)}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 1000)
    peak, _ = peak_of(lambda: taken(bytes(content), tmp_path / "1"))
    assert peak < archive.MAX_DIRECTORY + 2**20
    assert taken(bytes(content), tmp_path / "2").left_out == ("bomb.py (broken in the archive)",)


def test_members_that_share_their_bytes_end_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip whose members all point to one long member that unpacks to next to nothing."""
    packer = zlib.compressobj(wbits=-15)
    empty = (
        b"".join(packer.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff" for _ in range(200_000)) + packer.flush()
    )
    name, crc = b"cs231n/a.py", 1
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(empty), 1, len(name), 0) + name + empty
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, crc, len(empty), 1, len(name), 0, 0, 0, 0, 0, 0
    ) + name  # fmt: skip
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 10_000, 10_000, len(central) * 10_000, len(local), 0)
    read = 0
    original = archive._Lent.read

    def counted(self: archive._Lent, size: int = -1) -> bytes:
        nonlocal read
        content = original(self, size)
        read += len(content)
        return content

    monkeypatch.setattr(archive._Lent, "read", counted)
    found = taken(local + central * 10_000 + end, tmp_path)
    assert found.files == ()
    assert set(reasons(found.left_out).values()) == {"broken in the archive"}
    assert read < 5 * (
        len(local) + len(central) * 10_000
    )  # the archive is opened twice, and each time needs at most twice its size


def test_broken_members_spend_what_all_may_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (layout, submission):
        monkeypatch.setattr(module, "MAX_TOTAL", 3_000_000)
    content = bytearray(zipped({f"cs231n/m{i}.py": bytes(1_000_000) for i in range(6)}))
    at = 0
    for _ in range(4):  # change the checksums in the zip's directory
        at = content.find(b"PK\x01\x02", at + 1)
        content[at + 16] ^= 1
    found = taken(bytes(content), tmp_path)
    assert found.files == ()
    assert [reasons(found.left_out)[f"cs231n/m{i}.py"] for i in (0, 5)] == ["broken in the archive", "too large"]


def header(name: bytes = b"cs231n/layers.py", size: int | bytes = 0, type: bytes = b"0") -> bytes:
    """Return a tar header built by hand, because no library writes invalid ones."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    block[156:157] = type
    block[257:265] = b"ustar\x0000"
    return signed(block)


END = bytes(1024)
BROKEN_TARS = {
    "empty": b"",
    "no tar": b"Rar!" * 1000,
    "no end": header(),
    "half a header": header()[:300],
    "half a member": header(size=5000) + bytes(1000),
    "rubbish between": header() + b"x" * 512 + header() + END,
    "size below zero": header(size=b"\xff" * 12) + bytes(2**23),
    "size beyond all": header(size=b"\x80" + b"\xff" * 11) + END,
    "long name without end": header(size=2**33 - 1, type=b"L") + END,
    "long header": header(size=2**20, type=b"x") + bytes(2**20) + header() + END,
    "header of rubbish": header(size=600, type=b"x") + b"1" * 1024 + header() + END,
    "record of nothing": header(size=12, type=b"x") + b"0 path=x.py\n".ljust(512, b"\0") + header() + END,
    "record backwards": header(size=12, type=b"x") + b"-9 path=x.p\n".ljust(512, b"\0") + header() + END,
    "size is a word": header(size=12, type=b"x") + b"12 size=abc\n".ljust(512, b"\0") + header() + END,
    "holes without end": header(size=0, type=b"S")[:482] + b"\1" + bytes(29),
    "headers without end": header(size=0, type=b"x") * 3000 + header() + END,
}


@pytest.mark.parametrize("name", BROKEN_TARS)
def test_broken_tars_are_said_in_one_sentence(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_HEADERS", 2**20)
    plain = BROKEN_TARS[name]
    for content, folder in ((plain, "plain"), (zlib.compress(plain, wbits=31), "gzipped")):
        peak, seconds = peak_of(partial(_refused, content, tmp_path / folder))
        assert peak < 2**22
        assert seconds < 10


def _refused(content: bytes, folder: Path, name: str = "in.tar.gz") -> None:
    with pytest.raises(
        SubmissionError, match=r"^in.tar.gz (is|holds|unpacks)\b.*: pack the files again and hand in the new archive\.$"
    ):
        taken(content, folder, name)
    assert not list((folder / "out").rglob("*.py"))


def test_truncated_archives_are_broken(tmp_path: Path) -> None:
    for number, content in enumerate((zipped(FILES), tarred(FILES), tarred(FILES, "w:"))):
        for part in (0.0, 0.1, 0.5, 0.9):
            with pytest.raises(SubmissionError, match="is broken or incomplete" if part else r"is empty \(0 bytes\)"):
                taken(content[: int(len(content) * part)], tmp_path / f"{number}{part}")
    flipped = bytearray(tarred({"cs231n/layers.py": random.Random(0).randbytes(5000)}))
    flipped[-8] ^= 1  # gzip's checksum
    with pytest.raises(SubmissionError, match="is broken or incomplete"):
        taken(bytes(flipped), tmp_path / "flipped")


def test_a_million_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zip_directory = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0
    ) + b"x"  # fmt: skip
    million = zip_directory * 1_000_000
    million = b"PK\3\4" + million
    million += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 65535, 65535, len(million) - 4, 4, 0)
    peak, seconds = peak_of(lambda: _too_many(million, tmp_path / "1", "broken or incomplete"))
    assert peak < 2 * archive.MAX_DIRECTORY + len(million)
    assert seconds < 5
    some = b"PK\3\4" + zip_directory * 300_000
    some += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 65535, 65535, len(some) - 4, 4, 0)
    peak, seconds = peak_of(lambda: _too_many(some, tmp_path / "some", "holds more than 200,000 files"))
    assert peak < 3 * len(some)
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3000)
    packed = zlib.compress(header() + header(b"tests/x.py") * 3000 + END, 1, wbits=31)
    peak, seconds = peak_of(lambda: _too_many(packed, tmp_path / "2", "holds more than 3,000 files"))
    assert peak < 2**22
    _too_many(zipped({f"cs231n/m{i}.txt": b"" for i in range(3001)}), tmp_path / "3", "holds more than 3,000 files")


def _too_many(content: bytes, folder: Path, why: str) -> None:
    with pytest.raises(SubmissionError, match=why):
        taken(content, folder)


def test_a_tar_unpacks_to_so_much_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 10 * 2**20)
    bomb = tarred(PLAIN | {"datasets/huge.bin": bytes(20 * 2**20)})
    with pytest.raises(SubmissionError, match="unpacks to more than"):
        taken(bomb, tmp_path)
    monkeypatch.setattr(archive, "MAX_PACKED", 1000)
    with pytest.raises(SubmissionError, match="is larger than"):
        taken(bomb, tmp_path)


CHANGED = [*seeds("intake")]


def noise(data: bytes, chance: random.Random) -> bytes:
    """Overwrite, cut or double parts of the data."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                changed[at : at + 4] = chance.choice([b"\xff" * 4, bytes(4), b"\0\0\0\x80", b"../x", b"PK\1\2", b"/"])
            case 2:
                del changed[at : at + chance.randrange(600)]
            case 3:
                changed[at:at] = changed[at : at + chance.choice([1, 46, 512, 1024])]
    return bytes(changed)


@settings(max_examples=250)
@given(st.sampled_from(CHANGED), st.integers(0, 2**32))
def test_changed_archives_are_refused_or_taken_in(content: bytes, seed: int) -> None:
    """The data are zips, tars and lists of files that come in three ways: see the target for the properties."""
    chance = random.Random(seed)
    targets.intake(change_archive(content, chance, lambda part: noise(part, chance)))


NAMES = st.lists(
    st.sampled_from(["cs231n", "a.py", "A.py", "a.pyx", "a.c", "x.so", "con.py", "tests", ".git", "..", ".", "x.ipynb", "é", "é"])
    | st.text(max_size=6),
    min_size=1, max_size=4,
).map("/".join)  # fmt: skip


@settings(max_examples=100)
@given(st.dictionaries(NAMES, st.binary(max_size=4), max_size=8))
def test_a_folder_is_the_same_in_an_archive(files: dict[str, bytes]) -> None:
    files |= {"cs231n/layers.py": b""}
    lines = [os.fsencode(name) + b"=" + content for name, content in files.items() if name.isprintable()]
    targets.intake(targets.AS_FOLDER + b"\n".join(lines))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ENOMEM])
def test_a_fault_of_the_machine_is_not_the_students(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Neither an archive nor a file is left out because we are out of descriptors."""
    usual = os.fstat

    def failing(descriptor: int) -> os.stat_result:
        if sys._getframe(1).f_code.co_filename.endswith(("archive.py", "entries.py")):
            raise OSError(number, os.strerror(number))
        return usual(descriptor)

    (tmp_path / "in.zip").write_bytes(zipped(PLAIN))
    (tmp_path / "in" / "cs231n").mkdir(parents=True)
    (tmp_path / "in" / "cs231n" / "layers.py").write_text("x = 1\n")
    monkeypatch.setattr(os, "fstat", failing)
    for source in ("in.zip", "in"):
        with pytest.raises(OSError) as caught:
            take_in(tmp_path / source, tmp_path / f"out-{source}", RULES)
        assert caught.value.errno == number


def test_several_packages_are_told(tmp_path: Path) -> None:
    files = {f"{name}/cs231n/layers.py": b"" for name in ("mine", "backup", "build")}
    for name, content in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    (tmp_path / "in.zip").write_bytes(zipped(files))
    for source in (tmp_path / "in", tmp_path / "in.zip"):
        with pytest.raises(SubmissionError, match=r"holds several cs231n packages \(backup, mine\): hand in one"):
            take_in(find_root(source, RULES), tmp_path / f"out-{source.name}", RULES)
