"""Comparisons explain errors in a fixed order, and never show the expected numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograder.checks.code_under_test import Handle
from autograder.checks.compare import (
    Mismatch,
    as_number,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    require,
)

NUMBERS = arrays(np.float64, array_shapes(max_dims=3, max_side=5), elements=st.floats(-1e3, 1e3))


def said(name: str, actual: object, expected: object) -> Mismatch:
    with pytest.raises(Mismatch) as caught:
        assert_close(name, actual, expected)
    return caught.value


@given(NUMBERS)
def test_an_array_is_close_to_itself(x: np.ndarray) -> None:
    assert_close("x", x, x)


@given(NUMBERS.filter(lambda x: np.abs(x).max() > 1e-2), st.floats(1e-2, 1e2).filter(lambda f: abs(f - 1) > 1e-2))
def test_a_factor_is_found(x: np.ndarray, factor: float) -> None:
    error = said("x", x * factor, x)
    assert error.kind == "values"
    if x.size > 1:
        assert "Multiplied by" in error.message


@given(NUMBERS, st.sampled_from([np.nan, np.inf, -np.inf]))
def test_what_is_not_finite_never_passes(x: np.ndarray, bad: float) -> None:
    wrong = x.copy()
    wrong.flat[0] = bad
    assert said("x", wrong, x).kind == "finite"
    assert said("x", wrong, wrong).kind == "finite"


@pytest.mark.parametrize(
    ("actual", "kind"),
    [
        (None, "missing"),
        ("text", "type"),
        ((1, 2), "type"),
        (Handle(None, None, "list"), "type"),  # type: ignore[arg-type]
        (np.array([object()]), "type"),
        (np.zeros((3, 2)), "shape"),
        (np.zeros(6), "shape"),
        (np.zeros((2, 3)), "values"),
    ],
)
def test_kinds_come_in_order(actual: object, kind: str) -> None:
    assert said("dx", actual, np.ones((2, 3))).kind == kind


def test_messages_help() -> None:
    right = np.arange(1.0, 10).reshape(3, 3)
    assert "sign" in said("dx", -right, right).message
    assert "transpose" in said("dx", right.T, right).message
    assert "off by the same amount" in said("dx", right + 2, right).message
    assert "Only row 1" in said("dx", right + [[0, 0, 0], [1, 2, 1], [0, 0, 0]], right).message
    assert "Every value is zero" in said("dx", right * 0, right).message
    assert "transposed" in said("dx", np.ones((2, 3)), np.ones((3, 2))).message


def test_expected_numbers_are_not_shown() -> None:
    secret = np.array([123.456789, 987.654321])
    message = said("dx", np.array([1.0, 2.0]), secret).message
    assert "123.4" not in message
    assert "987.6" not in message


def test_singleton_dimensions_are_forgiven_unless_asked() -> None:
    assert_close("db", np.ones((1, 4)), np.ones(4))
    with pytest.raises(Mismatch, match="shape"):
        assert_close("db", np.ones((1, 4)), np.ones(4), exact_shape=True)


def test_rounding_around_zero_is_no_mistake() -> None:
    assert_close("db", np.full(3, 1e-17), np.zeros(3))


def test_gradients_name_what_is_right_too() -> None:
    with pytest.raises(Mismatch, match=r"dw .*dx is right"):
        assert_gradients({"dx": np.ones(2), "dw": np.ones(3)}, {"dx": np.ones(2), "dw": np.arange(3.0)})


def test_truth_must_be_real() -> None:
    class Liar:
        def __bool__(self) -> bool:
            return True

    with pytest.raises(Mismatch):
        require(Liar(), "no")  # type: ignore[arg-type]


def test_others() -> None:
    assert as_number("loss", np.array([[2.5]])) == 2.5
    with pytest.raises(Mismatch, match="changed in place"):
        assert_unchanged("x", np.ones(2), np.zeros(2))
    with pytest.raises(Mismatch, match="float32"):
        assert_dtype("x", np.ones(2), np.float32)


def test_gradients_in_another_order() -> None:
    rng = np.random.default_rng(3)
    right = {"dx": rng.normal(size=(4, 3)), "dgamma": rng.normal(size=3), "dbeta": rng.normal(size=3)}
    turned = {"dx": right["dx"], "dgamma": right["dbeta"], "dbeta": right["dgamma"]}
    with pytest.raises(Mismatch, match="their order is not: return dx, dgamma, dbeta"):
        assert_gradients(turned, right)
    with pytest.raises(Mismatch, match="has shape"):  # an axis too many is no other order
        assert_gradients({**right, "dbeta": right["dbeta"][None]}, right, exact_shape=True)
    zeros = {"dx": np.zeros((1, 3)), "dgamma": np.zeros(3)}
    with pytest.raises(Mismatch, match=r"dgamma has shape \(1, 3\)"):  # of equal arrays there is no order
        assert_gradients({"dx": np.zeros((1, 3)), "dgamma": np.zeros((1, 3))}, zeros, exact_shape=True)


def test_a_factor_of_one_is_not_offered() -> None:
    right = np.array([1.0, 2.0, 4.0])
    with pytest.raises(Mismatch) as error:
        assert_close("dx", right * (1 + 1e-4), right)
    assert "Multiplied" not in error.value.message


def test_rows_are_those_of_a_table() -> None:
    right = np.array([1.0, 2.0, 4.0])
    with pytest.raises(Mismatch) as error:
        assert_close("db", np.array([1.0, 3.0, 9.0]), right)
    assert "row" not in error.value.message
