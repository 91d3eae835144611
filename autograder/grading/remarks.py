"""What an instructor should look at after a run: names, times, and two students with the same work.

A remark never changes a score. See ``ready`` for what stops a run.
"""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from autograder.course import Course
from autograder.errors import SubmissionError

from . import database, engine, penalties, roster


def on_class(course: Course, folders: Mapping[str, Path]) -> list[str]:
    """Return the remarks on a class, one sentence each.

    Parameters
    ----------
    course : Course
    folders : dict
        Maps each student to the submitted folder, as `engine.submissions` returns it.
    """
    return [*engine.resolved(course).remarks, *_on_times(course, folders), *_on_work(course, folders)]


def _on_times(course: Course, folders: Mapping[str, Path]) -> list[str]:
    rules, now = penalties.rules_of(course.root, database.configured(course.root)), datetime.now(UTC)
    due = database.due(course.root, course.assignment.name)
    return [
        f"{student}: {flag}"
        for student, folder in folders.items()
        for flag in penalties.handed_in(student, course.assignment.name, folder, due, rules, now).flags
    ]


def _on_work(course: Course, folders: Mapping[str, Path]) -> list[str]:
    taken = {}
    for student, folder in folders.items():
        with contextlib.suppress(SubmissionError):
            taken[student] = course.submissions.take(folder)
    return roster.same_work(taken, course.submissions.take(course.release))
