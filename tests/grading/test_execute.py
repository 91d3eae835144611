"""Notebooks executed for their readers: hostile outputs stay plain, the grader's errors cost nothing, scores stay."""

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

import datasets
from autograder.assignment import Part
from autograder.course import Course
from autograder.grading import engine
from autograder.grading import execute as executing
from autograder.grading.cells import MAX_OUTPUTS, MAX_TEXT
from autograder.grading.execute import Executed, Patience, execute, sources_digest
from autograder.grading.gradebook import configured_patience
from autograder.grading.store import OutputStore
from autograder.judge.session import taken_in
from autograder.sample import students
from autograder.sandbox.levels import LaunchError
from autograder.verdict import PartVerdict
from tests.assignment2 import ASSIGNED, ASSIGNMENT, HIDDEN

from ..conftest import ROOT, keep_what_is_slow_to_make, needs

v4 = nbformat.v4
PATIENCE = Patience(20, 60)
Run = Callable[..., Executed]


@pytest.fixture
def part(course: Course) -> Part:
    return course.parts[0]


@pytest.fixture
def folder(course: Course, tmp_path: Path) -> Path:
    """Return an untouched release as a submission."""
    target = tmp_path / "handed-in"
    shutil.copytree(course.release, target)
    return target


def notebook_of(*cells: Any) -> Any:
    """Return a notebook of these cells; a text becomes a code cell."""
    return v4.new_notebook(cells=[v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells])


@pytest.fixture
def run(course: Course, part: Part, folder: Path, level: int) -> Run:
    """Return a function that executes cells, or a notebook, as if submitted with the release."""

    def begin(*cells: Any, patience: Patience = PATIENCE, at: int = level) -> Executed:
        with taken_in(folder, ASSIGNED) as submission:
            return execute(course, part, submission, notebook_of(*cells), at, patience)

    return begin


def text(executed: Executed, number: int) -> str:
    """Return the text that a cell printed."""
    return "".join(output.get("text", "") for output in executed.cells[number][1])


def test_fresh_outputs_take_the_place_of_those_handed_in(run: Run, each_level: int) -> None:
    old = [v4.new_output("stream", text="accuracy: 0.99 (forged)")]
    graded = {"nbgrader": {"grade": True, "solution": False, "grade_id": "affine_forward"}}
    answer = {"nbgrader": {"grade": True, "solution": True, "grade_id": "search"}}
    data = "data = get_CIFAR10_data(1000, 100)\nprint(data['X_train'].shape, set(data['y_test'].tolist()), len(set(data['y_val'].tolist())))"
    html = "from IPython.display import HTML, Javascript, display\ndisplay(HTML('<b>x</b>'), Javascript('alert(1)'))\nprint('<script>')"
    cells = [
        v4.new_code_cell("from cs231n.data_utils import get_CIFAR10_data, quick_mode\nquick_mode()", outputs=old),
        v4.new_code_cell("", outputs=old), v4.new_markdown_cell("Text"), v4.new_code_cell(html, outputs=old),
        "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])",
        "from cs231n.layers import affine_forward\naffine_forward(1, 2, 3)",
        "from cs231n.checks import check\ncheck('affine_forward')", data,
        v4.new_code_cell("print('graded')", outputs=old, metadata=graded), v4.new_code_cell("7", outputs=old, metadata=answer),
    ]  # fmt: skip
    executed = run(*cells, at=each_level)
    assert executed.cells[0] == (1, [v4.new_output("display_data", {"text/plain": "True"})])
    assert executed.cells[1] == (None, [])
    assert [set(output.get("data", {})) for output in executed.cells[3][1]] == [{"text/plain"}, {"text/plain"}, set()]
    assert base64.b64decode(executed.cells[4][1][0]["data"]["image/png"]).startswith(b"\x89PNG")
    assert "NotImplementedError" in text(executed, 5)
    assert "It is not written yet" in text(executed, 6)
    announced, *said = text(executed, 7).splitlines()
    assert announced.startswith("These are the synthetic pictures")
    assert said == ["(1000, 3, 32, 32) {0} 10"]  # test labels are hidden, training labels are not
    assert 8 not in executed.cells  # a grade cell, which shows the verdict
    assert executed.cells[9] == (7, [v4.new_output("display_data", {"text/plain": "7"})])
    assert "does not run from top to bottom: 2 of 7 cells ended in an error, first cell 4" in executed.summary
    notebook = notebook_of(*cells)
    executed.put_into(notebook)
    nbformat.validate(notebook)
    assert notebook.cells[0].source == executed.summary
    assert notebook.cells[9].outputs == old
    assert json.dumps(notebook).count("forged") == 1


