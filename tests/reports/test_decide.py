"""One comment or one score for a group: in the gradebook, on the pages, and there after the next run."""

import subprocess
import sys

import msgspec
import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.grading import facts, record
from autograder.grading.gradebook import books_of
from autograder.reports.clusters import Cluster, clusters
from autograder.reports.decide import DecisionError, decide, records_of
from autograder.reports.student import student_page

pytestmark = pytest.mark.slow


def largest(school: Course) -> Cluster:
    return clusters(records_of(school))[0]


def of(school: Course, student: str, exercise: str) -> record.Exercise:
    (found,) = [one for one in records_of(school) if one.student == student]
    return next(one for one in found.exercises if one.id == exercise)


def entered(gradebook: Gradebook, student: str) -> dict[str, str]:
    """Return the comments that the gradebook holds about a student's cells."""
    notebook = gradebook.find_submission_notebook("Readings", "weather", student)
    return {one.name: one.manual_comment for one in notebook.comments if one.manual_comment}


def test_a_decision_reaches_all_of_a_group_and_stays(school: Course) -> None:
    group = largest(school)
    before = {one.student: one.total for one in records_of(school)}
    found, left = decide(school, group.name, 0.5, "See the lecture on units.")
    assert (found, left) == (group, [])
    assert decide(school, group.name, None, "See the lecture on units.")[1] == []  # said once
    for one in records_of(school):
        own = of(school, one.student, group.exercise)
        if one.student in group.students:
            assert (own.score, own.by_person, own.comment) == (0.5, True, "See the lecture on units.")
        else:
            assert (one.total, own.comment) == (before[one.student], "")
    with books_of(school) as books:  # the next run of grading
        for student in group.students:
            known = facts.read(school.root, "weather", student)
            assert known is not None
            with books.transaction():
                books.write(student, known.decisions, {}, ("Readings",))
    again = of(school, group.students[0], group.exercise)
    assert (again.score, again.comment) == (0.5, "See the lecture on units.")
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        assert entered(gradebook, group.students[0]) == {group.exercise: "See the lecture on units."}
    (own,) = [one for one in records_of(school) if one.student == group.students[0]]
    assert "See the lecture on units." in student_page(own, "Weather")


def test_what_cannot_be_entered_is_said(school: Course) -> None:
    group = largest(school)
    for name, score, comment, why in (
        (group.name, None, " ", "Give --score"),
        (group.name, 99.0, "", "from 0 to"),
        (group.name, float("nan"), "", "from 0 to"),
        (f"{group.exercise}:00000000", None, "x", "no group"),
    ):
        with pytest.raises(DecisionError, match=why):
            decide(school, name, score, comment)
    assert not any(one.by_person for own in records_of(school) for one in own.exercises)


def test_the_command_that_the_page_prints(school: Course) -> None:
    command = [sys.executable, "-m", "autograder.cli"]
    subprocess.run([*command, "report"], cwd=school.root, check=True, capture_output=True)
    page = (school.root / "report" / "weather" / "index.html").read_text()
    printed = f"autograder --assignment weather decide {largest(school).name} --comment"
    assert printed in page
    arguments = [*printed.split()[1:], "Look again."]
    ran = subprocess.run([*command, *arguments], cwd=school.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    group = largest(school)
    assert of(school, group.students[0], group.exercise).comment == "Look again."


def test_a_comment_goes_with_its_cell(school: Course) -> None:
    """A rebuilt release that renames the exercise keeps the comment; one that drops it names what would be lost."""
    from autograder.builder.gradebook_cells import Cell, ReleasedNotebook, Update

    group = largest(school)
    decide(school, group.name, None, "Kept.")
    student = group.students[0]
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "weather") as gradebook:
        left = [one for one in gradebook.find_notebook("Readings", "weather").grade_cells if one.name != group.exercise]
        cells = [Cell(one.name, ("GradeCell",), one.max_score, "code", "", None, True) for one in left]
        dropped = Update(gradebook, "weather", [ReleasedNotebook("Readings", "{}", tuple(cells))])
        assert any(group.exercise in said and "comment" in said for said in dropped.lost())
        renamed = Cell("renamed", ("GradeCell",), 2.0, "code", "", None, True)
        given = {group.exercise: "renamed"}
        update = Update(gradebook, "weather", [ReleasedNotebook("Readings", "{}", (*cells, renamed))], renamed=given)
        assert not any("comment" in said for said in update.lost())
        update.write()
        gradebook.db.commit()
        assert entered(gradebook, student) == {"renamed": "Kept."}


def test_details_are_no_part_of_the_plain_record(school: Course) -> None:
    with books_of(school) as books:
        (plain,) = record.of_class(school, books, ["s003"])
    assert not any(one.tests or one.fingerprint or one.comment for one in plain.exercises)
    (full,) = [one for one in records_of(school) if one.student == "s003"]
    bare = [msgspec.structs.replace(one, tests=(), fingerprint="") for one in full.exercises]
    assert tuple(bare) == plain.exercises
