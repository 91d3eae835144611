"""The caller's side of limited children: give tasks, get answers as they come.

On Linux one coordinator forks a child for each task. Elsewhere a process cannot be forked safely: as many workers as
children perform the tasks themselves, without a limit on memory, and one that dies is replaced. Leaving the pool ends
everything that it has started, at once. Nothing listens on any port.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict
from typing import Any, TypeVar

from autograder.errors import GraderFault
from autograder.sandbox.levels import ONE_THREAD

from . import workers
from .memory import cores
from .task import Answer, Task, answer_from, attempt

AHEAD = 4
"""Tasks that a coordinator holds in addition to those that run."""
DEATHS = 3
"""So many coordinators may die before a caller gives up: the kernel ends children before them."""
ENDING_SECONDS = 20.0
START = f"from {__package__}.coordinator import main; import json, sys; main(json.loads(sys.argv[1]))"
Key = TypeVar("Key")


class ChildrenFault(GraderFault):
    """The process that starts limited children dies again and again."""


class Pool:
    """Performs tasks in limited children. Use it as a context manager.

    Parameters
    ----------
    most : int, optional
        Most tasks at a time. Default: one for each core. Fewer run if memory is short.
    loads : sequence of Task
        Tasks to perform once before all others: what they load is there for all children.
    """

    def __init__(self, most: int | None = None, loads: Sequence[Task] = ()) -> None:
        self._most, self._loads = most or cores(), loads
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, tasks: Iterable[tuple[Key, Task]]) -> Iterator[tuple[Key, Answer]]:
        """Perform tasks, and yield each answer with the key of its task, in the order in which they end.

        Raises
        ------
        ChildrenFault
            If the process that starts children dies several times.
        """
        return self._forked(tasks) if sys.platform == "linux" else _unforked(tasks, self._most)

    def ask(self, task: Task) -> Any:
        """Perform one task, and return its value. Raises as `Answer.get` and `run` do."""
        ((_, answer),) = self.run([(None, task)])
        return answer.get()

    def _forked(self, tasks: Iterable[tuple[Key, Task]]) -> Iterator[tuple[Key, Answer]]:
        left = enumerate(tasks)
        given: dict[int, tuple[Key, Task]] = {}
        deaths = 0
        while True:
            for number, (key, task) in itertools.islice(left, self._most + AHEAD - len(given)):
                given[number] = key, task
                self._give(number, task)
            if not given:
                return
            line = self._line()
            if line:
                said = json.loads(line)
                key, _ = given.pop(said["number"])
                yield key, answer_from(said["answer"])
                continue
            self._close()
            deaths += 1
            if deaths == DEATHS:
                raise ChildrenFault(
                    f"A process that grades died {DEATHS} times: is memory short? Then give fewer --workers."
                )
            for number, (_, task) in given.items():
                self._give(number, task)

    def _give(self, number: int, task: Task) -> None:
        if self._process is None:
            self._process = self._started()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died, and `_line` finds out
            self._process.stdin.write(json.dumps({"number": number, "task": asdict(task)}).encode() + b"\n")
            self._process.stdin.flush()

    def _line(self) -> bytes:
        """Return the next answer, or nothing if the coordinator has died."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return line if line.endswith(b"\n") else b""

    def _started(self) -> "subprocess.Popen[bytes]":
        settings = {"most": self._most, "loads": [asdict(task) for task in self._loads]}
        path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
        return subprocess.Popen(
            [sys.executable, "-P", "-c", START, json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C reaches the caller, who ends it
        )  # fmt: skip

    def _close(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with contextlib.suppress(OSError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDING_SECONDS)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _unforked(tasks: Iterable[tuple[Key, Task]], most: int) -> Iterator[tuple[Key, Answer]]:
    """Perform tasks in processes that each perform many."""
    left = iter(tasks)
    given: dict[Future[Answer], Key] = {}
    with workers.Pool(most, lambda: workers.Worker(_nothing, _attempted, memory=None)) as pool:
        while True:
            for key, task in itertools.islice(left, most - len(given)):
                given[pool.submit(_twice(task))] = key
            if not given:
                return
            for done in wait(given, return_when=FIRST_COMPLETED).done:
                yield given.pop(done), done.result()


def _twice(task: Task) -> Any:
    def ask(worker: workers.Worker) -> Answer:
        for _ in range(2):
            with contextlib.suppress(workers.EndedError):
                return answer_from(worker.ask(task))
        return Answer(ended="died")

    return ask


def _nothing() -> None:
    """Prepare nothing: a worker loads what its first task needs."""


def _attempted(task: Task) -> dict[str, Any]:
    return attempt(task.perform)
