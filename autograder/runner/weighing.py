"""Weigh the work of a call: the lines that run, and the numbers that array operations compute.

Both count in the same unit, so loops over numbers and one operation on a whole array weigh about the same. The judge
compares calls of one submission with each other, and takes nothing from it but a flag for a person: a submission may
change anything in this process.
"""

import contextlib
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

CONTRACTIONS = ("dot", "matmul", "tensordot", "einsum", "inner", "outer", "convolve", "correlate")
"""NumPy's functions that compute more than they return."""
MAKERS = ("array", "asarray", "ascontiguousarray", "asfortranarray", "zeros", "ones", "empty", "full", "eye")
"""NumPy's functions that return a plain array even if they are given a weighed one."""
SMALL = 1e-4
"""The largest imaginary part of a complex step, beside its real part."""


class EnoughError(BaseException):
    """A call weighs more than the judge wants to know. It is no `Exception`, so that few programs catch it."""


@dataclass
class Weight:
    """The weight of one call.

    Attributes
    ----------
    work : int
        Lines that ran, and numbers that array operations computed.
    entered : list of int
        How often this call entered the function of each earlier call.
    step : bool
        Whether there were complex numbers, all of them with tiny imaginary parts.
    over : bool
        Whether the call was stopped because it weighed too much.
    """

    work: int = 0
    entered: list[int] = field(default_factory=list)
    step: bool = False
    over: bool = False


class Weigher:
    """Weighs calls of a submission's functions, one after the other.

    Parameters
    ----------
    folder : Path
        The submission's folder. Only lines of files in it, and of notebooks, count.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}/"
        self._first: list[CodeType | None] = []
        self._codes: dict[CodeType, bool] = {}

    def call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], most: float
    ) -> tuple[Any, Weight]:
        """Call a function; return the exception or the value, and the weight.

        Parameters
        ----------
        function : callable
        args, kwargs : tuple, dict
            Its arguments.
        most : float
            The call is stopped when it weighs more.
        """
        scales = Scales(most)
        counts = dict.fromkeys(filter(None, self._first), 0)
        first: list[CodeType] = []

        def line(frame: FrameType, event: str, value: Any) -> Any:  # noqa: ARG001
            if event == "line":
                scales.add(1)
            return line

        def entry(frame: FrameType, event: str, value: Any) -> Any:  # noqa: ARG001
            code = frame.f_code
            if not self._counts(code):
                return None
            if first and code in counts:
                counts[code] += 1
            first[:] = first or [code]
            scales.add(1)
            return line

        try:
            with weighed(scales):
                given, named = tuple(map(scales.put_on, args)), {key: scales.put_on(one) for key, one in kwargs.items()}
                before = sys.gettrace()
                sys.settrace(entry)
                try:
                    value = function(*given, **named)
                finally:
                    sys.settrace(before)
        except EnoughError as error:
            value = error
        entered = [counts.get(code, 0) if code else 0 for code in self._first]
        self._first.append(first[0] if first else None)
        return value, Weight(scales.work, entered, scales.steps > 0 and not scales.large, scales.over)

    def _counts(self, code: CodeType) -> bool:
        if code not in self._codes:
            file = code.co_filename
            installed = "site-packages" in file or "dist-packages" in file
            library = file.startswith(("<frozen", "<__array_function__"))
            self._codes[code] = (file.startswith(self._folder) and not installed) or (file[:1] == "<" and not library)
        return self._codes[code]


class Scales:
    """Adds up the work of one call.

    Parameters
    ----------
    most : float
        More work than this stops the call.

    Attributes
    ----------
    work : int
    steps, large : int
        The number of complex arrays with tiny imaginary parts, and with others.
    over : bool
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self.work = self.steps = self.large = 0
        self.over = False

    def add(self, work: int) -> None:
        """Add work; stop the call if there is too much of it."""
        self.work += work
        if self.work > self._most:
            self.over = True
            raise EnoughError

    def put_on(self, value: Any) -> Any:
        """Return an array, or a list or tuple of arrays, such that operations on it are weighed."""
        if type(value) is np.ndarray:
            found = value.view(Weighed)
            found.scales = self
            return found
        if isinstance(value, Weighed):
            value.scales = self
        if type(value) in (list, tuple):
            return type(value)(map(self.put_on, value))
        return value

    def note(self, value: Any) -> None:
        """Note the imaginary parts of a complex array."""
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "c" and value.size:
            real, imaginary = float(np.abs(value.real).max()), float(np.abs(value.imag).max())
            if imaginary > SMALL * max(1.0, real):
                self.large += 1
            elif imaginary:
                self.steps += 1


class Weighed(np.ndarray[Any, Any]):
    """An array whose operations are weighed. Arrays that are made of it are weighed too."""

    scales: Scales | None = None

    def __array_finalize__(self, origin: Any) -> None:
        self.scales = getattr(origin, "scales", None)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        scales = CURRENT[-1] if CURRENT else None
        plain = [_plain(one) for one in inputs]
        out = kwargs.get("out")
        result = getattr(ufunc, method)(*plain, **_plain(kwargs))
        if scales is None:
            return result
        sizes = [one.size for one in plain if isinstance(one, np.ndarray)]
        _weigh(scales, ufunc.__name__ if method == "__call__" else "", sizes, result)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return tuple(map(scales.put_on, result)) if type(result) is tuple else scales.put_on(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        scales = CURRENT[-1] if CURRENT else None
        sizes: list[int] = []
        result = function(*_plain(args, sizes), **_plain(kwargs, sizes))
        if scales is None:
            return result
        _weigh(scales, function.__name__, sizes, result)
        return scales.put_on(result)


CURRENT: list[Scales] = []
"""The scales of the call that is being weighed."""


@contextlib.contextmanager
def weighed(scales: Scales) -> Iterator[None]:
    """Weigh operations on arrays with these scales, and on what NumPy's `MAKERS` make."""

    def making(make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: scales.put_on(make(*_plain(args), **_plain(kwargs)))

    usual = {name: getattr(np, name) for name in MAKERS}
    for name, make in usual.items():
        setattr(np, name, making(make))
    CURRENT.append(scales)
    try:
        yield
    finally:
        CURRENT.pop()
        for name, make in usual.items():
            setattr(np, name, make)


def _weigh(scales: Scales, name: str, sizes: list[int], result: Any) -> None:
    """Add the work of one operation on arrays of these sizes."""
    results = result if type(result) in (tuple, list) else (result,)
    made = [one.size for one in results if isinstance(one, np.ndarray)]
    for one in results:
        scales.note(one)
    if name in CONTRACTIONS and len(sizes) >= 2:
        scales.add(math.isqrt(max(1, sizes[0] * sizes[1] * max([1, *made]))))
    else:
        scales.add(max([1, *sizes, *made]))


def _plain(value: Any, sizes: list[int] | None = None) -> Any:
    """Return a value with plain arrays in place of weighed ones; append the sizes of all arrays."""
    if isinstance(value, np.ndarray):
        if sizes is not None:
            sizes.append(value.size)
        return value.view(np.ndarray) if isinstance(value, Weighed) else value
    if type(value) in (list, tuple):
        return type(value)(_plain(one, sizes) for one in value)
    if type(value) is dict:
        return {key: _plain(one, sizes) for key, one in value.items()}
    return value
