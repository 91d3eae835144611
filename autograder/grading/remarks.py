"""What an instructor should look at after a run: names, groups, and students with the same work.

A remark never changes a score. See ``ready`` for what stops a run, and ``facts`` for remarks on one student.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from autograder.collecting import roster
from autograder.course import Course
from autograder.errors import SubmissionError

from . import engine


def on_class(course: Course, folders: Mapping[str, Path]) -> list[str]:
    """Return the remarks on a class, one sentence each.

    Parameters
    ----------
    course : Course
    folders : dict
        Maps each student to the submitted folder, as `engine.submissions` returns it.
    """
    notes = engine.counted(course).notes
    left = [f"{student} is not graded. {note}" for student, note in notes.items() if student not in folders]
    return [*engine.resolved(course).remarks, *left, *_on_work(course, folders)]


def _on_work(course: Course, folders: Mapping[str, Path]) -> list[str]:
    taken = {}
    for student, folder in folders.items():
        with contextlib.suppress(SubmissionError):
            taken[student] = course.submissions.take(folder)
    return roster.same_work(taken, course.submissions.take(course.release))
