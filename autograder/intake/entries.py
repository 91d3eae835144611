"""What a submission is made of, wherever it lies: entries with a name, and a stream for each that may be read.

Holds the folder as a source of entries; for archives see ``archive``. Which entries count is for ``submission`` to say.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

CHUNK = 2**16
OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ENOSPC, getattr(errno, "ESTALE", errno.EIO)}
"""What is wrong with a machine, and not with what somebody handed in."""


class Unreadable(Exception):
    """An entry, or a whole source, that cannot be read: says why, as the end of a sentence."""


@dataclass(frozen=True)
class Entry:
    """Something that was handed in, not looked at yet.

    Attributes
    ----------
    name : str
        Relative to its source, with slashes, as it was found: it may hold anything.
    chunks : callable
        Yields the content in pieces, or raises `Unreadable`; of an archive's entry only until the next one is asked
        for. How much comes out has no limit here.
    size : int
        As announced: in bytes, not to be relied on.
    is_folder : bool
    trouble : str
        Why it cannot be read, or "".
    """

    name: str
    chunks: Callable[[], Iterator[bytes]] = lambda: iter(())
    size: int = 0
    is_folder: bool = False
    trouble: str = ""


def entries_of_folder(folder: Path, enter: Callable[[str], bool], most: int) -> Iterator[Entry]:
    """Yield what lies in a folder and in those below it, in the order of their names, following no links.

    Parameters
    ----------
    folder : Path
    enter : callable
        Asked with the name of each folder below whether to go on in it.
    most : int
        Of a folder that holds more entries than this, one more than this is yielded.

    Raises
    ------
    Unreadable
        If the folder itself cannot be listed; one below it that cannot is an entry with trouble.
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
        for entry in listed:
            described = _describe(entry, prefix + entry.name)
            yield described
            if described.is_folder and enter(described.name):
                pending.append((Path(entry.path), described.name + "/"))


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
    return Entry(name, lambda: _read(Path(entry.path)), found.st_size)


def _read(path: Path) -> Iterator[bytes]:
    """Read what was a plain file a moment ago, and is looked at again once it is open."""
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
    """Raise it again if it tells of a machine that is out of memory or descriptors, or of a disk that fails."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in OURS):
        raise error
