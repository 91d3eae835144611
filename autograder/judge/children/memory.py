"""How many limited children run at a time: as many as there are cores, and as the memory of this machine admits.

In a container or a service, that memory is what its control groups leave. See ``child`` for the limits of one child.
"""

import math
import os
import sys
from pathlib import Path

from autograder.sandbox import cgroup

CHILD = 2**30
"""Most bytes of data of one child, without its runners. A child that judges a complete submission needs a quarter."""
USUAL, WITH_FRAMEWORK = 600 * 2**20, 1600 * 2**20
"""Bytes that a child and its runner use together at most when they judge honest code, also with a framework."""
ENTRIES = Path("/proc/meminfo")


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def available() -> float:
    """Return the bytes of memory that new processes may use; infinity if nobody can tell."""
    return min([_of_machine(), *(_left(folder) for folder in cgroup.above())])


def _of_machine() -> float:
    try:
        lines = dict(line.split(":", 1) for line in ENTRIES.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, LookupError, ValueError):
        return math.inf


def _left(group: Path) -> float:
    """Return the bytes that a control group leaves. Files in memory that nobody uses now can be dropped."""
    for limit, used, unused in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            most = (group / limit).read_text().strip()
            if most == "max":
                return math.inf
            lines = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            return int(most) - int((group / used).read_text()) + int(lines.get(unused, 0))
        except (OSError, ValueError):
            continue
    return math.inf
