"""Handle Ctrl-C: this process stops in an orderly way, and its child processes ignore the signal.

A terminal sends the signal to every process of a command. The code that starts a child process ends it.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn


class Interrupted(BaseException):
    """The user pressed Ctrl-C. It does not derive from `KeyboardInterrupt`, which some libraries catch."""


def raise_on_interrupt() -> None:
    """Make Ctrl-C raise `Interrupted` from now on. A second Ctrl-C ends the process even during clean-up."""
    signal.signal(signal.SIGINT, _interrupt)


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
