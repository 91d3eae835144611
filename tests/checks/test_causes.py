"""Known mistakes as causes: what explains a wrong answer, and what does not."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograder.checks.causes import combined, explained, same_log, wrong_places

NUMBERS = arrays(np.float64, (3, 4), elements=st.floats(-100, 100, allow_subnormal=False))


def log(*answers: Any) -> list[Any]:
    return list(answers)


@given(NUMBERS)
def test_what_is_right_is_not_wrong(x: np.ndarray) -> None:
    assert wrong_places(log(x, (x, 1.0)), log(x, (x + 1e-11, 1.0))) == frozenset()


@given(NUMBERS, st.floats(1, 50))
def test_a_mistake_explains_the_answers_that_it_gives(x: np.ndarray, error: float) -> None:
    right, wrong = log((x, 2 * x)), log((x + error, 2 * x))
    assert wrong_places(wrong, right) == {(0, 0)}
    assert explained(wrong, right, log((x + error, 2 * x))) == {(0, 0)}
    assert explained(wrong, right, log((x + 1.5 * error, 2 * x))) is None  # another size
    assert explained(wrong, right, log((x + error, 2 * x + 1))) is None  # and another wrong answer
    assert explained(wrong, right, right) == frozenset()


@given(NUMBERS, st.floats(1e-5, 1e-3))
def test_small_errors_are_told_apart(x: np.ndarray, error: float) -> None:
    """Two places for epsilon differ by little: a mistake must explain the error, not the answer."""
    x = 1 + abs(x) / 100
    right, wrong = log(x), log(x * (1 + error))
    assert explained(wrong, right, log(x * (1 + error))) == {(0,)}
    assert explained(wrong, right, log(x * (1 + 0.7 * error))) is None


def test_single_precision_is_no_error() -> None:
    x = np.linspace(-3, 3, 20)
    assert wrong_places(log(x.astype(np.float32)), log(x)) == frozenset()
    assert explained(log((2 * x).astype(np.float32)), log(x), log(2 * x)) == {(0,)}


@pytest.mark.parametrize(
    ("answer", "right", "mistaken", "explains"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((2, 3)), True),  # a shape
        (np.zeros((3, 1)), np.zeros(3), np.zeros((3, 1)), False),  # the values are right
        (np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((1, 6)), False),
        (None, 1.0, None, True),
        (None, 1.0, 0.0, False),
        ("relu", "affine", "relu", True),
        (np.array([1.0, np.nan]), np.ones(2), np.array([1.0, np.nan]), True),
        (np.array([1.0, np.nan]), np.ones(2), np.array([np.nan, 1.0]), False),
        (np.inf, 1.0, np.inf, True),
        (np.inf, 1.0, -np.inf, False),
        (10**1000, 1.0, 10**1000, True),
        (True, False, True, True),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 3.0}, {"a": 1.0, "b": 2.0}, True),
        ([1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 2.0], True),
        ({"handle": "tuple"}, {"handle": "dict"}, {"handle": "list"}, False),  # nothing is wrong
    ],
)
def test_answers_of_each_kind(answer: Any, right: Any, mistaken: Any, explains: bool) -> None:
    found = explained(log(answer), log(right), log(mistaken))
    assert bool(found) is explains
    assert not explains or found == wrong_places(log(answer), log(right))


def test_a_mistake_with_another_number_of_answers_explains_nothing() -> None:
    assert explained(log(2.0), log(1.0, 1.0), log(2.0, 1.0)) is None
    assert explained(log(2.0), log(1.0, 1.0), log(2.0)) == {(0,)}  # the reference goes on where others fail


def test_a_cache_may_have_any_form() -> None:
    """A student's cache may be an array where the reference's is a tuple or another array."""
    x = np.linspace(-1, 1, 5)
    right, mistaken = log((x, x)), log((2 * x, 2 * x))
    for cache in ({"handle": "tuple"}, x > 0, np.arange(5)):
        assert explained(log((2 * x, cache)), right, mistaken) == {(0, 0)}
    assert explained(log((2 * x, x)), log((x, None)), log((2 * x, None))) == {(0, 0)}
    assert explained(log((2 * x, x)), right, mistaken) is None  # it has the reference's form, and is right


def test_an_axis_of_length_one_hides_no_mistake() -> None:
    x = np.linspace(-1, 1, 5)
    assert explained(log((2 * x)[None]), log(x), log(2 * x)) == {(0,)}
    assert explained(log(x[None]), log(x), log(2 * x)) is None
    assert explained(log(x[None]), log(x), log(x[None])) == frozenset()


def test_few_causes_are_preferred() -> None:
    wrong = frozenset({(0, 0), (0, 1), (0, 2)})
    parts = {"one": frozenset({(0, 0)}), "two": frozenset({(0, 0), (0, 1)}), "other": frozenset({(0, 2)})}
    assert combined(wrong, parts) == ("two", "other")
    assert combined(wrong, {"none": frozenset()}) == ()
    assert combined(wrong, {}) == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (log(np.ones(3)), log(np.ones(3) + 1e-9), True),
        (log(np.ones(3)), log(np.ones(3) + 1e-2), False),
        (log(np.ones(3)), log(np.ones(4)), False),
        (log(np.ones(3)), log(np.ones(3), 1.0), False),
        (log((np.ones(2), {"handle": "x"})), log((np.ones(2), {"handle": "y"})), True),
        (log(np.nan), log(np.nan), True),
        (log(None), log(1.0), False),
    ],
)
def test_logs_are_compared_up_to_rounding(one: list[object], other: list[object], same: bool) -> None:
    assert same_log(one, other) is same
