"""What must be right before a class is graded: each fault in one sentence, with the command that helps.

Everything is checked before anything is judged or written. See ``sandbox.doctor`` for the machine's confinement.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from autograder.collecting import roster
from autograder.course import Course
from autograder.errors import SetupError
from autograder.intake.entries import MAX_ENTRIES

from . import database, extensions, penalties

MOUNTS = Path("/proc/mounts")
NETWORK = {
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs2",
    "fuse.glusterfs", "fuse.gcsfuse", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs",
    "vboxsf", "virtiofs",
}  # fmt: skip
"""Types of file systems that other machines share. SQLite's locks are not reliable there."""
LEAST_BYTES, FEW_BYTES = 256 * 2**20, 2**30
ROOM = 4
"""Grading needs at most so many times the size of the hand-ins: the store, ``autograded``, ``feedback``, a margin."""
LOCK_SECONDS = 5.0
MANY = 3


class NotReady(SetupError):
    """Grading cannot start. The message says why, and what to do."""


def require(course: Course, folders: Iterable[Path] = ()) -> list[str]:
    """Check everything that grading needs.

    Parameters
    ----------
    course : Course
    folders : iterable of Path
        The submissions that will be graded.

    Returns
    -------
    list of str
        Warnings: grading can start.

    Raises
    ------
    SetupError
        If grading cannot start.
    """
    course.require_plain_path()
    require_release(course)
    path = database.find(course.root)
    warnings = []
    if path is not None:
        require_gradebook(path, course.assignment.name)
        require_build(course, path)
        warnings += on_network(path)
    penalties.rules_of(course.root, database.configured(course.root))
    warnings += stray_extensions(course)
    _ = course.judged_on, course.secret
    return warnings + require_room(course.root, folders)


def require_release(course: Course) -> None:
    """Raise `SetupError` if the release, or a notebook of it, is missing."""
    release = course.require_release()
    notebooks = [one.notebook for part in course.parts for one in part.alternatives]
    missing = [name for name in notebooks if not (release / name).is_file()]
    if missing:
        raise NotReady(f"The release has no {' and no '.join(missing)}: run `autograder build`.")


def require_gradebook(path: Path, assignment: str) -> None:
    """Raise `NotReady` if the gradebook is missing, damaged, read-only or locked."""
    if not path.is_file():
        raise NotReady(
            f"The gradebook does not know {assignment} yet: run `autograder build` first. There is no {path.name}; "
            "`autograder restore FILE` brings back a backup."
        )
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        closed = path if not os.access(path, os.W_OK) else path.parent
        raise NotReady(f"{closed} is read-only: `chmod u+w {closed}` makes it writable.")
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise NotReady(explain(path, error, LOCK_SECONDS)) from None
    if health != "ok":
        raise NotReady(_damaged(path))
    if not {"assignment", "student", "grade"} <= tables:
        raise NotReady(f"{path.name} is no gradebook of nbgrader: move it away, and run `autograder build`.")


def explain(path: Path, error: BaseException, waited: float = LOCK_SECONDS) -> str:
    """Return one sentence about an error of SQLite, and what to do. A locked file was waited for so many seconds."""
    said = str(error)
    if "locked" in said or "busy" in said:
        return (
            f"{path.name} has been locked by another program for {waited:g} seconds (`fuser {path}` names it): "
            "end that program, or wait for it."
        )
    if "readonly" in said or "unable to open" in said:
        return f"{path} cannot be written ({said}): `chmod u+w {path}` makes it writable."
    if "disk is full" in said or "disk I/O" in said:
        return f"{path} cannot be written ({said}): free some room on its disk (`df -h {path.parent}`)."
    if "no such column" in said:
        return f"{path.name} is of an older nbgrader ({said}): run `autograder backup`, then `nbgrader db upgrade`."
    return _damaged(path)


def _damaged(path: Path) -> str:
    return f"{path.name} is damaged: `autograder restore FILE` brings back a backup."


def require_build(course: Course, path: Path) -> None:
    """Raise `NotReady` if the gradebook does not know the assignment as its source is now."""
    name = course.assignment.name
    built = database.points(path, name)
    exercises = {exercise.id for part in course.parts for exercise in part.exercises}
    cells = {cell for notebook in built.values() for cell in notebook}
    known, sources = database.assignments(course.root), {path.name for path in (course.root / "source").glob("*")}
    if (cells and not cells & exercises) or (known and not sources & set(known)):
        raise NotReady(
            f"The gradebook is of another course (it knows {', '.join(known[:MANY])}, with no exercise of this one): "
            f"`autograder restore FILE` brings this course's back; or move {path.name} away and run `autograder build`."
        )
    if not built:
        raise NotReady(f"The gradebook does not know {name} yet: run `autograder build` first.")
    wrong = list(_differences(course, built))
    if wrong:
        more = f", and {len(wrong) - MANY} more differences" if len(wrong) > MANY else ""
        raise NotReady(
            f"The gradebook is not built from this source: {'; '.join(wrong[:MANY])}{more}. Run `autograder build`."
        )


