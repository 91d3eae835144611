"""Record the answers of a package, to replace the reference in a release and to recognise known mistakes.

`Recorded` records the answers of another backend. `Playback` repeats recorded answers.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from .code_under_test import Backend, CodeError, Handle

MAX_KEPT = 64 * 2**20
"""Bytes of answers that a log keeps. Beyond this limit, answers are passed on but not kept."""
Log = list[Any]
"""Answers in the order of the calls: arrays, scalars, tuples and other containers of them, and the types of handles."""


class Recorded:
    """A backend that passes every call on to another backend and keeps the answers.

    Parameters
    ----------
    backend : Backend
        The backend that answers.

    Attributes
    ----------
    log : Log
        The answers so far.
    called : list of str
        The dotted names of functions and classes that were called, and the names of attributes that were asked for.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.log: Log = []
        self.called: list[str] = []
        self._kept = 0

    def begin(self, exercise: str) -> None:
        self.backend.begin(exercise)

    def seed(self, number: int) -> None:
        self.backend.seed(number)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(target, str):
            self.called.append(target)
        return self._keep(self.backend.call(target, args, kwargs))

    def find(self, target: Any, name: str) -> Any:
        self.called.append(name)
        return self._keep(self.backend.find(target, name))

    def item(self, target: Any, key: Any) -> Any:
        return self._keep(self.backend.item(target, key))

    def assign(self, target: Any, key: Any, value: Any) -> None:
        self.backend.assign(target, key, value)

    def put(self, value: Any) -> Any:
        return self._rewrap(self.backend.put(value))

    def fetch(self, target: Any) -> Any:
        return self._keep(self.backend.fetch(target))

    def _keep(self, answer: Any) -> Any:
        self._kept += _size(answer)
        self.log.append(_remember(answer) if self._kept <= MAX_KEPT else None)
        return self._rewrap(answer)

    def _rewrap(self, answer: Any) -> Any:
        if isinstance(answer, Handle):
            return Handle(self, answer._target, answer._type)
        if isinstance(answer, tuple):
            return tuple(self._rewrap(element) for element in answer)
        return answer


def _remember(answer: Any) -> Any:
    if isinstance(answer, Handle):
        return {"handle": answer._type}
    if isinstance(answer, tuple):
        return tuple(_remember(element) for element in answer)
    return answer


def _size(answer: Any) -> int:
    """Return the approximate size of an answer in bytes. A value that occurs twice counts twice."""
    if isinstance(answer, list | tuple):
        return sum(_size(element) for element in answer)
    if isinstance(answer, dict):
        return sum(_size(element) for element in answer.values())
    return answer.nbytes if isinstance(answer, np.ndarray) else 8


