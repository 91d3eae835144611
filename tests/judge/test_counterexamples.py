"""Smallest cases in the sandbox, and measured over all known mistakes, as if no hint knew them."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.catalogue import Mistake
from autograder.checks.host import PackageHost
from autograder.course import Course
from autograder.judge import explain
from autograder.judge.counterexample import Case, Target, Traced, count_of, smallest
from autograder.judge.counterexample.replay import at, fault_of
from autograder.judge.counterexample.trace import Program, Ref, Slot
from autograder.judge.plugin import claimed
from autograder.judge.reference import reference
from autograder.validate.trusted import ReferenceCopy, is_quick
from autograder.verdict import FAILED, ExerciseResult
from tests.assignment2 import ASSIGNED, CATALOGUE

from .conftest import Change, Judge
from .test_real_people import edited

pytestmark = pytest.mark.xdist_group("verdicts")
LAYERS, START = "layers.py", "The smallest case that goes wrong: "
KNOWN = {mistake.key: mistake for mistake in CATALOGUE}


def example_of(exercise: ExerciseResult) -> str:
    """Return the only example of an exercise, or ""."""
    found = [test.example for test in exercise.tests if test.example]
    assert len(found) <= 1
    return found[0] if found else ""


AFFINE = (
    "out = x.reshape(len(x), -1) @ w + b",
    "out = x.reshape(len(x), -1) @ w + b - (x.reshape(len(x), -1) @ w) / 2",
)


@pytest.mark.parametrize(
    ("change", "exercise", "example"),
    [
        (edited((LAYERS, *AFFINE)), "affine_forward",
         "affine_forward with x = [[1]], w = [[1]], b = [0] returns out = [[0.5]] (too small by 0.5); [[1]] is right."),
        (edited((LAYERS, "db = dout.sum(axis=0)", "db = dout.max(axis=0)")), "affine_backward",
         "affine_forward with x = [[0], [0]], w = [[0]], b = [0]; then affine_backward with dout = [[1], [1]] returns "
         "db = [1] (too small by 1); [2] is right."),
        (edited((LAYERS, "out = np.maximum(x, 0)", "out = np.maximum(x, 0); x[0, -1] = 7")), "relu_forward",
         "relu_forward with x = [[0]]; afterwards x is [[7]] (too large by 7); [[0]] is right."),
        (edited((LAYERS, "out = np.maximum(x, 0)", "out = np.maximum(x, 0) if x.ndim < 3 else x.nothing")), "relu_forward",
         "relu_forward with x = [[[[0]]]] raises AttributeError: 'numpy.ndarray' object has no attribute 'nothing'."),
        (edited((LAYERS, "mask = (np.random.rand(*x.shape) < p) / p", "mask = (np.random.rand(*x.shape) < p) / p**2")), "dropout_forward", ""),
    ],
)  # fmt: skip
def test_the_smallest_case(judge: Judge, change: Change, exercise: str, example: str) -> None:
    (found,) = judge(change, exercise).exercises
    assert FAILED in [test.outcome for test in found.tests]
    assert example_of(found) == (START + example if example else "")
    (again,) = judge(change, exercise).exercises
    assert example_of(again) == example_of(found)


def test_a_known_mistake_has_a_hint_and_no_example(judge: Judge) -> None:
    (found,) = judge(
        lambda folder: KNOWN["affine_forward/no_bias"].apply(folder / "cs231n"), "affine_forward"
    ).exercises
    assert example_of(found) == ""


def test_another_exercise_that_is_wrong_is_named_and_no_example_shown(judge: Judge) -> None:
    wrong = edited((LAYERS, *AFFINE), (LAYERS, "cache = (x, w, b)\n    return out, cache\n\n\ndef affine_backward", "cache = (2 * x, w, b)\n    return out, cache\n\n\ndef affine_backward"))  # fmt: skip
    first, second = judge(wrong, "affine_forward", "affine_backward").exercises
    assert example_of(first)
    assert "fix that first" in second.message
    assert example_of(second) == ""


ENDING = """

import os
_right, _calls = affine_forward, []

def affine_forward(x, w, b):
    _calls.append(1)
    if len(_calls) > {calls}:
        {end}
    out, cache = _right(x, w, b)
    return out * 1.5, cache
