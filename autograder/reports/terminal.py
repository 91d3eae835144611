"""Tables for the terminal: the class, what waits, and what a run changed. One line a student, in 100 columns."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autograder.grading.changes import Grade
from autograder.grading.record import PartRecord, Record
from autograder.sandbox.client import printable

NAMED = 6
"""Students who are named beside a sentence; of more, only the number is told."""
CHANGED = 40
"""Students whose changes are listed; the CSV file holds all."""
LONGEST = 24
"""Characters of a student's name in a table."""


def plain(text: str) -> Text:
    """Return a text that a table prints as it is: no markup, no emoji, nothing that commands a terminal."""
    return Text(printable(text).replace("\n", "?"))


def class_table(records: Sequence[Record]) -> RenderableType:
    """Return the table of a class: who needs a person first, then by name; and below it the reasons and notes."""
    table = Table(
        title=f"The class: {_students(len(records))}",
        title_justify="left",
    )
    table.add_column("student", no_wrap=True, overflow="ellipsis", max_width=LONGEST)
    points = {part.number: part.points for record in records for part in record.parts}
    numbers = sorted(points)
    for name in (*(f"part {number}\nof {points[number]:g}" for number in numbers), "total", "open", "late"):
        table.add_column(name, justify="right", no_wrap=True)
    for record in sorted(records, key=lambda one: (not one.needs_person, one.student)):
        parts = {part.number: part for part in record.parts}
        cells = [_part(parts[number]) if number in parts else "" for number in numbers]
        total, waiting = f"{_short(record.total)} of {record.points:g}", _short(record.open) if record.open else ""
        table.add_row(*map(plain, (record.student, *cells, total, waiting, _late(record))))
    return Group(table, *_waiting(records), *_notes(records))


def _part(part: PartRecord) -> str:
    return _short(part.score)


def _short(points: float) -> str:
    return f"{round(points, 2):g}"


def _late(record: Record) -> str:
    if record.penalty:
        return f"-{_short(record.penalty)}"
    return "late" if record.late else ""


def _waiting(records: Sequence[Record]) -> Iterable[Table]:
    reasons: dict[str, list[tuple[str, float]]] = {}
    for record in records:
        for why, points in record.reasons.items():
            reasons.setdefault(why, []).append((record.student, points))
        for name in record.again:
            why = "The hand-in changed after a person had graded it: look at it again in formgrader."
            reasons.setdefault(f"{name}: {why}", []).append((record.student, 0.0))
    if not reasons:
        return
    table = Table(title="Open: a person or a set-up decides", title_justify="left")
    table.add_column("why", overflow="fold")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("students", overflow="fold")
    for why, those in sorted(reasons.items(), key=lambda item: -len(item[1])):
        points = sum(points for _, points in those)
        table.add_row(plain(why), f"{points:g}" if points else "", plain(_names([name for name, _ in those])))
    yield table


def _notes(records: Sequence[Record]) -> Iterable[Table]:
    said: dict[str, list[str]] = {}
    for record in records:
        for note in (*record.problems, *record.flags, *(f"Left out: {name}" for name in record.left_out)):
            if note not in record.reasons:
                said.setdefault(note, []).append(record.student)
    if not said:
        return
    table = Table(title="Notes", title_justify="left")
    table.add_column("note", overflow="fold")
    table.add_column("students", overflow="fold")
    for note, those in sorted(said.items(), key=lambda item: -len(item[1])):
        table.add_row(plain(note), plain(_names(those)))
    yield table


def changes_table(grades: Sequence[Grade], dry: bool = False) -> RenderableType:
    """Return the table of what a run changes: whose grade, from what to what, in which exercise, and why."""
    moved = [grade for grade in grades if grade.changes]
    new = len(grades) - len(moved)
    verb = "would change" if dry else "changed"
    title = f"Grades that {verb}: {len(moved)}" + (f". Graded for the first time: {new}" if new else "")
    table = Table(title=title, title_justify="left")
    table.add_column("student", no_wrap=True, overflow="ellipsis", max_width=LONGEST)
    for name in ("before", "after"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what and why", overflow="fold")
    for grade in moved[:CHANGED]:
        reasons: dict[str, list[str]] = {}
        for one in grade.changes:
            reasons.setdefault(one.why, []).append(f"{one.exercise} {one.before} → {one.after}")
        told = "; ".join(f"{', '.join(those)} ({why})" for why, those in reasons.items())
        table.add_row(*map(plain, (grade.student, f"{grade.before:g}", f"{grade.after:g}", told)))
    if len(moved) > CHANGED:
        table.add_row("…", "", "", f"and {len(moved) - CHANGED} more, in the file below")
    return table if moved else title + "."


def status_table(waiting: dict[str, list[str]]) -> RenderableType:
    """Return the table of what waits, by what must be done."""
    table = Table(title="What waits", title_justify="left")
    table.add_column("to do", no_wrap=True)
    table.add_column("number", justify="right", no_wrap=True)
    table.add_column("students", overflow="fold")
    for name, those in waiting.items():
        table.add_row(name, str(len(those)), plain(_names(those)))
    return table


def _names(those: Sequence[str]) -> str:
    shown = ", ".join(name if len(name) <= LONGEST else name[: LONGEST - 1] + "…" for name in those[:NAMED])
    return shown if len(those) <= NAMED else f"{shown} and {len(those) - NAMED} more"


def _students(number: int) -> str:
    return "1 student" if number == 1 else f"{number} students"
