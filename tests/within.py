"""An upper bound on the time that something takes, which holds on a busy machine too."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from autograder.sandbox.starvation import Starvation

SAMPLING_SECONDS = 0.2


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Assert that a block takes less than some seconds, those not counted in which it wanted a core and got none."""
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
    assert took < seconds, f"It took {took:.1f} seconds, and {starved[0]:.1f} more in which others had the cores."
