"""Attacks of class 14: malicious folders and archives."""

import io
import os
import shutil
import socket
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .attack import Attack
from .powers import SOLVED

MODULE = """
_right = affine_forward


def affine_forward(x, w, b):
    reached()
    return _right(x, w, b)


for name in ("stolen.py", "folder/stolen.py", "hard.py"):
    try:
        say(f"got {name}: {open(os.path.join(os.path.dirname(__file__), name)).read()}")
    except OSError:
        pass
"""
"""Honest code that looks for the files that the archive should steal."""
Facts = dict[str, Any]


def folder_of(name: str, tries: str, plant: Callable[[Path, Facts], None], shows: str, **more: Any) -> Attack:
    """Return an attack by a folder with planted files."""
    return Attack(14, name, tries, "import os\n" + MODULE, plant=plant, **{"shows": shows, "earns": SOLVED, **more})


def zip_of(
    name: str, tries: str, add: Callable[[zipfile.ZipFile, Facts], None], shows: str = "", **more: Any
) -> Attack:
    """Return an attack by a zip of the package with added members."""

    def plant(folder: Path, facts: Facts) -> None:
        with zipfile.ZipFile(folder / "work.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((folder / "cs231n").rglob("*.py")):
                archive.write(path, path.relative_to(folder))
            add(archive, facts)
        _leave_only(folder, "work.zip")

    return folder_of(name, tries, plant, shows, **more)


def tar_of(
    name: str, tries: str, members: Callable[[Facts], list[tarfile.TarInfo]], shows: str = "", **more: Any
) -> Attack:
    """Return an attack by a gzipped tar of the package with added members."""

    def plant(folder: Path, facts: Facts) -> None:
        with tarfile.open(folder / "work.tar.gz", "w:gz") as archive:
            archive.add(folder / "cs231n", "cs231n")
            for member in members(facts):
                archive.addfile(member, io.BytesIO(b"stolen = 1\n" * member.size))
        _leave_only(folder, "work.tar.gz")

    return folder_of(name, tries, plant, shows, **more)


def _leave_only(folder: Path, name: str) -> None:
    for path in folder.iterdir():
        if path.name != name:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _links(folder: Path, facts: Facts) -> None:
    (folder / "cs231n" / "stolen.py").symlink_to(facts["gradebook"])
    (folder / "cs231n" / "folder").symlink_to(facts["root"])
    (folder / "Stolen.ipynb").symlink_to(facts["other"])


def _special_files(folder: Path, facts: Facts) -> None:
    os.mkfifo(folder / "cs231n" / "pipe.py")
    before = os.getcwd()
    os.chdir(folder)  # the full path is too long for a socket's address
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.py")
    os.chdir(before)


def _bytecode(folder: Path, facts: Facts) -> None:
    import importlib._bootstrap_external as external
    import importlib.util

    code = compile(f"import os\nos.write({facts['witness']}, b'got bytecode\\n')", "layers.py", "exec")
    unchecked = external._code_to_hash_pyc(code, bytes(8), False)  # type: ignore[attr-defined]
    for place in (importlib.util.cache_from_source("layers.py"), "layers.pyc", "__init__.pyc"):
        (folder / "cs231n" / place).parent.mkdir(exist_ok=True)
        (folder / "cs231n" / place).write_bytes(unchecked)


def _deep(folder: Path, facts: Facts) -> None:
    deepest = folder / "cs231n" / Path(*["d"] * 200)
    deepest.mkdir(parents=True)
    (deepest / "deep.py").write_text("")


def _large(folder: Path, facts: Facts) -> None:
    for name in ("large.py", "Large.ipynb"):
        with (folder / "cs231n" / name).open("wb") as file:
            file.truncate(2**40)


def _names(folder: Path, facts: Facts) -> None:
    for name in (
        b"\x1b[2J\x1b]0;x\x07.py",
        "\u202eyp.py".encode(),
        b"a\nb.py",
        b"\xff.py",
        b"c:evil.py",
        b"n" * 250 + b".py",
    ):
        (folder / "cs231n" / os.fsdecode(name)).write_text("raise SystemExit\n")


def _many(folder: Path, facts: Facts) -> None:
    for number in range(20_500):
        (folder / f"{number}.dat").touch()


def _climb(archive: zipfile.ZipFile, facts: Facts) -> None:
    for target in (facts["other"], facts["gradebook"]):
        for name in (target, "../" * 30 + target[1:], "cs231n/../" + "../" * 30 + target[1:], f"..\\..{target}"):
            archive.writestr(name + (".py" if name.endswith("db") else ""), "changed\n")


def _zip_links(archive: zipfile.ZipFile, facts: Facts) -> None:
    for name, target in {"cs231n/stolen.py": facts["gradebook"], "cs231n/folder": facts["root"]}.items():
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, target)
    archive.writestr("cs231n/folder/submitted/somebody-else/mine.py", "through the link\n")


