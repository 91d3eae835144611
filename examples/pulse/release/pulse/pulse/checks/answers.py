"""What the code under test answers, as a test receives it: a value that refuses every use until its form is known.

An answer may be hostile. NumPy broadcasts: an operation on two answers of 60 kB can need gigabytes in the judge. So a
test passes an answer back to the code under test, or to a function of ``compare``, which looks at its form first.
"""

from typing import Any, NoReturn

import numpy as np

from .code_under_test import Backend, Handle


class UnknownForm(TypeError):
    """A test used an answer before it asked for the answer's form: the test's own fault if the answer is right."""


class Answer:
    """An array, a number, a text, a truth value or None that the code under test returned.

    Only its form can be read: `shape`, `size`, `ndim` and `dtype`, and with them ``np.shape(answer)``. It has no
    arithmetic, no comparison, no elements and no conversion: ``compare`` has functions that return plain values.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an array; ``()`` for any other value."""
        return self._value.shape if isinstance(self._value, np.ndarray) else ()

    @property
    def ndim(self) -> int:
        """The number of axes of an array; 0 for any other value."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of an array; 1 for any other value."""
        return self._value.size if isinstance(self._value, np.ndarray) else 1

    @property
    def dtype(self) -> "np.dtype[Any] | None":
        """The dtype of an array; None for any other value."""
        return self._value.dtype if isinstance(self._value, np.ndarray) else None

    def __repr__(self) -> str:
        return f"<answer: {type(self._value).__name__} of shape {self.shape}>"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise UnknownForm("A test uses an answer before it asks for its form: see as_array and as_number.")

    def __iter__(self) -> NoReturn:
        raise UnknownForm("cannot unpack one answer")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        forms = {np.shape: self.shape, np.ndim: self.ndim, np.size: self.size}
        if func in forms and len(args) == 1 and args[0] is self and not kwargs:
            return forms[func]
        return self._refuse(types)

    __array__ = __array_ufunc__ = __bool__ = __len__ = __contains__ = __getitem__ = __setitem__ = _refuse
    __int__ = __float__ = __complex__ = __index__ = __round__ = __str__ = __format__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __sub__ = __mul__ = __matmul__ = __truediv__ = __floordiv__ = __mod__ = __divmod__ = __pow__ = _refuse
    __radd__ = __rsub__ = __rmul__ = __rmatmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rdivmod__ = _refuse
    __rpow__ = __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refuse
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = __neg__ = __pos__ = __abs__ = __invert__ = _refuse


class Answering:
    """A backend that passes every question on to another backend, and returns `Answer` in the place of plain values.

    A tuple, a list or a dictionary stays what it is, with answers in it; so does a handle.

    Parameters
    ----------
    backend : Backend
        The backend that answers.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def begin(self, exercise: str) -> None:
        self.backend.begin(exercise)

    def seed(self, number: int) -> None:
        self.backend.seed(number)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._give(self.backend.call(target, plain(args), plain(kwargs)))

    def find(self, target: Any, name: str) -> Any:
        return self._give(self.backend.find(target, name))

    def item(self, target: Any, key: Any) -> Any:
        return self._give(self.backend.item(target, key))

    def assign(self, target: Any, key: Any, value: Any) -> None:
        self.backend.assign(target, key, plain(value))

    def put(self, value: Any) -> Any:
        return self._give(self.backend.put(plain(value)))

    def fetch(self, target: Any) -> Any:
        return self._give(self.backend.fetch(target))

    def _give(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return Handle(self, value._target, value._type)
        if type(value) in (list, tuple):
            return type(value)(map(self._give, value))
        if type(value) is dict:
            return {key: self._give(element) for key, element in value.items()}
        return Answer(value)


def plain(value: Any) -> Any:
    """Return the plain value of an answer, and of each answer in a list, a tuple or a dictionary.

    It is for sending values back to the code under test, and for ``compare``; a test has no use for it.
    """
    if isinstance(value, Answer):
        return value._value
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(element) for key, element in value.items()}
    return value
