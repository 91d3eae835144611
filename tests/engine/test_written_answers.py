"""nbgrader's own commands on notebooks with which anything may have happened: no answer is zero without a person."""

import copy
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from autograder.builder import current
from autograder.course import Course, put_tools_on_path
from autograder.grading import answers, record
from autograder.grading.export import CsvExport
from autograder.grading.gradebook import JudgedAutograde, books_of
from autograder.reports.feedback import FeedbackWithResult
from autograder.sample import students
from tests.engine.conftest import NAME, copied

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("written answers")]
ANSWER = "Because of the inversion."
FORECAST = 4  # the number of the cell with the solution
EXPLAIN = 6  # the number of the cell with the written answer
JUDGED = 6.0  # the points that tests give


@dataclass(frozen=True)
class Case:
    """What becomes of a complete submission, and what is right.

    Attributes
    ----------
    change : callable
        Changes the notebook, or returns the bytes of its file, or None for no file.
    score : float or None
        The written answer's score; None: it waits.
    why : str
        Why it waits.
    judged, lost : float
        What tests give and take.
    note : str
        A part of what the page says.
    """

    change: Callable[[Any], Any]
    score: float | None = None
    why: str = answers.UNREAD
    judged: float = JUDGED
    lost: float = 0.0
    note: str = ""


def explain(source: str) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        notebook.cells[EXPLAIN].source = source

    return change


def retyped(notebook: Any) -> None:
    notebook.cells[EXPLAIN] = nbformat.from_dict({**notebook.cells[EXPLAIN], "cell_type": "raw"})
    notebook.cells[FORECAST] = nbformat.from_dict({**notebook.cells[FORECAST], "cell_type": "markdown"})


def wiped(notebook: Any) -> None:
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)


def beside(notebook: Any) -> None:
    notebook.cells[EXPLAIN].source = "YOUR ANSWER HERE"
    notebook.cells.append(nbformat.v4.new_markdown_cell(ANSWER))


def doubled(*sources: str) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        notebook.cells[EXPLAIN:] = [copy.deepcopy(notebook.cells[EXPLAIN]) for _ in sources]
        for cell, source in zip(notebook.cells[EXPLAIN:], sources, strict=True):
            cell.source = source

    return change


def doubled_code(notebook: Any) -> None:
    notebook.cells.insert(FORECAST + 1, copy.deepcopy(notebook.cells[FORECAST]))
    notebook.cells[FORECAST + 1].source = "# YOUR CODE HERE\nraise NotImplementedError()"


def retyped_check(notebook: Any) -> None:
    cell = notebook.cells[FORECAST]
    notebook.cells[FORECAST] = nbformat.from_dict(
        {"cell_type": "raw", "metadata": cell.metadata, "source": cell.source, "id": cell.id}
    )


def split_code(notebook: Any) -> None:
    notebook.cells[FORECAST].source = "HALF = 10.75"
    notebook.cells.insert(FORECAST + 1, nbformat.v4.new_code_cell("FORECAST = 2 * HALF"))


def with_videos(notebook: Any) -> None:
    """Add 60 MB of outputs, as embedded videos have them."""
    data = {"text/html": "<video src='data:video/mp4;base64," + "A" * 6 * 10**7 + "'>"}
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", data=data)]


def deleted(*numbers: int) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        notebook.cells = [cell for number, cell in enumerate(notebook.cells) if number not in numbers]

    return change


def moved_code(notebook: Any) -> None:
    source = notebook.cells.pop(FORECAST).source
    notebook.cells[1].source += f"\n{source}"


def encoded(encoding: str) -> Callable[[Any], bytes]:
    return lambda notebook: nbformat.writes(notebook).encode(encoding)


def in_format_3(notebook: Any) -> bytes:
    notebook.cells[EXPLAIN].source = ANSWER
    return bytes(nbformat.writes(nbformat.convert(notebook, 3), version=3).encode())


