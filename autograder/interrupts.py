"""Handle Ctrl-C: this process stops in an orderly way, and its child processes say nothing of their own.

A terminal sends the signal to every process of a command. The code that starts a child process ends it.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn

_HAS_MASKS = hasattr(signal, "pthread_sigmask")  # Windows has none


class Interrupted(BaseException):
    """The user pressed Ctrl-C. It does not derive from `KeyboardInterrupt`, which some libraries catch."""


def raise_on_interrupt() -> None:
    """Make Ctrl-C raise `Interrupted` from now on. A second Ctrl-C ends the process even during clean-up."""
    signal.signal(signal.SIGINT, _interrupt)
    if _HAS_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextlib.contextmanager
def held_until_ready() -> Iterator[None]:
    """Make child processes that start in this block receive Ctrl-C only when they call `raise_on_interrupt`.

    A child process inherits the blocked signals of the thread that starts it, which may be any thread.
    """
    if not _HAS_MASKS:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupt(*_: object) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise Interrupted


@contextlib.contextmanager
def left_to_this_process() -> Iterator[None]:
    """Make child processes that start in this block ignore Ctrl-C: a new program inherits ignored signals."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread can set signal handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