"""


@pytest.mark.parametrize(
    "end", ["os._exit(3)", "while True: pass", "raise KeyError", "return np.zeros((10**9,)), None"]
)
def test_code_that_ends_its_runner_while_nobody_looks_loses_nothing_more(
    judge: Judge, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(folder: Path) -> None:
        with (folder / "cs231n" / LAYERS).open("a") as module:
            module.write(ENDING.format(calls=7, end=end))  # the exercise's own tests make fewer calls

    exercises = ("affine_forward", "affine_backward", "relu_forward", "relu_backward")
    found = judge(change, *exercises)
    monkeypatch.setattr(explain.Explainer, "_add_example", lambda *_: None)
    monkeypatch.setattr(explain.Explainer, "_fingerprint", lambda *_: "")
    without = judge(change, *exercises)
    assert example_of(found.exercises[0]) == ""
    told = [[(test.name, test.outcome, test.message, test.hint) for test in one.tests] for one in found.exercises]
    assert told == [
        [(test.name, test.outcome, test.message, test.hint) for test in one.tests] for one in without.exercises
    ]
    assert [one.score for one in found.exercises] == [one.score for one in without.exercises]
    assert found.flags == without.flags


def test_an_error_of_the_search_costs_nothing(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(explain, "smallest", broken)
    verdict = judge(edited((LAYERS, *AFFINE)), "affine_forward")
    assert verdict.exercises[0].outcome == "failed"
    assert verdict.flags == ("No smallest case for affine_forward: ZeroDivisionError.",)


class Python:
    """Runs a program on a package's own functions, without any of the engine's backends."""

    def __init__(self, host: PackageHost) -> None:
        self.host = host

    def answers(self, program: Program) -> dict[int, Any]:
        """Return the object that each operation gives."""
        found: dict[int, Any] = {}
        for operation in program.operations:
            first, *rest = (self.value(part, found, program) for part in operation.parts)
            found[operation.number] = getattr(self, f"do_{operation.method}")(first, *rest)
        return found

    def value(self, part: Any, found: dict[int, Any], program: Program) -> Any:
        match part:
            case Slot(index):
                return np.copy(program.values[index]) if np.ndim(program.values[index]) else program.values[index]
            case Ref(operation, element):
                return found[operation] if element is None else found[operation][element]
            case list() | tuple():
                return type(part)(self.value(one, found, program) for one in part)
            case dict():
                return {key: self.value(one, found, program) for key, one in part.items()}
        return part

    def do_call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(target, str):
            target = self.host.lookup(target)
        return target(*args, **kwargs)

    def do_find(self, target: Any, name: str) -> Any:
        return getattr(target, name)

    def do_item(self, target: Any, key: Any) -> Any:
        return target[key]

    def do_assign(self, target: Any, key: Any, value: Any) -> None:
        target[key] = value

    def do_put(self, value: Any) -> Any:
        return value

    def do_fetch(self, value: Any) -> Any:
        return value


NETS = ("net", "solver")
RANDOM = ("dropout_forward", "dropout_backward")


def failures(course: Course, mistake: Mistake, found: list[tuple[Case, Target]]) -> Iterator[str]:
    """Yield the example of a mistake's exercise, if there is one, after it is checked on the package's own functions."""
    part = next(part for part in course.parts if mistake.exercise in {one.id for one in part.automatic})
    with ReferenceCopy(course, lambda folder: mistake.apply(folder / ASSIGNED.package)) as trusted:
        wanted = lambda item: claimed(item).exercise == mistake.exercise and is_quick(item)  # noqa: E731
        results = trusted.results(part, wanted, "measured", examples=True)
        examples = [test.example for test in results if test.example]
        if examples:
            case, target = found[-1]
            right = Python(reference(ASSIGNED, part).host).answers(case.program)
            student = Python(trusted.backend.host)
            if target.raised:
                with pytest.raises(Exception, match="") as raised:
                    student.answers(case.program)
                assert target.raised == f"raised {raised.type.__name__}"
            else:
                given = student.answers(case.program)
                assert fault_of(at(given, target.place), at(right, target.place)) is not None
                for told, evaluated in ((case.answers, given), (case.right, right)):
                    assert np.allclose(at(told, target.place), at(evaluated, target.place), equal_nan=True)
        yield from examples


@pytest.mark.long
def test_the_smallest_cases_of_all_known_mistakes(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[Case, Target]] = []
    spent: list[float] = []

    def watched(traced: Traced, target: Target, *rest: Any) -> Case | None:
        start = time.process_time()
        case = smallest(traced, target, *rest)
        spent.append(time.process_time() - start)
        if case is not None:
            found.append((case, target))
        return case

    monkeypatch.setattr(explain, "hints", lambda *_: {})
    monkeypatch.setattr(explain, "smallest", watched)
    sizes: dict[str, int] = {}
    none: list[str] = []
    for mistake in CATALOGUE:
        if mistake.file.endswith(".py"):
            examples = list(failures(course, mistake, found))
            assert all(len(example) <= 400 for example in examples)
            if examples:
                sizes[mistake.key] = count_of(found[-1][0])
            elif mistake.exercise not in RANDOM and not any(word in mistake.exercise for word in NETS):
                none.append(mistake.key)
    layers = [size for key, size in sizes.items() if not any(word in key.partition("/")[0] for word in NETS)]
    assert set(none) <= {
        "batchnorm_forward/cancelling_variance", "layernorm_forward/cancelling_variance",  # only large numbers show them
        "spatial_batchnorm_forward/running_averages_lost",  # the test cannot go on, and its message says why
    }  # fmt: skip
    assert len(layers) > 100
    assert statistics.median(layers) <= 12
    assert max(layers) <= 40
    assert statistics.mean(spent) < 0.5
