"""Delete a class: its submissions and all grading results.

See ``make clean`` for files that can be made again.
"""

import shutil

from autograder.course import Course

BELONGINGS = (
    "submitted", "autograded", "feedback", "report", "gradebook.db", "gradebook.db.*", ".autograder/*",
    "before-restore-*",
)  # fmt: skip
"""Patterns below the course's folder."""
KEPT = ("secret", "releases")
"""What is kept: the course's secret, from which the tests' random inputs are drawn, and its earlier releases."""


def belongings(course: Course) -> list[str]:
    """Return the names of a class's files and folders in the course's folder."""
    found = (path for pattern in BELONGINGS for path in sorted(course.root.glob(pattern)))
    return [path.relative_to(course.root).as_posix() for path in found if path.name not in KEPT]


def forget(course: Course) -> None:
    """Delete the class."""
    for name in belongings(course):
        path = course.root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
