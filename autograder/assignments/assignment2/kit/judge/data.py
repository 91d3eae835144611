"""The real and the synthetic pictures as the judge has them, and as executed notebooks may see them."""

import functools
import hashlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.checks.host import load_package
from autograder.course import Course, CourseError
from autograder.files import new_folder
from autograder.intake.kept import lay

from ..student.pictures import Pictures

ROOM = "datasets"
VERSION = 1
"""Of the practice data."""


def load_datasets(course: Course) -> ModuleType:
    """Return the course's ``datasets``, under a name that no installed package has."""
    return _load(course.room(ROOM))


@functools.cache
def _load(folder: Path) -> ModuleType:
    return load_package(folder, f"course_{ROOM}")


def find_pictures(course: Course, datasets: ModuleType) -> Pictures:
    """Return the pictures to judge on: those that were named, else the real ones where they are, else the synthetic.

    Raises
    ------
    CourseError
        If the folder that was named does not hold them.
    """
    try:
        root = _find(course, datasets)
        return Pictures(root, datasets.read_batch, datasets.kind(root), datasets.fingerprint(root))
    except datasets.DatasetError as error:
        raise CourseError(str(error)) from None


def _find(course: Course, datasets: ModuleType) -> Path:
    found: Path
    if course.data is not None or os.environ.get(course.assignment.settings.data_variable):
        found = datasets.locate(course.data)
        return found
    try:
        found = datasets.locate()
    except datasets.DatasetError:
        found = datasets.synthetic_root()
    return found


def practice_data(course: Course, root: Path, datasets: ModuleType) -> Path:
    """Return the pictures as notebooks may see them: those for training, and those for testing without their labels.

    Made once for the pictures that submissions are judged on; the files are linked where that can be.
    """
    layout = datasets.layout
    stamps = [(stamp.st_mtime_ns, stamp.st_size) for stamp in (os.stat(root / name) for name in layout.FILES)]
    key = hashlib.sha256(repr((VERSION, str(root), stamps)).encode()).hexdigest()[:16]
    home = course.state / "pictures" / key
    if home.is_dir():
        return home
    with new_folder(home) as folder:
        for name in (*layout.TRAIN_FILES, layout.META_FILE, layout.MARKER):
            if (root / name).exists():
                lay((root / name).resolve(), folder / name)
        pixels, labels = datasets.read_test(root)
        content: dict[bytes, Any] = {b"labels": [0] * len(labels), b"data": pixels.reshape(-1, layout.PIXELS)}
        datasets.pickles.dump(content, folder / layout.TEST_FILE)  # without the files' names, which name the class
        for path in (folder, folder / layout.TEST_FILE):
            path.chmod(0o755 if path.is_dir() else 0o644)
    return home
