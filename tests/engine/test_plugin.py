"""The result of a hidden test for each way to end: outcome, credit, message and hint."""

from pathlib import Path

import pytest

from autograder.judge.session import collect
from autograder.validate.trusted import ReferenceCopy
from autograder.verdict import TestResult
from tests.engine.conftest import copied

HEAD = """
import numpy as np
import pytest
from autograder.judge import *


@exercise("to_celsius"{claim})
def test_one({asks}):
    \"\"\"It is so.\"\"\"
    {body}
"""
NO_OFFSET = ("celsius = (readings - 32) * 5 / 9", "celsius = readings * 5 / 9")


def result(
    folder: Path, body: str, asks: str = "student", claim: str = "", change: tuple[str, str] = ("", "")
) -> TestResult:
    """Return the result of one hidden test on the reference, perhaps with a change."""
    course = copied(folder)
    (course.assignment.hidden / "test_readings.py").write_text(HEAD.format(body=body, asks=asks, claim=claim))

    def changed(copy: Path) -> None:
        path = copy / "weather" / "readings.py"
        path.write_text(path.read_text().replace(*change) if change[0] else path.read_text())

    (part,) = course.parts
    collect.__globals__["collect_all"].cache_clear()
    with ReferenceCopy(course, changed) as trusted:
        (found,) = trusted.results(part, lambda _: True)
    return found


@pytest.mark.parametrize(
    ("body", "outcome", "credit", "message"),
    [
        ("pass", "passed", 1.0, ""),
        ("raise NotGraded('Nothing is there.')", "not_graded", 0.0, "Nothing is there."),
        ("raise Open('Install it.')", "open", 0.0, "Install it."),
        ("raise PartialCredit(0.25, 'A quarter.')", "failed", 0.25, "A quarter."),
        ("raise PartialCredit(7, 'Too much.')", "failed", 1.0, "Too much."),
        ("require(False, 'Not this.')", "failed", 0.0, "Not this."),
        (
            "assert 1 == 2",
            "error",
            0.0,
            "The grader could not run this test (AssertionError). The instructor will look into it.",
        ),
        (
            "raise KeyError('x')",
            "error",
            0.0,
            "The grader could not run this test (KeyError). The instructor will look into it.",
        ),
        (
            "raise SystemExit(3)",
            "error",
            0.0,
            "The grader could not run this test (RuntimeError). The instructor will look into it.",
        ),
        (
            "pytest.fail('no')",
            "error",
            0.0,
            "The grader could not run this test (RuntimeError). The instructor will look into it.",
        ),
    ],
)
def test_what_a_test_ends_in(tmp_path: Path, body: str, outcome: str, credit: float, message: str) -> None:
    found = result(tmp_path, body)
    assert (found.outcome, found.credit, found.message) == (outcome, credit, message)


def test_what_the_code_lacks_is_told(tmp_path: Path) -> None:
    found = result(tmp_path, "student.readings.nothing()")
    assert found.outcome == "failed"
    assert found.message.startswith("nothing is not defined in ")


def test_a_fixture_that_is_not_there_is_our_fault(tmp_path: Path) -> None:
    assert result(tmp_path, "pass", asks="student, pictures").outcome == "error"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("assert as_number('c', student.readings.to_celsius(32.0)) == 0, 'Water freezes at 0.'", "Water freezes at 0."),
        ("assert as_number('c', student.readings.to_celsius(32.0)) == 0", "This is not so: It is so."),
    ],
)
def test_an_assertion_that_the_reference_passes_is_the_students(tmp_path: Path, body: str, message: str) -> None:
    found = result(tmp_path, body, change=NO_OFFSET)
    assert (found.outcome, found.message) == ("failed", message)  # and the message shows no expected value


def test_a_comparison_of_an_unknown_form_is_our_fault(tmp_path: Path) -> None:
    found = result(tmp_path, "assert student.readings.to_celsius(32.0) == 0")
    assert (found.outcome, found.message.partition(")")[0]) == (
        "error",
        "The grader could not run this test (UnknownForm",
    )


BEYOND = "The result is too large or nested too deeply to be judged."
VAST = "[0] * 10**14"
ENDLESS = "(lambda f: f(f))(lambda f: f(f))"


@pytest.mark.parametrize("handling", [VAST, ENDLESS])
def test_memory_and_stack_are_the_students_where_the_reference_passes(tmp_path: Path, handling: str) -> None:
    body = f"{handling} if as_number('c', student.readings.to_celsius(32.0)) else 0"
    found = result(tmp_path / "theirs", body, change=NO_OFFSET)
    assert (found.outcome, found.message) == ("failed", BEYOND)
    assert result(tmp_path / "right", body).outcome == "passed"
    assert result(tmp_path / "ours", handling, change=NO_OFFSET).outcome == "error"


def test_the_same_answers_give_the_hint(tmp_path: Path) -> None:
    body = "assert_close('celsius', student.readings.to_celsius(np.array([50.0, 77.0])), np.array([10.0, 25.0]))"
    assert result(tmp_path, body, change=NO_OFFSET).hint == "The 32 degrees are missing."


def test_other_answers_give_none(tmp_path: Path) -> None:
    body = "assert_close('celsius', student.readings.to_celsius(np.array([50.0, 77.0])), np.array([10.0, 25.0]))"
    other = (NO_OFFSET[0], "celsius = readings * 0 + 3")
    assert result(tmp_path, body, change=other).hint == ""


def test_tests_that_learn_are_not_repeated_for_a_hint(tmp_path: Path) -> None:
    body = "assert_close('celsius', student.readings.to_celsius(np.array([50.0, 77.0])), np.array([10.0, 25.0]))"
    assert result(tmp_path, body, claim=', kind="learns"', change=NO_OFFSET).hint == ""


def test_each_run_gets_its_fixtures_afresh(tmp_path: Path) -> None:
    body = "require(len(list(tmp_path.iterdir())) == 0 and rng.random() == rng_again(), 'They were used before.')"
    body = body.replace("rng_again()", "np.random.default_rng(request.getfixturevalue('offered').context.seed("
                        "'to_celsius/test_one')).random()") + "\n    (tmp_path / 'file').write_text('x')"  # fmt: skip
    assert result(tmp_path, body, asks="student, rng, tmp_path, request").outcome == "passed"
