"""Temporary folders of this process, which no other user of the machine can enter.

They lie in one folder with a random name, which the process and all processes forked from it hold locked. A killed
process removes nothing, so the next one removes every folder of its user that nobody holds.
"""

import contextlib
import functools
import itertools
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import files

PREFIX = "autograder-of-"
FIRST_USER, USERS = 61_000, 4_000
"""Numbers of the users and groups of runners. No account of the machine should have one of them."""
TRIES = 5
_homes: dict[int, Path] = {}


@contextlib.contextmanager
def folder(purpose: str) -> Iterator[Path]:
    """Yield a new folder with ``purpose`` in its name, and remove it with any content."""
    made = lasting_folder(purpose)
    try:
        yield made
    finally:
        remove(made)


def lasting_folder(purpose: str) -> Path:
    """Return a new folder that is removed when this process ends."""
    return Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=home()))


@functools.cache
def group() -> int | None:
    """Return the group whose members may pass through the temporary folders, or None if only their owner may.

    If the judge is root, its runners have other users. They are members of this group, and nobody else is. A forked
    process has the group of its parent, and may use the parent's folders.
    """
    return FIRST_USER + secrets.randbelow(USERS) if sys.platform != "win32" and os.geteuid() == 0 else None


def home() -> Path:
    """Return the folder that holds all temporary folders of this process; its first use sweeps."""
    known = _homes.get(os.getpid())
    if known is not None and known.is_dir():
        return known
    sweep()
    made = _held_folder()
    members = group()
    if members is not None:
        os.chown(made, -1, members)
        made.chmod(0o710)
    _homes[os.getpid()] = made
    _end_with_this_process(made)
    return made


def _held_folder() -> Path:
    """Make a folder and lock it until this process ends."""
    for number in range(TRIES):
        made = Path(tempfile.mkdtemp(prefix=PREFIX))
        held = files.hold(made)  # the descriptor stays open
        if held is not None and made.exists():  # another process may have swept it before it was held
            break
        if number == TRIES - 1:  # this system or file system has no locks
            break
        remove(made)
    return made


def _end_with_this_process(made: Path) -> None:
    import atexit

    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:  # not when a process forked from it ends
            remove(made)
            sweep()  # of forked processes that were killed

    atexit.register(end)


def sweep() -> None:
    """Remove what killed processes of this user left behind. Folders that a living process holds stay."""
    if sys.platform == "win32":
        return
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        held = files.hold(left)
        if held is None:
            continue
        try:
            if os.fstat(held).st_uid == os.geteuid():
                remove(left)
        finally:
            os.close(held)


def remove(made: Path) -> None:
    """Remove a folder, at any depth and with any permissions; follow no symlinks, and raise nothing.

    Inner folders move to the top before they are emptied: a deep path is too long to name, and recursion has a limit.
    """
    if sys.platform == "win32":  # it has more kinds of links than `_emptied` handles
        shutil.rmtree(made, ignore_errors=True)
        return
    names = (made / f"moved-up-{number}" for number in itertools.count())
    with contextlib.suppress(OSError):
        while inner := _emptied(made):
            for path in inner:
                for below in _emptied(path):
                    below.rename(next(name for name in names if not name.exists()))
                path.rmdir()
        made.rmdir()


def _emptied(made: Path) -> list[Path]:
    """Remove the files in a folder; return the folders in it."""
    os.chmod(made, 0o700)
    inner = []
    with os.scandir(made) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                inner.append(Path(entry.path))
            else:
                os.unlink(entry.path)
    return inner
