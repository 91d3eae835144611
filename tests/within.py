"""An upper bound on the time of a block, which also holds on a busy machine."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from autograder.sandbox.starvation import Starvation

SAMPLING_SECONDS = 0.2


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Assert that a block takes less than ``seconds``, not counting the time in which it waits for a core."""
    watched, over, starved = Starvation(os.getpid()), threading.Event(), [0.0]
    watched.gained()

    def watch() -> None:
        while not over.wait(SAMPLING_SECONDS):
            starved[0] += watched.gained()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    began = time.monotonic()
    try:
        yield
    finally:
        over.set()
        thread.join()
        starved[0] += watched.gained()
        took = time.monotonic() - began - starved[0]
    assert took < seconds, f"It took {took:.1f} seconds, and waited {starved[0]:.1f} more for a core."
