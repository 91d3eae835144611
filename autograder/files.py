"""Write files and folders atomically: other processes see all of the new content or none of it."""

import contextlib
import ctypes
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

ABANDONED_SECONDS = 24 * 3600
"""Age at which a leftover folder counts as abandoned, on systems that cannot tell whether a process still uses it."""


def write(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees the old content or all of the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_plain(path: Path, most: int) -> bytes | None:
    """Return at most so many bytes of a plain file, or None. A student's path may be a link, a pipe or a folder."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            return file.read(most) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


@contextlib.contextmanager
def new_folder(home: Path) -> Iterator[Path]:
    """Yield a folder to fill, then rename it to ``home``. If another process made ``home`` first, that folder stays."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-", ignore_cleanup_errors=True) as fresh:
        folder = Path(fresh, home.name)
        folder.mkdir()
        yield folder
        try:
            folder.rename(home)
        except OSError:
            if not home.is_dir():
                raise


@contextlib.contextmanager
def swapped_folder(home: Path, beside: Path | None = None, then: Callable[[], None] | None = None) -> Iterator[Path]:
    """Yield an empty folder to fill, then put it in the place of ``home`` in one step.

    After an error, and after a kill at any moment, ``home`` is the old folder or the complete new one. Folders that
    killed processes left behind are removed by the next call.

    Parameters
    ----------
    home : Path
        The folder to replace. It need not exist.
    beside : Path, optional
        The folder in which the new one is filled, by default the parent of ``home``. It is used only if it is on the
        same file system.
    then : callable, optional
        Called when the new folder is in place, such as the commit of a database. If it raises, the old folder returns.
    """
    home = home.resolve()
    home.parent.mkdir(parents=True, exist_ok=True)
    place = home.parent
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
        place = beside if beside.stat().st_dev == home.parent.stat().st_dev else place
    _sweep(home, place)
    with _held_folder(place, f".new-{home.name}") as scratch:
        fresh = scratch / home.name
        fresh.mkdir()
        yield fresh
        existed = home.exists()
        _put(fresh, home, scratch / OLD)
        try:
            if then is not None:
                then()
        except BaseException:
            if existed:
                _put(fresh if fresh.exists() else scratch / OLD, home, scratch / "new")
            else:
                home.rename(fresh)
            raise


OLD = "old"
"""The name of the old folder while the new one is put in place in two steps."""


def _put(fresh: Path, home: Path, old: Path) -> None:
    """Put a folder in the place of another, in one step where the system can exchange two folders."""
    if not home.exists():
        fresh.rename(home)
    elif not _exchange(fresh, home):
        home.rename(old)
        try:
            fresh.rename(home)
        except BaseException:  # also Ctrl-C
            if not home.exists():
                old.rename(home)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step. Return False if this system or file system cannot."""
    swap, here = 2, -100  # RENAME_EXCHANGE and RENAME_SWAP; AT_FDCWD
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, swap) == 0)
        return bool(library.renameat2(here, names[0], here, names[1], swap) == 0)
    except (AttributeError, OSError, TypeError):
        return False


@contextlib.contextmanager
def _held_folder(place: Path, suffix: str) -> Iterator[Path]:
    """Yield a new hidden folder that `_sweep` of other processes leaves alone, and remove it at the end."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=place, prefix=".", suffix=suffix))
        held = hold(folder)
        if held is None or folder.exists():  # another process may have swept it before it was held
            break
        os.close(held)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def hold(folder: Path) -> int | None:
    """Lock a folder while this process lives, and processes forked from it.

    Returns
    -------
    int or None
        The descriptor to close. None if the folder is locked, gone or a link, or if this system has no such locks.
    """
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _sweep(home: Path, place: Path) -> None:
    """Remove what killed processes left behind; put the old folder back if one of them had just moved it away."""
    ending = f".new-{home.name}"
    for left in [path for path in place.iterdir() if path.name.startswith(".") and path.name.endswith(ending)]:
        with contextlib.suppress(FileNotFoundError):  # another process sweeps as well
            held = hold(left)
            if held is None and time.time() - left.stat().st_mtime < ABANDONED_SECONDS:
                continue
            if (left / OLD).is_dir() and not home.exists():
                (left / OLD).rename(home)
            shutil.rmtree(left, ignore_errors=True)
            if held is not None:
                os.close(held)
