"""Messages between judge and runner: length-capped JSON, then raw array buffers. Never pickle.

Both ends use this module. Its input may be hostile, so anything unexpected raises a `WireError` and nothing else.
"""

import errno
import json
import math
import select
import socket
import struct
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np

if sys.platform == "win32":
    from time import sleep

    def give_way() -> None:
        """Give this core to another process that waits for it; return at once if there is none."""
        sleep(0)

else:
    from os import sched_yield as give_way

HEADER = struct.Struct("!II")
"""Length of the JSON in bytes, number of arrays."""
MAX_JSON = 4 * 2**20
MAX_ARRAYS = 256
MAX_BYTES = 512 * 2**20
MAX_DEPTH = 12
MAX_NAME = 100
"""Longest text that may be a name."""
MAX_DIMENSIONS = 32
MAX_ITEMS = 100_000
AT_ONCE = 64 * 2**10
"""Most bytes of a message that is sent in one piece; also the number of bytes to read ahead."""
TURNS_AWAKE = 100
"""Attempts to send or receive (about 100 us in all) before a side sleeps: waking up takes longer."""
SLICE_SECONDS = 0.5
"""A side that waits for a message asks this often whether the other side waits for a core."""
FORGIVEN = 6.0
"""A busy machine extends a timeout to at most this many times its length."""
EXPANSION = 16
"""Bytes of memory, at most, that one byte of JSON needs as Python objects, except in unusual messages."""
MAX_CONTAINERS = 200_000
"""Most lists and objects in one message: each needs many times more memory than its JSON."""
ALLOWED = {
    np.dtype(code).str: np.dtype(code)
    for code in ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
}
"""The dtypes that a message may hold, by their little-endian name, such as ``<f8``."""
TAGS = {"array", "float", "dtype", "list", "tuple", "dict"}
"""Tags for the kinds of encoded values. `decode` passes a value with any other tag to ``resolve``."""
FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class WireError(Exception):
    """The other side broke the protocol."""


class WireTimeout(WireError):
    """The other side did not answer, or did not read, in time."""


class WireClosed(WireError):
    """The other side closed the connection."""


class WireTooLarge(WireError):
    """A message is too large to send; no part of it was sent."""


class WireFull(WireError):
    """A message needs more memory than it may have; it was read to its end, and no part of it was kept.

    Parameters
    ----------
    needed : int
        The bytes that it would need.
    """

    def __init__(self, needed: int) -> None:
        super().__init__(f"it needs {needed} bytes of memory")
        self.needed = needed


