"""Run one function of this process in a child process that has limits: memory, processor time, the size of its answer.

For work whose cost hostile data decides, such as rendering a student's page. It is no sandbox: the child may do all
that this process may, so it never runs code of a submission. See ``sandbox`` for that.
"""

import contextlib
import ctypes
import gc
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from autograder.errors import AutograderError

WAITING = 20
"""Wall-clock seconds that a child may take for each second of processor time: others may use the cores."""
DONE, TOO_MUCH_MEMORY, FAILED = b"+", b"M", b"E"
"""The first byte of an answer."""
END = b"."
"""The last byte of an answer: the child was not ended in the middle of it."""
PIECE = 2**16
HAS_FORK = hasattr(os, "fork")


@dataclass(frozen=True)
class Limits:
    """What a child may use.

    Attributes
    ----------
    memory : int
        Bytes, besides those that this process holds when the child begins. Only Linux keeps to it.
    seconds : int
        Processor time.
    answer : int
        Bytes of the answer.
    """

    memory: int
    seconds: int
    answer: int


class LimitError(AutograderError):
    """A child has used up a limit, or ended without an answer. The message is a part of a sentence that says why."""


class ChildError(AutograderError):
    """The function raised another exception than `MemoryError`. The message names it."""


def call(work: Callable[[], bytes], limits: Limits) -> bytes:
    """Return what a function returns in a child process, which has this process's memory and ends afterwards.

    Parameters
    ----------
    work : callable
        It changes nothing in this process. It must not use a connection, lock or thread of this process.
    limits : Limits
        Windows has no such child: the function is called in this process, and only its answer is limited.

    Returns
    -------
    bytes

    Raises
    ------
    LimitError, ChildError
    """
    if not HAS_FORK:
        return _answer(_tried(work) + END, limits)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads: the child uses none of their locks
        child = os.fork()
    if child == 0:
        _be_the_child(work, limits, writer)
    os.close(writer)
    try:
        heard = _heard(reader, limits)
    finally:  # also on Ctrl-C
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        raise LimitError(f"it takes more than {limits.seconds} seconds")
    return _answer(heard, limits)


def _be_the_child(work: Callable[[], bytes], limits: Limits, writer: int) -> NoReturn:
    """Send what the function returns, and end without any clean-up of the parent's."""
    try:
        _limit(limits)
        answer = memoryview(_tried(work) + END)
        while answer:
            answer = answer[os.write(writer, answer[:PIECE]) :]
    finally:
        os._exit(0)


def _tried(work: Callable[[], bytes]) -> bytes:
    try:
        return DONE + work()
    except MemoryError:
        return TOO_MUCH_MEMORY
    except Exception as error:
        return FAILED + f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:2000]


def _limit(limits: Limits) -> None:
    import resource

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)  # the parent's event loop listens there
    gc.freeze()  # so that collecting garbage copies nothing of the parent's memory
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")  # the child goes first where memory is short
        _lower(resource.RLIMIT_DATA, _data_held() + limits.memory)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_CPU, limits.seconds)


def _lower(name: int, value: int) -> None:
    import resource

    hard = resource.getrlimit(name)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(name, (value, hard))  # a soft processor limit sends SIGXCPU, a hard one SIGKILL


def _data_held() -> int:
    """Return the bytes that this process holds and that the kernel counts against RLIMIT_DATA."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData:")) * 1024


def _heard(reader: int, limits: Limits) -> bytes:
    """Return what the child sends until it ends. Raise `LimitError` if that takes too long or is too much."""
    heard = bytearray()
    last = time.monotonic() + WAITING * limits.seconds
    while len(heard) <= limits.answer + 2:
        left = last - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            raise LimitError(f"it takes more than {WAITING * limits.seconds} seconds")
        piece = os.read(reader, PIECE)
        if not piece:
            break
        heard += piece
    return bytes(heard)


def _answer(heard: bytes, limits: Limits) -> bytes:
    kind, answer, end = heard[:1], heard[1:-1], heard[-1:]
    if kind == DONE and len(answer) > limits.answer:
        raise LimitError(f"it is larger than {limits.answer >> 20} MB")
    if len(heard) < 2 or end != END:
        raise LimitError("it ends without an answer")
    if kind == FAILED:
        raise ChildError(answer.decode("utf-8", "replace"))
    if kind == TOO_MUCH_MEMORY:
        raise LimitError(f"it takes more than {limits.memory >> 20} MB of memory")
    return answer
