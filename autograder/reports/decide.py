"""One comment or one score for all students who lost points in the same way, entered into nbgrader's gradebook.

What is entered counts as a person's, as in formgrader: no later run changes it.
"""

from autograder.collecting.lms import Student
from autograder.course import Course
from autograder.errors import SetupError
from autograder.grading import record
from autograder.grading.gradebook import books_of
from autograder.grading.record import Record

from .clusters import Cluster, clusters


class DecisionError(SetupError):
    """Nothing can be entered. One sentence says why, and what to do."""


def decide(course: Course, name: str, score: float | None, comment: str) -> tuple[Cluster, list[str]]:
    """Enter a score, a comment or both for each student of a group.

    Parameters
    ----------
    course : Course
    name : str
        The group's name, which the dashboard prints.
    score : float or None
    comment : str

    Returns
    -------
    (Cluster, list of str)
        The group, and one sentence for each student for whom nothing was entered.

    Raises
    ------
    DecisionError
        If there is neither a score nor a comment, there is no such group, or the exercise has fewer points.
    """
    text = comment.strip()
    if score is None and not text:
        raise DecisionError("Give --score, --comment or both.")
    with books_of(course) as books:
        books.read_all()
        records = record.of_class(course, books, books.handed_in(), detailed=True)
        cluster = next((one for one in clusters(records) if one.name == name), None)
        if cluster is None:
            raise DecisionError(f"There is no group {name} now: take a name from the page of `autograder report`.")
        own = {
            one.student: exercise for one in records for exercise in one.exercises if exercise.id == cluster.exercise
        }
        points = own[cluster.students[0]].points
        if score is not None and not 0 <= score <= points:
            raise DecisionError(f"The score must be a number from 0 to {points:g}, the points of {cluster.exercise}.")
        left = []
        for student in cluster.students:
            with books.transaction():
                why = books.decide(student, (own[student].notebook, cluster.exercise), score, text)
                books.penalize(student)
            left += [f"{student}: {why}"] if why else []
    return cluster, left


def records_of(course: Course) -> list[Record]:
    """Return the records of all students whose hand-in the gradebook knows, with details."""
    with books_of(course) as books:
        books.read_all()
        return record.of_class(course, books, books.handed_in(), detailed=True)


def people_of(course: Course) -> list[Student]:
    """Return the gradebook's students with their names and addresses."""
    with books_of(course) as books:
        return books.people()
