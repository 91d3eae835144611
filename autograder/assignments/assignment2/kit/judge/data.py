"""Finds the real or the synthetic pictures for the judge, and prepares the copy that executed notebooks may see."""

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
"""The version of the practice data. A new version makes new folders."""


def load_datasets(course: Course) -> ModuleType:
    """Return the course's package ``datasets``, loaded under a name that no installed package has."""
    return _load(course.room(ROOM))


@functools.cache
def _load(folder: Path) -> ModuleType:
    return load_package(folder, f"course_{ROOM}")


def find_pictures(course: Course, datasets: ModuleType) -> Pictures:
    """Return the pictures to judge on: the named ones, else the real ones if they are there, else the synthetic ones.

    Raises
    ------
    CourseError
        If the named folder does not hold them.
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
    """Return a folder of pictures for executed notebooks. All labels of its test pictures are 0.

    It is made once for each set of pictures. Its files are links if links are possible.
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
        datasets.pickles.dump(content, folder / layout.TEST_FILE)  # without the file names, which tell the class
        for path in (folder, folder / layout.TEST_FILE):
            path.chmod(0o755 if path.is_dir() else 0o644)
    return home
