"""Build a release, and compare the committed release with a fresh one.

Text must be identical. Recorded numbers may differ in the last digits between processors.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder import temporary
from autograder.checks.causes import same_log
from autograder.checks.record import read_logs
from autograder.course import Course, put_tools_on_path

from .release import ReleaseBuilder


def build(
    course: Course,
    renamed: Mapping[str, str] | None = None,
    discard_scores: bool = False,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Build the release, and record it in the course's gradebook. The old release stays until the new one is complete.

    Parameters
    ----------
    course : Course
    renamed : mapping of str, optional
        New ids of exercises and cells, by their old ids: scores and comments of hand-ins stay.
    discard_scores : bool
        Remove an exercise from the gradebook although a person entered scores or comments for it.
    tell : callable, optional
        Takes each sentence about what changes in hand-ins, before anything is written.

    Raises
    ------
    ReleaseError
        If the release cannot be built, or leaks, or the gradebook cannot follow.
    """
    builder = _builder(course)
    builder.renamed, builder.discard_scores = dict(renamed or {}), discard_scores
    builder.tell = tell
    builder.start()


def _builder(course: Course, into: Path | None = None) -> ReleaseBuilder:
    """Return a builder of the release: in its place or, without the gradebook, below another folder."""
    put_tools_on_path()
    config = Config()
    directory = CourseDirectory(root=str(course.root), assignment_id=course.assignment.name, config=config)
    if into is not None:
        directory.release_directory = os.path.relpath(into, course.root)
    builder = ReleaseBuilder(coursedir=directory, config=config)
    builder.force, builder.no_database = True, into is not None
    return builder


def differences(course: Course) -> list[str]:
    """Return one sentence for each difference between the committed release and a fresh one."""
    with temporary.folder("release") as scratch:
        _builder(course, Path(scratch)).start()
        return list(_compare(course.release, Path(scratch, course.assignment.name)))


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
