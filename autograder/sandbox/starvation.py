"""Measure how long a runner waits for a core that others use: a busy machine must not cost a student an answer.

Linux reports this time for each process. On other systems it is unknown, and only the wall clock counts.
"""

import contextlib
import os
import sys
from pathlib import Path
from time import monotonic

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
