"""How a test speaks to a package under test, wherever that package runs.

A `Backend` answers few questions; `CodeUnderTest`, `Name` and `Handle` make them read like ordinary Python. Arrays and
scalars come back by value, a returned tuple as a tuple of such, and everything else as a `Handle`.
Not for comparing: see ``compare``.
"""

from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

import numpy as np

SCALARS = (bool, int, float, str, type(None))
DTYPES = frozenset("?bhilqBHILQefd")
"""Character codes of the dtypes that cross by value: booleans, integers, float16 to float64."""


class CodeError(Exception):
    """The package under test could not answer.

    Parameters
    ----------
    kind : str
        ``missing``, ``unfinished``, ``raised``, ``import``, ``timeout``, ``crash`` or ``protocol``.
    message : str
        One sentence for the student.
    where : str
        The line of the student's own code that raised, or "".
    """

    def __init__(self, kind: str, message: str, where: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.where = where


class Backend(Protocol):
    """Where the package runs. ``target`` is a dotted name below the package or what a `Handle` holds."""

    def seed(self, number: int) -> None: ...
    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any: ...
    def find(self, target: Any, name: str) -> Any: ...
    def item(self, target: Any, key: Any) -> Any: ...
    def assign(self, target: Any, key: Any, value: Any) -> None: ...
    def put(self, value: Any) -> Any: ...
    def fetch(self, target: Any) -> Any: ...


class Handle:
    """Something that stays with the package: a cache, a model, a list. Can be passed back, called, indexed, asked.

    It has no truth value, no order, no number and no elements of its own, so no test can be talked into trusting it.
    """

    __slots__ = ("_backend", "_target", "_type")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, backend: Backend, target: Any, type_name: str) -> None:
        self._backend = backend
        self._target = target
        self._type = type_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._backend.find(self._target, name)

    def __getitem__(self, key: Any) -> Any:
        return self._backend.item(self._target, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._backend.assign(self._target, key, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._backend.call(self._target, args, kwargs)

    def __repr__(self) -> str:
        return f"<handle: {self._type}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise CodeError("type", f"a {self._type} came back where an array or a number was expected")

    def __eq__(self, other: object) -> bool:
        self._refuse()

    def __ne__(self, other: object) -> bool:
        self._refuse()

    def __iter__(self) -> Iterator[Any]:
        raise CodeError("type", f"a {self._type} came back where several values were expected")

    __bool__ = __float__ = __int__ = __index__ = __len__ = __contains__ = __lt__ = __gt__ = __array__ = _refuse


class Name:
    """A dotted name below the package, looked up when it is called."""

    __slots__ = ("_backend", "_path")

    def __init__(self, backend: Backend, path: str) -> None:
        self._backend = backend
        self._path = path

    def __getattr__(self, name: str) -> "Name":
        if name.startswith("__"):
            raise AttributeError(name)
        return Name(self._backend, f"{self._path}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._backend.call(self._path, args, kwargs)

    def __repr__(self) -> str:
        return f"<name: {self._path}>"


class CodeUnderTest:
    """A package under test: ``student.layers.affine_forward(x, w, b)``.

    Parameters
    ----------
    backend : Backend
        Where the package runs.
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
        """Leave a value with the package, so that it can be looked at again after a call."""
        handle: Handle = self.backend.put(value)
        return handle

    def fetch(self, value: Any) -> Any:
        """Return by value what a handle stands for: arrays, scalars, and lists, tuples and dictionaries of them."""
        return self.backend.fetch(value._target) if isinstance(value, Handle) else value


def is_plain_array(value: object) -> bool:
    """Whether a value is an array that crosses by value."""
    return isinstance(value, np.ndarray) and value.dtype.char in DTYPES


def by_value(value: Any, hold: Any, depth: int = 0) -> Any:
    """Split what a call returned: arrays, scalars and one tuple of them by value, the rest through ``hold``."""
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
        If there is anything else inside, or more than eight levels.
    """
    if depth > 8:
        raise TypeError("nested too deeply")
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
