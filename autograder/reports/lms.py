"""Grades in the form in which Canvas and Moodle import them, made from the file that they export: its ids stay.

See Canvas's "Import grades in the Gradebook", and Moodle's "Grade import" and "Offline grading worksheet".
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from autograder.collecting.lms import Claim, Nobody, Roster, Student
from autograder.errors import SetupError
from autograder.grading.record import Record
from autograder.grading.spreadsheet import harmless
from autograder.verdict import UNDECIDED

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section")
"""Canvas's columns before the assignments; the first two are always there."""
POSSIBLE = "Points Possible"
MANUAL = "Manual Posting"
NUMBERED = re.compile(r"(?P<name>.*) \(\d+\)")
"""An assignment's column in Canvas: its name and Canvas's number."""
TEST_STUDENT = "Student, Test"
MOODLE = ("Identifier", "Username", "ID number", "First name", "Last name", "Surname", "Full name", "Email address")
"""Moodle's columns that tell who a student is."""
GRADE, MOST, LOCKED = "Grade", "Maximum Grade", "Grade can be changed"
"""Columns of Moodle's offline grading worksheet."""
NAMED = 10


class ExportError(SetupError):
    """The grades cannot be written in this form. One sentence says why, and what to do."""


@dataclass(frozen=True)
class Exported:
    """A file for an LMS.

    Attributes
    ----------
    text : str
    number : int
        Rows with a grade.
    notes : tuple of str
        Sentences for the instructor: who is missing on either side, whose points are open.
    """

    text: str
    number: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The columns of grades.

    Attributes
    ----------
    columns : dict of float
        Maps each column's name to its points.
    values : dict
        Maps each student to the text in each column; "" where points are open, because an LMS leaves such a cell alone.
    waiting : tuple of str
        Students with open points.
    """

    columns: dict[str, float]
    values: dict[str, dict[str, str]]
    waiting: tuple[str, ...]


def sheet(records: Iterable[Record], title: str, each: bool) -> Sheet:
    """Return the totals as they count or, with ``each``, a column for each exercise and one for late work."""
    found = list(records)
    waiting = tuple(one.student for one in found if one.open)
    if not each:
        points = max((one.points for one in found), default=0.0)
        return Sheet({title: points}, {one.student: {title: f"{one.total:g}"} for one in found}, waiting)
    names = {f"{title}: {one.id}": one.points for record in found for one in record.exercises}
    late = f"{title}: late"
    values = {
        record.student: {
            **{f"{title}: {one.id}": "" if one.outcome in UNDECIDED else f"{one.score:g}" for one in record.exercises},
            late: f"{-record.penalty:g}" if record.penalty else "0",
        }
        for record in found
    }
    return Sheet({**names, late: 0.0}, values, waiting)


def canvas(exported: str, people: Iterable[Student], grades: Sheet) -> Exported:
    """Return the grades for Canvas.

    Parameters
    ----------
    exported : str
        The content of the file that Canvas's gradebook exports.
    people : iterable of Student
        The gradebook's students.
    grades : Sheet

    Raises
    ------
    ExportError
        If the content is not Canvas's.
    """
    head, rows = _table(exported)
    if head[:2] != list(CANVAS[:2]):
        raise ExportError('This is not the file that Canvas exports: it begins with the columns "Student" and "ID".')
    kept = [name for name in head if name in CANVAS]
    columns = {_own_column(name, head): name for name in grades.columns}
    out = [
        [*kept, *columns],
        [f"    {POSSIBLE}", *[""] * (len(kept) - 1), *(f"{one:g}" for one in grades.columns.values())],
    ]
    roster, seen, notes = Roster(people), set(), list[str]()
    for row in rows:
        name = row["Student"].strip()
        if not row["ID"].strip() or name in (POSSIBLE, TEST_STUDENT) or MANUAL in row.values():
            continue
        student = _person(roster, name, row.get("SIS Login ID", ""), (row["ID"], row.get("SIS User ID", "")), notes)
        if student in grades.values:
            seen.add(student)
            own = grades.values[student]
            out.append([*(row[one] for one in kept), *(own.get(name, "") for name in columns.values())])
    return _exported(out, grades, seen, notes)


def moodle(exported: str, people: Iterable[Student], grades: Sheet) -> Exported:
    """Return the grades for Moodle: a filled offline grading worksheet, or a file for its grade import.

    The parameters are those of `canvas`.

    Raises
    ------
    ExportError
        If the content is not Moodle's, or a worksheet has another maximum.
    """
    head, rows = _table(exported)
    kept = [name for name in head if name in MOODLE]
    if not kept:
        raise ExportError(
            "This is not a file that Moodle exports: it has no column such as Email address or ID number."
        )
    worksheet = GRADE in head and "Identifier" in head
    if worksheet and len(grades.columns) > 1:
        raise ExportError(
            "A grading worksheet has one grade: leave --each out, or give the file of Moodle's gradebook."
        )
    names = list(grades.columns)
    out = [head if worksheet else [*kept, *names]]
    roster, seen, notes = Roster(people), set(), list[str]()
    for row in rows:
        name = row.get("Full name") or f"{row.get('First name', '')} {row.get('Last name') or row.get('Surname', '')}"
        login = row.get("Username", "")
        student = _person(roster, name, row.get("Email address", ""), (row.get("ID number", ""), login), notes)
        if student in grades.values and worksheet and row.get(LOCKED, "Yes").strip().lower() == "no":
            notes.append(f"Moodle says that the grade of {student} cannot be changed.")
        elif student in grades.values:
            own = grades.values[student]
            if worksheet:
                _require_same_maximum(row, grades.columns[names[0]])
                out.append([{**row, GRADE: own[names[0]]}[column] for column in head])
            else:
                out.append([*(row[one] for one in kept), *(own.get(one, "") for one in names)])
            seen.add(student)
    return _exported(out, grades, seen, notes)


def _table(text: str) -> tuple[list[str], list[dict[str, str]]]:
    """Read a table with a first row of names, with commas, semicolons or tabs between its cells."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    rows = list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count)))
    if not rows or not any(rows[0]):
        raise ExportError("The file of the LMS is empty: export it again.")
    head = [name.strip() for name in rows[0]]
    return head, [dict(zip(head, row + [""] * (len(head) - len(row)), strict=False)) for row in rows[1:] if any(row)]


