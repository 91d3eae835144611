"""Calls with few and simple numbers, which a person works out by hand, and what known mistakes answer to them."""

import copy
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.assignment import Assignment
from autograder.catalogue import mistakes_in_package
from autograder.checks.host import Local
from autograder.judge.counterexample.wording import shown
from autograder.judge.reference import mistaken, reference

from .calls import Call, Place, filled

MOST_GIVEN, MOST_ANSWERED = 16, 6
"""Numbers in the arrays of the calls, and in the answer."""
LARGEST, FAR = 3, 10
"""The largest number in the arrays; and how many times larger than the right ones mistaken answers may be."""
SEEDS = (0, 1)


def small(calls: Sequence[Call], draw: random.Random) -> tuple[Call, ...]:
    """Return calls whose arrays have two or three entries along an axis, or none if these are still too many numbers.

    Axes of equal length stay equal.
    """
    lengths = list(dict.fromkeys(length for call in calls for one in _arrays(call) for length in one.shape))
    for other in (3, 2):
        short = {length: 1 if length == 1 else 2 if place == 0 else other for place, length in enumerate(lengths)}
        found = tuple(
            replace(call, args=_short(call.args, short, draw), kwargs=_short(call.kwargs, short, draw))
            for call in calls
        )
        if sum(one.size for call in found for one in _arrays(call)) <= MOST_GIVEN:
            return found
    return ()


def mistaken_answers(assignment: Assignment, exercise: str, calls: Sequence[Call]) -> list[np.ndarray]:
    """Return what functions with the exercise's known mistakes return first; nothing if the reference's is random."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        right, again = (first_of(_answer(reference(assignment), calls, seed)) for seed in SEEDS)
        if right is None or again is None or not np.array_equal(right, again):
            return []
        known = mistakes_in_package(assignment, exercise)
        found = [first_of(_answer(mistaken(assignment, one), calls)) for one in known]
    return [one for one in found if one is not None and np.abs(one).max() <= FAR * np.abs(right).max()]


def first_of(answer: Any) -> np.ndarray | None:
    """Return the first value of an answer if it is a few finite numbers that are not all zero, else None."""
    value = answer[0] if isinstance(answer, tuple) and answer else answer
    if not isinstance(value, np.ndarray | np.floating | float):
        return None
    array = np.asarray(value, dtype=float)
    return array if array.size <= MOST_ANSWERED and np.isfinite(array).all() and array.any() else None


def said(calls: Sequence[Call]) -> str:
    """Return a sentence about the calls, with all their numbers."""
    *before, last = (f"`{call.function}({', '.join(_values(call))})`" for call in calls)
    return "".join(f"{one} is called, and then " for one in before) + f"{last} is called."


def _values(call: Call) -> Iterator[str]:
    yield from map(_value, call.args)
    for name, value in call.kwargs.items():
        yield f"{name}={_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Place):
        return "what that returned" if value.element is None else f"what that returned at place {value.element + 1}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_value(one)}' for key, one in value.items())}}}"
    return shown(value) if isinstance(value, np.ndarray) else repr(value)


def _arrays(call: Call) -> Iterator[np.ndarray]:
    for value in (*call.args, *call.kwargs.values()):
        for one in value.values() if isinstance(value, dict) else (value,):
            if isinstance(one, np.ndarray):
                yield one


def _short(value: Any, short: dict[int, int], draw: random.Random) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_short(one, short, draw) for one in value)
    if isinstance(value, dict):
        return {key: _short(one, short, draw) for key, one in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    shape = tuple(short[length] for length in value.shape)
    least = 0 if (value >= 0).all() else -LARGEST
    most = 1 if value.dtype.kind in "iu" else LARGEST  # labels of the few classes that are left
    numbers = [draw.randint(least, most) for _ in range(int(np.prod(shape)))]
    return np.array(numbers, dtype=value.dtype).reshape(shape)


def _answer(backend: Local, calls: Sequence[Call], seed: int = SEEDS[0]) -> Any:
    """Return what code of the instructor's answers, or None if it raises an exception."""
    answers: list[Any] = []
    try:
        for call in calls:
            backend.seed(seed)
            args, kwargs = filled(copy.deepcopy((call.args, call.kwargs)), answers)
            answers.append(backend.call(call.target, args, kwargs))
    except Exception:
        return None
    return answers[-1]
