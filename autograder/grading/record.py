"""One record for each student: everything that a table, a page or an export says about the student's grade.

A record joins what judging found (``facts``) with nbgrader's gradebook (``books``), which also holds what people
entered. Whoever shows a grade renders the record and computes nothing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from autograder.assignment import Part
from autograder.course import Course
from autograder.verdict import FAILED, GRADED, OPEN, UNDECIDED, ExerciseResult, Outcome, TestResult

from . import facts as kept
from .answers import UNREAD
from .books import Account, Books, Cell, Entry
from .decisions import Decision
from .facts import Facts, PartFacts
from .store import VerdictStore

NOT_IN_BOOKS = "The gradebook does not hold this hand-in: run `autograder grade` again."


class Exercise(msgspec.Struct, frozen=True):
    """What counts for one exercise.

    Attributes
    ----------
    id : str
    part : int
        The part's number.
    notebook : str
        The notebook that counts for the part.
    points, score : float
        The maximum, and the score as it counts.
    outcome : Outcome
        ``graded``, ``failed``, or why nobody has decided yet: ``open``, ``error``, ``not_graded``.
    why : str
        One sentence: why nobody has decided yet, or what is wrong first.
    by_person : bool
        Whether the score is a person's.
    comment : str
        A person's comment.
    tests : tuple of TestResult
        What judging said about each test; empty if the record was asked for without details, or no verdict is kept.
    fingerprint : str
        How the exercise fails, for the instructor only: see ``verdict``.
    """

    id: str
    part: int
    notebook: str
    points: float
    score: float
    outcome: Outcome
    why: str = ""
    by_person: bool = False
    comment: str = ""
    tests: tuple[TestResult, ...] = ()
    fingerprint: str = ""

    @property
    def open(self) -> float:
        """The points that nobody has decided yet."""
        return self.points if self.outcome in UNDECIDED else 0.0


class PartRecord(msgspec.Struct, frozen=True):
    """What counts for one part: the sums of its exercises, and what judging said about it."""

    number: int
    notebook: str
    score: float
    points: float
    open: float
    level: int = 0
    data: str = ""
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """Everything that anybody is told about a student's grade.

    Attributes
    ----------
    student, assignment : str
    total : float
        The score as it counts: ``raw`` minus ``penalty``, at least 0.
    raw, penalty, points, open : float
        The sum of the exercises' scores, the points taken off for lateness, the maximum, and the points that nobody
        has decided yet.
    handed_in, due : datetime or None
        The time of the hand-in, and the student's own due date, with extension; in UTC.
    exercises : tuple of Exercise
    parts : tuple of PartRecord
    reasons : dict of float
        Why points are open: each reason once, with its points.
    again : tuple of str
        Exercises that a person graded, and whose hand-in has changed since.
    lateness : str
        What late work costs here and why; "" if it is not late or costs nothing.
    problems, flags, left_out : tuple of str
        Sentences about the hand-in, sentences for the instructor only, and files that intake left out.
    """

    student: str
    assignment: str
    total: float
    raw: float
    penalty: float
    points: float
    open: float
    handed_in: datetime | None = None
    due: datetime | None = None
    exercises: tuple[Exercise, ...] = ()
    parts: tuple[PartRecord, ...] = ()
    reasons: dict[str, float] = {}
    again: tuple[str, ...] = ()
    lateness: str = ""
    problems: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def late(self) -> float:
        """The seconds between due date and hand-in; 0 if it was in time."""
        if self.handed_in is None or self.due is None:
            return 0.0
        return max(0.0, (self.handed_in - self.due).total_seconds())

    @property
    def needs_person(self) -> bool:
        """Whether a person must decide or look at something."""
        return bool(self.open or self.again or self.flags)


class Details(msgspec.Struct, frozen=True):
    """What is known about a hand-in besides its grade.

    Attributes
    ----------
    results : dict
        Maps each exercise to the kept result of judging it.
    comments : dict
        Maps each cell to a person's comment.
    """

    results: dict[str, ExerciseResult] = {}
    comments: dict[Cell, str] = {}


def record(
    parts: Iterable[Part],
    student: str,
    assignment: str,
    facts: Facts | None,
    account: Account | None,
    details: Details | None = None,
) -> Record:
    """Join a student's facts with the gradebook.

    Parameters
    ----------
    parts : iterable of Part
        The assignment's parts.
    student, assignment : str
    facts : Facts or None
        None if nothing is known, for example about a hand-in that plain nbgrader graded.
    account : Account or None
        None if the gradebook does not hold the hand-in. Then all points are open, if something was handed in.
    details : Details, optional
    """
    found = facts or Facts()
    books = account or Account()
    by_part = {one.number: one for one in found.parts}
    decided = {(one.notebook, one.cell): one for one in found.decisions}
    exercises: list[Exercise] = []
    again: list[str] = []
    rows: list[PartRecord] = []
    for part in parts:
        told = by_part.get(part.number, PartFacts(part.number, part.alternatives[0].name))
        own = [_exercise(part, one.id, one.points, told.notebook, books, decided) for one in part.exercises]
        own = own if details is None else [_detailed(one, part, details) for one in own]
        if account is None and facts is not None:
            own = [msgspec.structs.replace(one, outcome=OPEN, score=0.0, why=NOT_IN_BOOKS) for one in own]
        again += [one.id for one in part.exercises if _looked_at_again(part, one.id, books)]
        exercises += own
        rows.append(
            PartRecord(
                part.number, told.notebook, _rounded(sum(one.score for one in own)), sum(one.points for one in own),
                sum(one.open for one in own), told.level, told.data, told.seconds, told.problems, told.flags,
            )
        )  # fmt: skip
    exercises += [] if rows else _without_parts(books)
    reasons: dict[str, float] = {}
    for one in exercises:
        if one.open:
            reasons[one.why] = reasons.get(one.why, 0.0) + one.open
    return Record(
        student, assignment, _rounded(books.total), _rounded(books.raw), _rounded(books.penalty),
        sum(one.points for one in exercises), sum(one.open for one in exercises), _utc(books.handed_in),
        _utc(books.due), tuple(exercises), tuple(rows), reasons, tuple(again), books.lateness, found.problems,
        tuple(dict.fromkeys((*found.flags, *(flag for part in rows for flag in part.flags)))), found.left_out,
    )  # fmt: skip


def of_student(
    parts: Iterable[Part], root: Path, assignment: str, books: Books, student: str, detailed: bool = False
) -> Record:
    """Return the record of one student, from the course's folder and an open gradebook.

    With ``detailed``, it also holds the results of tests and people's comments.
    """
    parts, facts = tuple(parts), kept.read(root, assignment, student)
    details = None
    if detailed:
        results = _results(parts, VerdictStore(Course(root, name=assignment)), facts)
        details = Details(results, books.comments(student))
    return record(parts, student, assignment, facts, books.account(student), details)


def of_class(course: Course, books: Books, students: Iterable[str], detailed: bool = False) -> list[Record]:
    """Return the records of several students."""
    name = course.assignment.name
    return [of_student(course.parts, course.root, name, books, student, detailed) for student in students]


def _results(parts: Iterable[Part], store: VerdictStore, facts: Facts | None) -> dict[str, ExerciseResult]:
    """Return the kept result of each exercise, from the verdicts that the facts came from."""
    by_number = {one.number: one for one in facts.parts} if facts is not None else {}
    found: dict[str, ExerciseResult] = {}
    for part in parts:
        told = by_number.get(part.number)
        verdict = store.find(told.submission, part, told.tests) if told is not None and told.submission else None
        if verdict is not None and told is not None and verdict.name == told.notebook:
            found |= {one.id: one for one in verdict.exercises}
    return found


def _detailed(exercise: Exercise, part: Part, details: Details) -> Exercise:
    result = details.results.get(exercise.id)
    comments = [details.comments.get((one.name, exercise.id), "") for one in part.alternatives]
    return msgspec.structs.replace(
        exercise, comment="\n".join(filter(None, comments)), tests=result.tests if result is not None else (),
        fingerprint=result.fingerprint if result is not None else "",
    )  # fmt: skip


def _exercise(
    part: Part, name: str, points: float, counts: str, books: Account, decided: dict[tuple[str, str], Decision]
) -> Exercise:
    found = {one.name: books.entries.get((one.name, name)) for one in part.alternatives}
    entries = {notebook: entry for notebook, entry in found.items() if entry is not None}
    score = _rounded(sum(entry.score for entry in entries.values()))
    entry, decision = entries.get(counts), decided.get((counts, name))
    graders = [one for one in entries.values() if one.manual is not None]
    if graders:
        return Exercise(name, part.number, counts, points, score, GRADED, by_person=True)
    if entry is not None and entry.waits:
        outcome, why = _waiting(decision)
        return Exercise(name, part.number, counts, points, score, outcome, why)
    why = decision.why if decision is not None else ""
    return Exercise(name, part.number, counts, points, score, GRADED if score > 0 else FAILED, why)


def _without_parts(books: Account) -> list[Exercise]:
    """Return the graded cells of an assignment that this grader does not know."""
    return [
        Exercise(name, 0, notebook, entry.points, entry.score, OPEN if waits else GRADED, UNREAD if waits else "")
        for (notebook, name), entry in books.entries.items()
        for waits in (entry.waits and entry.manual is None,)
    ]


def _waiting(decision: Decision | None) -> tuple[Outcome, str]:
    if decision is None or not decision.waits:
        return OPEN, UNREAD
    return decision.outcome, decision.why


def _looked_at_again(part: Part, name: str, books: Account) -> bool:
    entries: Iterable[Entry | None] = (books.entries.get((one.name, name)) for one in part.alternatives)
    return any(entry is not None and entry.manual is not None and entry.waits for entry in entries)


def _rounded(value: float) -> float:
    """Return a sum without the last digits of binary fractions."""
    return round(value, 4)


def _utc(time: datetime | None) -> datetime | None:
    """Return a time of nbgrader's, which is in UTC but does not say so, with its zone."""
    return time.replace(tzinfo=UTC) if time is not None else None