def _own_column(name: str, head: Sequence[str]) -> str:
    """Return the LMS's column of this name, with its number, or the name for a new one."""
    return next((one for one in head if (found := NUMBERED.fullmatch(one)) and found["name"] == name), name)


def _person(roster: Roster, name: str, address: str, numbers: Sequence[str], notes: list[str]) -> str:
    """Return the id of a student, found by a number, an address or the name, or "" and a note."""
    for text in (*numbers, address):
        if roster.has_id(text.strip()):
            return roster.owner(Claim("", text.strip(), "", PurePosixPath()))
    try:
        return roster.person(name, address.strip(), numbers[0].strip())
    except Nobody:
        notes.append(f"The gradebook has no student like {harmless(name)}.")
        return ""


def _require_same_maximum(row: dict[str, str], points: float) -> None:
    try:
        most = float(row.get(MOST, "").replace(",", ".") or points)
    except ValueError:
        most = points
    if most != points:
        raise ExportError(
            f"Moodle's maximum grade is {most:g} and the assignment has {points:g} points: set it to {points:g}."
        )


def _exported(rows: list[list[str]], grades: Sheet, seen: set[str], notes: list[str]) -> Exported:
    absent = [student for student in grades.values if student not in seen]
    if absent:
        notes.append(f"Not in the LMS's file: {_names(absent)}.")
    if grades.waiting:
        notes.append(f"Totals may rise, because points are open: {_names(grades.waiting)}.")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    for number, row in enumerate(rows):
        # numbers may be negative: late work is a column of its own
        table.writerow([one if number and _is_number(one) else _harmless(one) for one in row])
    return Exported(text.getvalue(), len(seen), tuple(notes))


def _harmless(text: str) -> str:
    return text if text == f"    {POSSIBLE}" else str(harmless(text))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _names(those: Sequence[str]) -> str:
    more = f" and {len(those) - NAMED} more" if len(those) > NAMED else ""
    return ", ".join(those[:NAMED]) + more
