"""Hidden tests that are too lenient are found and named with their file: planted here, one at a time."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from autograder.catalogue import mistakes_of
from autograder.course import Course
from autograder.validate import calibration, degenerate, forms, lenient
from tests.engine.conftest import NAME, copied

HIDDEN = f"autograder/assignments/{NAME}/hidden/test_readings.py"
CELSIUS, RIGHT = "student.readings.to_celsius(x)", "reference.readings.to_celsius(x)"
ARRAY = f"as_array('c', {CELSIUS}, (5,))"
HEAD = """
import numpy as np
from autograder.judge import *


"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return copied(tmp_path / "course")


def again(course: Course) -> Course:
    """Return the course after a change: another folder, so that nothing of it is remembered."""
    return Course(Path(shutil.move(course.root, course.root.with_name("again"))))


def test_a_sound_assignment_has_no_lenient_test(course: Course) -> None:
    (part,) = course.parts
    assert list(lenient.degenerate_pass(course, part)) == []
    assert list(lenient.fixed_inputs(course, part)) == []
    assert list(forms.careless(course, part)) == []
    assert [calibration.mistake_slips(course, mistake) for mistake in mistakes_of(course.assignment)] == [[]] * 6


NUMBERS = {"zeros", "ones", "a constant", "an identity matrix", "random numbers", "the first row"}
ORDERS = degenerate.ORDER


@pytest.mark.parametrize(
    ("body", "accepts", "rejects"),
    [
        (f"assert np.shape({CELSIUS}) == (5,)", NUMBERS | {"NaN", "the first input"}, {"None"}),
        (f"assert np.isfinite({ARRAY}).all()", NUMBERS | {ORDERS[2]}, {"empty", "None"}),
        (f"require(bool(({ARRAY} > 20).all()), 'It is cold.')", {"the first input"}, {"zeros"}),
        (
            f"assert_close('c', {CELSIUS}, {ARRAY})",
            NUMBERS - {"random numbers"} | {"the right answers to other"},
            {"NaN", "None"},
        ),
        (f"assert_close('c', np.sort({ARRAY}), np.sort({RIGHT}))", {"the right numbers, backwards"}, NUMBERS | {"NaN"}),
        (f"assert_close('c', {CELSIUS}, {RIGHT})", set(), NUMBERS | {*ORDERS} | {"None", "empty"}),
        ("assert_close('c', student.readings.to_celsius(np.full(2, 32.0)), np.zeros(2))", set(), {"zeros"}),
    ],
)
def test_a_test_that_accepts_a_degenerate_answer(
    course: Course, body: str, accepts: set[str], rejects: set[str]
) -> None:
    """The right answer is no degenerate answer, also where it is zeros."""
    path = course.root / HIDDEN
    test = f'def test_one(student, reference, rng):\n    """It is so."""\n    x = rng.uniform(90, 99, size=5)\n    {body}\n'
    path.write_text(f'{HEAD}@exercise("to_celsius")\n{test}')
    course = again(course)
    found = list(lenient.degenerate_pass(course, course.parts[0]))
    assert all(one.startswith(f"{HIDDEN}: test_one gives credit although every answer is ") for one in found)
    said = [one.partition("every answer is ")[2] for one in found]
    assert all(any(one.startswith(kind) for one in said) for kind in accepts)
    assert not any(one.startswith(kind) for one in said for kind in rejects)


