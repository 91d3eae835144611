"""The process that has loaded what all tasks need, and forks a limited child for each task.

It has one thread, so that it may fork (see ``child``), and computes nothing but a queue. It reads tasks from its
standard input and writes answers to its standard output, one line of JSON each. At the end of its input it ends all
children at once: so they end with the process that asks, however that ends. Runners that a dead child leaves become
children of this process, which ends them. See ``pool`` for the other side.
"""

import contextlib
import ctypes
import gc
import json
import os
import selectors
import signal
import sys
from collections import deque
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder import temporary
from autograder.sandbox import cgroup, forkserver

from .child import Child, can_fork
from .memory import available
from .task import Task

PR_SET_CHILD_SUBREAPER = 36
TASKS, ANSWERS = 0, 1
"""The file descriptors of standard input and output."""


@dataclass(frozen=True)
class Order:
    """A task with the number that its answer gets, and whether it has failed once, so that it now runs alone."""

    number: int
    task: Task
    again: bool = False


class Coordinator:
    """Runs tasks in children.

    Parameters
    ----------
    most : int
        Most children at a time.
    memory : float
        Bytes that the children may use together, as far as tasks say. One child always runs.
    scratch : Path
        Folder for the children's temporary files.
    """

    def __init__(self, most: int, memory: float, scratch: Path) -> None:
        self._most, self._memory, self._scratch = most, memory, scratch
        self._waiting: deque[Order] = deque()
        self._again: deque[Order] = deque()
        self._running: dict[int, tuple[Order, Child]] = {}
        self._heard, self._unsaid = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(TASKS, selectors.EVENT_READ)
        for descriptor in (TASKS, ANSWERS):
            os.set_blocking(descriptor, False)

    def run(self) -> None:
        """Work until the input ends; then end the children that still run."""
        try:
            while True:
                self._start()
                for key, _ in self._selector.select():
                    if key.fd == TASKS:
                        if not self._hear():
                            return
                    elif key.fd == ANSWERS:
                        self._say()
                    elif self._running[key.fd][1].read():
                        self._finish(key.fd)
        finally:
            for _, child in self._running.values():
                child.end()
            end_orphans(spared=set())

    def _hear(self) -> bool:
        """Read tasks. Return False at the end of the input."""
        heard = os.read(TASKS, 2**20)
        self._heard += heard
        *lines, rest = self._heard.split(b"\n")
        self._heard = bytearray(rest)
        for line in lines:
            said = json.loads(line)
            self._waiting.append(Order(said["number"], Task(**said["task"])))
        return bool(heard)

    def _say(self) -> None:
        """Write as much of the answers as the other side reads now."""
        with contextlib.suppress(BlockingIOError):
            del self._unsaid[: os.write(ANSWERS, self._unsaid)]
        if not self._unsaid:
            self._selector.unregister(ANSWERS)

    def _start(self) -> None:
        """Start the children that there is room for. A task that has failed once waits until nothing else runs."""
        if self._again:
            if not self._running:
                self._fork(self._again.popleft())
            return
        if any(order.again for order, _ in self._running.values()):
            return
        while self._waiting and self._fits(self._waiting[0].task):
            self._fork(self._waiting.popleft())

    def _fits(self, task: Task) -> bool:
        used = [order.task.memory for order, _ in self._running.values()]
        return not used or (len(used) < self._most and sum(used) + task.memory <= self._memory)

    def _fork(self, order: Order) -> None:
        child = Child(order.task.perform, self._scratch)
        self._running[child.pipe] = order, child
        self._selector.register(child.pipe, selectors.EVENT_READ)

    def _finish(self, pipe: int) -> None:
        order, child = self._running.pop(pipe)
        self._selector.unregister(pipe)
        answer = child.end()
        if answer.ended and not self._running:
            end_orphans()
        if answer.ended and not order.again:
            self._again.append(Order(order.number, order.task, again=True))
            return
        if not self._unsaid:
            self._selector.register(ANSWERS, selectors.EVENT_WRITE)
        self._unsaid += json.dumps({"number": order.number, "answer": asdict(answer)}).encode() + b"\n"


def end_orphans(spared: Collection[int] | None = None) -> None:
    """End all children of this process: what dead children have left, and what those have started.

    Parameters
    ----------
    spared : collection of int, optional
        Children that go on. Default: the fork servers.
    """
    spared = forkserver.processes() if spared is None else spared
    with contextlib.suppress(ChildProcessError):
        while orphans := [pid for pid in _children() if pid not in spared]:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for pid in orphans:
                os.waitpid(pid, 0)


def _children() -> list[int]:
    return list(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def load(tasks: list[dict[str, Any]]) -> bool:
    """Perform tasks in this process, so that children find what they load. Return whether it may still fork."""
    for task in tasks:
        with contextlib.suppress(Exception):  # each child tries again, and reports it
            Task(**task).perform()
    gc.collect()
    gc.freeze()  # the children share the memory of what no one collects
    return can_fork()


def main(settings: dict[str, Any]) -> None:
    """Be the coordinator."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if not load(settings["loads"]):  # what was loaded has started threads: begin anew, and let each child load
        os.execv(sys.executable, [*sys.orig_argv[:-1], json.dumps({**settings, "loads": []})])
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    cgroup.sweep()
    with temporary.folder("children") as scratch:
        scratch.chmod(0o711)  # runners of other users need access
        Coordinator(settings["most"], available(), scratch).run()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
