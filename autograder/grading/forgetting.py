"""Delete a class: what was handed in, and what grading made of it.

Not for what can be made again: see ``make clean``.
"""

import shutil

from autograder.course import Course

BELONGINGS = ("submitted", "autograded", "feedback", "gradebook.db", "gradebook.db.*", ".autograder/*")
"""Patterns below the course's folder."""
KEPT = "secret"
"""The course's own, from which the tests' random inputs are drawn."""


def belongings(course: Course) -> list[str]:
    """Return what of a class lies in the course's folder: names of files and folders."""
    found = (path for pattern in BELONGINGS for path in sorted(course.root.glob(pattern)))
    return [path.relative_to(course.root).as_posix() for path in found if path.name != KEPT]


def forget(course: Course) -> None:
    """Delete it."""
    for name in belongings(course):
        path = course.root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
