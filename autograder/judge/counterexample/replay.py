"""Run a program on a backend, and compare two backends' answers. A student's answers are hostile: see `fault_of`.

See ``trace`` for where programs come from, and ``shrink`` for making them smaller.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.code_under_test import DTYPES, Backend, CodeError, Handle
from autograder.checks.compare import deviation, usual_tolerance

from .trace import Operation, Program, Ref, Slot

Answers = dict[int, Any]
"""The number of an operation to its answer."""
Place = tuple[int, tuple[Any, ...]]
"""A place in answers: the number of an operation, and indices or keys in its answer."""
MAX_SIZE = 100_000
"""An array with more elements than this is not a small case's answer."""


TINY = 1e-2
"""Beside this, what a layer's epsilon adds is small."""


class OddError(Exception):
    """The program cannot go on: an answer does not have the form that a later operation needs."""


@dataclass(frozen=True)
class Raised:
    """The exception of an operation: its type's name, and its message."""

    operation: int
    name: str
    message: str


def replay(
    program: Program,
    backend: Backend,
    seed: int,
    before: Callable[[Operation, Answers, list[Any]], None] | None = None,
) -> tuple[Answers, Raised | None]:
    """Run a program to its end or to its first exception.

    Parameters
    ----------
    program : Program
    backend : Backend
    seed : int
        Seed of the global generators.
    before : callable, optional
        Called before each operation with the operation, the answers so far and the list of values, which it may
        change.

    Returns
    -------
    answers : Answers
    raised : Raised or None
        The exception that ended the program.

    Raises
    ------
    OddError
        If an answer is a value where a later operation needs a tuple or an object.
    CodeError
        If the runner ended.
    """
    backend.seed(seed)
    answers: Answers = {}
    values = list(program.values)
    for operation in program.operations:
        if before is not None:
            before(operation, answers, values)
        try:
            answers[operation.number] = _ask(backend, operation, answers, values)
        except CodeError as error:
            if getattr(backend, "over", ""):
                raise
            return answers, Raised(operation.number, f"{error.kind} {exception_of(error)}", error.message)
    return answers, None


def exception_of(error: CodeError) -> str:
    """Return the name of the exception that a `CodeError` tells of, or "" if it tells of none."""
    return error.message.removeprefix("It raised ").partition(":")[0] if error.kind == "raised" else ""


def _ask(backend: Backend, operation: Operation, answers: Answers, values: list[Any]) -> Any:
    first, *rest = (resolved(part, answers, values) for part in operation.parts)
    if operation.method != "put" and not isinstance(first, str):
        if not isinstance(first, Handle):
            raise OddError
        first = first._target
    return getattr(backend, operation.method)(first, *rest)


def resolved(part: Any, answers: Answers, values: list[Any]) -> Any:
    """Return a part of an operation with the values and the answers that it refers to."""
    if isinstance(part, Slot):
        return values[part.index]
    if isinstance(part, Ref):
        answer = answers.get(part.operation)
        if part.element is None:
            return answer
        if not isinstance(answer, tuple) or part.element >= len(answer):
            raise OddError
        return answer[part.element]
    if isinstance(part, list | tuple):
        return type(part)(resolved(one, answers, values) for one in part)
    if isinstance(part, dict):
        return {key: resolved(one, answers, values) for key, one in part.items()}
    return part


def references(part: Any) -> Iterator[Ref]:
    """Yield the references in a part of an operation."""
    yield from (one for one in _leaves(part) if isinstance(one, Ref))


def slots(part: Any) -> Iterator[Slot]:
    """Yield the slots in a part of an operation."""
    yield from (one for one in _leaves(part) if isinstance(one, Slot))


def _leaves(part: Any) -> Iterator[Any]:
    if isinstance(part, list | tuple):
        for one in part:
            yield from _leaves(one)
    elif isinstance(part, dict):
        for one in part.values():
            yield from _leaves(one)
    else:
        yield part


def numbers_in(answers: Answers) -> Iterator[tuple[Place, Any]]:
    """Yield the arrays and numbers in the reference's answers, each with its place."""
    for operation, answer in answers.items():
        yield from (((operation, path), value) for path, value in _numbers(answer, ()))


def _numbers(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _numbers(one, (*path, index))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _numbers(one, (*path, key))
    elif _is_numeric(value):
        yield path, value


def _is_numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.char in DTYPES
    return isinstance(value, int | float) and not isinstance(value, bool)


def at(answers: Answers, place: Place) -> Any:
    """Return what is at a place in answers, or None."""
    operation, path = place
    value = answers.get(operation)
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


@dataclass(frozen=True)
class Fault:
    """How an answer differs from the right one.

    Attributes
    ----------
    kind : {"type", "shape", "exact shape", "finite", "values"}
        ``exact shape`` is a shape that differs in axes of length 1 only.
    size : float
        The largest difference relative to the largest right value, for values. A difference much smaller than `TINY`
        is small in any case.
    """

    kind: str
    size: float = math.inf


def fault_of(answer: Any, right: Any) -> Fault | None:
    """Return how an answer differs from the right one, or None. Look at its type and shape before any arithmetic."""
    if not (_is_numeric(answer) or isinstance(answer, bool)) or np.size(answer) > MAX_SIZE:
        return Fault("type")
    expected = np.asarray(right, dtype=np.float64)
    try:
        array = np.asarray(answer) if isinstance(answer, np.ndarray) else np.asarray(answer, dtype=np.float64)
    except OverflowError:  # an integer of a thousand digits
        return Fault("type")
    exact = array.shape == expected.shape
    if not exact:
        if [n for n in array.shape if n != 1] != [n for n in expected.shape if n != 1]:
            return Fault("shape")
        array = array.reshape(expected.shape)
    if not np.isfinite(array).all():
        return Fault("finite")
    if not deviation(array, expected) <= usual_tolerance(array):
        largest = float(np.abs(expected).max(initial=0.0))
        return Fault("values", float(np.abs(array - expected).max()) / (largest + TINY))
    return None if exact else Fault("exact shape")
