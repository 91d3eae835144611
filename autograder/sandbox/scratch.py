"""A runner's temporary folder: made, looked after while the runner lives, and removed whatever was put into it.

At level 3 the runner writes to a file system of a given size instead; elsewhere ``RLIMIT_FSIZE`` bounds single files
only, so the sum is looked at from outside, and a runner that passes it is ended. Files that are deleted while they are
in use are not seen, which is why few runners may delete any.
"""

import contextlib
import itertools
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from autograder.intake.entries import OURS

INTERVAL_SECONDS = 0.1
MAX_ENTRIES = 20_000


class Scratch:
    """A folder of a runner's own.

    Attributes
    ----------
    path : Path
        Where it lies.
    overfull : bool
        Whether its runner was ended for what is in it.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="autograder-scratch-"))
        self.overfull = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, most: int, end: Callable[[], None]) -> None:
        """Look every tenth of a second, from a thread of its own.

        Parameters
        ----------
        most : int
            Bytes that may lie in it.
        end : callable
            Called, from that thread, while there is more, more entries than `MAX_ENTRIES`, or something that cannot be
            looked at.
        """

        def look() -> None:
            while not self._over.wait(INTERVAL_SECONDS):
                if _holds_more(self.path, most):
                    self.overfull = True
                    end()

        self._thread = threading.Thread(target=look, daemon=True)
        self._thread.start()

    def stop_watching(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def remove(self) -> None:
        """Look no more, and remove it."""
        self.stop_watching()
        if sys.platform == "win32":  # where links are of more kinds than we look for
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            remove_tree(self.path)


def _holds_more(folder: Path, most: int) -> bool:
    total = entries = 0
    pending = [str(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    entries += 1
                    total += _size(entry)
                    if total > most or entries > MAX_ENTRIES:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):  # it was removed since, or replaced
            continue
        except OSError as error:  # nothing that is honest cannot be read by its own user, or is so deep
            if sys.platform != "win32" and error.errno not in OURS:  # there, what is being deleted cannot
                return True
    return False


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return 0
    return getattr(status, "st_blocks", 0) * 512 or status.st_size


def remove_tree(folder: Path) -> None:
    """Remove a folder whose owner is gone, however deep it is and whatever its permissions are; follow no links.

    Folders are moved up to the top before they are emptied, since a deep path cannot be named, and recursion ends.
    """
    names = (folder / f"moved-up-{number}" for number in itertools.count())
    with contextlib.suppress(OSError):
        while inner := _emptied(folder):
            for path in inner:
                for below in _emptied(path):
                    below.rename(next(name for name in names if not name.exists()))
                path.rmdir()
        folder.rmdir()


def _emptied(folder: Path) -> list[Path]:
    """Remove the files in a folder; return the folders in it."""
    os.chmod(folder, 0o700)
    inner = []
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                inner.append(Path(entry.path))
            else:
                os.unlink(entry.path)
    return inner
