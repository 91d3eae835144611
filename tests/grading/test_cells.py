"""Every student's notebook becomes valid for the gradebook, even after hostile changes."""

import copy
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checks.notebook import NotebookError
from autograder.grading.cells import read_notebook, restore, show
from autograder.verdict import ExerciseResult, PartVerdict, TestResult

v4 = nbformat.v4


def graded(cell, name, solution=False, points=1.0):  # type: ignore[no-untyped-def]
    cell.metadata = nbformat.from_dict(
        {"nbgrader": {"grade": True, "solution": solution, "grade_id": name, "points": points, "locked": not solution}}
    )
    return cell


@pytest.fixture
def release() -> nbformat.NotebookNode:
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("Welcome"),
            graded(v4.new_code_cell('check("a")'), "a"),
            v4.new_markdown_cell("Between"),
            graded(v4.new_markdown_cell("YOUR ANSWER HERE"), "question", solution=True),
            graded(v4.new_code_cell('check("b")'), "b", points=2.0),
        ]
    )


def names(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]


def test_an_honest_notebook_keeps_its_answers_and_outputs(release: nbformat.NotebookNode) -> None:
    student = copy.deepcopy(release)
    student.cells[3].source = "Because."
    student.cells.insert(1, v4.new_code_cell("1 + 1", outputs=[v4.new_output("stream", text="2")]))
    restored = restore(student, release)
    assert names(restored) == ["a", "question", "b"]
    assert restored.cells[4].source == "Because."
    assert restored.cells[1].outputs[0].text == "2"
    nbformat.validate(restored)


def test_edited_doubled_and_deleted_cells(release: nbformat.NotebookNode) -> None:
    student = copy.deepcopy(release)
    student.cells[1].source = "pass  # all is well"
    student.cells[1].metadata.nbgrader.points = 1000
    student.cells.append(copy.deepcopy(student.cells[3]))
    student.cells[-1].source = "The later answer."
    del student.cells[4]  # check("b")
    restored = restore(student, release)
    assert sorted(names(restored)) == ["a", "b", "question"]
    by_name = {cell.metadata.nbgrader.grade_id: cell for cell in restored.cells if "nbgrader" in cell.metadata}
    assert by_name["a"].source == 'check("a")'
    assert by_name["a"].metadata.nbgrader.points == 1.0
    assert by_name["question"].source == "The later answer."
    nbformat.validate(restored)


def test_another_type_of_cell_is_changed_back(release: nbformat.NotebookNode) -> None:
    student = copy.deepcopy(release)
    student.cells[3] = graded(v4.new_code_cell("It is <b>so</b>."), "question", solution=True)
    restored = restore(student, release)
    assert names(restored) == ["a", "question", "b"]
    answer = restored.cells[3]
    assert (answer.cell_type, answer.source) == ("markdown", "It is &lt;b>so&lt;/b>.")
    nbformat.validate(restored)


def test_outputs_cannot_carry_script(release: nbformat.NotebookNode) -> None:
    student = copy.deepcopy(release)
    data = {"text/html": "<script>alert(1)</script>", "application/javascript": "x", "image/svg+xml": "<svg/>"}
    picture = v4.new_output("display_data", {"image/png": '"><script>alert(1)</script>'})
    huge = v4.new_output("stream", text="y" * 10_000_000)
    student.cells[0] = v4.new_code_cell(
        "x", outputs=[v4.new_output("display_data", {**data, "text/plain": "plain"}), picture, huge]
    )
    restored = restore(student, release)
    text = nbformat.writes(restored)
    assert "script" not in text
    assert "svg" not in text
    assert "plain" in text
    assert len(text) < 100_000


def test_answers_cannot_carry_script(release: nbformat.NotebookNode) -> None:
    student = copy.deepcopy(release)
    student.cells[3].source = "a < b, and <script>alert(1)</script>"
    student.cells += [v4.new_markdown_cell("<img src=x onerror=alert(1)>"), v4.new_raw_cell("<script>x</script>")]
    sources = [cell.source for cell in restore(student, release).cells]
    assert "a < b, and &lt;script>alert(1)&lt;/script>" in sources
    assert not any("<script" in source or "<img" in source for source in sources)


NAMES = st.sampled_from(["a", "b", "question", "other", ""])
METADATA = st.one_of(
    st.just({}), NAMES.map(lambda n: {"nbgrader": {"grade_id": n}}), st.just({"nbgrader": 3}),
    st.just({"nbgrader": {"grade_id": ["x"]}}), st.just({"nbgrader": None, "tags": ["x"]}),
)  # fmt: skip
CELLS = st.builds(
    lambda kind, source, metadata: nbformat.from_dict(
        {"cell_type": kind, "source": source, "metadata": metadata, "outputs": [], "execution_count": None}
    ),
    st.sampled_from(["code", "markdown", "raw"]), st.text(max_size=20), METADATA,
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(CELLS, max_size=8))
def test_every_graded_cell_is_there_once(cells: list[nbformat.NotebookNode]) -> None:
    release = v4.new_notebook(
        cells=[
            graded(v4.new_code_cell('check("a")'), "a"),
            graded(v4.new_markdown_cell("YOUR ANSWER HERE"), "question", solution=True),
            graded(v4.new_code_cell('check("b")'), "b"),
        ]
    )
    student = v4.new_notebook()
    student.cells = cells
    restored = restore(student, release)
    assert sorted(names(restored)) == ["a", "b", "question"]
    for cell in restored.cells:
        if "nbgrader" in cell.metadata and cell.metadata.nbgrader.grade_id in "ab":
            assert cell.source.startswith("check(")


def test_the_verdict_is_shown_and_escaped(release: nbformat.NotebookNode) -> None:
    bad = TestResult("t", "A title", "core", "failed", "<script>alert('x')</script>", "A hint & more", example="1 < 2.")
    result = ExerciseResult("a", 1.0, 0.0, "failed", (bad,))
    show(release, PartVerdict(1, "N", (result,), problems=("It *is* <b>broken</b>.",)))
    assert release.cells[0].cell_type == "markdown"
    assert "<b>" not in release.cells[0].source
    (output,) = release.cells[2].outputs
    assert "&lt;script&gt;" in output.data["text/html"]
    assert "A hint &amp; more" in output.data["text/html"]
    assert "<li>1 &lt; 2.</li>" in output.data["text/html"]
    assert output.data["text/plain"].endswith("\n  1 < 2.")
    assert "0 of 1 points" in output.data["text/html"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": [{"cell_type": "code"}]}', '{"cells": 1, "nbformat": 4}']
)
def test_what_is_no_notebook_is_said_in_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "A.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookError, match=r"A\.ipynb"):
        restore(read_notebook(path), v4.new_notebook())
        raise NotebookError("A.ipynb was forgiven")  # a cell without a source does no harm


def test_one_reason_is_told_once(release: nbformat.NotebookNode) -> None:
    messages = [("It does not build.", "")] * 3 + [("It is wrong.", "A hint."), ("It is wrong.", "Another.")]
    tests = tuple(TestResult(f"t{i}", f"Title {i}", "core", "failed", *said) for i, said in enumerate(messages))
    show(release, PartVerdict(1, "N", (ExerciseResult("a", 1.0, 0.0, "failed", tests),)))
    html = release.cells[1].outputs[0].data["text/html"]
    assert html.count("It does not build.") == 1
    assert html.count("</strong> (for the same reason)") == 2
    assert html.count("It is wrong.") == 2
