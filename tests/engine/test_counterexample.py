"""The smallest case in which code goes wrong: what is shown, what never is, and that it changes nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.judge.counterexample import Traced
from autograder.judge.counterexample.replay import Fault, fault_of, replay
from autograder.judge.counterexample.shrink import is_simple
from autograder.judge.counterexample.trace import MAX_BYTES, Ref, Slot
from autograder.judge.counterexample.wording import how_off, shown
from autograder.judge.session import collect
from autograder.validate.trusted import ReferenceCopy
from autograder.verdict import TestResult
from tests.engine.conftest import copied

HEAD = """
import numpy as np
from autograder.judge import *


@exercise("to_celsius"{claim})
def test_one(student, reference, rng{asks}):
    \"\"\"It is so.\"\"\"
    readings = rng.uniform(-40, 120, size=12)
    {body}
"""
SAME = "assert_close('celsius', student.readings.to_celsius(readings), reference.readings.to_celsius(readings))"
LINE = "celsius = (readings - 32) * 5 / 9"
START = "The smallest case that goes wrong: "


def result(
    folder: Path, new: str, body: str = SAME, claim: str = "", asks: str = "", settings: str = "", after: str = ""
) -> TestResult:
    """Return the result of one hidden test on the reference with another line."""
    course = copied(folder)
    (course.assignment.hidden / "test_readings.py").write_text(HEAD.format(body=body, claim=claim, asks=asks))
    with (course.assignment.folder / "assignment.toml").open("a") as file:
        file.write(settings)
    if settings:
        from autograder.assignment import read_assignment

        read_assignment.cache_clear()
        course = type(course)(folder)

    def changed(copy: Path) -> None:
        path = copy / "weather" / "readings.py"
        assert LINE in path.read_text()
        path.write_text(path.read_text().replace(LINE, new) + after)

    (part,) = course.parts
    collect.__globals__["collect_all"].cache_clear()
    with ReferenceCopy(course, changed) as trusted:
        (found,) = trusted.results(part, lambda _: True, examples=True)
    assert (found.outcome, found.credit) == ("failed", 0.0)
    return found


def test_it_is_small_and_says_what_is_right(tmp_path: Path) -> None:
    found = result(tmp_path, "celsius = (readings - 23) * 5 / 9")
    assert found.hint == ""
    assert found.example == (
        START + "to_celsius with readings = [0] returns celsius = [-12.78] (too large by 5); [-17.78] is right."
    )


def test_an_instructor_can_keep_the_right_answer(tmp_path: Path) -> None:
    found = result(tmp_path, "celsius = (readings - 23) * 5 / 9", settings="\nright_values = false\n")
    assert found.example == START + "to_celsius with readings = [0] returns celsius = [-12.78] (too large by 5)."


@pytest.mark.parametrize(
    ("new", "example"),
    [
        ("celsius = np.sort((readings - 32) * 5 / 9)", "readings = [0, -1] returns celsius = [-18.33, -17.78] (some "
         "numbers are too large, others too small); [-17.78, -18.33] is right."),
        ("celsius = ((readings - 32) * 5 / 9)[:, None] + 0 * readings",
         "readings = [0, 0] returns celsius of shape (2, 2); (2,) is right."),
        ("celsius = (readings - 32) * 5 / 9 / (readings.size - 1)",
         "readings = [0, 0, 0] returns celsius = [-8.889, -8.889, -8.889] (too large by 8.89); [-17.78, -17.78, -17.78] is right."),
    ],
)  # fmt: skip
def test_it_is_as_long_as_it_must_be(tmp_path: Path, new: str, example: str) -> None:
    assert result(tmp_path, new).example == f"{START}to_celsius with {example}"


def test_a_call_that_raises(tmp_path: Path) -> None:
    found = result(tmp_path, "celsius = (readings - 32) * 5 / 9 if len(readings) < 3 else readings.nothing")
    assert found.example == (
        START + "to_celsius with readings = [0, 0, 0] raises AttributeError: 'numpy.ndarray' object has no attribute "
        "'nothing'."
    )


def test_an_input_that_is_changed(tmp_path: Path) -> None:
    body = "held = student.put(readings); student.readings.to_celsius(held); assert_unchanged('readings', student.fetch(held), readings)"
    found = result(tmp_path, "readings[-1] += 3; celsius = (readings - 32) * 5 / 9", body)
    assert found.example == (
        START + "to_celsius with readings = [0]; afterwards readings is [3] (too large by 3); [0] is right."
    )


@pytest.mark.parametrize(
    ("new", "options"),
    [
        ("celsius = readings * 5 / 9", {}),  # the hint names it
        ("celsius = (readings - 23) * 5 / 9", {"claim": ', kind="learns"'}),
        ("celsius = (readings - 23) * np.random.rand()", {}),  # another answer each time
        ("celsius = None", {}),
        (
            "celsius = (readings - 32) * 5 / 9 + (np.round(readings, 4) != readings)",
            {},
        ),  # wrong for the hidden numbers only
        ("celsius = (readings - 32) * 5 / 9 if len(readings) < 50 else 0", {"body": "require(False, 'No.')"}),
    ],
)
def test_there_is_none(tmp_path: Path, new: str, options: dict[str, str]) -> None:
    assert result(tmp_path, new, **options).example == ""


def test_an_answer_that_the_test_does_not_look_at_is_not_wrong(tmp_path: Path) -> None:
    body = "pair = student.readings.pair(readings); assert_close('celsius', pair[1], reference.readings.to_celsius(readings))"
    course = copied(tmp_path)
    module = course.source / "weather" / "readings.py"
    pair = "\n\ndef pair(readings):\n    cache, celsius = {}, to_celsius(readings)\n    return cache, celsius\n"
    module.write_text(module.read_text() + pair.format("readings"))
    (course.assignment.hidden / "test_readings.py").write_text(HEAD.format(body=body, claim="", asks=""))

    def changed(copy: Path) -> None:
        path = copy / "weather" / "readings.py"
        path.write_text(path.read_text().replace("cache, celsius = readings,", "cache, celsius = readings > 0,")
                        .replace(LINE, "celsius = (readings - 23) * 5 / 9"))  # fmt: skip

    collect.__globals__["collect_all"].cache_clear()
    (part,) = course.parts
    with ReferenceCopy(course, changed) as trusted:
        (found,) = trusted.results(part, lambda _: True, examples=True)
    assert (
        found.example
        == START + "pair with readings = [0] returns celsius = [-12.78] (too large by 5); [-17.78] is right."
    )


class Doubling:
    """A backend that doubles arrays, and keeps its answers."""

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def seed(self, number: int) -> None:
        self.seeds.append(number)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if target == "fail":
            raise CodeError("raised", "It raised ValueError: no")
        return tuple(2 * one for one in args)


def test_a_program_runs_again() -> None:
    traced = Traced(Doubling())  # type: ignore[arg-type]
    student, x = CodeUnderTest(traced), np.arange(3.0)
    first, _ = student.double(x, 4)
    student.double(first, x, settings={"eps": 0.5, "mode": "train"})
    with pytest.raises(CodeError):
        student.fail()
    program = traced.program
    assert program is not None
    assert program.operations[1].parts == (
        "double",
        (Ref(0, 0), Slot(0)),
        {"settings": {"eps": Slot(2), "mode": "train"}},
    )
    assert traced.raised == [2]
    answers, raised = replay(program, Doubling(), 7)  # type: ignore[arg-type]
    assert np.array_equal(answers[1][0], 4 * x)
    assert answers[0][1] == 8
    assert raised is not None
    assert (raised.operation, raised.name) == (2, "raised ValueError")
    x[0] = 5  # the test's own array changes, the program does not
    assert program.values[0][0] == 0


def test_a_long_program_is_not_written_down() -> None:
    traced = Traced(Doubling())  # type: ignore[arg-type]
    CodeUnderTest(traced).double(np.zeros(MAX_BYTES // 8 + 1))
    assert traced.program is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (np.ones((2, 1)), None),
        (np.ones((1, 2)), "exact shape"),
        (np.ones(3), "shape"),
        (np.array([[1.0], [np.nan]]), "finite"),
        (np.array([[1.0], [2.0]]), "values"),
        (np.broadcast_to(1.0, (10**9, 10**3)), "type"),
        (10**5000, "type"),
        ("1", "type"),
        (None, "type"),
        ((1.0, 1.0), "type"),
        (np.array([[1 + 0j], [1]]), "type"),
        (np.array([[object()], [1]]), "type"),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_an_answer_is_looked_at_before_it_is_used(answer: Any, fault: str | None) -> None:
    found = fault_of(answer, np.ones((2, 1)))
    assert (found.kind if found else None) == fault


def test_a_fault_knows_its_size() -> None:
    assert fault_of(np.array([1.0, 3.0]), np.array([1.0, 1.99])) == Fault("values", pytest.approx(1.01 / 2.0))


@pytest.mark.parametrize(
    ("answer", "right", "said"),
    [
        (3.0, 6.0, "too small by 3"),
        (np.array([1.0, 5.0]), np.array([1.0, 1.0]), "too large by 4 in 1 of 2 numbers"),
        (np.array([1.0, 2.0]), np.array([2.0, 4.0]), "too small"),
        (np.array([1.0, -1.0]), np.array([-1.0, 1.0]), "some numbers are too large, others too small"),
    ],
)
def test_a_difference_in_words(answer: Any, right: Any, said: str) -> None:
    assert how_off(answer, right) == said


def test_numbers_in_words() -> None:
    assert shown(np.array([[1.0, -0.0], [2.5, 1 / 3]])) == "[[1, 0], [2.5, 0.3333]]"
    assert shown(np.zeros((2, 3, 4))) == "zeros(2, 3, 4)"
    assert shown(7) == "7"
    assert is_simple(np.array([0.25, -1e-5, 93]))
    assert not is_simple(np.array([0.251]))
    assert not is_simple(np.nan)