class Wire:
    """One end of the connection.

    Parameters
    ----------
    connection : socket.socket
        A connected stream socket.
    starved : callable
        Returns the seconds, since its last call, in which the other side waited for a core. Timeouts are extended by
        these seconds, up to `FORGIVEN` times their length.

    Attributes
    ----------
    forgiven : float
        Seconds by which all timeouts together were extended.
    needed : int
        Bytes of memory that the last received message needs.
    """

    def __init__(self, connection: socket.socket, starved: Callable[[], float] = lambda: 0.0) -> None:
        connection.setblocking(False)
        self.forgiven = 0.0
        self.needed = 0
        self._starved = starved
        self._socket = connection
        self._ahead = memoryview(bytearray(AT_ONCE))
        self._unread = self._ahead[:0]
        self._turns = 0

    def send(self, message: dict[str, Any], arrays: list[np.ndarray], timeout: float | None = None) -> None:
        """Send one message and the ``arrays`` to which its encoded values refer.

        Raises
        ------
        WireError
            If the message is too large, or the other side closed the connection or does not read.
        """
        described = [[array.dtype.str, list(array.shape)] for array in arrays]
        text = json.dumps({"arrays": described, "message": message}, allow_nan=False, separators=(",", ":")).encode()
        if len(text) > MAX_JSON or len(arrays) > MAX_ARRAYS or sum(array.nbytes for array in arrays) > MAX_BYTES:
            raise WireTooLarge("it is too large")
        pieces: list[bytes | memoryview[int]] = [HEADER.pack(len(text), len(arrays)) + text]
        pieces += [array.reshape(-1).view(np.uint8).data for array in arrays if array.size]
        if sum(map(len, pieces)) <= AT_ONCE:  # so that the other side wakes only once
            pieces = [b"".join(pieces)]
        deadline = None if timeout is None else Deadline(timeout)
        self._turns = TURNS_AWAKE
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[self._at_once(self._socket.send, left, deadline) :]

    def receive(self, timeout: float | None = None, room: float = math.inf) -> tuple[dict[str, Any], list[np.ndarray]]:
        """Receive one message and its arrays.

        Parameters
        ----------
        timeout : float, optional
            Seconds until the message must be complete.
        room : float
            Bytes of memory that the message may need.

        Raises
        ------
        WireFull
            If the message needs more memory than there is room. The next message can be received.
        WireTimeout
            If the message is not complete within ``timeout`` seconds.
        WireClosed
            If the connection ends.
        WireError
            If the message is malformed.
        """
        deadline = None if timeout is None else Deadline(timeout)
        self._turns = TURNS_AWAKE
        length, count = HEADER.unpack(self._read(HEADER.size, deadline))
        if length > MAX_JSON or count > MAX_ARRAYS:
            raise WireError("a message announces more than is allowed")
        try:
            text = self._read(length, deadline)
            if text.count(b"[") + text.count(b"{") > MAX_CONTAINERS:
                raise WireError("a message holds too many values")
            envelope = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise WireError("a message is not JSON") from None
        if not isinstance(envelope, dict) or set(envelope) != {"arrays", "message"}:
            raise WireError("a message has no envelope")
        message, described = envelope["message"], envelope["arrays"]
        if not isinstance(message, dict) or not isinstance(described, list) or len(described) != count:
            raise WireError("a message does not describe its arrays")
        layouts = [_layout(one) for one in described]
        total = sum(size for _, _, size in layouts)
        if total > MAX_BYTES:
            raise WireError("the arrays are too large")
        self.needed = EXPANSION * length + total
        if self.needed > room:
            self._skip(total, deadline)
            raise WireFull(self.needed)
        arrays = []
        for dtype, shape, size in layouts:
            array = _room_for(size)
            self._read_into(array.data, deadline)
            if dtype == np.bool_ and size and array.max() > 1:  # NumPy treats other values inconsistently
                raise WireError("a Boolean array holds other values")
            arrays.append(array.view(dtype).reshape(shape))
        return message, arrays

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _read(self, length: int, deadline: "Deadline | None") -> bytes:
        buffer = bytearray(length)
        self._read_into(memoryview(buffer), deadline)
        return bytes(buffer)

    def _skip(self, length: int, deadline: "Deadline | None") -> None:
        """Read so many bytes, and keep none of them."""
        while length:
            if not self._unread:
                self._unread = self._ahead[: self._some(self._ahead, deadline)]
            count = min(length, len(self._unread))
            length, self._unread = length - count, self._unread[count:]

    def _read_into(self, view: "memoryview[int]", deadline: "Deadline | None") -> None:
        while view:
            if not self._unread and len(view) >= AT_ONCE:
                view = view[self._some(view, deadline) :]
                continue
            if not self._unread:  # reads all of a small message at once
                self._unread = self._ahead[: self._some(self._ahead, deadline)]
            count = min(len(view), len(self._unread))
            view[:count] = self._unread[:count]
            view, self._unread = view[count:], self._unread[count:]

    def _some(self, view: "memoryview[int]", deadline: "Deadline | None") -> int:
        count = self._at_once(self._socket.recv_into, view, deadline)
        if count == 0:
            raise WireClosed("the other side closed the connection")
        return count

    def _at_once(
        self, move: "Callable[[memoryview[int]], int]", view: "memoryview[int]", deadline: "Deadline | None"
    ) -> int:
        """Wait until the socket is ready, then send or receive once; return the number of bytes."""
        while True:
            left = None if deadline is None else deadline.left()
            if left is not None and left <= 0:
                raise WireTimeout("the message was not complete in time")
            try:
                return move(view)
            except BlockingIOError:
                pass
            except OSError as error:
                if error.errno in (errno.ENOMEM, errno.ENOBUFS):  # this side has no memory left
                    raise
                raise WireClosed("the other side closed the connection") from None
            if self._turns > 0:
                self._turns -= 1
                give_way()
            else:
                self._wait(move == self._socket.send, left if left is None else min(left, SLICE_SECONDS))
                if deadline is not None:
                    self.forgiven += deadline.put_off(self._starved())

    def _wait(self, to_send: bool, seconds: float | None) -> None:
        if sys.platform == "win32":
            select.select([] if to_send else [self._socket], [self._socket] if to_send else [], [], seconds)
        else:  # select does not support descriptors above 1,023 here
            ready = select.poll()
            ready.register(self._socket, select.POLLOUT if to_send else select.POLLIN)
            ready.poll(None if seconds is None else math.ceil(1000 * seconds))


class Deadline:
    """The time by which a message has to be complete.

    Parameters
    ----------
    seconds : float
        Time from now.
    """

    def __init__(self, seconds: float) -> None:
        self._until = monotonic() + seconds
        self._latest = self._until + (FORGIVEN - 1) * seconds

    def left(self) -> float:
        """Return the seconds that are left."""
        return self._until - monotonic()

    def put_off(self, seconds: float) -> float:
        """Extend the deadline by ``seconds``, but not past its maximum; return the seconds added."""
        before, self._until = self._until, min(self._until + seconds, self._latest)
        return self._until - before


