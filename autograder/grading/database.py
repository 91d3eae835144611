"""The gradebook as a SQLite file: where it lies, and what it knows. Nothing here changes it.

nbgrader's own `Gradebook` creates a missing database, and adds a course to a database that lacks it. See ``gradebook``
for writing.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from traitlets.config import Config
from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

CONFIG = "nbgrader_config.py"
NAME = "gradebook.db"
URL = "sqlite:///"


def configured(root: Path) -> Any:
    """Return the content of a course's ``nbgrader_config.py``, read in nbgrader's way; empty if there is no file."""
    try:
        return PyFileConfigLoader(CONFIG, path=str(root)).load_config()
    except ConfigFileNotFound:
        return Config()


def find(root: Path) -> Path | None:
    """Return the path of a course's gradebook, or None if ``nbgrader_config.py`` names a database that is no file."""
    url = str(configured(root).get("CourseDirectory", {}).get("db_url", ""))
    if not url:
        return root / NAME
    return root / url.removeprefix(URL) if url.startswith(URL) else None


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that cannot write.

    Raises
    ------
    sqlite3.Error
        If there is no such file.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def students(root: Path) -> list[str]:
    """Return the ids of the gradebook's students, sorted; none if the gradebook cannot be read."""
    return _names(root, "SELECT id FROM student ORDER BY id")


def assignments(root: Path) -> list[str]:
    """Return the names of the gradebook's assignments, sorted; none if the gradebook cannot be read."""
    return _names(root, "SELECT name FROM assignment ORDER BY name")


def _names(root: Path, query: str) -> list[str]:
    path = find(root)
    if path is None or not path.is_file():
        return []
    try:
        with reading(path) as connection:
            return [str(name) for (name,) in connection.execute(query)]
    except sqlite3.Error:  # `ready` says what is wrong with it
        return []


def due(root: Path, assignment: str) -> datetime | None:
    """Return an assignment's due date, or None if it has none or the gradebook cannot be read."""
    path = find(root)
    if path is None or not path.is_file():
        return None
    try:
        with reading(path) as connection:
            row = connection.execute("SELECT duedate FROM assignment WHERE name = ?", (assignment,)).fetchone()
        return datetime.fromisoformat(row[0]).replace(tzinfo=UTC) if row and row[0] else None
    except (sqlite3.Error, ValueError):
        return None


def points(path: Path, assignment: str) -> dict[str, dict[str, float]]:
    """Return the points of an assignment's grade cells, by notebook and by cell.

    Raises
    ------
    sqlite3.Error
        If the gradebook cannot be read.
    """
    query = """
        SELECT notebook.name, base_cell.name, grade_cells.max_score
        FROM assignment
        JOIN notebook ON notebook.assignment_id = assignment.id
        LEFT JOIN base_cell ON base_cell.notebook_id = notebook.id
        LEFT JOIN grade_cells ON grade_cells.id = base_cell.id
        WHERE assignment.name = ?
    """
    found: dict[str, dict[str, float]] = {}
    with reading(path) as connection:
        for notebook, cell, most in connection.execute(query, (assignment,)):
            cells = found.setdefault(notebook, {})
            if most is not None:
                cells[cell] = float(most)
    return found