def test_each_kind_of_answer_differs_from_the_right_one() -> None:
    """For some form of answer; and it has the right form wherever the kind promises one."""
    inputs = [np.arange(6.0).reshape(2, 3) - 2, np.arange(6.0).reshape(2, 3) * 2]
    forms = [np.arange(1.0, 7).reshape(2, 3), np.arange(1, 5), np.array(True)]
    assert len(degenerate.KINDS) >= 20
    for kind, change in degenerate.KINDS.items():
        asked = degenerate.Question("one", inputs, {("two", 0, (2, 3)): inputs[0]}, np.random.default_rng(1))
        first = [change(right, asked) for right in forms]
        second = [change(right + 1 if right.dtype != bool else right, asked) for right in forms]
        stays = kind in (degenerate.UNCHANGED, degenerate.STALE, "what the function answered first")
        assert all(map(degenerate.same, first, forms)) is stays, kind
        if kind not in ("None", "empty arrays"):
            assert [np.shape(one) for one in first] == [right.shape for right in forms]
        if kind == "what the function answered first":
            assert all(map(degenerate.same, second, first))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("assert_close('c', c, reference.readings.to_celsius(x))", ""),
        ("assert np.isfinite(as_array('c', c, x.shape)).all()", ""),
        ("assert (c > 20).all()", "uses an answer before it asks for its form"),
        ("assert_close('c', np.where(c != 0, c, 0), reference.readings.to_celsius(x))", "before it asks for its form"),
        ("assert_close('c', c, c)", "uses an answer before it asks for its form"),
        ("c = as_array('c', c, np.shape(c)); assert (c - x != 0).any()", r"needs \d+ MB of memory on a large answer"),
        ("assert c._value.shape == x.shape", "line .* uses _value, which looks at no form"),
    ],
)
def test_a_test_that_computes_before_it_looks(course: Course, body: str, said: str) -> None:
    start = "x = rng.uniform(90, 99, size=5)\n    c = student.readings.to_celsius(x)"
    test = f'def test_one(student, reference, rng):\n    """It is so."""\n    {start}\n    {body}\n'
    (course.root / HIDDEN).write_text(f'{HEAD}@exercise("to_celsius")\n{test}')
    course = again(course)
    found = list(forms.careless(course, course.parts[0]))
    assert len(found) == bool(said)
    assert all(one.startswith(HIDDEN) and re.search(said, one) for one in found)


@pytest.mark.parametrize(
    ("tests", "fixed"),
    [
        (["x = np.array([50.0, 68.0])"], True),
        (["x = rng.uniform(0, 9, size=3)"], False),
        (["x = np.array([50.0, 68.0])", "x = rng.uniform(0, 9, size=3)"], False),
    ],
)
def test_an_exercise_whose_inputs_are_the_same_for_all(course: Course, tests: list[str], fixed: bool) -> None:
    right = "assert_close('c', student.readings.to_celsius(x), reference.readings.to_celsius(x))"
    text = "".join(
        f'@exercise("to_celsius")\ndef test_{n}(student, reference, rng):\n    """It is so."""\n    {x}\n    {right}\n\n\n'
        for n, x in enumerate(tests)
    )
    (course.root / HIDDEN).write_text(HEAD + text)
    course = again(course)
    found = list(lenient.fixed_inputs(course, course.parts[0]))
    assert bool(found) is fixed
    assert all(one.startswith(f"{HIDDEN}: all tests of to_celsius accept") for one in found)


@pytest.mark.parametrize(("when", "slips"), [("True", 0), ("x[0] > 5", 2), ("False", 0)])
def test_a_mistake_that_is_caught_by_luck(
    course: Course, when: str, slips: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRADER_SECRET", "the same inputs in every run of this test")
    right = "assert_close('c', student.readings.to_celsius(x), reference.readings.to_celsius(x))"
    test = 'def test_one(student, reference, rng):\n    """It is so."""\n    x = rng.uniform(1, 9, size=5)\n'
    (course.root / HIDDEN).write_text(f'{HEAD}@exercise("to_celsius")\n{test}    if {when}:\n        {right}\n')
    course = again(course)
    own = [mistake for mistake in mistakes_of(course.assignment) if mistake.exercise == "to_celsius"]
    found = [sentence for mistake in own for sentence in calibration.mistake_slips(course, mistake)]
    assert len(found) == slips
    for sentence in found:
        assert re.search(r"passes all tests of to_celsius with the inputs of [1-9] of 10 submissions", sentence)
