"""Handle Ctrl-C and SIGTERM: this process stops in an orderly way, and its child processes say nothing of their own.

A terminal sends the signal to every process of a command. The code that starts a child process ends it.
"""

import contextlib
import signal
from collections.abc import Iterator
from typing import NoReturn

_HAS_MASKS = hasattr(signal, "pthread_sigmask")  # Windows has none


class Interrupted(BaseException):
    """Somebody stops this process. It does not derive from `KeyboardInterrupt`, which some libraries catch.

    Attributes
    ----------
    signal : int
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = number


def raise_on_interrupt() -> None:
    """Make Ctrl-C and SIGTERM raise `Interrupted` from now on. A second one ends the process even during clean-up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
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


def _interrupt(number: int, _: object) -> NoReturn:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    raise Interrupted(number)
