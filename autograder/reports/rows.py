"""The class as a table with one row for each student and test: CSV, or Parquet where pyarrow is installed."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder import files
from autograder.errors import SetupError
from autograder.grading.record import Exercise, Record
from autograder.grading.spreadsheet import harmless
from autograder.verdict import TestResult

COLUMNS = (
    "student", "part", "notebook", "exercise", "points", "score", "outcome", "by_person", "why", "test", "title",
    "kind", "test_outcome", "credit", "seconds", "timed_out", "reached", "mark", "practice", "message", "hint",
    "example", "fingerprint",
)  # fmt: skip


class RowsError(SetupError):
    """The table cannot be written. One sentence says what to do."""


def rows(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Yield a row for each test of each student; an exercise without tests has one row, with nothing in their columns.

    Parameters
    ----------
    records : iterable of Record
        With details.
    """
    for record in records:
        for exercise in record.exercises:
            for test in exercise.tests or (None,):
                yield _row(record.student, exercise, test)


def _row(student: str, exercise: Exercise, test: TestResult | None) -> dict[str, Any]:
    values: tuple[Any, ...] = (
        student, exercise.part, exercise.notebook, exercise.id, exercise.points, exercise.score, str(exercise.outcome),
        exercise.by_person, exercise.why,
    )  # fmt: skip
    if test is not None:
        measured = test.measured
        values += (
            test.name, test.title, test.kind, str(test.outcome), test.credit, test.seconds, test.timed_out,
            *((measured.reached, measured.mark, measured.practice) if measured is not None else (None, None, None)),
            test.message, test.hint, test.example, exercise.fingerprint,
        )  # fmt: skip
    return dict(zip(COLUMNS, values + (None,) * (len(COLUMNS) - len(values)), strict=True))


def write_csv(records: Iterable[Record], path: Path) -> int:
    """Write the rows as CSV, and return their number."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    number = 0
    for row in rows(records):
        table.writerow({name: harmless(value) for name, value in row.items()})
        number += 1
    files.write(path, text.getvalue().encode())
    return number


def write_parquet(records: Iterable[Record], path: Path) -> int:
    """Write the rows as Parquet, and return their number.

    Raises
    ------
    RowsError
        If pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise RowsError("Parquet needs pyarrow: run `pip install pyarrow`, or use --csv.") from None
    found = list(rows(records))
    table = pyarrow.table({name: [row[name] for row in found] for name in COLUMNS})
    content = pyarrow.BufferOutputStream()
    parquet.write_table(table, content)
    files.write(path, content.getvalue().to_pybytes())
    return len(found)
