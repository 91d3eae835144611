"""Ctrl-C: this process ends in an orderly way, and those that it has started leave that to it.

A terminal tells every process of a command. Not for ending the processes: whoever started them does that.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import NoReturn


class Interrupted(BaseException):
    """Somebody pressed Ctrl-C. Not a `KeyboardInterrupt`, to which libraries have answers of their own."""


def raise_on_interrupt() -> None:
    """Let Ctrl-C raise `Interrupted` from now on; a second one ends the process even where it tidies up."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(*_: object) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise Interrupted


@contextlib.contextmanager
def left_to_this_process() -> Iterator[None]:
    """Let processes that are started meanwhile ignore Ctrl-C: what is ignored stays so in a new program."""
    if threading.current_thread() is not threading.main_thread():  # where signals cannot be set
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
