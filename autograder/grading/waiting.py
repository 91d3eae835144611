"""What waits in a course: hand-ins to judge, answers to read, feedback to write and to release."""

from pathlib import Path

from nbgrader.utils import notebook_hash

from autograder.collecting import notes, times
from autograder.course import Course
from autograder.errors import SubmissionError

from . import database, engine, facts, record
from .gradebook import books_of
from .store import presentation_digest

JUDGE, READ, WRITE, RELEASE = "to judge", "to read", "feedback to write", "feedback to release"


def waiting(course: Course) -> dict[str, list[str]]:
    """Return the students for whom something must be done, by what must be done.

    A hand-in that must be judged waits for nothing else. Feedback can be released only to those who handed in through
    nbgrader's exchange.

    Raises
    ------
    BooksError
        If the gradebook cannot be read, or does not know the assignment.
    """
    name, folders = course.assignment.name, engine.submissions(course)
    pages = presentation_digest(course)
    found: dict[str, list[str]] = {JUDGE: [], READ: [], WRITE: [], RELEASE: []}
    with books_of(course) as books:
        records = {one.student: one for one in record.of_class(course, books, folders)}
    for student, folder in folders.items():
        own = facts.read(course.root, name, student)
        if own is None or own.pages != pages or own.submission != _digest(course, folder):
            found[JUDGE].append(student)
            continue
        if records[student].open or records[student].again:
            found[READ].append(student)
        written = course.root / "feedback" / student / name
        known = facts.path_of(course.root, name, student).stat().st_mtime
        if _newest(written) < max(known, _newest(course.root / "autograded" / student / name)):
            found[WRITE].append(student)
        elif _is_unreleased(course, written):
            found[RELEASE].append(student)
    return found


def _is_unreleased(course: Course, pages: Path) -> bool:
    """Tell whether the exchange lacks a page of a student who can fetch it, or has an older one."""
    secret, inbound = notes.secret_of(pages), times.inbound(database.configured(course.root))
    if not secret:
        return False
    for page in pages.glob("*.html"):
        released = inbound.with_name("feedback") / f"{notebook_hash(secret=secret, notebook_id=page.stem)}.html"
        if not released.is_file() or released.stat().st_mtime < page.stat().st_mtime:
            return True
    return False


def _digest(course: Course, folder: Path) -> str:
    try:
        return course.submissions.take(folder).digest
    except SubmissionError:
        return ""


def _newest(folder: Path) -> float:
    return max((path.stat().st_mtime for path in folder.glob("*")), default=0.0)
