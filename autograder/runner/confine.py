"""Confinement that a runner applies to itself: limits, a separate user id, Landlock and seccomp.

A runner does so before it imports any code of a submission, and cannot undo it. Only Linux has all of these; macOS has
the limits, Windows has none. See ``launch`` for bubblewrap's namespaces.
"""

import ctypes
import os
import platform
import select
import signal
import struct
import sys
from dataclasses import dataclass
from typing import Any

from . import seccomp

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
PR_CAPBSET_DROP = 24
CAP_DAC_READ_SEARCH = 2
CAPABILITY_NUMBERS = 64
"""Upper bound of the numbers of capabilities."""
CAPABILITIES = 0x20080522
"""Version of the kernel's capability structure (``_LINUX_CAPABILITY_VERSION_3``)."""
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
READ_FILE, READ_DIR, EXECUTE, WRITE_FILE, TRUNCATE = 1 << 2, 1 << 3, 1 << 0, 1 << 1, 1 << 14
FILE_RIGHTS = READ_FILE | EXECUTE | WRITE_FILE | TRUNCATE | 1 << 15
LEAST_PROCESSES = 64
"""Lowest limit on a runner's threads, which the kernel counts as processes."""
ALL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}


class ConfinementError(Exception):
    """A requested piece of the confinement could not be applied."""


@dataclass(frozen=True)
class Confinement:
    """Settings of the confinement that a runner applies to itself.

    Attributes
    ----------
    memory, file_size : int
        Most bytes of memory, and of one file that the runner writes.
    cpu_seconds : int
        Processor time, in seconds, after which the kernel ends the runner.
    user : int or None
        User and group id to change to; None keeps the present ids.
    readable, writable : tuple of str
        Paths that Landlock allows; () for both means no Landlock.
    seccomp : bool
        Whether to refuse the system calls that a submission does not need.
    processes : int
        Most processes and threads of the runner's user at a time; 0 means that the runner may not start programs.
    removes : bool
        Whether the runner may remove and rename files. The watch on its disk space does not see removed files.
    addresses : int
        Bytes of address space in addition to ``memory``: for mapped libraries, not for data.
    search : bool
        Whether ``user`` may read files and folders despite their permissions; Landlock still limits which ones.
    group : int or None
        Group that may pass through the judge's temporary folders; ``user`` becomes a member.
    judge : int or None
        The parent process, with which the runner ends on Linux. None if something else ends the runner.
    """

    memory: int
    file_size: int
    cpu_seconds: int
    user: int | None = None
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    seccomp: bool = False
    processes: int = 0
    removes: bool = False
    addresses: int = 0
    search: bool = False
    group: int | None = None
    judge: int | None = None


def confinement_from(settings: dict[str, Any]) -> Confinement:
    """Convert the judge's settings, as they come over the wire, to a `Confinement`."""
    lists = {name: tuple(settings[name]) for name in ("readable", "writable")}
    return Confinement(**{**settings, **lists})


def apply(wanted: Confinement) -> list[str]:
    """Apply every piece or raise; return the names of the applied pieces.

    Raises
    ------
    ConfinementError
        If a requested piece is not available.
    """
    pieces = []
    if sys.platform != "win32":
        _limit(wanted)
        pieces.append("limits")
    if wanted.user is not None:
        _become(wanted.user, wanted.group, wanted.search)
        pieces.append("user")
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        _reduce_capabilities(libc, wanted.search)
        _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no-new-privileges")
        _check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "not dumpable")
        if wanted.judge is not None:
            _end_with(libc, wanted.judge, wanted.processes > 0)
            pieces.append("ends with its judge")
        pieces.append("no-new-privileges")
        if wanted.readable or wanted.writable:
            _landlock(libc, wanted)
            pieces.append("landlock")
        if wanted.seccomp:
            _seccomp(wanted)
            pieces.append("seccomp")
    return pieces


def _check(result: int, piece: str) -> int:
    if result < 0:
        raise ConfinementError(f"{piece}: {os.strerror(ctypes.get_errno())}")
    return result


