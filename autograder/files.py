"""Files and folders that are there whole or not at all, whoever else makes or reads them at the same time."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or what was there before."""
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


@contextlib.contextmanager
def new_folder(home: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes ``home``; where another process was first, its own stays."""
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
