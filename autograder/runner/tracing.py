"""Trace a call: the form that each local variable of a function gets in each line.

The judge makes questions from it for the author of the function, and takes nothing else from it: a submission may
change anything in this process.
"""

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import numpy as np

MOST_LINES = 20_000
"""Lines that are looked at; a call may run more of them."""
MOST_FORMS = 3
"""The most forms of a variable in a line that are told: with more of them nobody asks for it."""
Traced = dict[str, dict[str, list[list[int]]]]
"""Maps each line's number, as text, and each variable to its shapes. The shape of a number is empty."""


def traced(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Traced]:
    """Call a function; return its value, and the shapes of the arrays and numbers that its lines give to variables."""
    code: CodeType | None = getattr(function, "__code__", None)
    found: Traced = {}
    held: dict[str, Any] = {}
    place, seen = 0, 0

    def line(frame: FrameType, event: str, value: Any) -> Any:  # noqa: ARG001
        nonlocal place, seen
        seen += 1
        if seen > MOST_LINES:
            return None
        for name, one in list(frame.f_locals.items()):
            if isinstance(one, np.ndarray | np.number | float | int) and one is not held.get(name):
                held[name] = one
                shapes = found.setdefault(str(place), {}).setdefault(name, [])
                shape = list(np.shape(one))
                if shape not in shapes and len(shapes) <= MOST_FORMS:
                    shapes.append(shape)
        place = frame.f_lineno
        return line

    def entry(frame: FrameType, event: str, value: Any) -> Any:  # noqa: ARG001
        return line if frame.f_code is code and not seen else None

    before = sys.gettrace()
    sys.settrace(entry)
    try:
        value = function(*args, **kwargs)
    finally:
        sys.settrace(before)
    return value, found
