"""Either notebook of part 5 earns the whole part: nbgrader's gradebook has the right sum and an unchanged maximum."""

import shutil
from collections.abc import Callable, Container
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

from autograder.assignment import Part
from autograder.builder import current
from autograder.builder.gradebook_cells import ReleasedNotebook, Update
from autograder.builder.written import written
from autograder.course import Course, put_tools_on_path
from autograder.grading import engine, facts
from autograder.grading.decisions import Decision, Role
from autograder.grading.gradebook import JudgedAutograde, books_of
from autograder.intake.submission import Submission
from autograder.judge.alternatives import best
from autograder.judge.apart import Apart
from autograder.sample import students
from autograder.verdict import FAILED, GRADED, NOT_GRADED, OPEN, ExerciseResult, PartVerdict, TestResult
from tests.assignment2 import ASSIGNMENT

pytestmark = pytest.mark.slow
Grade = Callable[[dict[str, float | None]], None]


@pytest.fixture(scope="module")
def school(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with its own release and one student, who did both notebooks of part 5."""
    root = tmp_path_factory.mktemp("school")
    shutil.copytree(course.root / "source", root / "source")
    shutil.copy(course.root / "nbgrader_config.py", root)
    school = Course(root, course.data)
    put_tools_on_path()
    current.build(school)
    students.solved(
        school, root / "submitted" / "both" / ASSIGNMENT, [*school.parts[:4], *school.parts[4].alternatives]
    )
    return school


@pytest.fixture
def grade(school: Course, monkeypatch: pytest.MonkeyPatch, level: int) -> Grade:
    """Return a function that grades with full points in parts 1 to 4 and the given shares for part 5's notebooks."""

    def grade(earned: dict[str, float | None]) -> None:
        def verdict_on(apart: Apart, part: Part, submission: Submission) -> PartVerdict:
            return best([verdict(alternative, earned.get(alternative.name, 1.0)) for alternative in part.alternatives])

        monkeypatch.setattr(engine, "verdict_on", verdict_on)
        monkeypatch.chdir(school.root)
        config = PyFileConfigLoader("nbgrader_config.py", path=str(school.root)).load_config()
        coursedir = CourseDirectory(config=config, root=str(school.root), assignment_id=ASSIGNMENT)
        converter = JudgedAutograde(coursedir=coursedir, config=config)
        converter.force = True
        converter.start()

    return grade


@pytest.fixture(autouse=True)
def nothing_entered(school: Course) -> None:
    """Remove what an earlier test entered."""
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions(ASSIGNMENT):
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    grade.extra_credit = None
        gradebook.db.commit()


def verdict(alternative: Part, share: float | None) -> PartVerdict:
    """Return a verdict with a share of all points; None means not graded."""
    outcome = NOT_GRADED if share is None else GRADED if share else FAILED
    test = TestResult("a", "A", "core", "passed" if share else outcome, "It is not installed here.")
    earned = [one.points * (share or 0) for one in alternative.automatic]
    exercises = tuple(
        ExerciseResult(one.id, one.points, score, outcome, (test,))
        for one, score in zip(alternative.automatic, earned, strict=True)
    )
    return PartVerdict(alternative.number, alternative.name, exercises)


def book(school: Course) -> tuple[float, float, dict[str, set[str]]]:
    """Return the score, the maximum, and the cells that wait for a person in each notebook of part 5."""
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, "both")
        waiting = {
            notebook.name: {grade.name for grade in notebook.grades if grade.needs_manual_grade}
            for notebook in submission.notebooks
            if notebook.name in ("PyTorch", "TensorFlow")
        }
        return submission.score, submission.max_score, waiting


def extra(school: Course, cell: str) -> float | None:
    """Return the extra credit of a cell of TensorFlow's notebook."""
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        found: float | None = gradebook.find_grade(cell, "TensorFlow", ASSIGNMENT, "both").extra_credit
        return found


def enter_extra(school: Course, cell: str, value: float | None) -> None:
    """Enter extra credit for a cell of TensorFlow's notebook, like formgrader."""
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        gradebook.find_grade(cell, "TensorFlow", ASSIGNMENT, "both").extra_credit = value
        gradebook.db.commit()


def automatic(school: Course, *numbers: int) -> float:
    return sum(one.points for part in school.parts if part.number in numbers for one in part.automatic)


def test_the_better_notebook_counts_once(school: Course, grade: Grade) -> None:
    others, fifth = automatic(school, 1, 2, 3, 4), automatic(school, 5)
    grade({"PyTorch": 1.0, "TensorFlow": 0.5})
    assert book(school) == (others + fifth, 100, {"PyTorch": {"challenge_description"}, "TensorFlow": set()})
    grade({"PyTorch": 0.5, "TensorFlow": 1.0})
    assert book(school) == (others + fifth, 100, {"PyTorch": set(), "TensorFlow": {"challenge_description"}})


