"""A student's answers are found in whatever became of the notebook, and nothing but an untouched cell is no answer."""

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import v4
from nbgrader.utils import is_solution

from autograder.grading import answers
from autograder.grading.answers import ANSWERED, UNCERTAIN, UNTOUCHED, Answer, find, missing
from autograder.grading.cells import point_out, restore

from ..conftest import ROOT

STUB = "YOUR ANSWER HERE"
CODE = "def train(data):\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def named(cell: Any, name: str, points: float | None = None) -> Any:
    solution = points is not None or "YOUR CODE" in cell.source
    cell.metadata["nbgrader"] = {
        "grade_id": name, "cell_type": cell.cell_type, "grade": points is not None or not solution, "solution": solution,
        "locked": not solution, "points": points or 0,
    }  # fmt: skip
    return cell


def text(source: str) -> Any:
    return v4.new_markdown_cell(source)


def code(source: str) -> Any:
    return v4.new_code_cell(source)


def made() -> Any:
    """Return a notebook with two questions with equal stubs, a code cell to write, and one to write by hand."""
    return v4.new_notebook(
        cells=[
            text("# Nets"),
            text("**Question 1**: why?"),
            named(text(STUB), "one", 1),
            code("import numpy as np"),
            named(code(CODE), "train"),
            named(code('check("net")'), "net"),
            text("**Question 2**: how?"),
            named(text(STUB), "two", 1),
            text("Plot the losses."),
            code("plot(1)"),
            named(code("# YOUR CODE HERE\nraise NotImplementedError()"), "plot", 2),
        ]
    )


@pytest.fixture
def release() -> Any:
    return made()


@pytest.fixture
def student(release: Any) -> Any:
    """Return a copy in which only question 1 is answered."""
    copied = copy.deepcopy(release)
    copied.cells[2].source = "Because."
    return copied


def wiped(notebook: Any) -> Any:
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    return notebook


def looked(student: Any, release: Any, **more: Any) -> dict[str, Answer]:
    """Return what is found, after checking that the restored notebook agrees with it."""
    before = copy.deepcopy(student)
    found = find(student.cells, release.cells, **more)
    restored = restore(student, release, found)
    assert student == before
    by_name = {cell.metadata.nbgrader.grade_id: cell for cell in restored.cells if "nbgrader" in cell.metadata}
    wanted = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    assert set(by_name) == set(wanted) == set(found.found)
    assert sum("nbgrader" in cell.metadata for cell in restored.cells) == len(wanted)
    for name, answer in found.found.items():
        assert by_name[name].cell_type == wanted[name].cell_type
        if answer.cell is not None and wanted[name].metadata.nbgrader.solution:
            assert by_name[name].source == student.cells[answer.cell].source
        else:
            assert by_name[name].source == wanted[name].source
    point_out(restored, found)
    shown = "\n".join(cell.source for cell in restored.cells).replace("\\", "")
    for name, answer in found.found.items():
        assert answer.why in shown or not wanted[name].metadata.nbgrader.grade
    assert all(note in shown for note in found.notes)
    return found.found


def states(found: dict[str, Answer]) -> dict[str, str]:
    return {name: found[name].state for name in ("one", "two", "plot", "train")}


HONEST = {"one": ANSWERED, "two": UNTOUCHED, "plot": UNTOUCHED, "train": UNTOUCHED}


def test_an_honest_notebook(student: Any, release: Any) -> None:
    found = looked(student, release)
    assert states(found) == HONEST
    assert [found[name].cell for name in ("one", "two")] == [2, 7]
    assert not any(answer.why for answer in found.values())


@pytest.mark.parametrize(
    "same", [STUB + "\n", f"\r\n  {STUB}  \r\n", STUB.replace(" ", "\u00a0"), "\ufeff" + STUB, STUB.replace(" ", " ")]
)
def test_what_editors_change_unasked_is_no_answer(student: Any, release: Any, same: str) -> None:
    student.cells[7].source = same
    assert states(looked(student, release)) == HONEST


@pytest.mark.parametrize("said", [STUB + " No.", "-", "0", "your answer here", STUB + "\n\nBecause.", "?"])
def test_everything_else_is_an_answer(student: Any, release: Any, said: str) -> None:
    student.cells[7].source = said
    assert looked(student, release)["two"] == Answer(ANSWERED, cell=7)


def test_only_the_stub_is_left_of_a_longer_cell(student: Any, release: Any) -> None:
    release.cells[7].source = f"Write two sentences.\n\n{STUB}"
    assert looked(student, release)["two"].state == UNTOUCHED


