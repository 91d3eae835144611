"""A control group for a runner: one limit on the memory of all its processes, if this machine allows such groups.

``RLIMIT_AS`` limits each process separately, which is enough for runners that may not start processes. Groups are
available under ``systemd-run --user --scope``, in a service with delegation, or as root if the hierarchy is writable.
They are optional. The module supports both versions of the kernel's interface. See ``confine`` for other limits.
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
NAME = "autograder"
ENDING_SECONDS = 2.0
"""Longest wait until the kernel lets go of ended processes."""
_numbers = itertools.count()


@dataclass(frozen=True)
class ControlGroup:
    """A group that is ready for a runner.

    Attributes
    ----------
    folder : Path
        The group's folder in the kernel's hierarchy.
    """

    folder: Path

    @property
    def entrance(self) -> tuple[str, ...]:
        """Prefix for a command: the command and all processes that it starts are members from the beginning."""
        return ("/bin/sh", "-c", 'echo 0 > "$0" && exec "$@"', str(self.folder / "cgroup.procs"))

    def add(self, pid: int) -> None:
        """Make a process a member, with all processes that it starts from now on.

        Raises
        ------
        OSError
            If the process has ended.
        """
        (self.folder / "cgroup.procs").write_text(str(pid))

    @property
    def ended(self) -> int:
        """The number of processes that the kernel has ended because the group reached its limit on memory."""
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError, ValueError):
                told = dict(line.split() for line in (self.folder / name).read_text().splitlines())
                return int(told.get("oom_kill", 0))
        return 0

    def end(self) -> None:
        """End the processes of the group, then remove the group."""
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
        Most bytes of all its processes together, including files in memory.
    processes : int
        Most processes and threads, if the kernel supports this limit.

    Returns
    -------
    ControlGroup or None
        None if this machine does not allow groups.
    """
    home = _home()
    return None if home is None else _create(home, memory, processes)


def above() -> list[Path]:
    """Return the folders of this process's groups with memory, and of all groups that hold those."""
    found: dict[Path, None] = {}
    for hierarchy, own in _own():
        found |= dict.fromkeys((own, *(folder for folder in own.parents if folder.is_relative_to(hierarchy))))
    return [folder for folder in found if folder.is_dir()]


def sweep() -> None:
    """Remove groups that killed processes have left behind. A group with processes cannot be removed."""
    home = _home()
    for left in home.glob(f"{NAME}-*-*") if home is not None else []:
        owner = left.name.split("-")[1]
        if owner.isdigit() and not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                left.rmdir()


def _create(home: Path, memory: int, processes: int) -> ControlGroup | None:
    group = ControlGroup(home / f"{NAME}-{os.getpid()}-{next(_numbers)}")
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
    """Return a folder for groups, tested by starting a program in a new group there; None if there is none."""
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
    """Tell whether new groups in a folder have limits on memory."""
    if (folder / "memory.limit_in_bytes").exists():
        return os.access(folder, os.W_OK)
    try:
        return os.access(folder, os.W_OK) and "memory" in (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False


def _candidates() -> list[Path]:
    """Return the folder of this process's group and, in version 2, the folder above."""
    found = []
    for hierarchy, own in _own():
        found += [own, own.parent] if hierarchy == ROOT and own != hierarchy else [own]
    return found


def _own() -> list[tuple[Path, Path]]:
    """Return the folder of each of this process's groups that may limit memory, after the folder of its hierarchy."""
    try:
        lines = OWN.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if ".." in path:  # this process was moved out of the namespace that it sees
            continue
        if "memory" in controllers.split(","):
            found.append((ROOT / "memory", ROOT / "memory" / path.lstrip("/")))
        elif not controllers:
            found.append((ROOT, ROOT / path.lstrip("/")))
    return found
