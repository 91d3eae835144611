"""nbgrader's gradebook, written in one transaction for each student. See ``decisions`` for what is written.

The gradebook is the truth about scores: every run compares it with what judging decided and corrects it. A person's
scores and comments are never changed.
"""

import contextlib
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlalchemy
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    InvalidEntry,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy.orm import selectinload, undefer

from autograder.collecting.lms import Student
from autograder.errors import SetupError

from . import penalties, ready
from .database import URL
from .decisions import Decision, Role
from .penalties import Rules

PATIENCE = 60
"""Seconds for which a transaction waits for another process, such as formgrader, to finish its own."""


class BooksError(SetupError):
    """The gradebook cannot be used. The message says why, and what to do."""


@dataclass(frozen=True)
class Entry:
    """What the gradebook holds about one graded cell of a student.

    Attributes
    ----------
    points : float
        nbgrader's maximum.
    auto, manual, extra : float or None
        The automatic score, a person's score, and extra credit.
    waits : bool
        nbgrader's mark that a person must look at the cell.
    """

    points: float
    auto: float | None
    manual: float | None
    extra: float | None
    waits: bool

    @property
    def score(self) -> float:
        """The score that counts, as nbgrader computes it."""
        if self.manual is None and self.auto is None:
            return 0.0
        return (self.auto or 0.0 if self.manual is None else self.manual) + (self.extra or 0.0)


Cell = tuple[str, str]
"""A graded cell: the notebook's name and the cell's ``grade_id``."""


@dataclass(frozen=True)
class Account:
    """What the gradebook holds about one student's hand-in.

    Attributes
    ----------
    entries : dict
        Maps each graded cell to its `Entry`.
    penalties : dict
        Maps each notebook's name to the points that are taken off for lateness.
    handed_in, due : datetime or None
        The time of the hand-in and the student's own due date, with extension; in UTC, without a zone.
    points : float
        The assignment's maximum.
    lateness : str
        What late work costs here and why, for the student; "" if it is not late or costs nothing.
    """

    entries: Mapping[Cell, Entry] = field(default_factory=dict)
    penalties: Mapping[str, float] = field(default_factory=dict)
    handed_in: datetime | None = None
    due: datetime | None = None
    points: float = 0.0
    lateness: str = ""

    @property
    def raw(self) -> float:
        """The sum of the scores, before the penalty."""
        return sum(entry.score for entry in self.entries.values())

    @property
    def penalty(self) -> float:
        """The points that are taken off for lateness."""
        return sum(self.penalties.values())

    @property
    def total(self) -> float:
        """The score as it counts."""
        return max(0.0, self.raw - self.penalty)


