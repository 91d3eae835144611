"""The entries of a submission: a name and a stream for each file, from a folder or an archive.

This module reads entries from a folder. See ``archive`` for archives, and ``layout`` for which entries are accepted.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

CHUNK = 2**16
MAX_ENTRIES = 200_000
"""Entries of a submission. A virtual environment with a framework has 60,000; their names take no harmful memory."""
TOO_MANY = "holds more than {:,} files: hand in the course's files only"
OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ENOSPC, getattr(errno, "ESTALE", errno.EIO)}
"""Error numbers that are a fault of the machine, not of the submission."""


class Unreadable(Exception):
    """An entry or a whole source cannot be read. The message is the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class Entry:
    """A file or folder of a submission, not checked yet.

    Attributes
    ----------
    name : str
        The path relative to the source, with slashes, unchanged: it may hold any characters.
    chunks : callable
        Yields the content in chunks of bytes without a limit, or raises `Unreadable`. An archive's entry can be read
        only until the next entry.
    size : int
        The announced size in bytes, which may be wrong.
    is_folder : bool
    trouble : str
        The reason why the entry cannot be read, or "".
    time : float or None
        When the file was changed, in seconds, comparable within one source; None if the source does not say.
    """

    name: str
    chunks: Callable[[], Iterator[bytes]] = lambda: iter(())
    size: int = 0
    is_folder: bool = False
    trouble: str = ""
    time: float | None = None


def entries_of_folder(folder: Path, enter: Callable[[str], bool], most: int) -> Iterator[Entry]:
    """Yield the entries of a folder and its subfolders, sorted by name in each folder. Symlinks are not followed.

    Parameters
    ----------
    folder : Path
    enter : callable
        Takes the name of a subfolder, and tells whether to yield its entries. It is asked after all entries beside the
        subfolder were yielded.
    most : int
        The most entries of one folder; if there are more, the function yields ``most + 1`` of them.

    Raises
    ------
    Unreadable
        If the folder cannot be listed. A subfolder that cannot be listed becomes an entry with ``trouble``.
    """
    pending = [(folder, "")]
    while pending:
        where, prefix = pending.pop()
        try:
            with os.scandir(where) as found:
                listed = sorted(islice(found, most + 1), key=lambda entry: entry.name)
        except OSError as error:
            raise_if_ours(error)
            if not prefix:
                raise Unreadable(f"cannot be read: {error.strerror}") from None
            yield Entry(prefix[:-1], trouble="cannot be read")
            continue
        below = [(_describe(entry, prefix + entry.name), Path(entry.path)) for entry in listed]
        yield from (described for described, _ in below)
        for described, path in below:  # whoever decides has seen the whole folder
            if described.is_folder and enter(described.name):
                pending.append((path, described.name + "/"))


def _describe(entry: "os.DirEntry[str]", name: str) -> Entry:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError as error:
        raise_if_ours(error)
        return Entry(name, trouble="cannot be read")
    if stat.S_ISDIR(found.st_mode):
        return Entry(name, is_folder=True)
    if stat.S_ISLNK(found.st_mode):
        return Entry(name, trouble="a link")
    if not stat.S_ISREG(found.st_mode):
        return Entry(name, trouble="not a plain file")
    return Entry(name, lambda: _read(Path(entry.path)), found.st_size, time=found.st_mtime)


def _read(path: Path) -> Iterator[bytes]:
    """Yield the content of a plain file. Its kind is checked again after opening, because it may have changed."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("not a plain file")
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise_if_ours(error)
        raise Unreadable("cannot be read") from None


def raise_if_ours(error: Exception) -> None:
    """Raise the error again if the machine is at fault: out of memory, disk or file descriptors, or a failing disk."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in OURS):
        raise error
