"""The gradebook follows a release: cells come, go, move and change their names and points; what people entered stays."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook, MissingEntry

from autograder.builder.gradebook_cells import Cell, GradebookError, ReleasedNotebook, Update

pytestmark = pytest.mark.quick
STUDENTS = ("ada", "bob", "o'brien")


def judged(name: str, points: float = 2.0) -> Cell:
    return Cell(name, ("GradeCell",), points, "code", f'check("{name}")', "1", True)


def answer(name: str, points: float = 1.0) -> Cell:
    return Cell(name, ("GradeCell", "SolutionCell"), points, "markdown", "Your answer", "2", False)


def code(name: str) -> Cell:
    return Cell(name, ("SolutionCell",), 0.0, "code", "# YOUR CODE HERE", "3", False)


def task(name: str, points: float = 1.0) -> Cell:
    return Cell(name, ("TaskCell",), points, "markdown", "Do it", "4", True)


def text(name: str) -> Cell:
    return Cell(name, (), 0.0, "markdown", "Read this", "5", True)


def notebook(name: str, *cells: Cell) -> ReleasedNotebook:
    return ReleasedNotebook(name, "{}", cells)


FIRST = notebook("One", judged("mean"), answer("explain"), code("constant"), text("title"))
SECOND = notebook("Two", judged("maximum", 3.0), task("draw"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty gradebook: nbgrader needs seconds to create one."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    Gradebook(f"sqlite:///{path}", "course").close()
    return path


@pytest.fixture
def empty(template: Path, tmp_path: Path) -> Iterator[Gradebook]:
    """Yield an empty gradebook."""
    shutil.copy(template, tmp_path)
    with Gradebook(f"sqlite:///{tmp_path / template.name}", "course") as gradebook:
        yield gradebook


@pytest.fixture
def gradebook(empty: Gradebook) -> Gradebook:
    """Return a gradebook with three hand-ins, in which a judge and a person have graded."""
    gradebook = empty
    with gradebook.db.no_autoflush:
        apply(gradebook, FIRST, SECOND)
        for student in STUDENTS:
            gradebook.add_student(student)
            gradebook.add_submission("weather", student)
        grade(gradebook, "mean", "ada").auto_score = 2.0
        grade(gradebook, "maximum", "ada", "Two").manual_score = 2.5
        grade(gradebook, "explain", "bob").manual_score = 1.0
        gradebook.find_comment("explain", "One", "weather", "bob").manual_comment = "Well said."
        gradebook.db.commit()
    return gradebook


def apply(gradebook: Gradebook, *notebooks: ReleasedNotebook, whole: bool = True, **renamed: str) -> list[str]:
    update = Update(gradebook, "weather", notebooks, whole, renamed)
    said = update.sentences()
    update.write()
    gradebook.db.commit()
    return said


def grade(gradebook: Gradebook, name: str, student: str, within: str = "One") -> Any:
    return gradebook.find_grade(name, within, "weather", student)


def complete(gradebook: Gradebook, *notebooks: ReleasedNotebook) -> None:
    """Check that the gradebook and each hand-in have these cells and no others."""
    entry = gradebook.find_assignment("weather")
    assert sorted(one.name for one in entry.notebooks) == sorted(one.name for one in notebooks)
    for wanted in notebooks:
        found = gradebook.find_notebook(wanted.name, "weather")
        assert {cell.name for cell in found.source_cells} == {cell.name for cell in wanted.cells}
        graded = {cell.name for cell in wanted.cells if {"GradeCell", "TaskCell"} & set(cell.types)}
        commented = {cell.name for cell in wanted.cells if {"SolutionCell", "TaskCell"} & set(cell.types)}
        assert {cell.name for cell in (*found.grade_cells, *found.task_cells)} == graded
        for student in STUDENTS:
            submitted = gradebook.find_submission_notebook(wanted.name, "weather", student)
            assert sorted(one.name for one in submitted.grades) == sorted(graded)
            assert sorted(one.name for one in submitted.comments) == sorted(commented)
    assert len(entry.submissions[0].notebooks) == len(notebooks)


def what_people_entered_is_there(gradebook: Gradebook) -> None:
    assert grade(gradebook, "explain", "bob").manual_score == 1.0
    assert gradebook.find_comment("explain", "One", "weather", "bob").manual_comment == "Well said."


def test_the_same_release_changes_nothing(gradebook: Gradebook) -> None:
    assert apply(gradebook, FIRST, SECOND) == []
    complete(gradebook, FIRST, SECOND)
    what_people_entered_is_there(gradebook)
    assert grade(gradebook, "mean", "ada").auto_score == 2.0


def test_new_cells_wait_in_every_hand_in(gradebook: Gradebook) -> None:
    more = notebook("One", *FIRST.cells, judged("median"), answer("why"), task("plot"), text("end"))
    said = apply(gradebook, more, SECOND)
    assert said == [f"{name} is new: it waits to be graded in 3 hand-ins." for name in ("median", "why", "plot")]
    complete(gradebook, more, SECOND)
    new = grade(gradebook, "median", "o'brien")
    assert (new.auto_score, new.manual_score, new.needs_manual_grade, new.max_score) == (None, None, True, 2.0)
    what_people_entered_is_there(gradebook)
    assert gradebook.find_submission("weather", "ada").max_score == 2 + 1 + 3 + 1 + 2 + 1 + 1


def test_a_cell_that_goes_takes_its_scores(gradebook: Gradebook) -> None:
    less = notebook("One", answer("explain"), text("title"))
    update = Update(gradebook, "weather", [less, SECOND])
    assert update.lost() == []  # a judge's score can be had again
    assert apply(gradebook, less, SECOND) == ["mean goes: its scores are removed from 3 hand-ins."]
    complete(gradebook, less, SECOND)
    what_people_entered_is_there(gradebook)
    with pytest.raises(MissingEntry):
        grade(gradebook, "mean", "ada")


def test_what_people_entered_is_said_before_it_goes(gradebook: Gradebook) -> None:
    update = Update(gradebook, "weather", [notebook("One", judged("mean"))])
    assert update.lost() == [
        "explain is not in the new release, and people entered 1 score for it (bob).",
        "explain is not in the new release, and people entered 1 comment for it (bob).",
        "maximum is not in the new release, and people entered 1 score for it (ada).",
    ]
    assert {(one["exercise"], one["student"]) for one in update.entered()} == {("explain", "bob"), ("maximum", "ada")}
    gradebook.db.rollback()
    complete(gradebook, FIRST, SECOND)


def test_extra_credit_that_a_person_entered_is_said_before_it_goes(gradebook: Gradebook) -> None:
    """A judge's extra credit is what grading wrote; all other is a person's, also on the same cell."""
    extra = notebook("Other", judged("mean", 0.0), answer("challenge", 0.0))
    apply(gradebook, notebook("One", *FIRST.cells, judged("bonus", 0.0), answer("essay", 0.0)), SECOND, extra)
    names = (("bonus", "One"), ("essay", "One"), ("mean", "Other"), ("challenge", "Other"), ("mean", "One"))
    for name, within in names:
        grade(gradebook, name, "ada", within).extra_credit = 1.5
    gradebook.db.flush()
    grade(gradebook, "mean", "bob", "Other").extra_credit = 1.0
    gradebook.db.flush()
    written = {(student, "Other", "mean"): (0.5, 1.5) for student in ("ada", "bob")}
    update = Update(gradebook, "weather", [SECOND], written=written)
    found = [one for one in update.entered() if one.get("extra_credit")]
    assert {(one["student"], one["exercise"], one["notebook"]) for one in found} == {
        *(("ada", *pair) for pair in names if pair != ("mean", "Other")),
        ("bob", "mean", "Other"),
    }
    gradebook.db.rollback()


def test_a_renamed_exercise_keeps_its_scores(gradebook: Gradebook) -> None:
    new = notebook("One", judged("average", 4.0), answer("reason"), code("constant"), text("title"))
    said = apply(gradebook, new, SECOND, mean="average", explain="reason")
    assert said == [
        "mean is now average: its scores and comments stay.",
        "explain is now reason: its scores and comments stay.",
        "average is worth 4 points instead of 2.",
    ]
    complete(gradebook, new, SECOND)
    assert grade(gradebook, "average", "ada").auto_score == 2.0
    assert grade(gradebook, "reason", "bob").manual_score == 1.0
    assert gradebook.find_comment("reason", "One", "weather", "bob").manual_comment == "Well said."


@pytest.mark.parametrize("renamed", [{"mean": "absent"}, {"absent": "mean"}, {"maximum": "mean"}, {"mean": ""}])
def test_a_wrong_new_name_is_said(gradebook: Gradebook, renamed: dict[str, str]) -> None:
    with pytest.raises(GradebookError, match="cannot be renamed"):
        Update(gradebook, "weather", [FIRST, SECOND], renamed=renamed)


def test_two_exercises_cannot_become_one(gradebook: Gradebook) -> None:
    new = notebook("One", judged("average"))
    with pytest.raises(GradebookError, match="Two cells"):
        Update(gradebook, "weather", [new], renamed={"mean": "average", "maximum": "average"})


def test_a_moved_exercise_keeps_its_scores(gradebook: Gradebook) -> None:
    one, two = notebook("One", judged("mean"), text("title")), notebook("Two", *SECOND.cells, answer("explain"))
    said = apply(gradebook, one, two)
    assert said == ["explain moves from One to Two: its scores and comments stay."]
    complete(gradebook, one, two)
    assert grade(gradebook, "explain", "bob", "Two").manual_score == 1.0
    assert gradebook.find_comment("explain", "Two", "weather", "bob").manual_comment == "Well said."


def test_a_renamed_notebook_keeps_its_scores(gradebook: Gradebook) -> None:
    new = notebook("Maxima", *SECOND.cells)
    assert Update(gradebook, "weather", [FIRST, new]).lost() == []
    apply(gradebook, FIRST, new)
    complete(gradebook, FIRST, new)
    assert grade(gradebook, "maximum", "ada", "Maxima").manual_score == 2.5


def test_alternatives_with_the_same_ids_are_not_mixed_up(gradebook: Gradebook) -> None:
    """A part's second notebook comes with the cells of the first; neither moves."""
    other = notebook("Other", *SECOND.cells)
    apply(gradebook, FIRST, SECOND, other)
    complete(gradebook, FIRST, SECOND, other)
    assert grade(gradebook, "maximum", "ada", "Two").manual_score == 2.5
    assert grade(gradebook, "maximum", "ada", "Other").manual_score is None


