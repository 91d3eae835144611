"""The two notebooks of part 5: which are judged, which one counts, and what nbgrader shows."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.assignment import AssignmentError, Part, read_assignment
from autograder.course import Course
from autograder.judge import alternatives, session
from autograder.judge.session import judge_part, taken_in
from autograder.sample import students
from autograder.sandbox import profiles
from autograder.verdict import GRADED, NOT_GRADED, PASSED, ExerciseResult, PartVerdict, TestResult
from tests.assignment2 import ASSIGNED, GRADER

from ..conftest import needs


@pytest.fixture
def blank(course: Course, tmp_path: Path) -> Path:
    students.blank(course, tmp_path / "blank")
    return tmp_path / "blank"


def begun(course: Course, folder: Path) -> list[str]:
    with taken_in(folder, ASSIGNED) as submission:
        return [alternative.notebook for alternative in alternatives.worked_on(course, course.parts[4], submission)]


def test_an_untouched_notebook_is_not_judged_beside_one_that_was_begun(
    course: Course, blank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alternatives, "is_installed", lambda assignment, part: True)
    first, second = course.parts[4].alternatives
    assert begun(course, blank) == [first.notebook]
    answer(blank / second.notebook, "barebones_code")
    assert begun(course, blank) == [second.notebook]
    answer(blank / first.notebook, "barebones_code")
    assert begun(course, blank) == [first.notebook, second.notebook]


def test_an_untouched_part_is_judged_by_what_is_installed(
    course: Course, blank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untouched part earns nothing in either notebook, so it does not wait for the other notebook's framework."""
    first, second = course.parts[4].alternatives
    monkeypatch.setattr(alternatives, "is_installed", lambda assignment, part: part.framework == second.framework)
    assert begun(course, blank) == [second.notebook]
    monkeypatch.setattr(alternatives, "is_installed", lambda assignment, part: False)
    assert begun(course, blank) == [first.notebook]


