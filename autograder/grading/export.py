"""``nbgrader export`` with two more columns: the open points, and the reasons.

nbgrader's own table shows an answer that nobody has judged or read yet as zero. The rows are made from the students'
records.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin

from autograder.course import find_course
from autograder.errors import SetupError

from . import penalties, record
from .books import Books
from .spreadsheet import harmless

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score", "open_points", "open_reasons",
)  # fmt: skip
"""nbgrader's columns in its order, then the two additional columns."""


class CsvExport(ExportPlugin):  # type: ignore[misc]
    """Writes a CSV file with a row for each student and assignment."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to ``--to``, by default ``grades.csv``."""
        path = Path(self.to or "grades.csv")
        self.log.info("Exporting grades to %s", path)
        root = Path(self.parent.coursedir.root) if self.parent is not None else Path.cwd()
        rules = penalties.rules_of(root, self.config)
        penalties.write_all(gradebook, rules)  # a due date may have changed since grading
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            table.writeheader()
            for assignment in gradebook.assignments:
                if not self.assignment or assignment.name in map(str, self.assignment):
                    for row in _rows(gradebook, root, assignment, rules):
                        if not self.student or row["student_id"] in map(str, self.student):
                            table.writerow({name: harmless(value) for name, value in row.items()})


def _rows(gradebook: Gradebook, root: Path, assignment: Any, rules: penalties.Rules) -> Iterator[dict[str, Any]]:
    try:
        parts = find_course(root, name=assignment.name).parts
    except SetupError:  # an assignment without a grader: its points are nbgrader's
        parts = ()
    books = Books.of(gradebook, assignment.name, rules)
    for student in gradebook.students:
        found = record.of_student(parts, root, assignment.name, books, student.id)
        yield {
            "assignment": assignment.name, "duedate": assignment.duedate, "student_id": student.id,
            "last_name": student.last_name, "first_name": student.first_name, "email": student.email,
            "timestamp": found.handed_in and found.handed_in.replace(tzinfo=None), "raw_score": found.raw,
            "late_submission_penalty": found.penalty, "score": found.total, "max_score": assignment.max_score,
            "open_points": found.open, "open_reasons": " ".join(found.reasons),
        }  # fmt: skip
