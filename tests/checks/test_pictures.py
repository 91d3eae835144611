"""Pictures of an error: where and in which direction, at most 16 x 16 cells, and no expected value."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograder.checks.compare import Mismatch, assert_close, assert_gradients
from autograder.checks.pictures import MOST_CELLS, NOT_FINITE, Picture


def drawn(actual: np.ndarray, right: np.ndarray) -> Picture:
    with pytest.raises(Mismatch) as caught:
        assert_close("dx", actual, right)
    (picture,) = caught.value.pictures
    return picture


def test_direction_and_size() -> None:
    right = np.ones((2, 4))
    picture = drawn(right + [[0, 1, 8, 0], [0, 0, -3, 0]], right)
    assert picture.cells == ((0, 1, 3, 0), (0, 0, -2, 0))
    assert picture.axes == (0, 1)
    assert picture.places == ("Along axis 1 only 1 to 2 of 0 to 3 is wrong.",)
    assert [line for line in picture.lines() if "▓+" in line] == [" · ░+ ▓+  ·"]
    assert all(line.isascii() for line in picture.lines(plain=True))


def test_the_axes_along_which_the_error_lies_are_shown() -> None:
    right = np.zeros((3, 4, 5, 6)) + 1
    wrong = right.copy()
    wrong[:, 2, :, 1] += 1
    picture = drawn(wrong, right)
    assert picture.axes == (1, 3)
    assert [(row, column) for row, cells in enumerate(picture.cells) for column, cell in enumerate(cells) if cell] == [
        (2, 1)
    ]
    assert picture.places == (
        "The error is the same all along axis 0.", "Along axis 1 only 2 of 0 to 3 is wrong.",
        "The error is the same all along axis 2.", "Along axis 3 only 1 of 0 to 5 is wrong.",
    )  # fmt: skip


def test_what_is_not_finite() -> None:
    right = np.arange(1.0, 4)
    assert drawn(np.array([1, np.nan, np.inf]), right).cells == ((0, NOT_FINITE, NOT_FINITE),)


@given(arrays(np.float64, array_shapes(max_dims=4, max_side=40), elements=st.floats(-1e6, 1e6)), st.integers(0, 10**6))
def test_it_stays_small_and_holds_levels_only(error: np.ndarray, seed: int) -> None:
    right = np.random.default_rng(seed).normal(size=error.shape)
    try:
        assert_close("dx", right + error, right)
    except Mismatch as mismatch:
        for picture in mismatch.pictures:
            assert len(picture.cells) <= MOST_CELLS
            assert all(len(row) <= MOST_CELLS and set(row) <= set(range(-3, 5)) for row in picture.cells)
            assert any(cell for row in picture.cells for cell in row)
            numbers = [value for value in dataclasses.astuple(picture) if isinstance(value, float)]
            assert not numbers


def test_each_wrong_gradient_has_its_own() -> None:
    right = {name: np.arange(1.0, 7).reshape(2, 3) for name in ("dx", "dw", "db")}
    with pytest.raises(Mismatch) as caught:
        assert_gradients({"dx": -right["dx"] * 3, "dw": right["dw"], "db": right["db"] + 1}, right)
    assert [picture.name for picture in caught.value.pictures] == ["dx", "db"]