def _limit(wanted: Confinement) -> None:
    import resource

    limits: list[tuple[int, int]] = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, wanted.cpu_seconds),
        (resource.RLIMIT_FSIZE, wanted.file_size),
        (resource.RLIMIT_NOFILE, 128),
    ]
    if sys.platform == "linux":  # macOS refuses limits on the address space
        limits += [
            (resource.RLIMIT_AS, wanted.memory + wanted.addresses),
            (resource.RLIMIT_DATA, wanted.memory),
            (resource.RLIMIT_NPROC, max(LEAST_PROCESSES, wanted.processes)),
            (resource.RLIMIT_MEMLOCK, 0),
        ]
    for name, value in limits:
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def _become(user: int, group: int | None, search: bool) -> None:
    if search:  # `_reduce_capabilities` drops all others
        libc = ctypes.CDLL(None, use_errno=True)
        _check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keeping capabilities")
    try:
        os.setgroups([] if group is None else [group])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError as error:
        raise ConfinementError(f"user {user}: {error.strerror}") from None


def _end_with(libc: Any, judge: int, processes: bool) -> None:
    """Have the kernel end this process when its parent ends; and if it starts processes, these too.

    This is the last change of ids and capabilities: such a change undoes it.
    """
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "ending with the judge")
    if processes:
        _watch_over_group(judge)
    if os.getppid() != judge:  # it ended before the kernel was told
        os._exit(1)


def _watch_over_group(judge: int) -> None:
    """Start a process that ends the runner's process group when the judge ends.

    The kernel's signal reaches the runner alone, and not the compilers that it started.
    """
    try:
        descriptor = os.pidfd_open(judge)
    except OSError as error:
        raise ConfinementError(f"watching over processes: {error.strerror}") from None
    if os.fork() > 0:
        os.close(descriptor)
        return
    os.closerange(0, descriptor)
    os.closerange(descriptor + 1, 1024)
    select.select([descriptor], [], [])
    os.killpg(0, signal.SIGKILL)


def landlock_version() -> int:
    """Return the kernel's Landlock version, or 0 if the kernel has no Landlock."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)))


def _landlock(libc: Any, wanted: Confinement) -> None:
    version = landlock_version()
    if version < 1:
        raise ConfinementError("landlock: this kernel does not support it")
    handled = ALL_RIGHTS.get(version, (1 << 16) - 1)
    attributes = [handled]
    if version >= 4:
        attributes.append(0b11)  # bind and connect TCP
    if version >= 6:
        attributes.append(0b11)  # abstract sockets and signals out of the domain
    packed = struct.pack(f"={len(attributes)}Q", *attributes)
    ruleset = _check(libc.syscall(LANDLOCK_CREATE_RULESET, packed, len(packed), 0), "landlock")
    read = READ_FILE | READ_DIR | EXECUTE
    for paths, rights in ((wanted.readable, read), (wanted.writable, handled & ~EXECUTE)):
        for path in paths:
            _allow(libc, ruleset, path, rights & handled)
    quietly = 1 if version >= 7 else 0  # keep refusals out of the system's audit log
    _check(libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, quietly), "landlock")
    os.close(ruleset)


def _allow(libc: Any, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise ConfinementError(f"landlock: {path}: {error.strerror}") from None
    if not os.path.isdir(path):
        rights &= FILE_RIGHTS
    rule = struct.pack("=Qi", rights, descriptor)
    _check(libc.syscall(LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), f"landlock: {path}")
    os.close(descriptor)


def _reduce_capabilities(libc: Any, search: bool) -> None:
    """Drop all capabilities, also for started programs; with ``search`` keep the right to read any file."""
    kept = 1 << CAP_DAC_READ_SEARCH if search else 0
    header = struct.pack("=Ii", CAPABILITIES, 0)
    _check(libc.capset(header, struct.pack("=6I", kept, kept, kept, 0, 0, 0)), "capabilities")
    if search:
        _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0), "capabilities")


def drop_bounding_set(libc: Any) -> None:
    """Give up the capabilities that a program could get which this process starts."""
    for capability in range(CAPABILITY_NUMBERS):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # an error tells that there is no such number


def give_up_capabilities(libc: Any) -> None:
    """Give up all capabilities, and those that a started program could get."""
    drop_bounding_set(libc)
    _reduce_capabilities(libc, search=False)


def _seccomp(wanted: Confinement) -> None:
    if platform.machine() not in seccomp.ARCHITECTURES:
        raise ConfinementError(f"seccomp: no table of system calls for {platform.machine()}")
    if not seccomp.restrict(wanted.processes > 0, wanted.removes):
        raise ConfinementError(f"seccomp: {os.strerror(ctypes.get_errno())}")
