"""The steps of hints: every exercise and every known mistake has its own, and none gives the solution away."""

from dataclasses import replace
from pathlib import Path

import pytest

from autograder import steps
from autograder.assignment import Assignment
from autograder.course import Course
from autograder.validate import leading
from tests.assignment2 import ASSIGNED
from tests.conftest import ROOT

PULSE = Course(ROOT / "examples" / "pulse").assignment
SECRETS = frozenset(leading.expressions("def f(x, w, b):\n    return x.reshape(len(x), -1) @ w + b\n"))


@pytest.mark.parametrize("assignment", [ASSIGNED, PULSE], ids=lambda one: one.name)
def test_all_have_steps_and_none_is_a_solution(assignment: Assignment) -> None:
    course = Course(ROOT) if assignment is ASSIGNED else Course(ROOT / "examples" / "pulse")
    assert list(leading.faults(course)) == []
    assert leading.count(assignment) >= 2 * sum(len(part.automatic) for part in assignment.parts)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Try x.reshape(len(x), -1) @ w + b, then look again.", True),
        ("Try ( x.reshape( len(x),-1 )@w ) + b", True),
        ("The row times w, plus b.", False),
        ("x @ w + b is wrong", False),  # another expression
        ("w + b", False),
    ],
)
def test_an_expression_is_found_whatever_stands_around_it(text: str, told: bool) -> None:
    assert bool(leading.told_expression(text, SECRETS)) == told


def test_the_course_chooses_how_many_a_release_holds() -> None:
    for wanted in (0, 1, 2):
        assignment = replace(PULSE, settings=replace_steps(PULSE, wanted))
        assert len(steps.of_exercise(assignment, "detrend")) == wanted


def replace_steps(assignment: Assignment, wanted: int) -> object:
    import msgspec

    return msgspec.structs.replace(assignment.settings, steps=wanted)


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    entry = '[exercises.{name}]\nquestion = "a?"\nidea = "b"\n'
    texts = [entry.format(name=one.id) for part in PULSE.parts for one in part.automatic]
    texts += [entry.format(name="nothing"), '[[mistakes]]\nof = ["*/*", "no/such"]\nquestion = "a?"\nidea = "b"\n']
    (tmp_path / "steps" / "all.toml").write_text("\n".join(texts))
    odd = replace(PULSE, folder=tmp_path)
    assert list(steps.misfits(odd))[:1] == [
        "The steps of nothing belong to no exercise that tests judge: correct the name."
    ]
    (tmp_path / "steps" / "all.toml").write_text("no toml")
    with pytest.raises(steps.StepsError, match="cannot be read"):
        steps.steps_of(replace(odd, name="other"))
