"""Worker processes: limits, errors and Ctrl-C."""

import math
import os
import pickle
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from autograder.judge.children.workers import EndedError, Worker


def test_a_worker_ends_what_does_not_end_and_goes_on() -> None:
    worker = Worker(time.time, time.sleep, seconds=1)
    try:
        assert worker.ask(0) is None
        with pytest.raises(EndedError):
            worker.ask(1000)
        assert worker.ask(0) is None
    finally:
        worker.close()


def test_what_goes_wrong_in_a_worker_is_not_taken_for_an_answer() -> None:
    worker = Worker(time.time, math.sqrt, seconds=60)
    try:
        with pytest.raises(RuntimeError, match="ValueError: "):
            worker.ask(-1)
        assert worker.ask(4) == 2
    finally:
        worker.close()


def test_a_process_that_does_not_become_ready_is_no_answer_either() -> None:
    """Otherwise the gate would count every mutant as noticed."""
    worker = Worker(partial(os._exit, 1), time.sleep, seconds=60)
    try:
        with pytest.raises(RuntimeError, match="A process was not ready"):
            worker.ask(0)
    finally:
        worker.close()


def test_two_threads_end_a_worker_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Ctrl-C the main thread closes a worker while the thread that asked it sees its process die."""
    worker, closed, waits = Worker(time.time, time.sleep, seconds=60), [], threading.Event()
    assert worker.ask(0) is None
    connection = worker._connection

    class Slow:
        """The connection, whose end takes longer than the other thread needs to come to it."""

        def __getattr__(self, name: str) -> object:
            return getattr(connection, name)

        def poll(self, seconds: float) -> bool:
            waits.set()
            return connection.poll(seconds)

        def close(self) -> None:
            closed.append(threading.get_ident())
            time.sleep(1)
            connection.close()

    monkeypatch.setattr(worker, "_connection", Slow())
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(worker.ask, 1000)
        assert waits.wait(60)
        worker.close()
        with pytest.raises(EndedError):
            asked.result()
    assert len(closed) == 1


def test_a_worker_that_cannot_be_started_says_why() -> None:
    worker = Worker(time.time, lambda: None, seconds=1)  # another process cannot import a lambda by name
    try:
        with pytest.raises((AttributeError, pickle.PicklingError)):
            worker.ask()
    finally:
        worker.close()


class Interrupting:
    """An object that presses Ctrl-C while a process is being started: when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return signal.raise_signal, (signal.SIGINT,)

    def __call__(self) -> None:
        """Do nothing."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot delay signals")
@pytest.mark.parametrize("moment", ["start", "answer"])
def test_ctrl_c_ends_a_worker_without_a_word(moment: str, capfd: pytest.CaptureFixture[str]) -> None:
    """This is true also of a worker that a thread starts, as a pool does."""
    if moment == "start":
        worker = Worker(Interrupting(), time.sleep, seconds=60)
        asked, expected = 0, RuntimeError
    else:
        worker = Worker(time.time, signal.raise_signal, seconds=60)
        asked, expected = int(signal.SIGINT), EndedError
    try:
        with ThreadPoolExecutor(1) as threads, pytest.raises(expected):
            threads.submit(worker.ask, asked).result()
    finally:
        worker.close()
    assert capfd.readouterr().err == ""
