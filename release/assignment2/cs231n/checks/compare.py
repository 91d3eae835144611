"""Assertions with explanations. They check in this order: presence, type, shape, finiteness, values.

A message gives the size of the error and suggests a cause, but never shows the expected values. Only these functions
turn an `Answer` into a plain value, once its form is right. See ``code_under_test`` for getting answers.
"""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .answers import plain
from .code_under_test import DTYPES, SCALARS, Handle
from .pictures import MOST_PICTURES, Picture, picture
from .tolerances import RTOL32, RTOL64

Shape = tuple[int, ...]
MOST_PERMUTED = 4
"""Most arrays whose order is looked at."""
NEARLY_ZERO = 1e-4
"""Expected answers below this magnitude count as zero: adding it to their magnitude makes rounding errors harmless."""
MOST_NUMBERS, MOST_CHARACTERS = 100_000, 1000
"""Most numbers in a list, and most characters in a text, that a test reads."""


class Mismatch(AssertionError):
    """An answer of the code under test is wrong.

    Parameters
    ----------
    kind : str
        ``missing``, ``type``, ``shape``, ``finite``, ``values``, ``dtype`` or ``changed``.
    message : str
        One or two sentences for the student.
    pictures : tuple of Picture
        Where the wrong arrays are wrong.

    Attributes
    ----------
    hint : str
        The mistake that gives this answer, if the test knows it; else "".
    """

    def __init__(self, kind: str, message: str, pictures: tuple[Picture, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.pictures: tuple[Picture, ...] = pictures
        self.hint = ""


def require(condition: bool, message: str, kind: str = "values") -> None:
    """Raise `Mismatch` with ``message`` unless ``condition`` holds. ``condition`` must be a real ``bool``."""
    if condition is not True and not (isinstance(condition, np.bool_) and bool(condition)):
        raise Mismatch(kind, message)


def as_array(name: str, value: Any, shape: Shape, exact_shape: bool = False) -> np.ndarray:
    """Return an answer as a plain array of this shape.

    Parameters
    ----------
    name : str
        The value's name for the student: "dx", "the loss".
    value : Answer or array_like
        The answer.
    shape : tuple of int
        The expected shape, which the returned array has.
    exact_shape : bool
        Whether singleton dimensions matter. By default ``(1, D)`` is accepted for ``(D,)``.

    Raises
    ------
    Mismatch
        If the value is None, a handle, text, or an array with another shape or with a dtype that is not numeric.
    """
    array = _numbers(name, value)
    if array.shape == shape:
        return array
    squeezed = tuple(n for n in array.shape if n != 1) == tuple(n for n in shape if n != 1)
    if exact_shape or not squeezed:
        raise Mismatch("shape", _shape_message(name, array.shape, shape))
    return array.reshape(shape)


def _numbers(name: str, value: Any) -> np.ndarray:
    """Return an answer as an array of numbers of any shape: no operation may follow before its shape is known."""
    value = plain(value)
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
    """Return an answer as a finite float. An array of one element is accepted.

    Raises
    ------
    Mismatch
        If the value is not one finite number.
    """
    array = _numbers(name, value)
    if array.size != 1:
        raise Mismatch("shape", f"{name} has shape {array.shape}; one number is expected.")
    number = float(array.reshape(())[()])
    if not np.isfinite(number):
        raise Mismatch("finite", f"{name} is {number}.")
    return number


def as_numbers(name: str, value: Any) -> np.ndarray:
    """Return a list of numbers, such as a history of losses, as a plain array.

    Parameters
    ----------
    name : str
        The value's name for the student.
    value : list, tuple, Answer or array_like
        Numbers, or arrays of numbers, which are joined.

    Returns
    -------
    ndarray, float64, (N,)
        At most `MOST_NUMBERS` numbers. They may be NaN or infinite.

    Raises
    ------
    Mismatch
        If the value is anything else.
    """
    if not isinstance(value, list | tuple):
        value = [_numbers(name, value)]
    each = [_numbers(f"each element of {name}", element) for element in value]
    number = sum(one.size for one in each)
    if number > MOST_NUMBERS:
        raise Mismatch("shape", f"{name} holds {number} numbers; at most {MOST_NUMBERS} are expected.")
    return np.concatenate([np.zeros(0), *(one.ravel() for one in each)]).astype(np.float64)


def as_text(name: str, value: Any) -> str:
    """Return an answer as a plain text of at most `MOST_CHARACTERS` characters.

    Raises
    ------
    Mismatch
        If the value is no text, or a longer one.
    """
    text = plain(value)
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        raise Mismatch("type", f"{name} is {_kind(text)}; a text of at most {MOST_CHARACTERS} characters is expected.")
    return text


def _kind(value: Any) -> str:
    if isinstance(value, Handle):
        return f"a {value._type}"
    return f"a text of {len(value)} characters" if isinstance(value, str) else f"a {type(value).__name__}"


def equals(value: Any, expected: Any) -> bool:
    """Tell whether an answer is exactly a text, a number, a truth value or None, or a container of such values.

    Nothing is compared before its type and size are those of ``expected``, so this takes no longer for any answer.

    Parameters
    ----------
    value : Any
        The answer.
    expected : str, int, float, bool, None, list, tuple, dict
    """
    if isinstance(expected, dict):
        same = isinstance(value, dict) and len(value) == len(expected)
        return same and all(key in value and equals(value[key], one) for key, one in expected.items())
    if isinstance(expected, list | tuple):
        same = isinstance(value, type(expected)) and len(value) == len(expected)
        return same and all(map(equals, value, expected))
    value = plain(value)
    if not isinstance(value, SCALARS) or isinstance(value, Handle):
        return False
    if isinstance(expected, str):
        return isinstance(value, str) and len(value) == len(expected) and value == expected
    if expected is None or isinstance(expected, bool):
        return value is expected
    return isinstance(value, int | float) and not isinstance(value, bool) and value == expected


def assert_close(name: str, actual: Any, expected: Any, rtol: float | None = None, exact_shape: bool = False) -> None:
    """Check one array or number against the expected one.

    Parameters
    ----------
    name : str
        The value's name for the student: "dx", "the loss".
    actual : Answer or array_like
        The answer, with any shape.
    expected : ndarray or float
        The correct answer.
    rtol : float, optional
        The allowed difference relative to the largest expected magnitude. The default depends on the dtype of
        ``actual``: see `RTOL64` and `RTOL32`.
    exact_shape : bool
        Whether singleton dimensions matter. By default ``(1, D)`` is accepted for ``(D,)``.

    Raises
    ------
    Mismatch
        With the first fault that is found, in the order: presence, type, shape, finiteness, values.
    """
    right = np.asarray(expected, dtype=np.float64)
    array = as_array(name, actual, right.shape, exact_shape)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        values = array.astype(np.float64)
        shown = picture(name, values, right, ~np.isfinite(values))
        raise Mismatch("finite", f"{name} is NaN or infinite in {bad} of {array.size} values.", shown)
    size = deviation(array, right)
    allowed = usual_tolerance(array) if rtol is None else rtol
    if not size <= allowed:
        values = array.astype(np.float64)
        off, most = np.abs(values - right), allowed * _scale(right)
        shown = picture(name, values, right, off > most)
        raise Mismatch("values", _value_message(name, values, right, off, most), shown)


def deviation(array: np.ndarray, right: np.ndarray) -> float:
    """Return the largest absolute difference between two arrays, relative to the largest magnitude in ``right``."""
    return float(np.abs(array.astype(np.float64) - right).max(initial=0.0)) / _scale(right)


def usual_tolerance(array: np.ndarray) -> float:
    """Return the default tolerance of an answer: `RTOL32` for float32 and float16, else `RTOL64`."""
    return RTOL32 if array.dtype.kind == "f" and array.dtype.itemsize < 8 else RTOL64


def _scale(right: np.ndarray) -> float:
    return float(np.abs(right).max(initial=0.0)) + NEARLY_ZERO


def assert_gradients(
    actual: Mapping[str, Any], expected: Mapping[str, Any], rtol: float | None = None, exact_shape: bool = False
) -> None:
    """Check several named arrays. The message lists each wrong array.

    Raises
    ------
    Mismatch
        If an array is wrong; its kind is that of the first wrong array.
    """
    wrong: list[Mismatch] = []
    for name, right in expected.items():
        try:
            assert_close(name, actual.get(name), right, rtol, exact_shape)
        except Mismatch as error:
            wrong.append(error)
    if wrong and _is_permuted(actual, expected, rtol):
        raise Mismatch("values", f"The values are right, but their order is not: return {', '.join(expected)}.")
    if wrong:
        fine = [name for name in expected if not any(error.message.startswith(name + " ") for error in wrong)]
        note = f" ({', '.join(fine)} {'is' if len(fine) == 1 else 'are'} right.)" if fine else ""
        shown = tuple(one for error in wrong for one in error.pictures)[:MOST_PICTURES]
        raise Mismatch(wrong[0].kind, " ".join(error.message for error in wrong) + note, shown)


def _is_permuted(actual: Mapping[str, Any], expected: Mapping[str, Any], rtol: float | None) -> bool:
    """Tell whether a few arrays are right in another order, and not in this one."""
    if len(expected) > MOST_PERMUTED or all(_fits(actual.get(name), right, rtol) for name, right in expected.items()):
        return False
    names = list(expected)
    return any(
        all(_fits(actual.get(other), expected[name], rtol) for name, other in zip(names, order, strict=True))
        for order in itertools.permutations(names)
        if list(order) != names
    )


def _fits(value: Any, right: Any, rtol: float | None) -> bool:
    try:
        assert_close("value", value, right, rtol)
    except Mismatch:
        return False
    return True


def assert_unchanged(name: str, after: Any, before: np.ndarray) -> None:
    """Check that a call did not change its input.

    Raises
    ------
    Mismatch
        If the input changed.
    """
    array = _numbers(name, after)
    if array.shape != before.shape or not np.array_equal(array, before):
        raise Mismatch("changed", f"{name} was changed in place: work on a copy, the caller still needs the original.")


def assert_dtype(name: str, actual: Any, dtype: type) -> None:
    """Check an array's dtype.

    Raises
    ------
    Mismatch
        If the dtype is different.
    """
    array = _numbers(name, actual)
    if array.dtype != np.dtype(dtype):
        raise Mismatch("dtype", f"{name} has dtype {array.dtype}, {np.dtype(dtype)} is expected.")


def _shape_message(name: str, shape: Shape, right: Shape) -> str:
    message = f"{name} has shape {shape}, {right} is expected."
    if len(shape) == 2 and shape == right[::-1]:
        return message + " It is transposed."
    if math.prod(shape) == math.prod(right):
        return message + " The number of values is right: is a reshape missing?"
    if len(shape) == len(right) - 1:
        return message + " Is there one sum or mean too many, or one over the wrong axis?"
    if len(shape) == len(right) + 1:
        return message + " Is a sum over the examples missing?"
    return message


def _value_message(name: str, values: np.ndarray, right: np.ndarray, off: np.ndarray, allowed: float) -> str:
    scale = float(np.abs(right).max(initial=0.0))
    wrong = off > allowed
    if scale < NEARLY_ZERO:
        where = f" in {int(wrong.sum())} of {values.size} values" if values.size > 1 else ""
        return f"{name} should be zero up to rounding, but is off by up to {_short(float(off.max()))}{where}."
    relative = float(off.max()) / scale
    if values.size == 1:
        message = f"{name} has a relative error of {_short(relative)}."
    else:
        message = f"{name} is wrong in {int(wrong.sum())} of {values.size} values, by up to {_short(relative)} of the"
        message += " largest expected value."
    return " ".join([message, *_remedies(values, right, off, wrong, allowed)])


def _remedies(values: np.ndarray, right: np.ndarray, off: np.ndarray, wrong: np.ndarray, allowed: float) -> list[str]:
    """Return at most one sentence on how the values differ: zeros, sign, factor, shift, transpose, rows, position."""
    if not values.any():
        return ["Every value is zero."]
    if np.abs(values + right).max() <= allowed:
        return ["The sign is wrong."]
    norm = float((values * values).sum())
    factor = float((values * right).sum()) / norm if norm > 0 else 0.0  # squares of small numbers may underflow
    tells = np.isfinite(factor) and factor != 0 and _short(factor) != "1"
    if values.size > 1 and tells and np.abs(values * factor - right).max() <= allowed:
        return [f"Multiplied by {_short(factor)}, all values are right."]
    shift = float((right - values).mean())
    if values.size > 1 and np.abs(values + shift - right).max() <= allowed:
        return ["All values are off by the same amount."]
    if right.ndim == 2 and right.shape[0] == right.shape[1] and np.abs(values.T - right).max() <= allowed:
        return ["The transpose is right."]
    if right.ndim >= 2 and right.shape[0] > 1:
        rows: np.ndarray = np.any(wrong.reshape(right.shape[0], -1), axis=1)
        if not rows[0] and rows[1:].all():
            return ["Only the first row is right."]
        if rows.sum() == 1:
            return [f"Only row {int(rows.argmax())} is wrong."]
        if rows[0] and not rows[1:].any():
            return ["Only the first row is wrong."]
    if values.size > 1:
        where = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
        return [f"The largest error is at index {where if len(where) > 1 else where[0]}."]
    return []


def _short(number: float) -> str:
    return f"{number:.3g}"
