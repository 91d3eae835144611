"""Extensions of single students: the table ``extensions.csv`` in the course's folder.

See ``late`` for the policy. nbgrader keeps extensions of its own in the gradebook, which count too.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from autograder.collecting import roster
from autograder.collecting.times import StampError, parse
from autograder.errors import SetupError

from . import late

TABLE = "extensions.csv"
COLUMNS = ("student", "assignment", "due", "days")


class ExtensionError(SetupError):
    """The table is wrong. The message names the line, and says what is right."""


@dataclass(frozen=True)
class Extension:
    """A line of ``extensions.csv``: a due date for one student, or days that are added to the assignment's.

    Attributes
    ----------
    student, assignment : str
    due : datetime or None
        In UTC.
    days : float
    line : int
    """

    student: str
    assignment: str
    due: datetime | None
    days: float
    line: int


def read(path: Path, zone: tzinfo = UTC) -> tuple[Extension, ...]:
    """Read a table of extensions; a missing file is an empty table.

    Raises
    ------
    ExtensionError
        If the table is wrong. The message names the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        why = "is not in UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        raise ExtensionError(f"{path.name} {why}: save it as CSV in UTF-8.") from None
    return tuple(_read_lines(text, path.name, zone))


def _read_lines(text: str, name: str, zone: tzinfo) -> Iterator[Extension]:
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",")  # German Excel writes ;
    header = [cell.strip().lower() for cell in next(rows, [])]
    if set(header) - set(COLUMNS) or not {"student", "assignment"} <= set(header) or not {"due", "days"} & set(header):
        raise ExtensionError(
            f"{name}, line 1: the columns must be {', '.join(COLUMNS)}, not {', '.join(header) or 'none'}."
        )
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        where = f"{name}, line {rows.line_num}"
        if len(cells) > len(header):
            raise ExtensionError(f"{where}: there are {len(cells)} values for {len(header)} columns.")
        one = _read_line(dict(zip(header, cells, strict=False)), where, rows.line_num, zone)
        key = (roster.key(one.student), one.assignment)
        if key in seen:
            raise ExtensionError(f"{where}: line {seen[key]} is for the same student and assignment: remove one.")
        seen[key] = one.line
        yield one


def _read_line(cells: dict[str, str], where: str, line: int, zone: tzinfo) -> Extension:
    student, assignment = cells.get("student", ""), cells.get("assignment", "")
    if not student or not assignment:
        raise ExtensionError(f"{where}: give a student and an assignment.")
    due, days = cells.get("due", ""), cells.get("days", "")
    if bool(due) == bool(days):
        raise ExtensionError(f"{where}: give either the new due date, or the number of days.")
    if days:
        try:
            number = float(days)
        except ValueError:
            number = 0.0
        if not 0 < number <= late.MAX_DAYS:
            raise ExtensionError(f"{where}: {days!r} is no number of days such as 2.")
        return Extension(student, assignment, None, number, line)
    example = "write it such as 2026-04-02T23:59+02:00 or 2026-04-02 23:59 Europe/Berlin."
    try:
        stamp = parse(due, zone)
    except StampError as why:
        raise ExtensionError(f"{where}: {due!r} {why}: {example}") from None
    if stamp.doubt:
        raise ExtensionError(f"{where}: the due date {due!r} has no time zone that is known: {example}")
    return Extension(student, assignment, stamp.time, 0.0, line)


def due_for(
    student: str, assignment: str, due: datetime | None, extensions: Iterable[Extension], zone: tzinfo = UTC
) -> datetime | None:
    """Return a student's due date: the assignment's, or that of ``extensions.csv`` if it is later."""
    dates = [due] if due is not None else []
    for one in extensions:
        if one.assignment == assignment and roster.key(one.student) == roster.key(student):
            if one.due is not None:
                dates.append(one.due)
            elif due is not None:
                dates.append(_added(due, one.days, zone))
    return max(dates) if due is not None else None


def _added(due: datetime, days: float, zone: tzinfo) -> datetime:
    whole = int(days)
    return late.day_end(due, whole, zone) + (days - whole) * late.DAY
