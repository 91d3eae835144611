"""Assertions that explain: there, type, shape, finite, values, in the order in which a person would look.

Messages say how far off and what would mend it, never the expected values. Not for asking: see ``code_under_test``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .code_under_test import DTYPES, Handle
from .tolerances import RTOL32, RTOL64

NEARLY_ZERO = 1e-4
"""Where all of an answer should be smaller than this, it is rounding that is compared: that is no mistake."""


class Mismatch(AssertionError):
    """What came back is not what was asked for.

    Parameters
    ----------
    kind : str
        ``missing``, ``type``, ``shape``, ``finite``, ``values``, ``dtype`` or ``changed``.
    message : str
        One or two sentences for the student.

    Attributes
    ----------
    hint : str
        The mistake that would give this, where a test knows it; "" else.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = ""


def require(condition: bool, message: str, kind: str = "values") -> None:
    """Raise `Mismatch` with ``message`` unless ``condition`` holds. ``condition`` must be a real ``bool``."""
    if condition is not True and not (isinstance(condition, np.bool_) and bool(condition)):
        raise Mismatch(kind, message)


def as_array(name: str, value: Any) -> np.ndarray:
    """Return ``value`` as an array of numbers.

    Raises
    ------
    Mismatch
        If it is None, a handle, text, or of a dtype that is not a number.
    """
    if value is None:
        raise Mismatch("missing", f"{name} is None: is a return value missing?")
    if isinstance(value, Handle):
        raise Mismatch("type", f"{name} is a {value._type}; a NumPy array is expected.")
    if isinstance(value, str | tuple) or not isinstance(value, int | float | np.ndarray):
        raise Mismatch("type", f"{name} is a {type(value).__name__}; a NumPy array is expected.")
    array = np.asarray(value)
    if array.dtype.char not in DTYPES:
        raise Mismatch("type", f"{name} has dtype {array.dtype}; numbers are expected.")
    return array


def as_number(name: str, value: Any) -> float:
    """Return ``value`` as a finite float; an array of one element counts.

    Raises
    ------
    Mismatch
        If it is not one finite number.
    """
    array = as_array(name, value)
    if array.size != 1:
        raise Mismatch("shape", f"{name} has shape {array.shape}; one number is expected.")
    number = float(array.reshape(())[()])
    if not np.isfinite(number):
        raise Mismatch("finite", f"{name} is {number}.")
    return number


def assert_close(name: str, actual: Any, expected: Any, rtol: float | None = None, exact_shape: bool = False) -> None:
    """Check one array or number against the expected one.

    Parameters
    ----------
    name : str
        What the student calls it: "dx", "the loss".
    actual : array_like
        What came back, any shape.
    expected : ndarray or float
        What is right.
    rtol : float, optional
        Allowed difference relative to the largest expected magnitude; by default by dtype, see `RTOL64`, `RTOL32`.
    exact_shape : bool
        Whether singleton dimensions matter: ``(1, D)`` for ``(D,)`` is forgiven by default.

    Raises
    ------
    Mismatch
        With the first thing that is wrong, in the order in which a person would look.
    """
    right = np.asarray(expected, dtype=np.float64)
    array = as_array(name, actual)
    if array.shape != right.shape:
        squeezed = tuple(n for n in array.shape if n != 1) == tuple(n for n in right.shape if n != 1)
        if exact_shape or not squeezed:
            raise Mismatch("shape", _shape_message(name, array, right))
        array = array.reshape(right.shape)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise Mismatch("finite", f"{name} holds {bad} of {array.size} values that are NaN or infinite.")
    size = deviation(array, right)
    allowed = usual_tolerance(array) if rtol is None else rtol
    if not size <= allowed:
        values = array.astype(np.float64)
        raise Mismatch("values", _value_message(name, values, right, np.abs(values - right), allowed * _scale(right)))


def deviation(array: np.ndarray, right: np.ndarray) -> float:
    """Return the largest difference between two arrays, relative to the size of ``right``."""
    return float(np.abs(array.astype(np.float64) - right).max(initial=0.0)) / _scale(right)


def usual_tolerance(array: np.ndarray) -> float:
    """Return how far an answer may lie off: less where it was computed in double precision."""
    return RTOL32 if array.dtype.kind == "f" and array.dtype.itemsize < 8 else RTOL64


def _scale(right: np.ndarray) -> float:
    return float(np.abs(right).max(initial=0.0)) + NEARLY_ZERO