class Books:
    """The gradebook of a course, for one assignment.

    Parameters
    ----------
    url : str
        nbgrader's ``db_url``.
    course : str
        nbgrader's ``course_id``.
    assignment : str
    rules : Rules
        The course's rules for late work.

    Raises
    ------
    BooksError
        If the gradebook does not know the assignment, or cannot be opened.
    """

    def __init__(self, url: str, course: str, assignment: str, rules: Rules) -> None:
        self._assignment, self.rules = assignment, rules
        self._all: dict[str, Any] = {}
        with _said(url):
            self._gradebook = Gradebook(_patient(url), course)
            known = {one.name for one in self._gradebook.assignments}
        if assignment not in known:
            self.close()
            raise BooksError(f"The gradebook does not know {assignment} yet: run `autograder build` first.")

    @classmethod
    def of(cls, gradebook: Gradebook, assignment: str, rules: Rules) -> "Books":
        """Return the books of a gradebook that is open already."""
        books = cls.__new__(cls)
        books._gradebook, books._assignment, books.rules = gradebook, assignment, rules
        books._all = {}
        return books

    def __enter__(self) -> "Books":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._gradebook.close()

    @contextlib.contextmanager
    def transaction(self, keep: bool = True) -> Iterator[None]:
        """Do everything in this block or, after an exception or if ``keep`` is False, nothing.

        nbgrader's own methods commit whenever they are called. In this block they only write to the transaction.

        Raises
        ------
        BooksError
            If the gradebook is locked for too long, read-only or damaged, or the disk is full.
        """
        session = self._gradebook.db
        commit = session.commit
        session.commit = session.flush
        try:
            with _said(str(self._gradebook.engine.url)):
                yield
                if keep:
                    commit()
                else:
                    session.rollback()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.commit = commit
            session.expire_all()
            self._all = {}

    def students(self) -> list[str]:
        """Return the ids of all students in the gradebook."""
        with _said(str(self._gradebook.engine.url)):
            return [student.id for student in self._gradebook.students]

    def people(self) -> list[Student]:
        """Return all students with their names, addresses and numbers in an LMS."""
        with _said(str(self._gradebook.engine.url)):
            return [
                Student(one.id, one.first_name or "", one.last_name or "", one.email or "", str(one.lms_user_id or ""))
                for one in self._gradebook.students
            ]

    def handed_in(self) -> list[str]:
        """Return the ids of the students whose hand-in the gradebook knows."""
        with _said(str(self._gradebook.engine.url)):
            return [one.student_id for one in self._gradebook.find_assignment(self._assignment).submissions]

    def read_all(self) -> None:
        """Read the hand-ins of all students in a few queries, so that `account` is fast until the next transaction."""
        with _said(str(self._gradebook.engine.url)):
            to_notebooks = selectinload(SubmittedAssignment.notebooks)
            to_grades = to_notebooks.selectinload(SubmittedNotebook.grades)
            to_comments = to_notebooks.selectinload(SubmittedNotebook.comments)
            query = self._gradebook.db.query(SubmittedAssignment).join(Assignment)
            found = (
                query.filter(Assignment.name == self._assignment)
                .options(
                    undefer(SubmittedAssignment.max_score), to_notebooks.undefer(SubmittedNotebook.score),
                    to_notebooks.joinedload(SubmittedNotebook.notebook), to_grades.undefer(Grade.max_score),
                    to_grades.joinedload(Grade.cell),
                    to_comments.joinedload(Comment.cell),
                )
                .all()
            )  # fmt: skip
            self._all = {one.student_id: one for one in found}

    def account(self, student: str) -> Account | None:
        """Return what the gradebook holds about a student's hand-in, or None if it holds nothing."""
        with _said(str(self._gradebook.engine.url)):
            submission = self._submission(student)
            if submission is None:
                return None
            entries = {
                (notebook.name, grade.name): Entry(
                    float(grade.max_score), grade.auto_score, grade.manual_score, grade.extra_credit,
                    bool(grade.needs_manual_grade),
                )
                for notebook in submission.notebooks for grade in notebook.grades
            }  # fmt: skip
            taken = {one.name: float(one.late_submission_penalty or 0.0) for one in submission.notebooks}
            points = float(submission.assignment.max_score or 0.0)
            lateness = penalties.lateness(self._gradebook, student, self._assignment, self.rules, not self._all)
            due = lateness.due.replace(tzinfo=None) if lateness.due is not None else None
            return Account(entries, taken, submission.timestamp, due, points, lateness.sentence)

    def comments(self, student: str) -> dict[Cell, str]:
        """Return what people wrote about a student's cells."""
        with _said(str(self._gradebook.engine.url)):
            submission = self._submission(student)
            return {
                (notebook.name, comment.name): str(comment.manual_comment)
                for notebook in (submission.notebooks if submission is not None else ())
                for comment in notebook.comments
                if comment.manual_comment
            }

    def decide(self, student: str, cell: Cell, score: float | None, comment: str) -> str:
        """Enter a person's score and comment on a graded cell, as formgrader does.

        Parameters
        ----------
        student : str
        cell : Cell
        score : float or None
            None: enter no score.
        comment : str
            It is added below what people wrote before, unless it is there already. "": enter no comment.

        Returns
        -------
        str
            "" if it was entered, else one sentence that says why not.
        """
        notebook = next((one for one in self._submission(student).notebooks if one.name == cell[0]), None)
        grade = next((one for one in notebook.grades if one.name == cell[1]), None) if notebook is not None else None
        if notebook is None or grade is None:
            return f"The gradebook has no cell {cell[1]} in {cell[0]}: run `autograder build`."
        if score is not None and not grade.max_score:
            return f"{cell[0]} counts as extra credit: enter the score for {cell[1]} in formgrader."
        if score is not None:
            grade.manual_score, grade.needs_manual_grade = score, False
        if comment:
            entry = next((one for one in notebook.comments if one.name == cell[1]), None)
            if entry is None:  # nbgrader makes comments for answers only, but keeps those of any cell
                entry = Comment(cell=grade.cell, notebook=notebook)
                self._gradebook.db.add(entry)
            lines = (entry.manual_comment or "").split("\n\n")
            if comment not in lines:
                entry.manual_comment = "\n\n".join(filter(None, [*lines, comment]))
        self._gradebook.db.flush()
        return ""

    def _submission(self, student: str) -> Any:
        if student in self._all:
            return self._all[student]
        try:
            return self._gradebook.find_submission(self._assignment, student)
        except MissingEntry:
            return None

    def open_hand_in(self, student: str, handed_in: datetime | None, create_student: bool = True) -> None:
        """Make sure that the gradebook knows a student's hand-in, with its time, which has a zone.

        Raises
        ------
        MissingEntry
            If the student is unknown and must not be created.
        """
        if create_student:
            self._gradebook.update_or_create_student(student)
        else:
            self._gradebook.find_student(student)
        self._gradebook.update_or_create_submission(self._assignment, student)
        self._submission(student).timestamp = handed_in and handed_in.astimezone(UTC).replace(tzinfo=None)

    def write(
        self,
        student: str,
        decisions: Iterable[Decision],
        comments: Mapping[Cell, str | None],
        changed: Container[str],
        extras: Mapping[Cell, Collection[float]] = MappingProxyType({}),
    ) -> None:
        """Write decisions and automatic comments. What a person entered stays.

        Parameters
        ----------
        student : str
        decisions : iterable of Decision
        comments : dict
            Maps solution cells to their automatic comments.
        changed : container of str
            Notebooks for which the hand-in differs from the one that was written before. Then a person looks at their
            own scores again.
        extras : dict
            Maps cells to all extra credit that grading ever wrote to them: other extra credit is a person's. That of
            a cell that is not in the dictionary stays, and a person looks at it.
        """
        decided = {(one.notebook, one.cell): one for one in decisions}
        for notebook in self._submission(student).notebooks:
            for grade in notebook.grades:
                decision = decided.get((notebook.name, grade.name))
                if decision is not None:
                    ours = extras.get((notebook.name, grade.name))
                    given = grade.extra_credit not in (None, decision.extra, *(ours or ()))
                    unknown = given and ours is None  # nobody can tell whose it is: after a rename, for example
                    _write(grade, decision, unknown or notebook.name in changed, given)
            for comment in notebook.comments:
                if (notebook.name, comment.name) in comments:
                    comment.auto_comment = comments[notebook.name, comment.name]
        self._gradebook.db.flush()

    def penalize(self, student: str) -> None:
        """Write the penalty for lateness."""
        penalties.write(self._gradebook, student, self._assignment, self.rules)
        self._gradebook.db.flush()

    def restore(self, student: str, before: Account | None, after: Account) -> None:
        """Write back the scores that a run found. What a person entered since that run stays.

        If the run found no hand-in, the hand-in leaves the gradebook, unless a person has entered something.

        Parameters
        ----------
        student : str
        before, after : Account
            What the run found, and what it left.
        """
        submission = self._submission(student)
        if submission is None:
            return
        if before is None and not _touched_by_a_person(submission, after):
            self._gradebook.remove_submission(self._assignment, student)
            return
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                cell = notebook.name, grade.name
                old, own = (before.entries.get(cell) if before is not None else None), after.entries.get(cell)
                if own is None:
                    continue
                grade.auto_score = old.auto if old is not None else None
                if grade.extra_credit == own.extra:
                    grade.extra_credit = old.extra if old is not None else None
                if grade.manual_score == own.manual:
                    grade.needs_manual_grade = old.waits if old is not None else True
            notebook.late_submission_penalty = before.penalties.get(notebook.name) if before is not None else None
        if before is not None:
            submission.timestamp = before.handed_in
        self._gradebook.db.flush()