def _room_for(size: int) -> np.ndarray:
    """Return an uninitialised buffer: memory is used only when written, so an announced size alone costs nothing."""
    try:
        return np.empty(size, np.uint8)
    except MemoryError:
        raise WireError("the arrays are too large for this machine") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _layout(described: Any) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Check one array's description; return its dtype, shape and size in bytes."""
    if not (isinstance(described, list) and len(described) == 2 and isinstance(described[0], str)):
        raise WireError("an array is not described")
    dtype = ALLOWED.get(described[0])
    shape = described[1]
    if dtype is None:
        raise WireError("an array has a dtype that is not allowed")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        raise WireError("an array has no proper shape")
    size = dtype.itemsize
    for length in shape:
        if type(length) is not int or not 0 <= length <= MAX_BYTES:
            raise WireError("an array has no proper shape")
        size *= max(length, 1)  # NumPy also refuses an empty array if its other lengths are too large
    if size > MAX_BYTES:
        raise WireError("an array is too large")
    return dtype, tuple(shape), 0 if 0 in shape else size


def encode(value: Any, arrays: list[np.ndarray], refer: Callable[[Any], dict[str, Any]], depth: int = 0) -> Any:
    """Encode a value for JSON. Append its arrays to ``arrays``; pass objects of other types to ``refer``."""
    if depth > MAX_DEPTH:
        raise WireError("a value is nested too deeply to send")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and not isinstance(value, np.generic):
        return value if -(2**63) <= value < 2**64 else {"float": str(_nearest(value))}
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.newbyteorder("=").str in ALLOWED:
        plain = np.ascontiguousarray(np.asarray(value), dtype=value.dtype.newbyteorder("=")).reshape(np.shape(value))
        arrays.append(plain)
        return {"array": len(arrays) - 1}
    if isinstance(value, type) and issubclass(value, np.generic):
        return {"dtype": np.dtype(value).str}
    if type(value) in (list, tuple):
        return {type(value).__name__: [encode(element, arrays, refer, depth + 1) for element in value]}
    if type(value) is dict and all(isinstance(key, str | int) for key in value):
        return {"dict": [[key, encode(element, arrays, refer, depth + 1)] for key, element in value.items()]}
    return refer(value)


def _nearest(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def decode(value: Any, arrays: list[Any], resolve: Callable[[dict[str, Any]], Any], depth: int = 0) -> Any:
    """Decode a value from JSON; pass references that ``refer`` made to ``resolve``.

    Each of ``arrays`` is used once and replaced by None. Otherwise a message could refer to one array a thousand times,
    and code that reads the value would handle a thousand arrays.

    Raises
    ------
    WireError
        If ``value`` is not an output of `encode`.
    """
    if depth > MAX_DEPTH:
        raise WireError("a value is nested too deeply")
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int | str):
        return _checked(value)
    if not isinstance(value, dict) or not value:
        raise WireError("a value is not encoded")
    tag = next(iter(value))
    content = value[tag]
    if tag in TAGS and len(value) > 1:
        raise WireError("a value is encoded twice")
    if tag == "array":
        if type(content) is not int or not 0 <= content < len(arrays):
            raise WireError("a value refers to no array")
        array, arrays[content] = arrays[content], None
        if array is None:
            raise WireError("a value refers twice to an array")
        return array
    if tag == "float":
        return _float(content)
    if tag == "dtype":
        if not isinstance(content, str) or content not in ALLOWED:
            raise WireError("a dtype is not allowed")
        return ALLOWED[content].type
    if tag in TAGS and (not isinstance(content, list) or len(content) > MAX_ITEMS):
        raise WireError("a container is not encoded")
    if tag == "list":
        return [decode(element, arrays, resolve, depth + 1) for element in content]
    if tag == "tuple":
        return tuple(decode(element, arrays, resolve, depth + 1) for element in content)
    if tag == "dict":
        if not all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str | int) for pair in content):
            raise WireError("a dictionary is not encoded")
        return {_checked(key): decode(element, arrays, resolve, depth + 1) for key, element in content}
    return resolve(value)


def _checked(value: int | str) -> int | str:
    """Return a number of at most 64 bits or a valid Unicode text; raise a `WireError` for any other."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise WireError("a text is not Unicode") from None
        if len(value) <= MAX_NAME and value.isidentifier():
            return sys.intern(value)  # as Python does with names in code, so that ``mode is "train"`` works there
    elif not -(2**63) <= value < 2**64:
        raise WireError("a number is too large")
    return value


def _float(text: Any) -> float:
    try:
        return FLOATS[text] if text in FLOATS else float(text[:64])
    except (TypeError, ValueError):
        raise WireError("a number is not encoded") from None
