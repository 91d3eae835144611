"""Let a test call a package under test, in this process or in a runner.

A `Backend` has a few methods; `CodeUnderTest`, `Name` and `Handle` make calls read like ordinary Python. Arrays and
scalars return by value, a tuple returns as a tuple of its elements, and everything else returns as a `Handle`.
See ``compare`` for comparing answers.
"""

from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

import numpy as np

SCALARS = (bool, int, float, str, type(None))
MOST_SHOWN = 100
"""Most characters of a handle's name in a message."""
DTYPES = frozenset("?bhilqBHILQefd")
"""Character codes of the dtypes that cross by value: booleans, integers, float16 to float64."""


class CodeError(Exception):
    """The package under test could not answer.

    Parameters
    ----------
    kind : str
        ``missing``, ``unfinished``, ``raised``, ``import``, ``timeout``, ``crash``, ``protocol``, or ``setup``: what
        is missing is not the student's work.
    message : str
        One sentence for the student.
    where : str
        The line of the student's code that raised the exception, or "".
    """

    def __init__(self, kind: str, message: str, where: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.where = where


class Backend(Protocol):
    """The place where the package runs. ``target`` is a dotted name below the package, or the value of a `Handle`."""

    def begin(self, exercise: str) -> None: ...
    def seed(self, number: int) -> None: ...
    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...
    def find(self, target: Any, name: str) -> Any: ...
    def item(self, target: Any, key: Any) -> Any: ...
    def assign(self, target: Any, key: Any, value: Any) -> None: ...
    def put(self, value: Any) -> Any: ...
    def fetch(self, target: Any) -> Any: ...


class Handle:
    """A reference to a value that stays with the package: a cache, a model, a list.

    A test can pass a handle back, call it, index it and read its attributes. A handle has no truth value, no order, no
    numeric value and no iterator, so a hostile value cannot deceive a test.
    """

    __slots__ = ("_backend", "_shown", "_target", "_type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, backend: Backend, target: Any, type_name: str) -> None:
        self._backend = backend
        self._target = target
        self._type = type_name
        self._shown = f"the {type_name}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _called(self._backend.find(self._target, name), f"{name} of {self._shown}")

    def __getitem__(self, key: Any) -> Any:
        try:
            return _called(self._backend.item(self._target, key), f"{self._shown} at {key!r}")
        except CodeError as error:
            if error.kind != "missing":
                raise
            raise CodeError("missing", f"There is no {key!r} in {self._shown}.", error.where) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        self._backend.assign(self._target, key, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _returned(self._backend.call(self._target, args, kwargs), self._shown.partition(" of ")[0])

    def __repr__(self) -> str:
        return f"<handle: {self._type}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise CodeError("type", f"a {self._type} was returned, but an array or a number is expected")

    def __eq__(self, other: object) -> bool:
        self._refuse()

    def __ne__(self, other: object) -> bool:
        self._refuse()

    def __iter__(self) -> Iterator[Any]:
        raise CodeError("type", f"a {self._type} was returned, but a tuple of several values is expected")

    __bool__ = __float__ = __int__ = __index__ = __len__ = __contains__ = __lt__ = __gt__ = __array__ = _refuse


class Name:
    """A dotted name below the package. The backend looks it up when a test calls it."""

    __slots__ = ("_backend", "_path")

    def __init__(self, backend: Backend, path: str) -> None:
        self._backend = backend
        self._path = path

    def __getattr__(self, name: str) -> "Name":
        if name.startswith("__"):
            raise AttributeError(name)
        return Name(self._backend, f"{self._path}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _returned(self._backend.call(self._path, args, kwargs), self._path.rpartition(".")[2])

    def __repr__(self) -> str:
        return f"<name: {self._path}>"


def _called(value: Any, shown: str) -> Any:
    """Give a handle the name that messages show."""
    if isinstance(value, Handle):
        value._shown = shown[:MOST_SHOWN]
    return value


def _returned(answer: Any, function: str) -> Any:
    """Name the handles that a function returns; an object is named after its class alone."""
    for value in answer if isinstance(answer, tuple) else (answer,):
        if isinstance(value, Handle) and value._type != function:
            _called(value, f"the {value._type} that {function} returns")
    return answer


class CodeUnderTest:
    """A package under test: ``student.layers.affine_forward(x, w, b)``.

    Parameters
    ----------
    backend : Backend
        The place where the package runs.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def __getattr__(self, name: str) -> Name:
        if name.startswith("__"):
            raise AttributeError(name)
        return Name(self.backend, name)

    def notebook(self, name: str) -> Any:
        """Return a constant or a function that the student defined in the part's notebook."""
        return self.backend.find("notebook", name)

    def put(self, value: Any) -> Handle:
        """Store a value with the package, so that a test can read it again after a call."""
        handle: Handle = self.backend.put(value)
        return handle

    def fetch(self, value: Any) -> Any:
        """Return a handle's value: arrays, scalars, and lists, tuples and dictionaries of them."""
        return self.backend.fetch(value._target) if isinstance(value, Handle) else value


def is_plain_array(value: object) -> bool:
    """Tell whether a value is an array that crosses by value."""
    return isinstance(value, np.ndarray) and value.dtype.char in DTYPES


def by_value(value: Any, hold: Any, depth: int = 0) -> Any:
    """Return an answer by value if it is an array, a scalar or a tuple; pass any other value or element to ``hold``."""
    if isinstance(value, np.generic) and value.dtype.char in DTYPES:
        value = value.item()
    if isinstance(value, SCALARS):
        return value
    if is_plain_array(value):
        return np.array(value, copy=True, subok=False)
    if type(value) is tuple and depth == 0:
        return tuple(by_value(element, hold, 1) for element in value)
    return hold(value)


def deep_value(value: Any, depth: int = 0) -> Any:
    """Return lists, tuples and dictionaries of arrays and scalars by value.

    Raises
    ------
    TypeError
        If the value holds anything else, or has more than eight levels.
    """
    if depth > 8:
        raise TypeError("is nested too deeply")
    if isinstance(value, list | tuple):
        return (
            type(value)(deep_value(element, depth + 1) for element in value)
            if type(value) in (list, tuple)
            else [deep_value(element, depth + 1) for element in value]
        )
    if isinstance(value, dict):
        return {str(key): deep_value(element, depth + 1) for key, element in value.items()}

    def refuse(other: object) -> NoReturn:
        raise TypeError(f"holds a {type(other).__name__}")

    return by_value(value, refuse, depth=1)
