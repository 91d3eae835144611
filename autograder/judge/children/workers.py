"""Worker processes that answer questions one after the other, within limits of time and memory.

If a process dies, only its current question fails. See ``autograder.sandbox`` for submissions, which are confined.
"""

import contextlib
import math
import multiprocessing
import os
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from autograder import temporary
from autograder.interrupts import Interrupted, held_until_ready, raise_on_interrupt
from autograder.runner.wire import SLICE_SECONDS, Deadline
from autograder.sandbox.starvation import Starvation

Answer = TypeVar("Answer")
START_SECONDS = 300.0
"""Time limit for the start of a process."""
MEMORY = 4 * 2**30
"""Limit on the address space of a process, in bytes. Windows has no such limit, only the time limit."""


class EndedError(Exception):
    """There was no answer in time, or the process died, for example because it used too much memory."""


class Worker:
    """One process, which is replaced when it dies or a question exceeds the time limit.

    Parameters
    ----------
    prepare : callable
        Called once in each new process.
    answer : callable
        Called there with each question. Both must be functions of a module, or partials of such functions.
    seconds : float
        Time limit for one answer.
    memory : int or None
        Limit on the address space in bytes, or None. Programs that the process starts inherit it.
    """

    def __init__(
        self,
        prepare: Callable[[], None],
        answer: Callable[..., Any],
        seconds: float = math.inf,
        memory: int | None = MEMORY,
    ) -> None:
        self._work, self._seconds = (memory, prepare, answer), seconds
        self._process: multiprocessing.process.BaseProcess | None = None
        self._ending = threading.Lock()  # the pool's main thread ends a worker while another thread asks it

    def ask(self, *question: object) -> Any:
        """Return the answer to a question.

        Raises
        ------
        EndedError
            If there is no answer.
        RuntimeError
            If ``answer`` raised an exception, with its text; or if a new process did not become ready.
        """
        if self._process is None:
            self._start()
        try:
            self._connection.send(question)
            return self._receive(self._seconds)
        except (EOFError, OSError):
            self._end()
            raise EndedError(f"There was no answer within {self._seconds:g} seconds, or the process died.") from None

    def close(self) -> None:
        """End the process and delete its temporary files."""
        self._end()
        temporary.sweep()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        if os.name == "posix":
            resource_tracker.ensure_running()  # its start would end ``held_until_ready`` too early
        self._connection, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, *self._work), daemon=True)
        with _single_threaded(), held_until_ready():
            process.start()
        self._process = process
        theirs.close()
        try:
            self._receive(START_SECONDS)
        except (EOFError, OSError):  # no question was asked yet, so this is no EndedError
            self._end()
            raise RuntimeError(f"A process was not ready within {START_SECONDS:g} seconds, or died.") from None
        except BaseException:
            self._end()
            raise

    def _receive(self, seconds: float) -> Any:
        assert self._process is not None
        deadline, starved = Deadline(seconds), Starvation(self._process.pid or 0).gained
        while not self._connection.poll(max(0.0, min(deadline.left(), SLICE_SECONDS))):
            deadline.put_off(starved())
            if deadline.left() <= 0:
                raise EOFError
        answer, error = self._connection.recv()
        if error is not None:
            raise RuntimeError(error)
        return answer

    def _end(self) -> None:
        with self._ending:
            if self._process is not None:
                self._process.kill()
                self._process.join()
                self._connection.close()
                self._process = None


class Pool:
    """Several workers. Use it as a context manager, which ends all workers at the exit, also busy ones.

    Parameters
    ----------
    count : int
    make : callable
        Returns a `Worker`.
    """

    def __init__(self, count: int, make: Callable[[], Worker]) -> None:
        self._workers = [make() for _ in range(count)]
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(count)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def submit(self, use: Callable[[Worker], Answer]) -> "Future[Answer]":
        """Call ``use`` with a worker as soon as one is free."""

        def ask() -> Answer:
            worker = self._free.get()
            try:
                return use(worker)
            finally:
                self._free.put(worker)

        return self._threads.submit(ask)


_starting = threading.Lock()


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Limit a process that is started in this context to one thread."""
    with _starting:
        before = os.environ.get("OPENBLAS_NUM_THREADS")
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        try:
            yield
        finally:
            del os.environ["OPENBLAS_NUM_THREADS"]
            os.environ.update({} if before is None else {"OPENBLAS_NUM_THREADS": before})


def _serve(
    connection: Connection,
    memory: int | None,
    prepare: Callable[[], None],
    answer: Callable[..., Any],
) -> None:
    """Prepare, then answer questions until the connection closes. This runs in the worker process."""
    tempfile.tempdir = str(temporary.lasting_folder("worker"))  # for everybody: this process may be killed
    if memory is not None:
        with contextlib.suppress(ImportError):  # Windows has no such module
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with contextlib.suppress(EOFError, Interrupted):
        raise_on_interrupt()
        connection.send(_attempt(prepare))
        while True:
            question = connection.recv()
            connection.send(_attempt(answer, *question))


def _attempt(function: Callable[..., Any], *arguments: object) -> tuple[Any, str | None]:
    """Return the answer and None, or None and the exception as text: not every exception can be sent."""
    try:
        return function(*arguments), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
