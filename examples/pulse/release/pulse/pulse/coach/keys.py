"""Single keys from a terminal, on Windows and elsewhere; whole lines where there is no terminal."""

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Iterator

ENDED = "q"
"""What the end of the input means: nobody can press a key any more."""


def read_lines(keys: "queue.Queue[str]") -> None:
    """Put the first letter of each line of the input into a queue, until the input ends."""
    for line in sys.stdin:
        if line.strip():
            keys.put(line.strip()[0].lower())
    keys.put(ENDED)


@contextlib.contextmanager
def reading(keys: "queue.Queue[str]", plain: bool) -> Iterator[None]:
    """Put keys into a queue as they are pressed. Afterwards the terminal is as it was before."""
    if plain:
        threading.Thread(target=read_lines, args=(keys,), daemon=True).start()
        yield
    elif os.name == "nt":
        stop = threading.Event()
        threading.Thread(target=_read_on_windows, args=(keys, stop), daemon=True).start()
        try:
            yield
        finally:
            stop.set()
    else:
        with _unbuffered() as stop:
            threading.Thread(target=_read_elsewhere, args=(keys, stop), daemon=True).start()
            yield


def _read_on_windows(keys: "queue.Queue[str]", stop: threading.Event) -> None:
    import msvcrt

    while not stop.wait(0.05):
        while msvcrt.kbhit():  # type: ignore[attr-defined]
            key = msvcrt.getwch()  # type: ignore[attr-defined]
            if key in "\x00\xe0":  # the first half of a function key
                msvcrt.getwch()  # type: ignore[attr-defined]
            else:
                keys.put(ENDED if key == "\x03" else key.lower())


def _read_elsewhere(keys: "queue.Queue[str]", stop: threading.Event) -> None:
    import select

    descriptor = sys.stdin.fileno()
    while not stop.is_set():
        if select.select([descriptor], [], [], 0.1)[0]:
            key = os.read(descriptor, 1).decode(errors="ignore")
            if not key:
                keys.put(ENDED)
                return
            keys.put(key.lower())


@contextlib.contextmanager
def _unbuffered() -> Iterator[threading.Event]:
    """Let a terminal pass on each key without waiting for Enter, and show none. Ctrl-C works as before."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    stop = threading.Event()
    try:
        tty.setcbreak(descriptor)
        yield stop
    finally:
        stop.set()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