def test_an_emptied_cell_waits(student: Any, release: Any) -> None:
    student.cells[7].source = " \n"
    assert looked(student, release)["two"] == Answer(UNCERTAIN, answers.EMPTIED, 7)


def test_a_cell_that_the_release_leaves_empty_is_untouched(student: Any, release: Any) -> None:
    release.cells[7].source = student.cells[7].source = ""
    assert looked(student, release)["two"].state == UNTOUCHED


def test_a_pasted_picture_is_an_answer(student: Any, release: Any) -> None:
    student.cells[7].attachments = {"image.png": {"image/png": "iVBORw0KGgo="}}
    assert looked(student, release)["two"].state == ANSWERED
    assert looked(wiped(student), release)["two"].state == ANSWERED


@pytest.mark.parametrize("kind", ["code", "raw"])
@pytest.mark.parametrize("clears", [False, True], ids=["with its metadata", "with metadata of another type"])
def test_a_retyped_answer_is_the_answer(student: Any, release: Any, kind: str, clears: bool) -> None:
    for number in (2, 7):
        student.cells[number].cell_type = kind
        if clears:
            student.cells[number].metadata.nbgrader.cell_type = kind
    found = find(student.cells, release.cells)
    assert states(looked(student, release)) == HONEST
    assert sum("is a markdown cell again" in note for note in found.notes) == 2


def test_a_retyped_solution_is_code_again(student: Any, release: Any) -> None:
    student.cells[4].cell_type, student.cells[4].source = "raw", "def train(data):\n    return data < 3"
    restored = restore(student, release)
    assert (restored.cells[4].cell_type, restored.cells[4].source) == ("code", "def train(data):\n    return data < 3")


def test_all_metadata_are_wiped(student: Any, release: Any) -> None:
    found = looked(wiped(student), release)
    assert states(found) == HONEST
    assert (found["one"].cell, found["net"].cell) == (2, 5)


def test_metadata_are_wiped_and_everything_is_answered(student: Any, release: Any) -> None:
    for number, source in ((4, "def train(data):\n    return 3"), (7, "So."), (10, "plot(2)")):
        student.cells[number].source = source
    found = looked(wiped(student), release)
    assert {answer.state for name, answer in found.items()} == {ANSWERED}
    assert [found[name].cell for name in ("one", "train", "two", "plot")] == [2, 4, 7, 10]


def test_metadata_of_some_cells_are_wiped(student: Any, release: Any) -> None:
    for number in (2, 7, 5):
        del student.cells[number].metadata["nbgrader"]
    assert states(looked(student, release)) == HONEST


def test_wiped_with_the_questions_changed_too(student: Any, release: Any) -> None:
    """Nobody can tell then which of two equal stubs is left."""
    student.cells[1].source, student.cells[6].source = "Q1", "Q2"
    found = looked(wiped(student), release)
    assert found["one"].state == found["two"].state == UNCERTAIN


def test_wiped_and_the_answer_in_two_cells(student: Any, release: Any) -> None:
    student.cells.insert(3, text("And so."))
    assert looked(wiped(student), release)["one"] == Answer(UNCERTAIN, answers.AMONG.format(count=2))


def test_wiped_and_a_cell_beside_the_stub(student: Any, release: Any) -> None:
    student.cells.insert(8, text("My answer."))
    assert looked(wiped(student), release)["two"].state == UNCERTAIN


def test_wiped_and_deleted(student: Any, release: Any) -> None:
    del student.cells[7]
    assert looked(wiped(student), release)["two"] == Answer(UNCERTAIN, answers.MISSING)


@pytest.mark.parametrize("place", [7, 8], ids=["above", "below"])
@pytest.mark.parametrize("make", [text, code, v4.new_raw_cell])
def test_an_answer_beside_its_cell_waits(student: Any, release: Any, place: int, make: Callable[[str], Any]) -> None:
    student.cells.insert(place, make("It is so."))
    found = looked(student, release)
    assert (found["two"].state, found["two"].why) == (UNCERTAIN, answers.BESIDE)
    assert found["plot"].state == UNTOUCHED


def test_an_answer_in_the_question_waits(student: Any, release: Any) -> None:
    student.cells[6].source += "\n\nLike this."
    assert looked(student, release)["two"].why == answers.BESIDE


def test_an_answer_in_a_locked_cell_waits_and_is_shown(student: Any, release: Any) -> None:
    student.cells[10].source, release.cells[10].source = "plot(2)", "plot(0)"
    release.cells.insert(8, named(code('check("how")'), "how"))
    student.cells.insert(8, named(code('check("how")  # It is so.'), "how"))
    found = find(student.cells, release.cells)
    assert looked(student, release)["two"].why == answers.BESIDE
    assert any("The cell how was changed" in note for note in found.notes)
    cells = restore(student, release, found).cells
    assert [(cell.cell_type, cell.source) for cell in cells[8:10]] == [
        ("code", 'check("how")'), ("raw", 'check("how")  # It is so.'),
    ]  # fmt: skip