def test_the_description_is_read_as_extra_credit(school: Course, grade: Grade) -> None:
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    before, _, _ = book(school)
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:  # like formgrader
        read = gradebook.find_grade("challenge_description", "TensorFlow", ASSIGNMENT, "both")
        read.extra_credit, read.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    assert book(school)[0] == before + 1.5
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    score, _, waiting = book(school)
    assert (score, waiting["TensorFlow"]) == (before + 1.5, set())


def test_a_person_corrects_what_was_judged(school: Course, grade: Grade) -> None:
    """The correction survives every run; a score that grading itself wrote once, as a restored backup holds, not."""
    points, cell = school.parts[4].automatic[0].points, school.parts[4].automatic[0].id
    grade({"PyTorch": 0.0, "TensorFlow": 0.5})
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    enter_extra(school, cell, 0.5 * points)  # as in the backup of the day before
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    assert extra(school, cell) == points
    enter_extra(school, cell, 0.75 * points)
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    assert extra(school, cell) == 0.75 * points


def test_a_correction_stays_whatever_is_decided_after_it(school: Course, grade: Grade) -> None:
    """Decisions are written as grading does, without the judge."""
    points, cell = school.parts[4].automatic[0].points, school.parts[4].automatic[0].id
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    found = facts.read(school.root, ASSIGNMENT, "both")
    assert found is not None
    (full,) = [one for one in found.decisions if (one.notebook, one.cell) == ("TensorFlow", cell)]
    none, open_, aside = (
        replace(full, score=0.0),
        replace(full, score=0.0, outcome=OPEN),
        replace(full, role=Role.ASIDE, score=0.0),
    )
    ours = {("TensorFlow", cell): (points, 0.0)}

    def after(decision: Decision, changed: Container[str] = (), known: bool = True) -> tuple[float | None, bool]:
        with books_of(school) as books, books.transaction():
            books.write("both", [decision], {}, changed, ours if known else {})
        return extra(school, cell), cell in book(school)[2]["TensorFlow"]

    enter_extra(school, cell, 0.25 * points)
    for decision in (full, none, open_):
        assert after(decision) == (0.25 * points, False)
    assert after(none, known=False) == (0.25 * points, True)  # as after a rename: it may be the judge's
    assert after(none) == (0.25 * points, True)
    assert after(full, ["TensorFlow"]) == (0.25 * points, True)  # another hand-in: a person looks again
    assert after(aside) == (0.25 * points, True)  # it would count twice: a person decides
    enter_extra(school, cell, points)
    assert after(aside) == (None, False)
    assert after(open_) == (None, True)
    assert after(full) == (points, False)


def test_extra_credit_of_which_nothing_is_known_stays(school: Course, grade: Grade) -> None:
    """As after the loss of what grading keeps: what differs from the judge's result waits for a person."""
    points, cell = school.parts[4].automatic[0].points, school.parts[4].automatic[0].id
    other = school.parts[4].automatic[1].id
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    enter_extra(school, cell, 0.75 * points)
    facts.path_of(school.root, ASSIGNMENT, "both").unlink()
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    assert extra(school, cell) == 0.75 * points
    waiting = book(school)[2]["TensorFlow"]
    assert cell in waiting
    assert other not in waiting
    enter_extra(school, cell, None)
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})
    assert extra(school, cell) == points


def test_a_release_without_the_notebook_asks_for_what_a_person_entered(school: Course, grade: Grade) -> None:
    points, cell = school.parts[4].automatic[0].points, school.parts[4].automatic[0].id
    grade({"PyTorch": 0.0, "TensorFlow": 1.0})

    def lost() -> set[str]:
        known = written(school.root, ASSIGNMENT)
        with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
            names = [one.name for one in gradebook.find_assignment(ASSIGNMENT).notebooks if one.name != "TensorFlow"]
            left = [ReleasedNotebook(name, "{}", ()) for name in names]
            entered = Update(gradebook, ASSIGNMENT, left, written=known).entered()
        return {one["exercise"] for one in entered if one["notebook"] == "TensorFlow"}

    assert lost() == set()
    enter_extra(school, cell, 0.75 * points)
    assert lost() == {cell}


def test_what_cannot_be_judged_waits(school: Course, grade: Grade) -> None:
    grade({"PyTorch": 0.0, "TensorFlow": None})
    _, _, waiting = book(school)
    assert waiting["TensorFlow"] >= {one.id for one in school.parts[4].automatic}
    assert waiting["PyTorch"] == set()


def test_both_notebooks_say_which_one_counts(school: Course, grade: Grade) -> None:
    grade({"PyTorch": 1.0, "TensorFlow": 0.5})
    folder = school.root / "autograded" / "both" / ASSIGNMENT
    assert "PyTorch.ipynb counts" in page(folder / "TensorFlow.ipynb")
    assert "and earns 7 of 14" in page(folder / "PyTorch.ipynb")


def page(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace("\\\\", "")