def _differences(course: Course, built: dict[str, dict[str, float]]) -> Iterator[str]:
    """Yield how the source's grade cells differ from the gradebook's."""
    sources = {one.name: one for part in course.parts for one in part.alternatives}
    for notebook, part in sources.items():
        if notebook not in built:
            yield f"it has no notebook {notebook}"
            continue
        holds_points = part.first == part.notebook  # an alternative's cells have none
        now = {exercise.id: exercise.points if holds_points else 0.0 for exercise in part.exercises}
        for exercise in sorted(now.keys() | built[notebook].keys()):
            if exercise not in built[notebook]:
                yield f"it has no {exercise} in {notebook}"
            elif exercise not in now:
                yield f"it has {exercise} in {notebook}, which the source has not"
            elif now[exercise] != built[notebook][exercise]:
                yield f"{exercise} has {now[exercise]:g} points in the source and {built[notebook][exercise]:g} in it"
    for notebook in sorted(built.keys() - sources.keys()):
        yield f"it has a notebook {notebook}, which the source has not"


def on_network(path: Path, mounts: Path | None = None) -> list[str]:
    """Return a warning if a file lies on a network drive. The list of mounts is the kernel's, or another file."""
    try:
        kind = file_system(path.resolve(), (mounts or MOUNTS).read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:  # not Linux
        return []
    if kind not in NETWORK:
        return []
    return [
        f"{path.name} lies on a network drive ({kind}), where two programs can damage it: close formgrader while you "
        "grade, or move the course to a local disk; `autograder backup` keeps a copy."
    ]


def file_system(path: Path, mounts: str) -> str:
    """Return the type of the file system of a path, from the content of ``/proc/mounts``; "" if it is not there."""
    found, best = "", -1
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(_unescaped(fields[1]))
        if path.is_relative_to(place) and len(place.parts) >= best:  # of two on one place, the later one is on top
            found, best = fields[2], len(place.parts)
    return found


def _unescaped(text: str) -> str:
    for code, char in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(code, char)
    return text


def require_room(root: Path, folders: Iterable[Path] = ()) -> list[str]:
    """Return a warning if the disk is nearly full.

    Raises
    ------
    NotReady
        If there is too little room to grade these submissions.
    """
    needed = max(LEAST_BYTES, ROOM * sum(map(_size, folders)))
    warnings = []
    for place in dict.fromkeys((root, Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(place).free
        advice = f"`du -sh {place}/* | sort -h` shows what takes room"
        if free < needed:
            raise NotReady(
                f"Only {_megabytes(free)} are free on the disk of {place}, and grading may need {_megabytes(needed)}: "
                f"{advice}."
            )
        if free < FEW_BYTES:
            warnings.append(f"Only {_megabytes(free)} are free on the disk of {place}: {advice}.")
    return warnings


def _megabytes(number: int) -> str:
    return f"{number / 2**20:,.0f} MB"


def _size(folder: Path) -> int:
    """Return the bytes of a hand-in's files."""
    total = seen = 0
    for path, _, names in os.walk(folder):
        for name in names:
            seen += 1
            if seen > MAX_ENTRIES:
                return total
            try:
                total += os.lstat(os.path.join(path, name)).st_size
            except OSError:
                continue
    return total


def stray_extensions(course: Course) -> list[str]:
    """Return a warning for each line of ``extensions.csv`` whose student or assignment nobody knows."""
    rules = penalties.rules_of(course.root, database.configured(course.root))
    students = [*database.students(course.root), *(path.name for path in (course.root / "submitted").glob("*"))]
    assignments = [*database.assignments(course.root), course.assignment.name]
    keys = set(map(roster.key, students))
    warnings = []
    for one in rules.extensions:
        for kind, name, names, known in (
            ("student", one.student, students, roster.key(one.student) in keys),
            ("assignment", one.assignment, assignments, one.assignment in assignments),
        ):
            if not known:
                near = roster.near_names(name, names, 1)
                advice = f" Did you mean {near[0]}?" if near else ""
                warnings.append(f"{extensions.TABLE}, line {one.line}: there is no {kind} {name}.{advice}")
    return warnings