@pytest.mark.parametrize(
    ("number", "source"),
    [
        pytest.param(0, "import torch\ntorch.arange(4).sum().item()", marks=needs("torch")),
        pytest.param(1, "import tensorflow as tf\nint(tf.reduce_sum(tf.range(4)))", marks=needs("tensorflow")),
    ],
    ids=["torch", "tensorflow"],
)
def test_a_framework_is_where_its_notebook_is_executed(
    course: Course, folder: Path, each_level: int, number: int, source: str
) -> None:
    with taken_in(folder, ASSIGNED) as submission:
        executed = execute(
            course, course.parts[4].alternatives[number], submission, notebook_of(source), each_level, PATIENCE
        )
    assert executed.cells[0] == (1, [v4.new_output("display_data", {"text/plain": "6"})])


@pytest.mark.parametrize(
    ("source", "patience", "sentence"),
    [
        ("import time; time.sleep(60)", Patience(5, 30), "This cell did not end within 5 seconds."),
        ("import time; time.sleep(60)", Patience(30, 5), "The 5 seconds for this notebook were used up in this cell."),
        ("while True: print('y' * 10_000)", Patience(5, 30), "This cell did not end within 5 seconds."),
        ("import os; os._exit(0)", PATIENCE, "The program ended itself."),
        ("import ctypes; ctypes.string_at(0)", PATIENCE, "The program crashed (segmentation fault)."),
    ],
)
def test_a_cell_that_hangs_or_dies_ends_the_run(run: Run, source: str, patience: Patience, sentence: str) -> None:
    executed = run("x = 1", source, "print('behind')", "", patience=patience)
    behind = "Not executed, because cell 2 ended the program."
    assert [text(executed, number) for number in range(4)] == ["", sentence, behind, ""]
    assert executed.summary.endswith("cell 2 ended the program. The 1 cells after it were not executed.")
    assert executed.hurried == (patience if patience != PATIENCE else None)


PATCH = """
import gc
import numpy as np
from autograder.runner.execute import Notebook
png = np.frombuffer(b"\\x89PNG\\r\\n\\x1a\\n" + bytes({size}), np.uint8)
ANSWERS = [
    None, 7, "text", [], np.zeros(3), object(), {{}}, {{"outputs": 7}}, {{"outputs": [None, 1, "x", [], {{}}, object(), np.zeros(2)]}},
    {{"outputs": [{{"output_type": np.zeros(3), "text": object(), "data": 7}}], "failed": "no"}},
    {{"outputs": [{{"output_type": "display_data", "data": {{"text/html": "<script>", "image/svg+xml": "<svg>", "application/javascript": "x"}}}}]}},
    {{"outputs": [{{"output_type": "display_data", "data": {{"image/png": '"><script>alert(1)</script>', "text/plain": ["a", "b"]}}}}]}},
    {{"outputs": [{{"output_type": "display_data", "data": {{"image/png": np.zeros(100, np.uint8), "image/jpeg": png}}}}]}},
    {{"outputs": [{{"output_type": "display_data", "data": {{"image/png": png.reshape(-1, 1)}}}}]}},
    {{"outputs": [{{"output_type": "display_data", "data": {{"image/png": png.astype(float)}}}}]}},
    {{"outputs": [{{"output_type": "display_data", "data": {{"image/png": png}}}}], "failed": False}},
    {{"outputs": [{{"output_type": "stream", "text": "s" * 10}}] * 5000, "failed": False}},
    {{"outputs": [{{"output_type": "stream", "text": "t" * 1_000_000, "name": "stderr"}}], "failed": False}},
    {{"outputs": [{{"output_type": "error", "ename": "<script>", "evalue": "<script>", "traceback": ["<script>"]}}], "failed": False}},
    {{"outputs": [{{"output_type": "stream", "text": "\\x1b[2Jclear \\u2066 \\u202e \\x00 <img>"}}], "failed": False}},
    {{"outputs": [{{"output_type": "stream", "text": "u" * 20_000}}] * 50, "failed": False}},
    {{"outputs": [{{"output_type": "stream", "text": "u" * 20_000}}] * 50, "failed": False}},
]
turns = iter(ANSWERS)
Notebook.execute = lambda *_: next(turns)
"""


