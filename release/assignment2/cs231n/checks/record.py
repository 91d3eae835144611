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
    answered : list of str
        For each answer of the log, the dotted name of the function or class that gave it; for an attribute, its name
        after a dot; for an element, its key in brackets; else "".
    size : int
        The size of all answers so far in bytes.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.log: Log = []
        self.called: list[str] = []
        self.answered: list[str] = []
        self.size = 0

    def begin(self, exercise: str) -> None:
        self.backend.begin(exercise)

    def seed(self, number: int) -> None:
        self.backend.seed(number)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(target, str):
            self.called.append(target)
        return self._keep(self.backend.call(target, args, kwargs), target if isinstance(target, str) else "")

    def find(self, target: Any, name: str) -> Any:
        self.called.append(name)
        return self._keep(self.backend.find(target, name), f".{name}")

    def item(self, target: Any, key: Any) -> Any:
        return self._keep(self.backend.item(target, key), f"[{key}]")

    def assign(self, target: Any, key: Any, value: Any) -> None:
        self.backend.assign(target, key, value)

    def put(self, value: Any) -> Any:
        return self._rewrap(self.backend.put(value))

    def fetch(self, target: Any) -> Any:
        return self._keep(self.backend.fetch(target))

    def _keep(self, answer: Any, source: str = "") -> Any:
        self.size += _size(answer)
        self.answered.append(source)
        self.log.append(_remember(answer) if self.size <= MAX_KEPT else None)
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
    if isinstance(answer, str):
        return len(answer)
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
