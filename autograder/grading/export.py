"""``nbgrader export`` with two more columns: the open points, and the reasons.

nbgrader's own table shows an answer that nobody has judged or read yet as zero. The scores here are nbgrader's.
"""

import csv
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from . import penalties, record

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score", "open_points", "open_reasons",
)  # fmt: skip
"""nbgrader's columns in its order, then the two additional columns."""
FORMULAS = ("=", "+", "-", "@")
"""Characters that begin a formula in a spreadsheet."""
UNREAD = "Answers wait for a person to read them."


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
                if self.assignment and assignment.name not in map(str, self.assignment):
                    continue
                for student in gradebook.students:
                    if not self.student or student.id in map(str, self.student):
                        row = _row(gradebook, root, assignment, student)
                        table.writerow({name: harmless(value) for name, value in row.items()})


def harmless(value: Any) -> Any:
    """Return a value as one line that no spreadsheet reads as a formula: a student may have written the text."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.split())
    return f"'{text}" if text.startswith(FORMULAS) else text


def _row(gradebook: Gradebook, root: Path, assignment: Any, student: Any) -> dict[str, Any]:
    row = {
        "assignment": assignment.name, "duedate": assignment.duedate, "student_id": student.id,
        "last_name": student.last_name, "first_name": student.first_name, "email": student.email,
        "max_score": assignment.max_score, "raw_score": 0.0, "late_submission_penalty": 0.0, "score": 0.0,
        "open_points": 0.0,
    }  # fmt: skip
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return row
    penalty = submission.late_submission_penalty
    row |= {
        "timestamp": submission.timestamp, "raw_score": submission.score, "late_submission_penalty": penalty,
        "score": max(0.0, submission.score - penalty),
    }  # fmt: skip
    kept = record.read(root, assignment.name, student.id).waiting
    points, reasons = _open(submission, kept)
    return row | {"open_points": points, "open_reasons": " ".join(reasons)}


def _open(submission: Any, kept: dict[str, record.Waiting]) -> tuple[float, list[str]]:
    """Return the open points of a submission, and the reasons, each reason once."""
    points: dict[str, float] = {}
    reasons: dict[str, None] = {}
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            if not grade.needs_manual_grade or grade.manual_score is not None:
                continue
            known = kept.get(grade.name)
            if known is None and not grade.max_score:
                continue  # a cell of an alternative: its points are in another notebook
            points[grade.name] = known.points if known else grade.max_score
            reasons[known.why if known else UNREAD] = None
    return sum(points.values()), list(reasons)
