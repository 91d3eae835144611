"""Measure how long a runner works, and how long it waits for a core that others use.

A busy machine must not cost a student an answer. Linux reports these times for each process. On other systems they are
unknown, and only the wall clock counts.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

STALE_SECONDS = 3.0
"""An older sample says nothing about the current question."""


class Starvation:
    """Watches a runner and all processes that it starts.

    Time that a runner loses to its own threads and processes does not count: a submission cannot gain time with them.

    Parameters
    ----------
    pid : int
        Id of the process to watch, together with its descendants.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._when = -STALE_SECONDS
        self._seen: dict[int, tuple[float, float]] = {}

    def gained(self) -> float:
        """Return the seconds that the runner waited since the last call; 0 if that was over `STALE_SECONDS` ago."""
        if sys.platform != "linux":
            return 0.0
        when, seen = monotonic(), _sample(self._pid)
        passed, before = when - self._when, self._seen
        self._when, self._seen = when, seen
        if passed > STALE_SECONDS:
            return 0.0
        waited = sum(now[0] - before.get(pid, (0.0, 0.0))[0] for pid, now in seen.items())
        worked = sum(now[1] - before.get(pid, (0.0, 0.0))[1] for pid, now in seen.items())
        return max(0.0, min(waited, passed - worked))


def worked(pid: int) -> float | None:
    """Return the processor time in seconds of a process and all its descendants, or None if nobody can tell."""
    if sys.platform != "linux":
        return None
    found = list(_tree(pid, lambda folder: sum(map(_ran, (folder / "task").iterdir())) + _of_ended(folder)))
    return sum(found) if found else None


def waited(pid: int) -> float:
    """Return the seconds that the first threads of a process and its descendants waited for a core; 0 if unknown."""
    if sys.platform != "linux":
        return 0.0
    return sum(_tree(pid, lambda folder: int((folder / "schedstat").read_text().split()[1]) / 1e9))


def own() -> float:
    """Return the seconds that this process's first thread waited for a core that others used; 0 if unknown."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    return 0.0


def _ran(thread: Path) -> float:
    return int((thread / "schedstat").read_text().split()[0]) / 1e9


def _of_ended(folder: Path) -> float:
    """Return the processor time of a process's children that have ended."""
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _tree(pid: int, read: Callable[[Path], T]) -> Iterator[T]:
    """Yield what ``read`` finds in the folder of each process of a tree in ``/proc``."""
    left = [pid]
    while left:
        folder = Path("/proc", str(left.pop()))
        with contextlib.suppress(OSError, ValueError, IndexError):  # the process has just ended
            yield read(folder)
            for thread in (folder / "task").iterdir():
                left += map(int, (thread / "children").read_text().split())


def _sample(pid: int) -> dict[int, tuple[float, float]]:
    """Return for each process of a tree: seconds its first thread waited for a core, seconds all its threads ran."""
    found: dict[int, tuple[float, float]] = {}
    left = [pid]
    while left:
        one = left.pop()
        with contextlib.suppress(OSError, ValueError, IndexError):  # the process has just ended
            folder = Path("/proc", str(one))
            waited = int((folder / "schedstat").read_text().split()[1]) / 1e9
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            found[one] = waited, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            left += map(int, (folder / "task" / str(one) / "children").read_text().split())
    return found