def _touched_by_a_person(submission: Any, after: Account) -> bool:
    """Tell whether a person has entered something since a run, of which ``after`` is what it left."""
    extra = {cell: entry.extra for cell, entry in after.entries.items()}
    return any(
        any(
            grade.manual_score is not None or grade.extra_credit != extra.get((notebook.name, grade.name))
            for grade in notebook.grades
        )
        or any(comment.manual_comment for comment in notebook.comments)
        for notebook in submission.notebooks
    )


def _write(grade: Any, decision: Decision, changed: bool, given: bool) -> None:
    """Write a decision into a grade.

    nbgrader counts extra credit only beside a score. Therefore a cell of an extra notebook gets the score 0, and its
    points are extra credit. So does an answer that is worth 0 points, for which a person can enter nothing else.

    ``given`` tells whether the extra credit is a person's, who looks at it again after a change of the hand-in.
    """
    before = grade.auto_score
    if decision.role is Role.ASIDE:
        grade.auto_score = 0.0
        if not (decision.written or grade.max_score or given):  # else it is a person's
            grade.extra_credit = None
        grade.needs_manual_grade = _stays(grade, changed, bool(grade.extra_credit))  # only a person removes these
    elif decision.written and (decision.role is Role.EXTRA or not grade.max_score):
        grade.auto_score = 0.0
        grade.needs_manual_grade = _stays(grade, changed, decision.waits and not grade.extra_credit)
    elif decision.role is Role.EXTRA and given:
        grade.auto_score = 0.0
        grade.needs_manual_grade = changed or bool(grade.needs_manual_grade)
    elif decision.waits:
        grade.auto_score = None
        if decision.role is Role.EXTRA:
            grade.extra_credit = None
        grade.needs_manual_grade = _stays(grade, changed or before is not None, True)
    else:
        grade.auto_score = 0.0 if decision.role is Role.EXTRA else min(decision.score, float(grade.max_score))
        if decision.extra is not None:
            grade.extra_credit = decision.extra
        grade.needs_manual_grade = _stays(grade, changed or before != grade.auto_score, False)


def _stays(grade: Any, changed: bool, waits: bool) -> bool:
    """Return whether a cell waits for a person: a person's own score is looked at again only after a change."""
    if grade.manual_score is None:
        return waits
    return True if changed else bool(grade.needs_manual_grade)


def _patient(url: str) -> str:
    """Return the address of a gradebook with a longer waiting time for SQLite's lock."""
    return f"{url}?timeout={PATIENCE}" if url.startswith(URL) and "?" not in url else url


@contextlib.contextmanager
def _said(url: str) -> Iterator[None]:
    """Turn the errors of a database into one sentence."""
    path = Path(url.removeprefix(URL).partition("?")[0])
    try:
        yield
    except sqlalchemy.exc.DatabaseError as error:
        raise BooksError(ready.explain(path, error.orig or error, PATIENCE)) from None
    except InvalidEntry as error:  # nbgrader's name for any error of the database while it adds a row
        cause = error.__context__
        if not isinstance(cause, sqlalchemy.exc.DatabaseError):
            raise
        raise BooksError(ready.explain(path, cause.orig or cause, PATIENCE)) from None