@needs("tensorflow")
def test_nothing_handed_in_does_not_wait_for_a_framework(
    course: Course, blank: Path, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = course.parts[4].alternatives
    monkeypatch.setattr(alternatives, "is_installed", lambda assignment, part: part.framework == second.framework)
    monkeypatch.setattr(profiles, "is_installed", alternatives.is_installed)
    for alternative in (first, second):
        (blank / alternative.notebook).unlink()
    with taken_in(blank, ASSIGNED) as submission:
        verdict = judge_part(course, course.parts[4], submission, level)
    assert verdict.problems == ("Neither PyTorch.ipynb nor TensorFlow.ipynb was handed in.",)
    assert {one.outcome for one in verdict.exercises} == {"not_graded"}


def test_code_in_a_cell_of_ones_own_counts_as_work(course: Course, blank: Path) -> None:
    second = course.parts[4].alternatives[1]
    content = json.loads((blank / second.notebook).read_text())
    content["cells"].append({"cell_type": "code", "metadata": {}, "id": "own", "outputs": [], "execution_count": None,
                             "source": "def three_layer_convnet(x, params): return x"})  # fmt: skip
    (blank / second.notebook).write_text(json.dumps(content))
    assert begun(course, blank) == [second.notebook]


def test_a_model_counts_as_work(course: Course, blank: Path) -> None:
    second = course.parts[4].alternatives[1]
    (blank / "models").mkdir()
    (blank / second.model).write_bytes(b"weights")
    assert begun(course, blank) == [second.notebook]


def test_an_unreadable_notebook_counts_as_work(course: Course, blank: Path) -> None:
    second = course.parts[4].alternatives[1]
    (blank / second.notebook).write_text("{")
    assert begun(course, blank) == [second.notebook]


def answer(notebook: Path, cell: str) -> None:
    content = json.loads(notebook.read_text())
    for one in content["cells"]:
        if one["metadata"].get("nbgrader", {}).get("grade_id") == cell:
            one["source"] = "# mine\n" + "".join(one["source"])
    notebook.write_text(json.dumps(content))


@pytest.mark.skipif(
    not any(profiles.is_installed(ASSIGNED, one) for one in ASSIGNED.parts[4].alternatives),
    reason="neither PyTorch nor TensorFlow is installed, so the part is open",
)
def test_nothing_handed_in_is_said_once(course: Course, blank: Path, level: int) -> None:
    for alternative in course.parts[4].alternatives:
        (blank / alternative.notebook).unlink()
    with taken_in(blank, ASSIGNED) as submission:
        verdict = judge_part(course, course.parts[4], submission, level)
    assert verdict.problems == ("Neither PyTorch.ipynb nor TensorFlow.ipynb was handed in.",)
    assert {one.outcome for one in verdict.exercises} == {"not_graded"}


def verdict(name: str, score: float, outcome: str = GRADED) -> PartVerdict:
    result = TestResult("a", "A", "core", PASSED if outcome == GRADED else outcome, "It is not there.")
    return PartVerdict(5, name, (ExerciseResult("barebones_convnet", 3, score, outcome, (result,)),))


def test_the_better_notebook_counts() -> None:
    chosen = alternatives.best([verdict("PyTorch", 1), verdict("TensorFlow", 2)])
    assert (chosen.name, chosen.score) == ("TensorFlow", 2)
    assert chosen.problems == ("PyTorch.ipynb was handed in too, and earns 1 of 3; TensorFlow.ipynb counts.",)


def test_what_cannot_be_judged_never_costs_the_other_nor_becomes_a_zero() -> None:
    open_one = verdict("TensorFlow", 0, NOT_GRADED)
    assert alternatives.best([verdict("PyTorch", 1), open_one]).name == "PyTorch"
    assert alternatives.best([verdict("PyTorch", 0, "failed"), open_one]).name == "TensorFlow"
    assert alternatives.best([verdict("PyTorch", 3), open_one]).flags == ()
    (flag,) = alternatives.best([verdict("PyTorch", 1), open_one]).flags  # the open notebook might have earned 3
    assert flag.startswith("TensorFlow.ipynb was handed in too, and could not be judged in full")
    assert (
        "could not be judged in full (It is not there)"
        in alternatives.best([verdict("PyTorch", 1), open_one]).problems[0]
    )


def test_both_are_judged_where_both_were_begun(
    course: Course, blank: Path, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for alternative in course.parts[4].alternatives:
        answer(blank / alternative.notebook, "barebones_code")
    scores = {"PyTorch": 3.0, "TensorFlow": 2.0}
    monkeypatch.setattr(
        session, "judge_alternative", lambda course, part, submission, level: verdict(part.name, scores[part.name])
    )
    with taken_in(blank, ASSIGNED) as submission:
        found = judge_part(course, course.parts[4], submission, level)
    assert (found.name, found.score) == ("PyTorch", 3)


def copied(course: Course, tmp_path: Path) -> Path:
    source = tmp_path / "source"
    shutil.copytree(course.source, source)
    return source


def edit(source: Path, change: object) -> None:
    path = source / "TensorFlow.ipynb"
    content = json.loads(path.read_text())
    change(content)  # type: ignore[operator]
    path.write_text(json.dumps(content))


def graded(content: dict[str, object]) -> list[dict[str, object]]:
    cells = content["cells"]
    assert isinstance(cells, list)
    return [cell["metadata"]["nbgrader"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]


def test_the_points_of_both_are_those_of_the_first(course: Course) -> None:
    first, second = course.parts[4].alternatives
    assert [one.points for one in first.exercises] == [one.points for one in second.exercises]
    assert (first.model, second.model) == ("models/part5.safetensors", "models/part5.weights.h5")
    assert [part.number for part in course.parts] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: graded(content)[0].update(points=3), "set all points in the alternative to 0"),
        (lambda content: graded(content)[0].update(grade_id="another"), "part numbers or grade cells differ"),
        (lambda content: content["metadata"]["autograder"].update(instead_of="Nothing.ipynb"), "does not exist"),
        (lambda content: content["metadata"]["autograder"].update(framework="jax"), "are: torch and tensorflow"),
    ],
)
def test_notebooks_that_do_not_go_together_are_said(course: Course, tmp_path: Path, change: object, said: str) -> None:
    source = copied(course, tmp_path)
    edit(source, change)
    with pytest.raises(AssignmentError, match=said):
        _ = read_assignment(GRADER, source).parts


def test_a_part_is_its_own_first_track(course: Course) -> None:
    part: Part = course.parts[0]
    assert part.alternatives == (replace(part, others=()),) == (part,)