def test_forged_outputs_are_plain_or_dropped(run: Run) -> None:
    """The student's code takes over the runner, and answers in place of the real executor."""
    number = 22
    cells = [PATCH.format(size=1000), *["1"] * number]
    executed = run(*cells)
    assert executed.cells[number][0] == number + 1  # every cell was asked
    for _, outputs in executed.cells.values():
        assert len(outputs) <= MAX_OUTPUTS
        for output in outputs:
            assert set(output) <= {"output_type", "name", "text", "data", "metadata"}
            assert len(output.get("text", "")) <= MAX_TEXT + 100
            data = output.get("data", {})
            assert set(data) <= {"text/plain", "image/png", "image/jpeg"}
            if "image/png" in data:
                assert base64.b64decode(data["image/png"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")
            assert "image/jpeg" not in data
    shown = json.dumps(executed.cells)
    assert shown.count("image/png") == 1  # the only valid picture
    assert "<script>" not in shown.replace("text/plain", "")
    assert "svg" not in shown
    assert "clear ? ? ? <img>" in shown
    total = sum(len(output.get("text", "")) for _, outputs in executed.cells.values() for output in outputs)
    assert total < 1.1 * executing.MAX_ALL_TEXT
    assert "this notebook has too much output" in shown
    notebook = notebook_of(*cells)
    executed.put_into(notebook)
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode("utf-8")


def test_too_many_pictures_are_left_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "MAX_ALL_PICTURES", 3_000)
    answer = "{'outputs': [{'output_type': 'display_data', 'data': {'image/png': png}}], 'failed': False}"
    patch = PATCH.format(size=1000) + f"Notebook.execute = lambda *_: {answer}\n"
    shown = json.dumps(run(patch, "1", "1", "1").cells)
    assert shown.count("image/png") == 2


def test_a_forged_message_ends_the_run(run: Run) -> None:
    forge = (
        "import gc\nfrom autograder.runner.main import Runner\n"
        "runner = next(o for o in gc.get_objects() if type(o) is Runner)\n"
        "runner.wire.send({'id': 1, 'value': {'handle': 1}}, [])"
    )
    executed = run(forge, "1")
    assert text(executed, 0).startswith("The answer is not valid")
    assert executed.cells[1][0] is None


def test_what_is_the_judges_is_out_of_reach(course: Course, tmp_path: Path, run: Run, each_level: int) -> None:
    """Gradebook, hidden tests, labels and another student's work are planted, and the judge can read them."""
    planted = {
        "gradebook": course.root / "gradebook.db", "another's": course.root / "submitted" / "other" / "layers.py",
        "hidden tests": HIDDEN / "test_dropout.py",
        "labels": course.kit.pictures.root / "test_batch", "secret": course.state / "secret",
        "store": course.state / "executed" / "some.json",
    }  # fmt: skip
    _ = course.secret
    made = [path for path in planted.values() if not path.exists()]
    try:
        for path in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("out of reach")
        attack = "import os\nprint('tried')\ntry:\n    print('read', len(open({!r}, 'rb').read()))\nexcept OSError as e:\n    print(type(e).__name__)"
        control = attack.replace("{!r}", "os.path.join(os.environ['CS231N_DATA'], 'test_batch')")
        executed = run(*(attack.format(str(path)) for path in planted.values()), control, at=each_level)
        assert all(path.read_bytes() for path in planted.values())
    finally:
        for path in made:
            path.unlink()
    *said, own = (text(executed, number) for number in range(len(planted) + 1))
    assert own == f"tried\nread {(course.kit.practice_data() / 'test_batch').stat().st_size}\n"
    for name, answer in zip(planted, said, strict=True):
        assert answer in ("tried\nFileNotFoundError\n", "tried\nPermissionError\n"), name


def test_practice_pictures_have_no_test_labels(course: Course) -> None:
    root, given = course.kit.practice_data(), course.kit.pictures.root
    assert course.kit.practice_data() == root  # the folder is made once
    pixels, labels = datasets.read_test(root)
    assert not labels.any()
    assert (pixels == datasets.read_test(given)[0]).all()
    assert b"synthetic_" not in (root / "test_batch").read_bytes()  # the real files' names would tell the class
    assert datasets.fingerprint(root) == course.kit.pictures.fingerprint
    assert all(path.stat().st_mode & 0o004 for path in (root, *root.iterdir()))
    assert not list(root.parent.glob("new-*"))


def test_pictures_behind_a_closed_folder_are_lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    (closed / "pictures").mkdir(parents=True)
    (closed / "pictures" / "data_batch_1").write_text("x")
    closed.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert executing._within_reach(closed / "pictures", 3) == closed / "pictures"
    lent = executing._within_reach(closed / "pictures", 2)
    assert lent != closed / "pictures"
    assert (lent / "data_batch_1").read_text() == "x"
    assert lent.stat().st_mode & 0o005 == 0o005


def test_the_store_gives_back_what_fits(course: Course, part: Part) -> None:
    store, patience = OutputStore(course), Patience(1, 2)
    done = Executed("digest", {0: (1, [{"output_type": "stream", "name": "stdout", "text": "x"}])}, "Done.", 2)
    store.put("a", part, done)
    assert store.get("a", part, "digest", 2, Patience(9, 9)) == done
    assert store.get("a", part, "other sources", 2, patience) is None
    assert store.get("a", part, "digest", 3, patience) is None
    assert store.get("b", part, "digest", 2, patience) is None
    store.put("a", part, replace(done, hurried=patience))
    assert store.get("a", part, "digest", 2, patience) == replace(done, hurried=patience)
    assert store.get("a", part, "digest", 2, Patience(1, 3)) is None  # with more time the notebook may run further
    path = store._path("a", part)
    for text in ("", "{", "[]", "{}", '{"hurried": 3}', '{"hurried": null, "cells": {"a": 1}}'):
        path.write_text(text)
        assert store.get("a", part, "digest", 2, patience) is None


def test_a_notebook_is_executed_once(
    course: Course, part: Part, folder: Path, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = notebook_of("import time\ntime.time()")
    with taken_in(folder, ASSIGNED) as submission:
        first = engine.shown_by(course, part, submission, notebook, level, PATIENCE)
        assert engine.shown_by(course, part, submission, notebook, level, PATIENCE) == first
        assert sources_digest(notebook) == first.sources


@pytest.mark.parametrize("fault", [LaunchError("no sandbox"), OSError("no space"), RuntimeError("a bug")])
def test_a_fault_of_ours_leaves_the_students_own_outputs(
    course: Course, part: Part, folder: Path, level: int, monkeypatch: pytest.MonkeyPatch, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    from nbgrader.coursedir import CourseDirectory

    from autograder.grading.gradebook import JudgedAutograde
    from autograder.judge.apart import Apart

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(engine, "execute", fail)
    monkeypatch.setattr(engine, "verdict_on", lambda apart, part, *_: PartVerdict(part.number, part.name, ()))
    own = v4.new_code_cell("2", outputs=[v4.new_output("stream", text="handed in")])
    notebook = nbformat.read(folder / part.notebook, as_version=4)
    nbformat.write(notebook_of(own, *notebook.cells), folder / part.notebook)
    app = JudgedAutograde(coursedir=CourseDirectory(root=str(course.root)))
    app.execute, app._apart, app._course = True, Apart(course, level), course
    app.log.propagate = True
    judged = app._judge(folder)
    assert judged.notebooks[part.name].cells[0].outputs[0].text == "handed in"
    assert not judged.facts.executed  # the next run tries again
    said = [record.getMessage() for record in caplog.records if part.notebook in record.getMessage()]
    assert said == [
        f"{part.notebook} was not executed and keeps the submitted outputs ({type(fault).__name__}: {fault})"
    ]


NBGRADER = [sys.executable, "-W", "ignore", "-m", "nbgrader"]
AUTOGRADER = [sys.executable, "-m", "autograder.cli"]
HOSTILE = [
    "import matplotlib.pyplot as plt\nfrom IPython.display import HTML, display\ndisplay(HTML('<script>alert(1)</script>'))",
    "open({gradebook!r}, 'a').write('mine')", "import os\nos._exit(0)", "print('behind')",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.xdist_group("class")
@pytest.mark.long
def test_a_class_is_executed_and_scored_as_before(
    course: Course, part: Part, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, level: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The real nbgrader grades one part: the reference's notebook runs to the end, and a hostile notebook is contained."""
    root = tmp_path / "school"
    ignored = shutil.ignore_patterns(
        *(alternative.notebook for other in course.parts if other != part for alternative in other.alternatives)
    )
    shutil.copytree(course.root / "source", root / "source", ignore=ignored)
    shutil.copy(course.root / "nbgrader_config.py", root)
    keep_what_is_slow_to_make(root, tmp_path_factory)
    school = Course(root, course.data)
    command(school, *AUTOGRADER, "build")
    honest, hostile = (root / "submitted" / name / ASSIGNMENT for name in ("honest", "hostile"))
    (root / "no-model.npz").write_bytes(b"")  # training a model takes longer than the rest of the test
    monkeypatch.setattr(students, "trained_model", lambda *_: root / "no-model.npz")
    students.complete(school, honest)
    shutil.copytree(honest, hostile)
    notebook = nbformat.read(hostile / part.notebook, as_version=4)
    own = [v4.new_code_cell(source.format(gradebook=str(root / "gradebook.db"))) for source in HOSTILE]
    notebook.cells = own + notebook.cells
    nbformat.write(notebook, hostile / part.notebook)

    command(school, *AUTOGRADER, "grade", "--workers", "1", "--no-feedback", "--execute")
    before = scores(school)
    assert before["honest"] == before["hostile"]
    assert sum(before["honest"].values()) > 0
    summary, shown = outputs(school, "honest", part)
    assert summary is not None
    assert "It runs from top to bottom" in summary
    pictures = [output["data"]["image/png"] for output in shown if "image/png" in output.get("data", {})]
    assert len(pictures) >= 5
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    summary, shown = outputs(school, "hostile", part)
    assert summary is not None
    assert "It does not run from top to bottom: cell 3 ended the program." in summary
    assert "<script>" not in json.dumps(shown)
    said = "".join(output.get("text", "") for output in shown)
    assert "PermissionError" in said or "FileNotFoundError" in said
    assert "The program ended itself." in said
    assert "behind\n" not in said
    with sqlite3.connect(root / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    kept = {path: path.stat().st_mtime_ns for path in (school.state / "executed").rglob("*.json")}
    assert len(kept) == 2
    again = command(school, *NBGRADER, "autograde", ASSIGNMENT, "--JudgedAutograde.execute=True")
    assert again.stderr.count("was graded before") == 2
    command(school, *NBGRADER, "autograde", ASSIGNMENT, "--JudgedAutograde.execute=True", "--force")
    assert {path: path.stat().st_mtime_ns for path in (school.state / "executed").rglob("*.json")} == kept
    command(school, *NBGRADER, "autograde", ASSIGNMENT)
    assert outputs(school, "honest", part)[0] is None  # without --execute, no notebook is executed
    assert scores(school) == before


def command(school: Course, *words: str) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(words, cwd=school.root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def scores(school: Course) -> dict[str, dict[str, float]]:
    """Return the gradebook's score for each student and cell."""
    query = """
        SELECT submitted_assignment.student_id, base_cell.name, grade.auto_score FROM grade
        JOIN base_cell ON grade.cell_id = base_cell.id
        JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
        JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
        WHERE grade.auto_score IS NOT NULL
    """
    found: dict[str, dict[str, float]] = {}
    with sqlite3.connect(school.root / "gradebook.db") as database:
        for student, cell, score in database.execute(query):
            found.setdefault(student, {})[cell] = score
    return found


def outputs(school: Course, student: str, part: Part) -> tuple[str | None, list[dict[str, Any]]]:
    """Return the autograded notebook's first cell if it was executed (else None), and its outputs without the verdict's."""
    notebook = nbformat.read(school.root / "autograded" / student / ASSIGNMENT / part.notebook, as_version=4)
    own = [cell for cell in notebook.cells if not cell.metadata.get("nbgrader", {}).get("grade")]
    first = notebook.cells[0].source
    return (
        first if first.startswith("**Executed for grading**") else None,
        [output for cell in own for output in cell.get("outputs", [])],
    )


def test_the_courses_settings_say_how_long_notebooks_may_take(tmp_path: Path) -> None:
    assert configured_patience(ROOT) == Patience()
    lines = "c = get_config()\nc.JudgedAutograde.execute_seconds = 77\n"
    (tmp_path / "nbgrader_config.py").write_text(lines)
    assert configured_patience(tmp_path) == Patience(notebook=77.0)