def _zip_bomb(archive: zipfile.ZipFile, facts: Facts) -> None:
    archive.writestr("cs231n/bomb.py", bytes(2**27), compresslevel=1)
    archive.writestr("cs231n/liar.py", bytes(2**25), compresslevel=1)
    archive.filelist[-1].file_size = 10


def _overlapping(archive: zipfile.ZipFile, facts: Facts) -> None:
    archive.writestr("cs231n/kernel.py", bytes(2**20))
    for number in range(1000):
        info = zipfile.ZipInfo(f"cs231n/kernel{number}.py")
        for known in ("header_offset", "file_size", "compress_size", "CRC", "compress_type"):
            setattr(info, known, getattr(archive.filelist[-1 - number], known))
        archive.filelist.append(info)


def _twice(archive: zipfile.ZipFile, facts: Facts) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (
            "cs231n/layers.py",
            "cs231n/LAYERS.py",
            "CS231N/layers.py",
            "cs231n/./layers.py",
            "cs231n/layers.py/",
        ):
            archive.writestr(name, f"import os\nos.write({facts['witness']}, b'got the second\\n')\n")


def _nested(archive: zipfile.ZipFile, facts: Facts) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as nested:
        nested.writestr("cs231n/layers.py", f"import os\nos.write({facts['witness']}, b'got the inner one\\n')\n")
    for name in ("inner.zip", "cs231n/layers.tar.gz", "cs231n/layers.zip"):
        archive.writestr(name, inner.getvalue())


def _too_many(archive: zipfile.ZipFile, facts: Facts) -> None:
    for number in range(20_500):
        archive.writestr(zipfile.ZipInfo(f"cs231n/{number}.py"), b"")


def _member(name: str, kind: bytes, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, size, 0o6777
    return info


def _tar_links(facts: Facts) -> list[tarfile.TarInfo]:
    return [
        _member("cs231n/stolen.py", tarfile.SYMTYPE, facts["gradebook"]),
        _member("cs231n/hard.py", tarfile.LNKTYPE, facts["gradebook"]),
        _member("cs231n/folder", tarfile.SYMTYPE, os.path.dirname(facts["other"])),
        _member("cs231n/folder/layers.py", tarfile.REGTYPE, size=11),
        _member(facts["other"], tarfile.REGTYPE, size=11),
    ]


def _devices(facts: Facts) -> list[tarfile.TarInfo]:
    kinds = {"disk": tarfile.BLKTYPE, "terminal": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE, "whole": tarfile.CONTTYPE}
    return [_member(f"cs231n/{name}.py", kind) for name, kind in kinds.items()]


def _cut_off(folder: Path, facts: Facts) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        archive.add(folder / "cs231n", "cs231n")
    _leave_only(folder, "")
    (folder / "work.tar.gz").write_bytes(whole.getvalue()[:-2000])


def _endless_tar(folder: Path, facts: Facts) -> None:
    info = _member("cs231n/layers.py", tarfile.REGTYPE, size=2**60)
    info.pax_headers = {"size": str(2**62)}
    _leave_only(folder, "")
    (folder / "work.tar").write_bytes(info.tobuf(tarfile.PAX_FORMAT) + bytes(10_240))


ATTACKS = (
    folder_of("folder-of-links", "to have the judge copy the gradebook through a link", _links, "a link"),
    folder_of("pipes-and-sockets", "to have the judge wait for a pipe", _special_files, "not a plain file"),
    folder_of("planted-bytecode", "to run bytecode in place of its source", _bytecode, r"layers\.pyc"),
    folder_of("deep-submission", "to make the judge follow two hundred nested folders", _deep, "deep"),
    folder_of("terabyte", "to be larger than any disk, with a sparse file", _large, "too large"),
    folder_of("odd-names", "to control a terminal by file names, and to have other names on other systems", _names, "cannot be printed|every system"),
    folder_of("many-entries", "to make the judge look at far too many files", _many, "20,500 files"),
    zip_of("zip-that-climbs", "to overwrite other students' work and the gradebook", _climb, "absolute or has an empty"),
    zip_of("zip-of-links", "to read the gradebook through a link, and to write through another", _zip_links, "a link"),
    zip_of("unpacking-bomb", "to unpack to more than it declares, and to more than there is room for", _zip_bomb, "too large|broken"),
    zip_of("overlapping-zip", "to unpack the same bytes a thousand times", _overlapping, "broken"),
    zip_of("zip-with-doubles", "to replace the modules that were checked, by members of the same name", _twice, "has the same name|only in case"),
    zip_of("zip-in-zip", "to hide the files that count in an archive inside the archive", _nested, "archive"),
    zip_of("crowded-zip", "to hold far too many files", _too_many, "too many files"),
    tar_of("tar-of-links", "to read the gradebook through hard and soft links, and to write through them", _tar_links, "a link"),
    tar_of("tar-of-devices", "to make devices and pipes", _devices, "not a plain file"),
    folder_of("cut-off-tar", "to be graded by its readable half", _cut_off, "", runs=False, refused="broken|incomplete"),
    folder_of("endless-tar", "to make the judge read for ever", _endless_tar, "", runs=False, refused="broken|larger|more than"),
)  # fmt: skip
