"""Read the entries of an archive (zip, tar, gzipped tar). The archive is hostile input: it is streamed, within limits.

This module writes no files. See ``layout`` for which entries are accepted. Python's ``zipfile`` reads from a
wrapper that limits the bytes it gets. Of ``tarfile`` this module uses only the parser of a single header: the other
code trusts lengths, keeps every member in memory and, before Python 3.12.6, takes hours for some headers.
"""

import calendar
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from .entries import CHUNK, MAX_ENTRIES, TOO_MANY, Entry, Unreadable, raise_if_ours
from .formats import BLOCK, PART, archive_format, described

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
MAX_PACKED = 512 * 2**20
"""Bytes of an archive; a larger archive is refused."""
MAX_UNPACKED = 2**30
"""Unpacked bytes of a tar: to reach one member, all earlier bytes must be unpacked."""
MAX_DIRECTORY = 32 * 2**20
"""Bytes of a zip's directory, which ``zipfile`` holds in memory."""
MAX_HEADER, MAX_HEADERS = 2**16, 2**28
"""Bytes of one long name or extended header in a tar, and of all headers together."""
DIRECTORY_MARK, END_MARK = b"PK\1\2", b"PK\5\6"
"""The first bytes of each record of a zip's directory, and of the record behind it."""
NO_TIME = 315532800
"""1980-01-01, which a zip holds if its program knows no time."""
ENCRYPTED, UNSUPPORTED = "encrypted", "packed by an unsupported method"
BROKEN = "is broken or incomplete: pack the files again and hand in the new archive"
LONG = "holds a header that is too long: pack the files again and hand in the new archive"


def is_archive(name: str) -> bool:
    """Tell whether a file of this name is an archive that students may hand in."""
    return name.lower().endswith(SUFFIXES)


def entries_of_archive(path: Path) -> Generator[Entry, None, None]:
    """Yield the members of an archive, in its order. The archive's first bytes tell its format.

    Raises
    ------
    Unreadable
        If the archive is broken or truncated, or exceeds a limit.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_PACKED:
                raise Unreadable(f"is larger than {MAX_PACKED >> 20} MB: hand in the course's files only")
            start = file.read(BLOCK)
            form = archive_format(start)
            if not form and (what := described(path.name, start)):
                raise Unreadable(what)
            if _is_last_part(file, size, form):
                raise Unreadable(PART)
            file.seek(0)
            if form == "zip":
                found = _zipped(file, size)
            else:
                found = _tarred(_gunzip(file) if form == "gzip" else file.read)
            for number, entry in enumerate(found):
                if number >= MAX_ENTRIES:
                    raise Unreadable(TOO_MANY.format(MAX_ENTRIES))
                yield entry
    except Unreadable:
        raise
    except (
        Exception
    ) as error:  # zipfile, tarfile and zlib raise many exceptions on broken data, and some are not documented
        raise_if_ours(error)
        raise Unreadable(BROKEN) from None


def _is_last_part(file: BinaryIO, size: int, form: str) -> bool:
    """Tell whether a file is the last part of a zip in parts, which says in its last record that it has a number."""
    file.seek(max(0, size - 2**16))
    _, mark, record = file.read(2**16).rpartition(END_MARK)
    number = record[:2]
    return bool(mark) and form in ("", "zip") and len(record) >= 18 and number not in (b"\0\0", b"\xff\xff")


class _Lent:
    """A file with limits for ``zipfile``, which trusts an archive's lengths: bytes per read, and bytes in total."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file, self._left = file, left
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size if 0 <= size <= MAX_DIRECTORY else MAX_DIRECTORY + 1)
        self._left -= len(content)
        if len(content) > MAX_DIRECTORY or self._left < 0:  # overlapping members exceed the total
            raise Unreadable(BROKEN)
        if len(content) > CHUNK and content.count(DIRECTORY_MARK) > MAX_ENTRIES:  # each takes much more memory
            raise Unreadable(TOO_MANY.format(MAX_ENTRIES))
        return content


def _zipped(file: BinaryIO, size: int) -> Iterator[Entry]:
    with zipfile.ZipFile(cast(Any, _Lent(file, 2 * size + CHUNK))) as archive:
        for info in archive.infolist():
            name = zip_name(info).removeprefix("./")
            if name:
                read = _reader(archive, info)
                is_folder = name.endswith(("/", "\\"))
                trouble, time = zip_trouble(info, is_folder), _zip_time(info)
                yield Entry(name[:-1] if is_folder else name, read, info.file_size, is_folder, trouble, time)


def zip_name(info: zipfile.ZipInfo) -> str:
    """Return a member's original name: macOS writes UTF-8 without its flag, and ``zipfile`` decodes it as cp437."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    """Return the time at which a member was changed: the packing machine's own, which is not worse for comparing."""
    try:
        found = calendar.timegm((*info.date_time, 0, 0, 0))
    except (ValueError, OverflowError):  # a zip may hold a thirteenth month
        return None
    return None if found == NO_TIME else found


