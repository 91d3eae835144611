"""Write down the operations of a test on the code under test as a program that can run again with other values.

`Traced` writes it down. See ``replay`` for running it, on the submission or on the reference.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.code_under_test import Backend, Handle
from autograder.checks.record import Recorded

MAX_BYTES, MAX_OPERATIONS, MAX_VALUES = 2**20, 60, 400
"""Limits on a program. A longer one is not written down: its smallest case would be too large for a person."""


@dataclass(frozen=True)
class Ref:
    """An answer of an earlier operation: the whole answer, or one element of a tuple."""

    operation: int
    element: int | None = None


@dataclass(frozen=True)
class Slot:
    """A place in a program for a number or an array of numbers, by its index in the program's values."""

    index: int


@dataclass(frozen=True)
class Operation:
    """One question to a backend.

    Attributes
    ----------
    number : int
        Its number in the test.
    method : {"call", "find", "item", "assign", "put", "fetch"}
        The backend's method.
    parts : tuple
        The method's arguments, with `Ref` and `Slot` in them.
    """

    number: int
    method: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Program:
    """Operations, and the numbers and arrays for their slots."""

    operations: tuple[Operation, ...]
    values: tuple[Any, ...]


class Traced(Recorded):
    """A `Recorded` backend that also writes down the questions.

    Attributes
    ----------
    raised : list of int
        The numbers of the operations that raised an exception.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self._operations: list[Operation] = []
        self._values: list[Any] = []
        self.raised: list[int] = []
        self._known: dict[int, Ref | Slot] = {}
        self._held: list[Any] = []  # while an object lives, no other one has its id
        self._bytes = 0
        self._asked = 0

    @property
    def program(self) -> Program | None:
        """The program so far, or None if it exceeds the limits."""
        fits = self._bytes <= MAX_BYTES and len(self._values) <= MAX_VALUES and self._asked <= MAX_OPERATIONS
        return Program(tuple(self._operations), tuple(self._values)) if fits else None

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._note("call", self._origin(target), args, kwargs)
        return self._answered(lambda: super(Traced, self).call(target, args, kwargs))

    def find(self, target: Any, name: str) -> Any:
        self._note("find", self._origin(target), name)
        return self._answered(lambda: super(Traced, self).find(target, name))

    def item(self, target: Any, key: Any) -> Any:
        self._note("item", self._origin(target), _Literal(key))
        return self._answered(lambda: super(Traced, self).item(target, key))

    def assign(self, target: Any, key: Any, value: Any) -> None:
        self._note("assign", self._origin(target), _Literal(key), value)
        self._answered(lambda: super(Traced, self).assign(target, key, value))

    def put(self, value: Any) -> Any:
        self._note("put", value)
        return self._answered(lambda: super(Traced, self).put(value))

    def fetch(self, target: Any) -> Any:
        self._note("fetch", self._origin(target))
        return self._answered(lambda: super(Traced, self).fetch(target))

    def _note(self, method: str, *parts: Any) -> None:
        self._asked += 1
        if self.program is not None:
            written = tuple(self._write(part) for part in parts)
            self._operations.append(Operation(self._asked - 1, method, written))

    def _answered(self, ask: Any) -> Any:
        try:
            answer = ask()
        except Exception:
            self.raised.append(self._asked - 1)
            raise
        if self.program is not None:
            self._learn(answer, Ref(self._asked - 1))
            for element, value in enumerate(answer if isinstance(answer, tuple) else ()):
                self._learn(value, Ref(self._asked - 1, element))
        return answer

    def _learn(self, value: Any, place: Ref | Slot) -> None:
        if isinstance(value, Handle):
            value = value._target
        elif not isinstance(value, np.ndarray):
            return
        self._known[id(value)] = place
        self._held.append(value)

    def _origin(self, target: Any) -> Any:
        return target if isinstance(target, str) else self._known.get(id(target), target)

    def _write(self, value: Any) -> Any:
        """Return a value with its numbers and arrays as slots, and earlier answers as references."""
        if isinstance(value, _Literal):
            return value.value
        if isinstance(value, Handle):
            return self._origin(value._target)
        if isinstance(value, np.ndarray):
            return self._write_array(value)
        if isinstance(value, list | tuple):
            return type(value)(self._write(element) for element in value)
        if isinstance(value, dict):
            return {key: self._write(element) for key, element in value.items()}
        if isinstance(value, int | float | np.number) and not isinstance(value, bool):
            return self._add(value.item() if isinstance(value, np.generic) else value)
        return value

    def _write_array(self, value: np.ndarray) -> Any:
        known = self._known.get(id(value))
        if isinstance(known, Ref) or (isinstance(known, Slot) and np.array_equal(self._values[known.index], value)):
            return known  # an array that the test has changed since then is another one
        if value.dtype.kind not in "fiu":
            return value.copy()
        self._bytes += value.nbytes
        slot = self._add(value.copy() if self._bytes <= MAX_BYTES else None)
        self._learn(value, slot)
        return slot

    def _add(self, value: Any) -> Slot:
        self._values.append(value)
        return Slot(len(self._values) - 1)


@dataclass(frozen=True)
class _Literal:
    """A value that stays as it is, such as a key."""

    value: Any
