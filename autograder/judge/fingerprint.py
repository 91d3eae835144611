"""A fingerprint of how an exercise fails: equal failures have equal ones, whoever made them.

Hidden tests draw other inputs for each submission, so wrong answers of two submissions cannot be compared. A failed
test runs once more on a probe: inputs that the course's secret fixes and that are the same for everybody.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograder.checks.causes import Place, by_place, wrong_places
from autograder.checks.code_under_test import CodeError
from autograder.checks.record import Log

PROBE = "probe"
"""What stands for a submission's digest in the seeds of the probe."""
PROJECTIONS, DIGITS = 3, 3
"""A wrong array is known by this many weighted sums, to this many digits: rounding errors must not change it."""
LENGTH = 16
MOST = 100_000
"""Most numbers of an answer that are looked at: a hostile answer may be large, and its sums need much more memory."""


def fingerprint(test: str, error: Exception, answers: Log, right: Log) -> str:
    """Return the fingerprint of a failure.

    Parameters
    ----------
    test : str
        The test's name.
    error : Exception
        The exception with which the test ended on the probe.
    answers, right : Log
        The answers of the student's code and of the reference.
    """
    parts = [test, type(error).__name__]
    if isinstance(error, CodeError):
        parts += [error.kind, re.sub(r"\d+", "", error.message)]
    found = by_place(answers)
    parts += [f"{place}={_summary(found.get(place))}" for place in _sorted(wrong_places(answers, right))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:LENGTH]


def _sorted(found: Iterable[Place]) -> list[Place]:
    return sorted(found, key=lambda place: [str(part) for part in place])


def _summary(value: Any) -> str:
    """Return a short text that is the same for answers that are equal up to rounding."""
    if not isinstance(value, bool | int | float | np.ndarray):
        return type(value).__name__
    if np.size(value) > MOST:
        return f"{np.shape(value)}"
    try:
        array = np.asarray(value, dtype=np.float64)
    except OverflowError:  # an integer of a thousand digits
        return "int"
    finite = np.isfinite(array)
    plain = np.where(finite, array, 0.0).ravel()
    size = float(np.abs(plain).max(initial=0.0))
    rng = np.random.default_rng(plain.size)
    sums = [float(rng.normal(size=plain.size) @ plain) / (size or 1.0) for _ in range(PROJECTIONS)]
    shape = tuple(length for length in array.shape if length != 1)
    rounded = [str(round(one, DIGITS - 1) + 0.0) for one in sums]  # no "-0.0"
    return f"{shape} {int(finite.sum())} {size:.{DIGITS}g} {' '.join(rounded)}"