def test_an_answer_in_several_cells_below(student: Any, release: Any) -> None:
    student.cells[8:8] = [text(""), code(" "), text("First."), text("Second.")]
    assert looked(student, release)["two"].why == answers.BESIDE


@pytest.mark.parametrize("cell", [text(""), code("\n"), text("# Nets"), text(STUB)])
def test_what_is_no_answer_beside_a_cell(student: Any, release: Any, cell: Any) -> None:
    student.cells.insert(8, copy.deepcopy(cell))
    assert states(looked(student, release)) == HONEST


def test_a_changed_code_cell_of_the_release_is_no_answer(student: Any, release: Any) -> None:
    student.cells[9].source = "plot(3)"
    assert states(looked(student, release)) == HONEST
    student.cells.insert(10, code("plot(4)"))
    assert looked(student, release)["plot"].why == answers.BESIDE


def test_answers_at_the_end_of_the_notebook(student: Any, release: Any) -> None:
    release.cells.append(text("The end."))
    student.cells += [text("The end."), text("Answer to question 2: so.")]
    found = looked(student, release)
    assert (found["two"].why, found["plot"].why) == (answers.AT_END, answers.AT_END)
    assert found["one"].state == ANSWERED


def test_texts_of_an_older_release_are_nobodys_answer(student: Any, release: Any) -> None:
    student.cells[6].source = "**Question 2** (old): how?"
    student.cells[7].source = "Write here."
    assert looked(student, release)["two"].state == ANSWERED
    assert states(looked(student, release, known=["Write here.\n", "**Question 2** (old): how?"])) == HONEST


@pytest.mark.parametrize("first", [True, False])
def test_of_doubles_the_filled_one_counts(student: Any, release: Any, first: bool) -> None:
    filled = copy.deepcopy(student.cells[7])
    filled.source = "So."
    student.cells.insert(7 if first else 8, filled)
    found = find(student.cells, release.cells)
    assert looked(student, release)["two"] == Answer(ANSWERED, cell=7 if first else 8)
    assert "The cell two is there 2 times, and the one that is filled in counts." in found.notes


def test_doubles_that_are_filled_alike_are_one_answer(student: Any, release: Any) -> None:
    student.cells.insert(2, copy.deepcopy(student.cells[2]))
    student.cells[2].source += "\n"
    assert looked(student, release)["one"].state == ANSWERED


def test_doubles_that_differ_wait_and_are_both_shown(student: Any, release: Any) -> None:
    student.cells.insert(3, copy.deepcopy(student.cells[2]))
    student.cells[3].source = "Or because."
    found = looked(student, release)["one"]
    assert (found.state, found.why) == (UNCERTAIN, answers.SEVERAL.format(count=2))
    assert {"Because.", "Or because."} <= {cell.source for cell in restore(student, release).cells}


def test_doubles_that_are_untouched_are_untouched(student: Any, release: Any) -> None:
    student.cells.insert(7, copy.deepcopy(student.cells[7]))
    assert states(looked(student, release)) == HONEST


def test_a_deleted_cell_is_missing(student: Any, release: Any) -> None:
    del student.cells[7]
    assert looked(student, release)["two"] == Answer(UNCERTAIN, answers.MISSING)
    del student.cells[4]
    assert looked(student, release)["train"].why == answers.MISSING
    assert any("train is missing" in note for note in find(student.cells, release.cells).notes)


def test_a_deleted_cell_with_another_in_its_place(student: Any, release: Any) -> None:
    student.cells[7] = text("So.")
    assert looked(student, release)["two"] == Answer(ANSWERED, cell=7)


def test_a_cell_that_was_moved_keeps_its_answer(student: Any, release: Any) -> None:
    student.cells.insert(0, student.cells.pop(2))
    found = looked(student, release)
    assert states(found) == HONEST
    assert found["one"].cell == 0


def test_missing_cells_stand_where_the_release_has_them(student: Any, release: Any) -> None:
    del student.cells[5], student.cells[2]
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in restore(student, release).cells]
    assert names == [None, None, "one", None, "train", "net", None, "two", None, None, "plot"]


def test_another_notebook_is_said(release: Any) -> None:
    other = v4.new_notebook(cells=[text("# Signals"), named(text("Mine."), "signals", 1), text(STUB)])
    found = find(other.cells, release.cells).found
    assert {answer.why for answer in found.values()} == {answers.FOREIGN}
    assert {answer.why for answer in looked(wiped(other), release).values()} == {answers.FOREIGN}


