"""A class in which every hand-in has another trouble: nobody's work is zero without a person having been asked.

Table, gradebook, export and feedback say the same about everybody.
"""

import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from autograder.builder import current
from autograder.course import Course
from autograder.sample import students

from .conftest import NAME, copied

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.xdist_group("class of thirty")]
AUTOGRADER = (sys.executable, "-m", "autograder.cli")
NBGRADER = (sys.executable, "-W", "ignore", "-m", "nbgrader")
Cells = list[dict[str, Any]]
Trouble = Callable[[Path], None]
"""Changes a solved hand-in, whose folder it takes."""


def notebook(change: Callable[[Cells], None]) -> Trouble:
    """Return a trouble that changes the cells of the notebook."""

    def trouble(folder: Path) -> None:
        path = folder / "Readings.ipynb"
        content = json.loads(path.read_text())
        change(content["cells"])
        path.write_text(json.dumps(content))

    return trouble


def rewritten(change: Callable[[str], bytes]) -> Trouble:
    """Return a trouble that writes other bytes into the notebook's file."""

    def trouble(folder: Path) -> None:
        path = folder / "Readings.ipynb"
        path.write_bytes(change(path.read_text()))

    return trouble


def module(change: Callable[[str], bytes]) -> Trouble:
    """Return a trouble that writes other bytes into the module."""

    def trouble(folder: Path) -> None:
        path = folder / "weather" / "readings.py"
        path.write_bytes(change(path.read_text()))

    return trouble


def packed(name: str = "work.zip", sep: str = "/", above: str = "") -> Trouble:
    """Return a trouble that leaves only an archive of the hand-in."""

    def trouble(folder: Path) -> None:
        files = [path for path in folder.rglob("*") if path.is_file()]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path in files:
                info = zipfile.ZipInfo("x")
                info.filename = (above + path.relative_to(folder).as_posix()).replace("/", sep)
                archive.writestr(info, path.read_bytes())
        emptied(folder)
        (folder / name).write_bytes(content.getvalue())

    return trouble


def moved(below: str) -> Trouble:
    def trouble(folder: Path) -> None:
        kept = folder.with_name("kept")
        folder.rename(kept)
        shutil.copytree(kept, folder / below)
        shutil.rmtree(kept)

    return trouble


def renamed(name: str) -> Trouble:
    return lambda folder: (folder / "Readings.ipynb").rename(folder / name) and None


def only(content: bytes, name: str) -> Trouble:
    def trouble(folder: Path) -> None:
        emptied(folder)
        (folder / name).write_bytes(content)

    return trouble


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def loose(folder: Path) -> None:
    (folder / "weather" / "readings.py").rename(folder / "readings.py")
    shutil.rmtree(folder / "weather")


def environment(folder: Path) -> None:
    for number in range(1000):
        path = folder / "a_venv" / "lib" / "python3.11" / "site-packages" / f"m{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (folder / "a_venv" / "pyvenv.cfg").write_text("")


def answer(cells: Cells) -> dict[str, Any]:
    return next(cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == "explain")


def blank_answer(cells: Cells) -> None:
    answer(cells)["source"] = "YOUR ANSWER HERE"


def below(cells: Cells) -> None:
    text = answer(cells)["source"]
    blank_answer(cells)
    cells.insert(cells.index(answer(cells)) + 1, {"cell_type": "markdown", "id": "n", "metadata": {}, "source": text})


def doubled(cells: Cells, *, filled: bool) -> None:
    again = json.loads(json.dumps(answer(cells)))
    again["id"] = "again"
    again["source"] = "Or because of the clouds." if filled else "YOUR ANSWER HERE"
    cells.append(again)


def wiped(cells: Cells) -> None:
    for cell in cells:
        cell["metadata"] = {}


def retyped(cells: Cells, name: str, kind: str) -> None:
    for cell in cells:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
            cell["cell_type"] = kind
            if kind != "code":
                cell.pop("outputs", None)
                cell.pop("execution_count", None)