def zip_trouble(info: zipfile.ZipInfo, is_folder: bool = False) -> str:
    """Return the reason why a member cannot be read, or ""."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a link"
    if kind not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
        return "not a plain file"
    if info.flag_bits & 0x41:
        return ENCRYPTED
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a limit
        return UNSUPPORTED
    return ""


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        try:
            with archive.open(info) as member:
                while chunk := member.read(CHUNK):
                    yield chunk
        except Exception as error:
            raise_if_ours(error)
            raise Unreadable("broken in the archive") from None

    return read


class _Blocks:
    """The unpacked bytes of a tar, as a stream that is read once."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read, self._come, self._headers = read, 0, 0

    def header(self, size: int) -> bytes:
        """Return the next ``size`` bytes of headers, and skip the padding to whole blocks."""
        padded = size + -size % BLOCK
        self._headers += padded
        if size > MAX_HEADER or self._headers > MAX_HEADERS:
            raise Unreadable(LONG)
        return b"".join(self.chunks(padded))[:size]

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield exactly ``size`` bytes."""
        while size:
            chunk = self._read(min(size, CHUNK))
            self._come += len(chunk)
            if not chunk:
                raise Unreadable(BROKEN)
            if self._come > MAX_UNPACKED:
                raise Unreadable(f"unpacks to more than {MAX_UNPACKED >> 30} GB: hand in the course's files only")
            size -= len(chunk)
            yield chunk

    def finish(self) -> None:
        """Read to the end, so that gzip's checksum is checked."""
        while self._come <= MAX_UNPACKED and (chunk := self._read(CHUNK)):
            self._come += len(chunk)


def _tarred(read: Callable[[int], bytes]) -> Iterator[Entry]:
    blocks = _Blocks(read)
    extended: dict[str, str] = {}
    while (block := blocks.header(BLOCK)).strip(b"\0"):
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if info.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            extended.update(_pax(blocks.header(_size(info.size))))
        elif info.type == tarfile.GNUTYPE_LONGNAME:
            extended["path"] = blocks.header(_size(info.size)).partition(b"\0")[0].decode("utf-8", "surrogateescape")
        elif info.type in (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK):  # intake needs nothing from these
            blocks.header(_size(info.size))
        else:
            more = info.type == tarfile.GNUTYPE_SPARSE and block[482]
            while more:
                more = blocks.header(BLOCK)[504]
            name = extended.get("path", info.name).removeprefix("./").rstrip("/" if info.isdir() else "")
            holds = info.isreg() or info.type not in tarfile.SUPPORTED_TYPES
            size = _size(int(extended.get("size", info.size))) if holds else 0
            rest = blocks.chunks(size)
            if name not in ("", "."):
                trouble = _tar_trouble(info, extended)
                yield Entry(name, lambda rest=rest: rest, size, info.isdir(), trouble, info.mtime or None)  # type: ignore[misc]
            for _ in rest:
                pass
            for _ in blocks.chunks(-size % BLOCK):
                pass
            extended = {}
    blocks.finish()


def _size(announced: int) -> int:
    if announced < 0:
        raise Unreadable(BROKEN)
    return announced


def _tar_trouble(info: tarfile.TarInfo, extended: dict[str, str]) -> str:
    if info.issym() or info.islnk():
        return "a link"
    if info.type == tarfile.GNUTYPE_SPARSE or "GNU.sparse" in extended:
        return "a sparse file"
    return "" if info.isreg() or info.isdir() else "not a plain file"


def _pax(content: bytes) -> dict[str, str]:
    """Read an extended header. Each record is its length, a space, a word, an equals sign, a value and a newline."""
    found: dict[str, str] = {}
    at = 0
    while at < len(content):
        digits = content[at : at + 8].partition(b" ")[0]
        end = at + (int(digits) if digits.isdigit() else 0)
        word, equals, value = content[at + len(digits) + 1 : end].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise Unreadable(BROKEN)
        if word in (b"path", b"size") or word.startswith(b"GNU.sparse"):
            found[word.decode("utf-8", "replace")[:10]] = value[:-1].decode("utf-8", "surrogateescape")
        at = end
    return found


def _gunzip(file: BinaryIO) -> Callable[[int], bytes]:
    """Return a function that unpacks at most ``size`` bytes per call: ``gzip`` reads headers one byte at a time."""
    inflater = zlib.decompressobj(wbits=31)

    def read(size: int) -> bytes:
        while not inflater.eof:
            packed = inflater.unconsumed_tail or file.read(CHUNK)
            content = inflater.decompress(packed, size)
            if content:
                return content
            if not packed:
                raise Unreadable(BROKEN)
        return b""

    return read
