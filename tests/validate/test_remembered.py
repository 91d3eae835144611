"""Answers of plain functions that are computed once, and all others each time."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.host import Local, PackageHost, load_package
from autograder.validate.remembered import Remembered

NAME = "remembered_sample"
SOURCE = """
import random
import numpy as np

asked = []

def double(x, by=2):
    asked.append("double")
    if by == 0:
        raise ValueError("zero")
    return x * by, (x, by)

def back(cache):
    asked.append("back")
    x, by = cache
    return x * 0 + by

def change(state):
    asked.append("change")
    state["count"] += 1
    return state["count"]

def draw(n):
    asked.append("draw")
    return np.random.normal(size=n) + random.random()

def use(function, x):
    asked.append("use")
    return function(x)

class Counter:
    def __init__(self):
        asked.append("Counter")
        self.count = 0

    def step(self):
        self.count += 1
        return self.count
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "code.py").write_text(SOURCE)
    load_package(tmp_path / NAME, NAME)
    return importlib.import_module(f"{NAME}.code")


@pytest.fixture
def backend(module: ModuleType, tmp_path: Path) -> Remembered:
    return Remembered(Local(PackageHost(NAME, tmp_path)))


@pytest.fixture
def code(backend: Remembered) -> Any:
    return CodeUnderTest(backend).code


def test_a_plain_function_is_called_once(module: ModuleType, code: Any) -> None:
    x = np.arange(6.0)
    for by, wanted in ((2, 2 * x), (2, 2 * x), (3, 3 * x), (2.0, 2 * x)):
        answer, cache = code.double(x, by=by)
        np.testing.assert_array_equal(answer, wanted)
        np.testing.assert_array_equal(code.back(cache), np.full(6, float(by)))
        answer += 100  # what a test does with an answer does not change the next one
        x.flags.writeable = False
    assert module.asked == ["double", "back"] * 3  # an int is not a float


def test_equal_bytes_of_another_form_are_another_question(module: ModuleType, code: Any) -> None:
    x = np.zeros(4)
    for one in (x, x.astype(np.int64), x.reshape(2, 2), x.astype(np.float32)):
        answer, _ = code.double(one)
        assert (np.shape(answer), answer.dtype) == (one.shape, one.dtype)
    assert len(module.asked) == 4


@pytest.mark.parametrize("function", ["draw", "use", "Counter"])
def test_others_are_called_each_time(module: ModuleType, code: Any, function: str) -> None:
    arguments = {"draw": (3,), "use": (code.double, np.ones(2)), "Counter": ()}[function]
    answers = [getattr(code, function)(*arguments) for _ in range(3)]
    assert module.asked.count(function) == 3
    if function == "draw":
        assert len({tuple(answer) for answer in answers}) == 3
    if function == "Counter":
        assert [answers[0].step(), answers[0].step(), answers[1].step()] == [1, 2, 1]


def test_a_changed_state_is_another_question(backend: Remembered) -> None:
    state = backend.put({"count": 0})
    assert [backend.call("code.change", (state,), {}) for _ in range(3)] == [1, 2, 3]


def test_an_error_is_raised_each_time(code: Any) -> None:
    for _ in range(2):
        with pytest.raises(CodeError, match="zero"):
            code.double(np.ones(2), by=0)
