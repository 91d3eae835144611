"""Write files and folders atomically: other processes see all of the new content or none of it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


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
