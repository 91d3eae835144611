"""A runner's temporary folder: it is made, watched while the runner lives, and removed with any content.

At level 3 the runner writes to a file system of a fixed size instead. At other levels ``RLIMIT_FSIZE`` limits only
single files, so the judge watches the total size and ends a runner that exceeds it. The watch does not see deleted
files that are still open, so few runners may delete files.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from autograder import temporary
from autograder.intake.entries import OURS

INTERVAL_SECONDS = 0.1
MAX_ENTRIES = 20_000


class Scratch:
    """The temporary folder of one runner.

    Attributes
    ----------
    path : Path
        Path of the folder.
    overfull : bool
        Whether the runner was ended because the folder holds too much.
    """

    def __init__(self) -> None:
        self.path = temporary.lasting_folder("scratch")
        self.overfull = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, most: int, end: Callable[[], None]) -> None:
        """Check the folder every tenth of a second, in a separate thread.

        Parameters
        ----------
        most : int
            Most bytes in the folder.
        end : callable
            Called in that thread after each check that finds more bytes, more than `MAX_ENTRIES` entries, or a folder
            that cannot be read.
        """

        def look() -> None:
            while not self._over.wait(INTERVAL_SECONDS):
                if _holds_more(self.path, most):
                    self.overfull = True
                    end()

        self._thread = threading.Thread(target=look, daemon=True)
        self._thread.start()

    def stop_watching(self) -> None:
        """Stop watching."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def remove(self) -> None:
        """Stop watching, and remove the folder."""
        self.stop_watching()
        temporary.remove(self.path)


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
        except (FileNotFoundError, NotADirectoryError):  # it was removed or replaced meanwhile
            continue
        except OSError as error:  # folders of an honest runner are readable and not so deep
            if sys.platform != "win32" and error.errno not in OURS:  # Windows cannot read files in deletion
                return True
    return False


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return 0
    return getattr(status, "st_blocks", 0) * 512 or status.st_size