def assert_gradients(
    actual: Mapping[str, Any], expected: Mapping[str, Any], rtol: float | None = None, exact_shape: bool = False
) -> None:
    """Check several named arrays; the message lists each that is wrong.

    Raises
    ------
    Mismatch
        Of the kind of the first that is wrong.
    """
    wrong: list[Mismatch] = []
    for name, right in expected.items():
        try:
            assert_close(name, actual.get(name), right, rtol, exact_shape)
        except Mismatch as error:
            wrong.append(error)
    if wrong:
        fine = [name for name in expected if not any(error.message.startswith(name + " ") for error in wrong)]
        note = f" ({', '.join(fine)} {'is' if len(fine) == 1 else 'are'} right.)" if fine else ""
        raise Mismatch(wrong[0].kind, " ".join(error.message for error in wrong) + note)


def assert_unchanged(name: str, after: Any, before: np.ndarray) -> None:
    """Check that an input is what it was before the call.

    Raises
    ------
    Mismatch
        If it is not.
    """
    array = as_array(name, after)
    if array.shape != before.shape or not np.array_equal(array, before):
        raise Mismatch("changed", f"{name} was changed in place: work on a copy, the caller still needs its own.")


def assert_dtype(name: str, actual: Any, dtype: type) -> None:
    """Check an array's dtype.

    Raises
    ------
    Mismatch
        If it is another.
    """
    array = as_array(name, actual)
    if array.dtype != np.dtype(dtype):
        raise Mismatch("dtype", f"{name} has dtype {array.dtype}, {np.dtype(dtype)} is expected.")


def _shape_message(name: str, array: np.ndarray, right: np.ndarray) -> str:
    message = f"{name} has shape {array.shape}, {right.shape} is expected."
    if array.ndim == 2 and array.shape == right.shape[::-1]:
        return message + " It is transposed."
    if array.size == right.size:
        return message + " The number of values is right: is a reshape missing?"
    if array.ndim == right.ndim - 1:
        return message + " Was one sum or mean too many taken, or over the wrong axis?"
    if array.ndim == right.ndim + 1:
        return message + " Is a sum over the examples missing?"
    return message


def _value_message(name: str, values: np.ndarray, right: np.ndarray, off: np.ndarray, allowed: float) -> str:
    scale = float(np.abs(right).max(initial=0.0))
    wrong = off > allowed
    if scale < NEARLY_ZERO:
        where = f" in {int(wrong.sum())} of {values.size} values" if values.size > 1 else ""
        return f"{name} should be as good as zero, and is not{where}: it is off by up to {_short(float(off.max()))}."
    relative = float(off.max()) / scale
    if values.size == 1:
        message = f"{name} is off by {_short(relative)} of its size."
    else:
        message = f"{name} is wrong in {int(wrong.sum())} of {values.size} values, by up to {_short(relative)} of the"
        message += " largest."
    return " ".join([message, *_remedies(values, right, off, wrong, allowed)])


def _remedies(values: np.ndarray, right: np.ndarray, off: np.ndarray, wrong: np.ndarray, allowed: float) -> list[str]:
    """What would make it right: zeros, sign, a factor, a shift, a transpose, one good row."""
    if not values.any():
        return ["Every value is zero."]
    if np.abs(values + right).max() <= allowed:
        return ["The sign is the wrong way round."]
    norm = float((values * values).sum())
    factor = float((values * right).sum()) / norm if norm > 0 else 0.0  # squares of small numbers may vanish
    if values.size > 1 and np.abs(values * factor - right).max() <= allowed and np.isfinite(factor) and factor != 0:
        return [f"All of it times {_short(factor)} would be right."]
    shift = float((right - values).mean())
    if values.size > 1 and np.abs(values + shift - right).max() <= allowed:
        return ["All of it is off by one and the same amount."]
    if right.ndim == 2 and right.shape[0] == right.shape[1] and np.abs(values.T - right).max() <= allowed:
        return ["Its transpose would be right."]
    if right.ndim >= 1 and right.shape[0] > 1:
        rows: np.ndarray = np.any(wrong.reshape(right.shape[0], -1), axis=1)
        if not rows[0] and rows[1:].all():
            return ["Only the first row is right."]
        if rows.sum() == 1:
            return [f"Only row {int(rows.argmax())} is wrong."]
        if rows[0] and not rows[1:].any():
            return ["Only the first row is wrong."]
    if values.size > 1:
        where = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
        return [f"The worst is at index {where if len(where) > 1 else where[0]}."]
    return []


def _short(number: float) -> str:
    return f"{number:.3g}"
