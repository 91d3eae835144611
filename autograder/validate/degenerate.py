"""Degenerate answers: what a program returns that does not do its exercise.

Each kind changes the numbers and arrays of right answers, which give the form: shape, dtype, structure. See
``answering`` for backends that answer so, and ``lenient`` for the tests, which must give no credit for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.code_under_test import Handle

CONSTANT = 7


@dataclass
class Question:
    """What an answer may be made of besides the right one.

    Attributes
    ----------
    function : str
        The name of the function that is asked, or "" for an attribute or an element.
    inputs : list of ndarray
        The arrays among its arguments.
    given : dict
        The first answer of each function for each form: function, place in the answer, shape.
    rng : numpy.random.Generator
    """

    function: str
    inputs: list[np.ndarray]
    given: dict[tuple[str, int, tuple[int, ...]], np.ndarray]
    rng: np.random.Generator
    place: int = 0

    def input_like(self, right: np.ndarray, order: int) -> np.ndarray:
        """Return the first input of a shape, or the last one (``order`` is -1); without one, the right answer."""
        found = [one for one in self.inputs[::order] if one.shape == right.shape]
        return found[0].astype(right.dtype) if found and right.ndim else right

    def kept(self, right: np.ndarray) -> np.ndarray:
        """Return what the function answered first, for this form."""
        return self.given.setdefault((self.function, self.place, right.shape), right)

    def of_another(self, right: np.ndarray) -> np.ndarray:
        """Return the latest answer of another function for this form; without one, the right answer."""
        found = [
            value
            for (name, _, shape), value in self.given.items()
            if name != self.function and shape == right.shape and right.ndim
        ]
        self.kept(right)
        return found[-1].astype(right.dtype) if found else right


Change = Callable[[np.ndarray, Question], Any]


def _filled(number: float) -> Change:
    return lambda right, _: np.full_like(right, number)


def _nan(right: np.ndarray, _: Question) -> np.ndarray:
    return np.full(right.shape, np.nan, right.dtype if right.dtype.kind == "f" else float)


def _mask(right: np.ndarray, asked: Question) -> np.ndarray:
    given = asked.input_like(right, 1)
    return right if given is right else (given > 0).astype(right.dtype)


def _identity(right: np.ndarray, _: Question) -> np.ndarray:
    """Return ones where all indices are equal, and zeros elsewhere."""
    indices: list[np.ndarray] = list(np.indices(right.shape, sparse=True))
    ones = np.all([one == indices[0] for one in indices[1:]], axis=0) if right.ndim > 1 else True
    return np.broadcast_to(ones, right.shape).astype(right.dtype)


def _first_row(right: np.ndarray, _: Question) -> np.ndarray:
    return np.broadcast_to(right[:1], right.shape).copy() if right.ndim and right.size else right


def _transposed(right: np.ndarray, _: Question) -> np.ndarray:
    return right.T.reshape(right.shape)


def _negated(right: np.ndarray, _: Question) -> np.ndarray:
    return ~right if right.dtype.kind == "b" else -right


def _reversed(right: np.ndarray, _: Question) -> np.ndarray:
    return np.flip(right)


def _random(right: np.ndarray, asked: Question) -> np.ndarray:
    drawn = asked.rng.normal(size=right.shape)
    return drawn > 0 if right.dtype.kind == "b" else np.asarray(drawn * 3).astype(right.dtype)


def _zero_arrays(right: np.ndarray, _: Question) -> np.ndarray:
    return np.zeros_like(right) if right.ndim else right


def _zero_numbers(right: np.ndarray, _: Question) -> np.ndarray:
    return right if right.ndim else np.zeros_like(right)


def _empty(right: np.ndarray, _: Question) -> np.ndarray:
    return np.zeros((0, *right.shape[1:]), right.dtype)


def _nothing(_: np.ndarray, __: Question) -> None:
    """Return None, as a function without ``return`` does."""


def _right(right: np.ndarray, _: Question) -> np.ndarray:
    return right


UNCHANGED = "right answers, and a state that never changes"
STALE = "the right answers to other inputs"
ORDER = ("the right numbers, transposed", "the right numbers, backwards", "the right numbers with the other sign")
"""Kinds that make no difference to numbers that the code draws for itself, such as the first weights of a net."""
KINDS: dict[str, Change] = {
    "zeros, as from a mask that keeps nothing": _filled(0),
    "ones, as from a mask that keeps everything": _filled(1),
    "a constant": _filled(CONSTANT),
    "NaN": _nan,
    "the first input of the same shape": lambda right, asked: asked.input_like(right, 1),
    "the last input of the same shape": lambda right, asked: asked.input_like(right, -1),
    "a mask of the input's positive numbers": _mask,
    "an identity matrix": _identity,
    "what the function answered first": lambda right, asked: asked.kept(right),
    "what another function answered": lambda right, asked: asked.of_another(right),
    "the first row, repeated": _first_row,
    **dict(zip(ORDER, (_transposed, _reversed, _negated), strict=True)),
    "random numbers": _random,
    "arrays of zeros beside right numbers": _zero_arrays,
    "zeros beside right arrays": _zero_numbers,
    "empty arrays": _empty,
    "None": _nothing,
    UNCHANGED: _right,
    STALE: _right,
}
"""The kinds of degenerate answers, and how each changes a number or an array of a right answer."""


def same(given: Any, right: Any) -> bool:
    """Tell whether two logs, or two answers in them, are equal up to rounding errors."""
    if isinstance(right, list | tuple):
        return (
            isinstance(given, list | tuple)
            and len(given) == len(right)
            and all(same(one, other) for one, other in zip(given, right, strict=True))
        )
    if isinstance(right, dict):
        return isinstance(given, dict) and given.keys() == right.keys() and all(same(given[n], right[n]) for n in right)
    if isinstance(right, bool | int | float | np.ndarray) and isinstance(given, bool | int | float | np.ndarray):
        return np.shape(given) == np.shape(right) and bool(np.allclose(given, right, equal_nan=True))
    if isinstance(right, Handle):
        return isinstance(given, Handle)
    return type(given) is type(right) and bool(given == right)
