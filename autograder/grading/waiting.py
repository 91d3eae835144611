"""What waits in a course: hand-ins to judge, answers to read, feedback to write and to release."""

from pathlib import Path

from autograder.course import Course
from autograder.errors import SubmissionError

from . import engine, facts, record
from .gradebook import books_of
from .store import presentation_digest


def waiting(course: Course) -> dict[str, list[str]]:
    """Return the students for whom something must be done, by what must be done.

    Raises
    ------
    BooksError
        If the gradebook cannot be read, or does not know the assignment.
    """
    folders = engine.submissions(course)
    pages = presentation_digest(course)
    name = course.assignment.name
    judged = {student: facts.read(course.root, name, student) for student in folders}
    found: dict[str, list[str]] = {"to judge": [], "to read": [], "feedback to write": [], "feedback to release": []}
    with books_of(course) as books:
        records = {one.student: one for one in record.of_class(course, books, folders)}
    for student, folder in folders.items():
        own = judged[student]
        if own is None or own.pages != pages or own.submission != _digest(course, folder):
            found["to judge"].append(student)
            continue
        if records[student].open or records[student].again:
            found["to read"].append(student)
        graded = _newest(course.root / "autograded" / student / name)
        written = _newest(course.root / "feedback" / student / name)
        if written < max(graded, facts.path_of(course.root, name, student).stat().st_mtime):
            found["feedback to write"].append(student)
    return {what: students for what, students in found.items() if what != "feedback to release"}


def _digest(course: Course, folder: Path) -> str:
    try:
        return course.submissions.take(folder).digest
    except SubmissionError:
        return ""


def _newest(folder: Path) -> float:
    return max((path.stat().st_mtime for path in folder.glob("*")), default=0.0)