class Playback:
    """A backend that repeats recorded answers, call by call.

    Parameters
    ----------
    log : Log
        The log of `Recorded` from a run of the same test on the reference.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next = 0

    def _answer(self) -> Any:
        if self._next >= len(self._log):
            raise CodeError("recorded", "The recorded answers of this test are out of date: build the release again.")
        answer = self._log[self._next]
        self._next += 1
        return self._give(answer)

    def _give(self, answer: Any) -> Any:
        if isinstance(answer, dict) and set(answer) == {"handle"}:
            return Handle(self, None, answer["handle"])
        if isinstance(answer, tuple):
            return tuple(self._give(element) for element in answer)
        return answer

    def begin(self, exercise: str) -> None:
        pass

    def seed(self, number: int) -> None:
        pass

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002
        return self._answer()

    def find(self, target: Any, name: str) -> Any:  # noqa: ARG002
        return self._answer()

    def item(self, target: Any, key: Any) -> Any:  # noqa: ARG002
        return self._answer()

    def assign(self, target: Any, key: Any, value: Any) -> None:
        pass

    def put(self, value: Any) -> Any:
        return Handle(self, None, type(value).__name__)

    def fetch(self, target: Any) -> Any:  # noqa: ARG002
        return self._answer()


def same_answers(one: Log, other: Log, rtol: float = 1e-5) -> bool:
    """Tell whether two logs have the same length and the same answers, and at least one number to compare."""
    compared = 0
    for left, right in zip(one, other, strict=False):
        same = _same(left, right, rtol)
        if same is False:
            return False
        compared += same is True
    return compared > 0 and len(one) == len(other)


def same_log(one: Log, other: Log, rtol: float = 1e-5) -> bool:
    """Tell whether two logs are the same within the tolerance ``rtol``."""
    return _same(tuple(one), tuple(other), rtol) is not False


NUMBERS = (bool, int, float, np.generic, np.ndarray)


def _same(left: Any, right: Any, rtol: float) -> bool | None:
    """Tell whether two answers are the same. Return None if they match but hold no numbers to compare."""
    if isinstance(left, tuple) or isinstance(right, tuple):
        if not (isinstance(left, tuple) and isinstance(right, tuple) and len(left) == len(right)):
            return False
        parts = [_same(a, b, rtol) for a, b in zip(left, right, strict=True)]
        return False if False in parts else (True if True in parts else None)
    if isinstance(left, dict) or isinstance(right, dict):
        if not (isinstance(left, dict) and isinstance(right, dict) and set(left) == set(right)):
            return False
        if "handle" in left:
            return None
        parts = [_same(left[key], right[key], rtol) for key in left]
        return False if False in parts else (True if True in parts else None)
    if isinstance(left, list) and isinstance(right, list):
        return _same(tuple(left), tuple(right), rtol)
    if left is None or isinstance(left, str) or right is None or isinstance(right, str):
        return None if type(left) is type(right) and left == right else False
    if not (isinstance(left, NUMBERS) and isinstance(right, NUMBERS) and np.size(left) == np.size(right)):
        return False  # compare sizes before converting: an answer may be hostile and large
    try:
        a, b = (np.asarray(value, dtype=np.float64).ravel() for value in (left, right))
    except OverflowError:  # an integer of a thousand digits
        return False
    scale = float(np.abs(b).max(initial=0.0)) if np.isfinite(b).all() else 1.0
    return bool(np.allclose(a, b, rtol=rtol, atol=rtol * scale, equal_nan=True))


def write_logs(path: Path, logs: dict[str, Log]) -> None:
    """Write named logs to one ``.npz`` file without pickles: a JSON index, and all numbers in one float64 array."""
    numbers: list[np.ndarray] = [np.zeros(0)]
    end = 0

    def flatten(value: Any) -> Any:
        nonlocal end
        if isinstance(value, np.ndarray):
            numbers.append(value.astype(np.float64).ravel())
            end += value.size
            return {"array": [end - value.size, list(value.shape), value.dtype.str]}
        if isinstance(value, tuple):
            return {"tuple": [flatten(element) for element in value]}
        if isinstance(value, list):
            return [flatten(element) for element in value]
        if isinstance(value, dict) and set(value) != {"handle"}:
            return {"dict": {key: flatten(element) for key, element in value.items()}}
        return value

    index = json.dumps({name: flatten(log) for name, log in sorted(logs.items())})
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, index=np.frombuffer(index.encode(), dtype=np.uint8), numbers=np.concatenate(numbers))


def read_logs(path: Path) -> dict[str, Log]:
    """Read a file that `write_logs` wrote."""
    with np.load(path, allow_pickle=False) as file:
        numbers = file["numbers"]
        index: dict[str, Log] = json.loads(file["index"].tobytes())

    def restore(value: Any) -> Any:
        if isinstance(value, list):
            return [restore(element) for element in value]
        if isinstance(value, dict):
            if set(value) == {"array"}:
                start, shape, dtype = value["array"]
                return numbers[start : start + int(np.prod(shape))].astype(dtype).reshape(shape)
            if set(value) == {"tuple"}:
                return tuple(restore(element) for element in value["tuple"])
            if set(value) == {"dict"}:
                return {key: restore(element) for key, element in value["dict"].items()}
        return value

    return {name: restore(log) for name, log in index.items()}
