"""Build a release, compare the committed release with a fresh one, and notice exercises that are not built yet.

Text must be identical. Recorded numbers may differ in the last digits between processors.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from nbgrader.api import Assignment, GradeCell, Notebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from traitlets.config import Config

from autograder.checks.causes import same_log
from autograder.checks.definitions import NotebookError, read_cells
from autograder.checks.record import read_logs
from autograder.course import Course, put_tools_on_path
from autograder.errors import SetupError

from .release import ReleaseBuilder

Exercises = dict[tuple[str, str], float]
"""The points of each exercise, by its notebook and its id."""


class UnbuiltError(SetupError):
    """The source has other exercises or points than the release or the gradebook."""


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
    with tempfile.TemporaryDirectory(prefix="autograder-release-") as scratch:
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


def require_built(course: Course, gradebook: str = "") -> None:
    """Check that the release and the gradebook have the source's exercises and points. Nothing is built or written.

    It compares ids, notebooks and points only, and is quick; `differences` compares everything.

    Parameters
    ----------
    course : Course
    gradebook : str, optional
        The gradebook's URL. Default: ``gradebook.db`` in the course's folder, if it is there.

    Raises
    ------
    UnbuiltError
        If they differ. The message names the exercises and the command.
    """
    usual = course.root / "gradebook.db"
    url = gradebook or (f"sqlite:///{usual}" if usual.is_file() else "")
    source = _exercises(course.source)
    found = list(_unlike(source, _exercises(course.release), "the release"))
    if url and not found:
        found = list(_unlike(source, _recorded(url, course.assignment.name), "the gradebook"))
    if found:
        raise UnbuiltError("\n".join([*found, "The source was changed and not built: run `autograder build` first."]))


def _unlike(source: Exercises, other: Exercises, name: str) -> Iterator[str]:
    for notebook, exercise in sorted(source.keys() | other.keys()):
        key = notebook, exercise
        if key not in other:
            yield f"{exercise} in {notebook}.ipynb is not in {name} yet."
        elif key not in source:
            yield f"{exercise} is in {name}, but no longer in {notebook}.ipynb."
        elif source[key] != other[key]:
            yield f"{exercise} is worth {source[key]:g} points in {notebook}.ipynb, and {other[key]:g} in {name}."


def _exercises(folder: Path) -> Exercises:
    """Return the exercises of a folder's notebooks. One that cannot be read has none: building it says why."""
    found: Exercises = {}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            cells = read_cells(path)
        except NotebookError:
            continue
        for cell in cells:
            said = cell.get("metadata", {}).get("nbgrader") or {}
            if said.get("grade"):
                found[path.stem, str(said.get("grade_id"))] = float(said.get("points") or 0)
    return found


def _recorded(url: str, assignment: str) -> Exercises:
    """Return the exercises of an assignment in a gradebook, which is only read.

    Raises
    ------
    UnbuiltError
        If the gradebook cannot be read.
    """
    engine = create_engine(url)
    try:
        with Session(engine) as session:
            cells = session.query(GradeCell).join(Notebook, GradeCell.notebook_id == Notebook.id).join(Assignment)
            return {
                (cell.notebook.name, cell.name): cell.max_score for cell in cells.filter(Assignment.name == assignment)
            }
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).strip().rstrip(".")
        raise UnbuiltError(
            f"The gradebook cannot be read ({why}): put back a copy, or run `autograder build`."
        ) from None
    finally:
        engine.dispose()
