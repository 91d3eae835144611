"""Reads a batch file's pickle without trusting it: numbers, texts, lists, dictionaries and plain arrays only.
It is not for pickles in general: it refuses everything that a batch of CIFAR-10 does not need.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_FILE_BYTES = 64 * 2**20  # an official batch has 31 MB


class BadPickle(Exception):
    """A file is refused. The message is a reason that fits into brackets after the file's name."""


def load(path: Path) -> dict[str, Any]:
    """Read a pickled dictionary.

    Parameters
    ----------
    path : Path
        Pickled by Python 2 (as the official files are) or 3, with any version of NumPy.

    Returns
    -------
    dict
        Keys are text, whichever Python wrote them. Arrays are new, writable ndarrays of integers.

    Raises
    ------
    BadPickle
        If the file is cut off, too large or not a dictionary, or names a global that a plain array does not need.
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise BadPickle("it is far larger than a batch")
    try:
        content = _Unpickler(io.BytesIO(raw), encoding="bytes").load()
    except BadPickle:
        raise
    except Exception as error:  # a hostile or broken pickle can raise anything at all
        raise BadPickle("it is cut off or not a pickle") from error
    if not isinstance(content, dict) or not all(isinstance(key, (bytes, str)) for key in content):
        raise BadPickle("it is not a dictionary with named entries")
    return {_text(key): value.array() if isinstance(value, _Array) else value for key, value in content.items()}


def dump(content: dict[bytes, Any], path: Path) -> None:
    """Write a file as Python 2 wrote the official ones, so that every reader of the official files can read it.

    Parameters
    ----------
    content : dict
        Its values are bytes, integers, lists of these, and uint8 arrays.
    path : Path
        The file.
    """
    entries = b"".join(_encoded(key) + _encoded(value) for key, value in content.items())
    path.write_bytes(b"\x80\x02}(" + entries + b"u.")


def _encoded(value: object) -> bytes:
    """Return the opcodes for a value. Python 3's own pickler cannot write a Python 2 string."""
    if isinstance(value, bytes):
        return b"T" + len(value).to_bytes(4, "little") + value
    if isinstance(value, int):
        return b"J" + value.to_bytes(4, "little", signed=True)
    if isinstance(value, list):
        return b"](" + b"".join(map(_encoded, value)) + b"e"
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        shape = b"(" + b"".join(map(_encoded, value.shape)) + b"t"
        dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        return empty + b"(K\x01" + shape + dtype + b"\x89" + _encoded(value.tobytes()) + b"tb"
    raise TypeError(f"a batch holds no {type(value).__name__}")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin1")
    if isinstance(value, str):
        return value
    raise BadPickle("a text was expected in it")


class _Dtype:
    """A replacement for ``numpy.dtype``: an integer's type code, and its byte order."""

    def __init__(self, code: object, *_: object) -> None:
        self.code, self.order = _text(code), "="

    def __setstate__(self, state: tuple[object, ...]) -> None:
        self.order = _text(state[1])


class _Array:
    """A replacement for ``numpy.ndarray``, so that no pickle ever sets the state of a NumPy object."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.dtype, self.fortran, self.raw = state

    def array(self) -> NDArray[Any]:
        """Return the array that the pickle describes."""
        try:
            if self.dtype.code not in {"u1", "i1", "i2", "i4", "i8"} or not isinstance(self.raw, bytes):
                raise BadPickle("it holds an array that is not of integers")
            dtype = np.dtype(self.dtype.code).newbyteorder("=" if self.dtype.order == "|" else self.dtype.order)
            array = np.frombuffer(self.raw, dtype).reshape(self.shape, order="F" if self.fortran else "C")
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise BadPickle("it holds an array that does not fit its shape") from error
        return np.array(array, dtype=dtype.newbyteorder("="), order="C")


class _Call:
    """A global that a pickle may call. It supports nothing else."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setstate__(self, state: object) -> None:
        raise BadPickle("it changes what it calls")


def _encode(text: str, encoding: object) -> bytes:
    if _text(encoding) != "latin1":
        raise BadPickle("it holds bytes in an unknown encoding")
    return text.encode("latin1")


_GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): lambda *_: None,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): lambda *_: _Array(),
    ("numpy._core.multiarray", "_reconstruct"): lambda *_: _Array(),
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle._Unpickler):
    """The unpickler written in Python: some milliseconds slower, but no pickle can make it allocate much memory."""

    def find_class(self, module: str, name: str) -> _Call:
        if (module, name) not in _GLOBALS:
            raise BadPickle(f"it asks for {module}.{name}, which a batch never needs"[:120])
        return _Call(_GLOBALS[module, name])