def test_a_notebook_without_text_is_said(release: Any) -> None:
    for cells in ([], [text("")], [code(" \n")]):
        assert {one.why for one in looked(v4.new_notebook(cells=cells), release).values()} == {answers.HOLLOW}


def test_a_missing_notebook_waits(release: Any) -> None:
    assert set(missing(release.cells, "It is missing.").found.values()) == {Answer(UNCERTAIN, "It is missing.")}


CHANGES = ("answer", "wipe", "retype", "double", "delete", "below", "above", "end", "move", "question")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 20)), max_size=5))
def test_no_answer_becomes_nothing(changes: list[tuple[str, int]]) -> None:
    """Whatever became of the notebook: as long as it holds text of the student's there, nothing is untouched."""
    release = v4.new_notebook(
        cells=[
            text("# Nets"), text("Q1"), named(text(STUB), "one", 1), text("Q2"), named(text(STUB), "two", 1), text("End"),
        ]
    )  # fmt: skip
    student = copy.deepcopy(release)
    student.cells[4].source = "Mine."
    for what, number in changes:
        place = number % max(1, len(student.cells))
        cell = student.cells[place] if student.cells else text("x")
        if what == "wipe":
            cell.metadata = {}
        elif what == "retype":
            cell.cell_type = "raw"
        elif what == "double":
            student.cells.insert(place, copy.deepcopy(cell))
        elif what == "move":
            student.cells.append(student.cells.pop(place)) if student.cells else None
        elif what == "delete" and cell.source != "Mine.":
            student.cells.remove(cell)
        elif what == "question" and cell.source.startswith("Q"):
            cell.source += "?"
    if any(cell.source == "Mine." for cell in student.cells):
        assert looked(student, release)["two"].state != UNTOUCHED


CELLS = st.builds(
    lambda kind, source, name: {
        "cell_type": kind, "source": source, "metadata": {"nbgrader": {"grade_id": name}} if name else {},
        "outputs": [], "execution_count": None,
    },
    st.sampled_from(["code", "markdown", "raw", "heading"]),
    st.sampled_from(["", STUB, "# Nets", "**Question 1**: why?", "mine", CODE, "plot(1)"]),
    st.sampled_from([None, "one", "two", "train", "net", "plot", "other"]),
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(CELLS, max_size=12))
def test_every_notebook_has_every_answer_once(cells: list[dict[str, Any]]) -> None:
    looked(nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), made())


@pytest.mark.parametrize(
    "cell",
    [
        {"source": STUB}, {"source": "a" * 60_000}, {"source": "\u0301" * 30_000}, {"source": "mine"}, {"source": ""},
        {"source": STUB, "metadata": {"nbgrader": {"grade_id": "one"}}},
        {"source": "x\n" * 20_000, "metadata": {"nbgrader": {"grade_id": "one"}}},
        {"source": "# Nets", "metadata": {"nbgrader": {"grade_id": "train", "cell_type": "code"}}},
    ],
)  # fmt: skip
def test_many_cells_take_no_long_time(cell: dict[str, Any]) -> None:
    cells = [{"cell_type": "markdown", "metadata": {}, **cell} for _ in range(1000)]
    start = time.process_time()
    find(cells, made().cells)
    assert time.process_time() - start < 10


NOTEBOOKS = sorted((ROOT / "release").glob("*/*.ipynb")) + sorted((ROOT / "examples").glob("*/release/*/*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("loses_metadata", [False, True], ids=["as it is", "wiped"])
def test_every_release_of_this_course(path: Path, loses_metadata: bool) -> None:
    """An untouched notebook has no answer; one with answers everywhere has each of them, also without its metadata.

    Two code cells stand side by side; without ids only their order tells which is which.
    """
    release = nbformat.read(path, as_version=4)
    written = {name for name, number in answers._named(release.cells).items() if is_solution(release.cells[number])}
    untouched, answered = copy.deepcopy(release), copy.deepcopy(release)
    for number, cell in enumerate(answered.cells):
        if is_solution(cell):
            cell.source = f"answer = {number}"
    if loses_metadata:
        wiped(untouched), wiped(answered)
    found = looked(untouched, release)
    assert {name: found[name].state for name in written} == dict.fromkeys(written, UNTOUCHED)
    found = looked(answered, release)
    assert all(found[name].state != UNTOUCHED for name in written)
    assert {name: found[name].cell for name in written} == {
        name: answers._named(release.cells)[name] for name in written
    }
    assert all(
        found[name].state == ANSWERED for name in written if name not in ("challenge_model", "challenge_training")
    )
