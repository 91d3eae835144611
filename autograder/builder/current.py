"""Build a release, and compare the committed release with a fresh one.

Text must be identical. Recorded numbers may differ in the last digits between processors.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.checks.causes import same_log
from autograder.checks.record import read_logs
from autograder.course import Course, put_tools_on_path

from .release import ReleaseBuilder


def build(course: Course) -> None:
    """Build the release, and record it in the course's gradebook. The old release stays until the new one is complete.

    Raises
    ------
    ReleaseError
        If the release cannot be built, or leaks.
    """
    course.state.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=course.state, prefix="release-") as scratch:
        fresh, old = _build(course, Path(scratch)), Path(scratch, "old")
        course.release.parent.mkdir(exist_ok=True)
        try:
            if course.release.exists():
                course.release.rename(old)
            fresh.rename(course.release)
        except BaseException:  # also Ctrl-C: the old release is in a folder that is about to be deleted
            if old.exists() and not course.release.exists():
                old.rename(course.release)
            raise


def _build(course: Course, into: Path, database: str = "") -> Path:
    """Build a release below a folder and return its path."""
    put_tools_on_path()
    config = Config()
    directory = CourseDirectory(root=str(course.root), assignment_id=course.assignment.name, config=config)
    directory.release_directory = os.path.relpath(into / "release", course.root)
    if database:
        directory.db_url = database
    builder = ReleaseBuilder(coursedir=directory, config=config)
    builder.force = True
    builder.start()
    return into / "release" / course.assignment.name


def differences(course: Course) -> list[str]:
    """Return one sentence for each difference between the committed release and a fresh one."""
    with tempfile.TemporaryDirectory(prefix="autograder-release-") as scratch:
        fresh = _build(course, Path(scratch), f"sqlite:///{Path(scratch, 'gradebook.db')}")
        return list(_compare(course.release, fresh))


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
