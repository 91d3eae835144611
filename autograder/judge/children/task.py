"""What a limited child is asked to do, and its answer: plain JSON in both directions.

A task names a function of a module, so that any process can perform it. See ``pool`` for who asks.
"""

import importlib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from autograder.errors import AutograderError

from . import memory

Value = TypeVar("Value")
Ended = Literal["", "memory", "time", "died"]


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    function : str
        The function to call, as ``package.module:name``.
    arguments : dict
        Its keyword arguments, and its result, can be written as JSON.
    memory : int
        Bytes that the task usually needs, with the runners that it starts.
    """

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    memory: int = memory.USUAL

    def perform(self) -> Any:
        """Call the function in this process."""
        module, _, name = self.function.partition(":")
        return getattr(importlib.import_module(module), name)(**self.arguments)


@dataclass(frozen=True)
class Answer:
    """The end of a task.

    Attributes
    ----------
    value : object
        What the function returned.
    raised : tuple of str
        If it raised an exception: the names of its class and of the classes above, and its text at the end.
    ended : {"", "memory", "time", "died"}
        Why the process ended without an answer, twice: it reached its limit on memory or on processor time, or it died
        for another reason.
    """

    value: Any = None
    raised: tuple[str, ...] = ()
    ended: Ended = ""

    def get(self) -> Any:
        """Return the value.

        Raises
        ------
        AutograderError
            What the function raised.
        RuntimeError
            What it raised, if that is a bug, with the traceback as text; or if the process ended.
        """
        if self.ended:
            raise RuntimeError(f"A process of the grader ended ({self.ended}).")
        if self.raised:
            *names, text = self.raised
            known = {one.__name__: one for one in _with_subclasses(AutograderError)}
            found = next((known[name] for name in names if name in known), None)
            if found is None:
                raise RuntimeError(text)
            error = found.__new__(found)
            Exception.__init__(error, text)  # some have other arguments
            raise error
        return self.value


def answer_from(fields: Mapping[str, Any]) -> Answer:
    """Return an answer that came as JSON."""
    return Answer(**{**fields, "raised": tuple(fields.get("raised", ()))})


def attempt(work: Callable[[], Any]) -> dict[str, Any]:
    """Return the fields of an `Answer` to work that is done in this process."""
    try:
        return {"value": work()}
    except (MemoryError, RecursionError):
        return {"ended": "memory"}
    except AutograderError as error:
        return {"raised": [*(one.__name__ for one in type(error).__mro__), str(error)]}
    except Exception as error:
        return {"raised": [type(error).__name__, "".join(traceback.format_exception(error))]}


def _with_subclasses(kind: type[AutograderError]) -> list[type[AutograderError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in _with_subclasses(below))]
