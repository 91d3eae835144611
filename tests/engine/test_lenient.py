"""Hidden tests that are too lenient are found and named with their file: planted here, one at a time."""

import re
import shutil
from pathlib import Path

import pytest

from autograder.catalogue import mistakes_of
from autograder.course import Course
from autograder.validate import calibration, forms, lenient
from tests.engine.conftest import NAME, copied

HIDDEN = f"autograder/assignments/{NAME}/hidden/test_readings.py"
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
    assert list(lenient.constants_pass(course, part)) == []
    assert list(lenient.fixed_inputs(course, part)) == []
    assert list(forms.careless(course, part)) == []
    assert [calibration.mistake_slips(course, mistake) for mistake in mistakes_of(course.assignment)] == [[]] * 6


@pytest.mark.parametrize(
    ("body", "accepts"),
    [
        ("assert np.shape(student.readings.to_celsius(x)) == (5,)", "0 1"),
        ("assert np.isfinite(as_array('c', student.readings.to_celsius(x), (5,))).all()", "0 1"),
        ("assert (as_array('c', student.readings.to_celsius(x), (5,)) > 0.5).all() or True", "0 1"),
        ("require(bool((as_array('c', student.readings.to_celsius(x), (5,)) > 20).all()), 'It is cold.')", ""),
        ("c = student.readings.to_celsius; assert_close('c', c(x), as_array('c', c(x), (5,)))", "0 1"),
        ("assert_close('c', student.readings.to_celsius(x), reference.readings.to_celsius(x))", ""),
        ("assert_close('c', student.readings.to_celsius(np.full(2, 32.0)), np.zeros(2))", ""),
    ],
)
def test_a_test_that_accepts_a_constant(course: Course, body: str, accepts: str) -> None:
    path = course.root / HIDDEN
    test = f'def test_one(student, reference, rng):\n    """It is so."""\n    x = rng.uniform(90, 99, size=5)\n    {body}\n'
    path.write_text(f'{HEAD}@exercise("to_celsius")\n{test}')
    course = again(course)
    found = list(lenient.constants_pass(course, course.parts[0]))
    assert [re.findall(r"every number in the answers is (\d)", one)[0] for one in found] == accepts.split()
    assert all(one.startswith(f"{HIDDEN}: test_one gives credit") for one in found)


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