CASES: dict[str, tuple[Trouble, float, float]] = {
    # trouble, then the total and the open points out of 7: to_celsius 2, running_mean 3, forecast 1, explain 1
    "as-it-is": (lambda _: None, 6, 1),
    "zip": (packed(), 6, 1),
    "zip-with-backslashes": (packed(sep="\\", above="work\\"), 6, 1),
    "one-deeper": (moved("weather-main"), 6, 1),
    "two-deeper": (moved("a/b"), 6, 1),
    "notebook-alone": (lambda folder: shutil.rmtree(folder / "weather"), 1, 6),
    "loose-module": (loose, 6, 1),
    "package-alone": (lambda folder: (folder / "Readings.ipynb").unlink(), 5, 2),
    "copy-of-the-browser": (renamed("Readings (1).ipynb"), 6, 1),
    "json-behind": (renamed("Readings.ipynb.json"), 6, 1),
    "other-case": (renamed("readings.IPYNB"), 6, 1),
    "cut-off": (rewritten(lambda text: text[: len(text) // 2].encode()), 5, 2),
    "merge": (rewritten(lambda text: text.replace('"cells"', '<<<<<<< HEAD\n"cells"', 1).encode()), 5, 2),
    "byte-order-mark": (rewritten(lambda text: text.encode("utf-8-sig")), 6, 1),
    "utf-16": (rewritten(lambda text: text.encode("utf-16")), 6, 1),
    "answer-is-raw": (notebook(lambda cells: retyped(cells, "explain", "raw")), 6, 1),
    "answer-is-code": (notebook(lambda cells: retyped(cells, "explain", "code")), 6, 1),
    "metadata-wiped": (notebook(wiped), 6, 1),
    "answer-below": (notebook(below), 6, 1),
    "answer-twice-one-filled": (notebook(lambda cells: doubled(cells, filled=False)), 6, 1),
    "answer-twice-both-filled": (notebook(lambda cells: doubled(cells, filled=True)), 6, 1),
    "answer-deleted": (notebook(lambda cells: cells.remove(answer(cells))), 6, 1),
    "answer-untouched": (notebook(blank_answer), 6, 0),
    "forecast-is-text": (notebook(lambda cells: retyped(cells, "forecast_solution", "markdown")), 6, 1),
    "rar": (only(b"Rar!\x1a\x07\x01\x00" + bytes(100), "work.rar"), 0, 7),
    "seven-zip": (only(b"7z\xbc\xaf\x27\x1c" + bytes(100), "work.7z"), 0, 7),
    "empty": (emptied, 0, 7),
    "empty-zip": (only(b"", "work.zip"), 0, 7),
    "environment-first": (environment, 6, 1),
    "latin-1": (module(lambda text: ("# Gr\xfc\xdfe\n" + text).encode("latin-1")), 6, 1),
}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, level: int) -> Course:
    """Return the class, graded by one command."""
    course = copied(tmp_path_factory.mktemp("thirty"))
    current.build(course)
    for name, (trouble, _, _) in CASES.items():
        folder = course.root / "submitted" / name / NAME
        students.solved(course, folder)
        trouble(folder)
    for command in ([*AUTOGRADER, "grade"], [*NBGRADER, "export", "--to", "grades.csv"]):
        ended = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        if "grade" in command:
            (course.root / "said.txt").write_text(ended.stdout)
    return course


def row(school: Course, name: str) -> dict[str, str]:
    with (school.root / "grades.csv").open(newline="") as file:
        return next(one for one in csv.DictReader(file) if one["student_id"] == name)


@pytest.mark.parametrize("name", CASES)
def test_what_counts_and_what_waits(school: Course, name: str) -> None:
    _, total, waiting = CASES[name]
    own = row(school, name)
    assert (float(own["score"]), float(own["open_points"])) == (total, waiting), own["open_reasons"]
    assert bool(own["open_reasons"]) == bool(waiting)


@pytest.mark.parametrize("name", CASES)
def test_everything_says_the_same(school: Course, name: str) -> None:
    own = row(school, name)
    query = """
        SELECT sum(coalesce(grade.manual_score, grade.auto_score, 0)) FROM grade
        JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
        JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
        WHERE submitted_assignment.student_id = ?
    """
    with sqlite3.connect(school.root / "gradebook.db") as database:
        assert database.execute(query, (name,)).fetchone() == (float(own["score"]),)
    page = (school.root / "feedback" / name / NAME / "Readings.html").read_text()
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert f"Total: {float(own['score']):g} of 7 points" in text
    said = re.search(r"Open: (\S+) points? (is|are) not decided yet", text)
    assert float(said[1]) == float(own["open_points"]) if said else not float(own["open_points"])
    result = (school.root / "feedback" / name / NAME / "index.html").read_text()
    assert re.search(rf'<p class="total">{float(own["score"]):g} <small>of 7 points', result)
    assert (f"<strong>Open: {said[1]} point" in result) if said else "<strong>Open:" not in result
    lines = [line for line in (school.root / "said.txt").read_text().splitlines() if "│" in line]
    (cells,) = [cells for line in lines if (cells := [cell.strip() for cell in line.split("│")[1:-1]])[0] == name]
    assert cells[2] == f"{float(own['score']):g} of 7"
    assert cells[3] == (f"{float(own['open_points']):g}" if float(own["open_points"]) else "")


def test_what_was_done_is_said(school: Course) -> None:
    said = " ".join((school.root / "said.txt").read_text().replace("│", " ").split())
    for sentence in ("a_venv", "Readings (1).ipynb", "RAR", "7z", "is there 2 times", "merge"):
        assert sentence in said, sentence
