"""A control group for a runner: bounds the memory of all its processes together, where this machine lets us make one.

``RLIMIT_AS`` counts each process by itself, which does for runners that may not start any. One is had under
``systemd-run --user --scope``, in a service that delegates, or as root where the hierarchy is writable; nowhere is it
required. Both versions of the kernel's interface. Not for what a process may do: see ``confine``.
"""

import contextlib
import functools
import itertools
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
ENDING_SECONDS = 2.0
"""The kernel takes a moment to forget the dead."""
_numbers = itertools.count()


@dataclass(frozen=True)
class ControlGroup:
    """A group that is ready for a runner.

    Attributes
    ----------
    folder : Path
        In the kernel's hierarchy.
    """

    folder: Path

    @property
    def entrance(self) -> tuple[str, ...]:
        """Words before a command that make it, and all that it starts, a member from the first moment on."""
        return ("/bin/sh", "-c", 'echo 0 > "$0" && exec "$@"', str(self.folder / "cgroup.procs"))

    def end(self) -> None:
        """End what is left in it, and the group."""
        with contextlib.suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")  # from Linux 5.14 on, in version 2
        until = time.monotonic() + ENDING_SECONDS
        while self.folder.exists() and time.monotonic() < until:
            try:
                self.folder.rmdir()
            except OSError:
                time.sleep(0.005)


def create(memory: int, processes: int) -> ControlGroup | None:
    """Make a group.

    Parameters
    ----------
    memory : int
        Bytes that its processes may hold together, files in memory included.
    processes : int
        Processes and threads that it may have, where the kernel lets us say.

    Returns
    -------
    ControlGroup or None
        None where this machine does not let us.
    """
    home = _home()
    return None if home is None else _create(home, memory, processes)


def _create(home: Path, memory: int, processes: int) -> ControlGroup | None:
    group = ControlGroup(home / f"autograder-{os.getpid()}-{next(_numbers)}")
    limits = {
        "memory.max": memory, "memory.swap.max": 0, "memory.oom.group": 1, "pids.max": processes,  # version 2
        "memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory,  # version 1
    }  # fmt: skip
    try:
        group.folder.mkdir()
    except OSError:
        return None
    try:
        for name, value in limits.items():
            if (group.folder / name).exists():
                (group.folder / name).write_text(str(value))
    except OSError:
        group.end()
        return None
    return group


@functools.cache
def _home() -> Path | None:
    """Where groups can be made, found out by making one and starting a program in it."""
    for folder in _candidates() if sys.platform == "linux" else []:
        group = _create(folder, 2**30, 16) if _bounds_memory(folder) else None
        if group is None:
            continue
        try:
            started = subprocess.run([*group.entrance, "/bin/true"], stderr=subprocess.DEVNULL, check=False)
        finally:
            group.end()
        if started.returncode == 0:
            return folder
    return None


def _bounds_memory(folder: Path) -> bool:
    """Whether groups made in a folder come with limits on memory."""
    if (folder / "memory.limit_in_bytes").exists():
        return os.access(folder, os.W_OK)
    try:
        return os.access(folder, os.W_OK) and "memory" in (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False


def _candidates() -> list[Path]:
    """Our own group's folder and the one above it."""
    try:
        lines = OWN.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if ".." in path:  # we were moved out of the namespace that we see
            continue
        hierarchy = ROOT / "memory" if "memory" in controllers.split(",") else ROOT
        own = hierarchy / path.lstrip("/")
        if "memory" in controllers.split(","):
            found.append(own)
        elif not controllers:
            found += [own, own.parent] if own != hierarchy else [own]
    return found
