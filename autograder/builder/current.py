"""Build a release beside the committed one, and tell how they differ.

Text must be the same to the letter; recorded numbers may differ in the last digits from one processor to another.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.checks.record import read_logs, same_log
from autograder.course import ASSIGNMENT, Course, put_tools_on_path

from .release import ReleaseBuilder


def build(course: Course, into: Path | None = None) -> None:
    """Build the release.

    Parameters
    ----------
    course : Course
    into : Path, optional
        Where ``release`` and a gradebook of its own go; by default the course's folder and the course's gradebook.

    Raises
    ------
    ReleaseError
        If it must not be.
    """
    put_tools_on_path()
    config = Config()
    directory = CourseDirectory(root=str(course.root), assignment_id=ASSIGNMENT, config=config)
    if into is not None:
        directory.release_directory = os.path.relpath(into / "release", course.root)
        directory.db_url = f"sqlite:///{into / 'gradebook.db'}"
    builder = ReleaseBuilder(coursedir=directory, config=config)
    builder.force = True
    builder.start()


def differences(course: Course) -> list[str]:
    """Return how the committed release differs from what the source gives now, one sentence each."""
    with tempfile.TemporaryDirectory(prefix="autograder-release-") as scratch:
        build(course, Path(scratch))
        return list(_compare(course.release, Path(scratch) / "release" / ASSIGNMENT))


def _compare(committed: Path, fresh: Path) -> Iterator[str]:
    old, new = _files(committed), _files(fresh)
    for name in sorted(old - new):
        yield f"{name} is in the release but no longer comes from the source."
    for name in sorted(new - old):
        yield f"{name} is missing in the release."
    for name in sorted(old & new):
        if name.endswith(".npz"):
            ours, theirs = read_logs(committed / name), read_logs(fresh / name)
            same = set(ours) == set(theirs) and all(same_log(ours[key], theirs[key]) for key in ours)
        else:
            same = (committed / name).read_bytes() == (fresh / name).read_bytes()
        if not same:
            yield f"{name} in the release is out of date."


def _files(folder: Path) -> set[str]:
    skipped = {"__pycache__", ".pytest_cache", ".ipynb_checkpoints", "models"}
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not skipped & set(path.relative_to(folder).parts)
    }
