"""A backend that computes each answer of a plain function once: a test is examined with the same inputs many times."""

import copy
import hashlib
import random
from typing import Any

import numpy as np

from autograder.checks.code_under_test import CodeError, Handle
from autograder.checks.host import Local


class Remembered(Local):
    """The same package as another backend's, whose functions are not called twice with the same arguments.

    A function is called each time if it does more than answer: if it changes an argument or draws random numbers. So
    is a class, a method, a function of the kit, and one that gets an object.

    Parameters
    ----------
    backend : Local
    """

    def __init__(self, backend: Local) -> None:
        super().__init__(backend.host)
        self._known: dict[tuple[str, Any], Any] = {}

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._only_answers(target) or not _is_plain((args, kwargs)):
            return super().call(target, args, kwargs)
        asked, drawn = digest((args, kwargs)), _drawn()
        if (target, asked) not in self._known:
            answer = super().call(target, args, kwargs)
            if digest((args, kwargs)) != asked or _drawn() != drawn:
                return answer
            self._known[target, asked] = answer
        return copied(self._known[target, asked])

    def _only_answers(self, target: Any) -> bool:
        return (
            isinstance(target, str)
            and target.partition(".")[0] not in self.host.namespaces
            and not isinstance(self.host.lookup(target), type)
        )


def digest(value: Any) -> Any:
    """Return what tells whether two arguments are the same: numbers by their bytes, objects by their identity."""
    if isinstance(value, Handle):
        return digest(value._target)
    if isinstance(value, np.ndarray | np.generic):
        return value.shape, value.dtype.str, hashlib.sha256(value.tobytes()).digest()
    if isinstance(value, list | tuple):
        return type(value), tuple(map(digest, value))
    if isinstance(value, dict):
        return tuple((name, digest(element)) for name, element in value.items())
    return type(value), value if isinstance(value, str | int | float | type(None)) else id(value)


def copied(value: Any) -> Any:
    """Return a copy of a function or its arguments, with the objects behind handles; as it is if it has none."""
    if isinstance(value, Handle):
        return Handle(value._backend, copied(value._target), value._type)
    if isinstance(value, tuple):
        return tuple(map(copied, value))
    if isinstance(value, dict):
        return {name: copied(element) for name, element in value.items()}
    try:
        return copy.deepcopy(value)
    except (TypeError, ValueError, RuntimeError, CodeError):
        return value


def _is_plain(value: Any) -> bool:
    """Tell whether arguments are numbers, texts, arrays, and tuples, lists and dictionaries of these."""
    if isinstance(value, Handle):
        return _is_plain(value._target)
    if isinstance(value, dict):
        return _is_plain([*value, *value.values()])
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, np.ndarray | np.generic | str | int | float | type(None))


def _drawn() -> tuple[Any, ...]:
    """Return the state of the global random generators."""
    state: dict[str, Any] = np.random.get_state(legacy=False)
    return digest(state), random.getstate()
