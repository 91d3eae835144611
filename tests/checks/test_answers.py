"""A test gets answers, which refuse every use before their form is known; comparisons look at the form first."""

import operator
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.checks.answers import Answer, Answering, plain
from autograder.checks.code_under_test import CodeUnderTest, Handle
from autograder.checks.compare import (
    MOST_CHARACTERS,
    MOST_NUMBERS,
    Mismatch,
    as_array,
    as_number,
    as_numbers,
    as_text,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    equals,
)

ROW = np.zeros((1, 3))
USES: list[Callable[[Any], object]] = [
    *(lambda x, use=use: use(x, ROW) for use in (operator.add, operator.mul, operator.matmul, operator.lt, operator.eq)),
    *(lambda x, use=use: use(ROW, x) for use in (operator.sub, operator.truediv, operator.pow, operator.ge, operator.ne)),
    *(lambda x, use=use: use(x, 2) for use in (operator.add, operator.mod, operator.and_, operator.gt, operator.getitem)),
    *(lambda x, use=use: use(2, x) for use in (operator.mul, operator.floordiv, operator.or_, operator.le)),
    lambda x: x == x,
    lambda x: x < Answer(1),
    lambda x: x @ Answer(ROW),
    *(bool, float, int, complex, round, len, iter, list, set, str, abs, hash, sum, max, sorted),
    operator.neg, operator.index, "{:.2f}".format, "{}".format, lambda x: 1 in x, lambda x: [*x], lambda x: range(9)[x],
    np.asarray, np.array, np.abs, np.sum, np.isfinite, np.max, np.sort, lambda x: np.where(x, 1, 0),
    lambda x: np.array([x, x]), lambda x: np.array_equal(x, ROW), lambda x: np.add(ROW, x), lambda x: np.stack([x, x]),
    lambda x: np.allclose(ROW, x), lambda x: np.add.at(ROW, 0, x), lambda x: x.mean(), lambda x: x.astype(float),
    lambda x: x.T, lambda x: np.zeros(3)[x], lambda x: {x: 1}, lambda x: np.broadcast_to(x, (3, 3)),
]  # fmt: skip


@pytest.mark.parametrize("value", [np.zeros((4, 1)), 1.5, True, None, "word"], ids=lambda value: type(value).__name__)
def test_an_answer_refuses_every_use(value: object) -> None:
    for number, use in enumerate(USES):
        with pytest.raises(TypeError):
            pytest.fail(f"use {number} gives {use(Answer(value))!r}")


@pytest.mark.parametrize("value", [np.zeros((4, 1), np.float32), 7])
def test_the_form_of_an_answer_can_be_read(value: Any) -> None:
    answer: Any = Answer(value)
    assert np.shape(answer) == answer.shape == np.shape(value)
    assert np.size(answer) == answer.size == np.size(value)
    assert np.ndim(answer) == answer.ndim == np.ndim(value)
    assert answer.dtype == getattr(value, "dtype", None)
    assert "answer" in repr(answer)


def test_as_array_gives_only_the_expected_shape() -> None:
    wide = Answer(np.arange(3.0).reshape(1, 3))
    assert as_array("x", wide, (3,)).shape == (3,)
    with pytest.raises(Mismatch, match=r"x has shape \(1, 3\), \(3,\) is expected\."):
        as_array("x", wide, (3,), exact_shape=True)
    with pytest.raises(Mismatch, match="It is transposed"):
        as_array("x", Answer(np.zeros((2, 3))), (3, 2))
    with pytest.raises(Mismatch, match="x is None"):
        as_array("x", Answer(None), (3,))
    assert as_array("x", Answer(2), ()) == 2
    assert as_number("x", Answer(np.array([[2.5]]))) == 2.5


def test_numbers_texts_and_settings() -> None:
    history = [Answer(1.5), Answer(np.array([2.0])), Answer(3)]
    assert as_numbers("losses", history).tolist() == [1.5, 2.0, 3.0]
    assert as_numbers("losses", Answer(np.arange(4))).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert as_numbers("losses", []).shape == (0,)
    for bad in ([Answer("a")], [Answer(None)], [[Answer(1)]], {"a": Answer(1)}, Answer(np.zeros(MOST_NUMBERS + 1))):
        with pytest.raises(Mismatch):
            as_numbers("losses", bad)
    assert as_text("a name", Answer("conv")) == "conv"
    for odd in (Answer("x" * (MOST_CHARACTERS + 1)), Answer(3), [Answer("a")]):
        with pytest.raises(Mismatch):
            as_text("a name", odd)
    settings = {"stride": Answer(2), "deep": [Answer(True), Answer(None), Answer("a")]}
    right = {"stride": 2, "deep": [True, None, "a"]}
    assert equals(settings, right)
    for wrong in ({**right, "stride": 3}, {**right, "deep": [1, None, "a"]}, {"stride": 2}, [2], "stride", 2):
        assert not equals(settings, wrong)
    assert not equals(Answer(np.ones(1)), 1)


class Double:
    """A backend that gives back what it got, in every kind of container."""

    def call(self, target: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.got = args
        return args[0], [1.0, {"a": args[0]}], Handle(self, target, "dict")  # type: ignore[arg-type]

    def fetch(self, target: Any) -> Any:
        return {"a": [1, "two"], "b": ()}

    def item(self, target: Any, key: Any) -> Any:
        return 3.0


def test_answers_are_in_containers_and_are_sent_back_as_they_were() -> None:
    backend, x = Double(), np.ones(3)
    student = CodeUnderTest(Answering(backend))  # type: ignore[arg-type]
    first, held, handle = student.layers.double(x)
    assert isinstance(first, Answer)
    assert isinstance(held[0], Answer)
    assert isinstance(held[1]["a"], Answer)
    assert as_number("x", handle["key"]) == 3.0
    assert equals(student.fetch(handle), {"a": [1, "two"], "b": ()})
    student.layers.double(first, held)
    assert backend.got[0] is plain(first) is x  # the same object, by which the judge knows it again
    assert backend.got[1] == [1.0, {"a": x}]


BOMBS = [((30_000, 1), (1, 40_000)), ((3_000_000, 1, 1), (1, 40)), ((1,) * 31 + (2**26,), (50, 50)), ((2**27,), ())]


@pytest.mark.parametrize(("shape", "right"), BOMBS, ids=str)
def test_no_comparison_broadcasts(shape: tuple[int, ...], right: tuple[int, ...]) -> None:
    """The hostile arrays are views of one number: what is measured is what the comparison itself needs."""
    bomb, expected = Answer(np.broadcast_to(1.0, shape)), np.zeros(right)
    tracemalloc.start()
    try:
        for compare in (
            lambda: assert_close("x", bomb, expected),
            lambda: assert_gradients({"x": bomb, "y": bomb}, {"x": expected, "y": expected}),
            lambda: assert_unchanged("x", bomb, expected),
            lambda: assert_dtype("x", bomb, np.float32),
            lambda: as_array("x", bomb, right),
            lambda: as_number("x", bomb),
            lambda: as_numbers("x", [bomb] * 4),
            lambda: as_text("x", bomb),
        ):
            with pytest.raises(Mismatch):
                compare()
        assert not equals(bomb, 1.0)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