def test_changed_points(gradebook: Gradebook) -> None:
    new = notebook("Two", judged("maximum", 2.0), task("draw"))
    assert apply(gradebook, FIRST, new) == [
        "maximum is worth 2 points instead of 3. A person entered more than that for ada."
    ]
    assert grade(gradebook, "maximum", "ada", "Two").max_score == 2.0
    assert grade(gradebook, "maximum", "ada", "Two").manual_score == 2.5


def test_a_task_becomes_a_written_answer(gradebook: Gradebook) -> None:
    grade(gradebook, "draw", "ada", "Two").manual_score = 0.5
    gradebook.db.commit()
    new = notebook("Two", judged("maximum", 3.0), answer("draw"))
    assert Update(gradebook, "weather", [FIRST, new]).lost() == []
    apply(gradebook, FIRST, new)
    complete(gradebook, FIRST, new)
    assert grade(gradebook, "draw", "ada", "Two").manual_score == 0.5


def test_one_notebook_alone_leaves_the_others(gradebook: Gradebook) -> None:
    new = notebook("One", *FIRST.cells, judged("median"))
    apply(gradebook, new, whole=False)
    complete(gradebook, new, SECOND)


def test_a_gradebook_that_lacks_entries_is_completed(gradebook: Gradebook) -> None:
    """As after a hand-made change or an interrupted build of an older version."""
    gradebook.db.delete(grade(gradebook, "mean", "bob"))
    gradebook.db.commit()
    apply(gradebook, FIRST, SECOND)
    complete(gradebook, FIRST, SECOND)


def test_without_hand_ins_nothing_is_said(empty: Gradebook) -> None:
    assert apply(empty, FIRST, SECOND) == []
    assert apply(empty, notebook("Two", judged("mean", 5.0))) == []
    assert [one.name for one in empty.find_assignment("weather").notebooks] == ["Two"]
    assert empty.find_assignment("weather").max_score == 5.0


def test_it_is_written_all_or_not(gradebook: Gradebook) -> None:
    update = Update(gradebook, "weather", [notebook("One", judged("median"))])
    update.write()
    gradebook.db.rollback()
    gradebook.db.expire_all()
    complete(gradebook, FIRST, SECOND)
    what_people_entered_is_there(gradebook)