def cut(notebook: Any) -> bytes:
    text = nbformat.writes(notebook)
    return bytes(text[: len(text) // 2].encode())


def merged(notebook: Any) -> bytes:
    text = nbformat.writes(notebook)
    return bytes(text.replace('\n "metadata"', '\n<<<<<<< HEAD\n "metadata"', 1).encode())


def another(notebook: Any) -> bytes:
    cells = [nbformat.v4.new_markdown_cell("# Signals"), nbformat.v4.new_code_cell("FORECAST = 3")]
    return bytes(nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode())


BROKEN = "Readings.ipynb is not a readable notebook (its JSON is broken: the file ends in the middle)"
CASES: dict[str, Case] = {
    "answered": Case(explain(ANSWER)),
    "untouched": Case(explain("YOUR ANSWER HERE"), 0.0, note="No response."),
    "spaces": Case(explain("\r\nYOUR ANSWER HERE  \r\n"), 0.0, note="No response."),
    "emptied": Case(explain(""), why=answers.EMPTIED),
    "retyped": Case(retyped, note="is a markdown cell again"),
    "wiped": Case(wiped, note="has lost its id"),
    "beside": Case(beside, why=answers.BESIDE),
    "double-one": Case(doubled(ANSWER, "YOUR ANSWER HERE"), note="is there 2 times"),
    "double-two": Case(doubled(ANSWER, "Or not."), why=answers.SEVERAL.format(count=2), note="Or not."),
    "double-code": Case(doubled_code, note="is there 2 times"),
    "retyped-code": Case(retyped_check, note="is a code cell again"),
    "split-code": Case(split_code, note="there is more code than in the release"),
    "videos": Case(with_videos),
    "deleted": Case(deleted(EXPLAIN), why=answers.MISSING),
    "no-checks": Case(deleted(2, 3, 5)),
    "no-code": Case(deleted(FORECAST), judged=5.0, lost=1.0, note="forecast_solution is missing"),
    "moved-code": Case(moved_code, note="forecast_solution is missing"),
    "missing": Case(lambda notebook: None, why="Readings.ipynb was not handed in.", judged=5.0),
    "cut": Case(cut, why=BROKEN, judged=5.0, note=BROKEN),
    "merged": Case(merged, why="marks of an unfinished git merge in line", judged=5.0),
    "empty": Case(lambda notebook: b"", why="Readings.ipynb is empty", judged=5.0),
    "utf16": Case(encoded("utf-16"), note="saved in UTF-16"),
    "bom": Case(encoded("utf-8-sig")),
    "old": Case(in_format_3, note="nbformat 3"),
    "another": Case(another, why=answers.FOREIGN),
}


def add_essay(school: Course) -> None:
    """Add a part that has nothing but a written answer."""
    notebook = nbformat.read(school.source / "Readings.ipynb", as_version=4)
    notebook.cells = [notebook.cells[0], notebook.cells[EXPLAIN]]
    notebook.cells[1].metadata.nbgrader.grade_id = "essay"
    notebook.metadata.autograder.part = 2
    nbformat.write(notebook, school.source / "Essay.ipynb")


FEW = ("answered", "untouched", "retyped", "beside", "cut")
SIZES = [pytest.param(FEW, id="few"), pytest.param(tuple(CASES), id="all", marks=pytest.mark.long)]


@pytest.fixture(scope="module", params=SIZES)
def school(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, level: int) -> Course:
    """Return the small course with a student for each case, graded by nbgrader, with feedback and an export."""
    school = copied(tmp_path_factory.mktemp("school"))
    put_tools_on_path()
    add_essay(school)
    current.build(school)
    for name in request.param:
        folder = school.root / "submitted" / name / NAME
        folder.parent.mkdir(parents=True)
        students.solved(school, folder)
        path = folder / "Readings.ipynb"
        notebook = nbformat.read(path, as_version=4)
        raw = CASES[name].change(notebook)
        if isinstance(raw, bytes):
            path.write_bytes(raw)
        elif name == "missing":
            path.unlink()
        else:
            path.write_text(nbformat.writes(notebook), newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(school.root)
        run(school)
        with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
            CsvExport(to="grades.csv").export(gradebook)
    return school


def run(school: Course) -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(school.root)).load_config()
    coursedir = CourseDirectory(config=config, root=str(school.root), assignment_id=NAME)
    for converter in (JudgedAutograde, FeedbackWithResult):
        instance = converter(coursedir=coursedir, config=config)
        instance.force = True
        instance.start()


def grade_of(school: Course, student: str) -> tuple[float | None, bool, str | None]:
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("explain", "Readings", NAME, student)
        comment = gradebook.find_comment("explain", "Readings", NAME, student)
        return grade.auto_score, grade.needs_manual_grade, comment.comment


def cases(school: Course) -> Iterator[tuple[str, Case]]:
    for folder in sorted((school.root / "submitted").iterdir()):
        yield folder.name, CASES[folder.name]


def test_the_gradebook(school: Course) -> None:
    for name, case in cases(school):
        right = case.score, case.score is None, None if case.score is None else "No response."
        assert (name, *grade_of(school, name)) == (name, *right)


def test_the_record_and_the_export(school: Course) -> None:
    with open(school.root / "grades.csv", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    with books_of(school) as books:
        records = {one.student: one for one in record.of_class(school, books, rows)}
    for name, case in cases(school):
        row, found = rows[name], {one.id: one for one in records[name].exercises}["explain"]
        waiting = found if found.open else None
        assert (name, float(row["score"])) == (name, case.judged)
        if case.score is None:
            assert waiting is not None, name
            assert (waiting.points, waiting.outcome) == (1.0, "open")
            assert case.why in waiting.why
            assert case.why in row["open_reasons"]
            assert (name, float(row["open_points"])) == (name, 8 - case.judged - case.lost)
        else:
            assert (name, waiting) == (name, None)
            assert (float(row["open_points"]), row["open_reasons"]) == (1, answers.UNREAD)  # the essay


def test_a_part_of_written_answers_alone_waits_too(school: Course) -> None:
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        for name, _ in cases(school):
            grade = gradebook.find_grade("essay", "Essay", NAME, name)
            assert (name, grade.auto_score, grade.needs_manual_grade) == (name, None, True)


def test_the_page(school: Course) -> None:
    for name, case in cases(school):
        text = (school.root / "feedback" / name / NAME / "Readings.html").read_text()
        shown, waits = text.partition('id="notebook-container"')[2], case.score is None
        assert (name, "It counts 1 point." in shown) == (name, waits)
        assert (name, "explain in Readings" in shown) == (name, waits)
        for said in (
            case.note,
            *([case.why] if waits else []),
            *([ANSWER] if case.why == answers.UNREAD and waits else []),
        ):
            assert said in shown, name


UNDECIDED = "open: 1 point is not decided yet"


def told(school: Course, student: str) -> tuple[str, str, str]:
    """Return what the title, the list and the heading of a page say about the points of the written answer."""
    page = (school.root / "feedback" / student / NAME / "Readings.html").read_text()
    (title,) = re.findall(r"<h1 [^>]*>Readings: [\d.]+ of 7 points(?:, )?(.*)</h1>", page)
    (entry,) = re.findall(r'<a href="#explain">explain</a>(?:: |, )([^,<]*)', page)
    (heading,) = re.findall(r'<a name="explain"></a>.*?<span class="pull-right">\s*(.*?) <a href="#top">', page, re.S)
    return title, entry, heading


def test_no_place_of_a_page_shows_an_open_answer_as_zero(school: Course) -> None:
    for name, case in cases(school):
        right = ("", "0 of 1", "Score: 0.0 / 1.0")
        if case.score is None:
            waits = 7 - case.judged - case.lost  # with the forecast, where the notebook cannot be read
            title = UNDECIDED if waits == 1 else f"open: {waits:g} points are not decided yet"
            right = (title, UNDECIDED, UNDECIDED.capitalize())
        assert (name, *told(school, name)) == (name, *right)


def test_a_person_decides(school: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A score that a person has entered stays, also when everything is graded again; its note of "open" goes."""
    monkeypatch.chdir(school.root)
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        for name in ("retyped", "untouched"):
            grade = gradebook.find_grade("explain", "Readings", NAME, name)
            grade.manual_score, grade.needs_manual_grade = 0.5, False
        gradebook.db.commit()
    run(school)
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        for name in ("retyped", "untouched"):
            assert gradebook.find_grade("explain", "Readings", NAME, name).score == 0.5
    page = (school.root / "feedback" / "retyped" / NAME / "Readings.html").read_text()
    assert "explain in Readings" not in page
    assert told(school, "retyped") == ("", "0.5 of 1", "Score: 0.5 / 1.0")
