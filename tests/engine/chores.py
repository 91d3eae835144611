"""Tasks for limited children: harmless ones, and ones that harm the process that performs them."""

import mmap
import os
import signal
import subprocess
import threading
import time

from autograder.errors import SubmissionError


def add(one: int, other: int) -> int:
    return one + other


def refuse() -> None:
    raise SubmissionError("It is no submission.")


def stumble() -> None:
    raise LookupError("a bug")


def note(path: str, word: str, seconds: float = 0.0) -> None:
    """Write a word, and after some seconds its end."""
    for text in (word, f"/{word}"):
        with open(path, "a") as file:
            file.write(f"{text}\n")
        time.sleep(seconds)
        seconds = 0.0


def want(megabytes: int) -> int:
    """Ask for memory in one piece."""
    return len(bytearray(megabytes << 20))


def fill(megabytes: int) -> None:
    """Use memory that does not count as data, so that only a control group limits it."""
    shared = mmap.mmap(-1, megabytes << 20)
    for _ in range(megabytes):
        shared.write(b"x" * 2**20)


def die(path: str) -> None:
    """Leave a process behind, and die."""
    left = subprocess.Popen(["sleep", "300"], start_new_session=True)
    with open(path, "a") as file:
        file.write(f"{left.pid}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def wait(path: str) -> None:
    """Write the ids of this process and of one that it starts, and do not end."""
    left = subprocess.Popen(["sleep", "300"])
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\n{left.pid}\n")
    time.sleep(300)


def start_thread() -> None:
    threading.Thread(target=time.sleep, args=(300,), daemon=True).start()


def temporary() -> str:
    """Return the folder for temporary files, with something in it."""
    import tempfile

    return tempfile.mkdtemp()
