"""How long a runner wanted a core that others had: a busy machine must not cost anybody an answer.

Linux tells it of each process. Elsewhere nothing is known, and the clock on the wall counts alone.
"""

import contextlib
import os
import sys
from pathlib import Path
from time import monotonic

STALE_SECONDS = 3.0
"""A sample that is older says nothing about the question that is being answered now."""


class Starvation:
    """Watches a runner and all that it starts.

    What it loses to threads and processes of its own is not counted, so that a submission cannot buy time with them.

    Parameters
    ----------
    pid : int
        Of the process whose descendants, and which itself, are watched.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._when = -STALE_SECONDS
        self._seen: dict[int, tuple[float, float]] = {}

    def gained(self) -> float:
        """Return the seconds for which it was kept waiting since the last call; 0 after a pause of some seconds."""
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
    """For each process of a tree the seconds that its first thread waited for a core, and that all threads had one."""
    found: dict[int, tuple[float, float]] = {}
    left = [pid]
    while left:
        one = left.pop()
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has just ended
            folder = Path("/proc", str(one))
            waited = int((folder / "schedstat").read_text().split()[1]) / 1e9
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            found[one] = waited, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            left += map(int, (folder / "task" / str(one) / "children").read_text().split())
    return found
