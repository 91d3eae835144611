"""Confinement from within: limits, a user id of its own, Landlock and seccomp, applied by the runner to itself.

It happens before any code of a submission is imported and cannot be undone. Linux for all of it; elsewhere the limits
only. Not for namespaces: those are bubblewrap's, see ``launch``.
"""

import ctypes
import os
import platform
import struct
import sys
from dataclasses import dataclass
from typing import Any

PR_SET_NO_NEW_PRIVS = 38
PR_SET_DUMPABLE = 4
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
READ_FILE, READ_DIR, EXECUTE, WRITE_FILE, TRUNCATE = 1 << 2, 1 << 3, 1 << 0, 1 << 1, 1 << 14
FILE_RIGHTS = READ_FILE | EXECUTE | WRITE_FILE | TRUNCATE | 1 << 15
ALL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}


class ConfinementError(Exception):
    """A piece of the confinement that was asked for could not be applied."""


@dataclass(frozen=True)
class Confinement:
    """What the runner applies to itself.

    Attributes
    ----------
    memory, file_size : int
        Bytes of address space, and of the largest file it may write.
    cpu_seconds : int
        Processor time before the kernel ends it.
    user : int or None
        Real user and group id to change to; None keeps the present one.
    readable, writable : tuple of str
        Paths that Landlock leaves open; () for both means no Landlock.
    seccomp : bool
        Whether to refuse the system calls that a submission has no use for.
    processes : int
        Processes and threads that its user may have at a time, where it may start programs; 0: it may not.
    """

    memory: int
    file_size: int
    cpu_seconds: int
    user: int | None = None
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    seccomp: bool = False
    processes: int = 0


def confinement_from(settings: dict[str, Any]) -> Confinement:
    """Return what the judge's settings, as they come over the wire, ask for."""
    lists = {name: tuple(settings[name]) for name in ("readable", "writable")}
    return Confinement(**{**settings, **lists})


def apply(wanted: Confinement) -> list[str]:
    """Apply all of it or raise; return the names of the pieces.

    Raises
    ------
    ConfinementError
        If a piece that was asked for is not to be had.
    """
    pieces = []
    if sys.platform != "win32":
        _limit(wanted)
        pieces.append("limits")
    if wanted.user is not None:
        _become(wanted.user)
        pieces.append("user")
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no-new-privileges")
        _check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "not dumpable")
        pieces.append("no-new-privileges")
        if wanted.readable or wanted.writable:
            _landlock(libc, wanted)
            pieces.append("landlock")
        if wanted.seccomp:
            _seccomp(libc, wanted.processes > 0)
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
            (resource.RLIMIT_AS, wanted.memory),
            (resource.RLIMIT_NPROC, max(64, wanted.processes)),
            (resource.RLIMIT_MEMLOCK, 0),
        ]
    for name, value in limits:
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def _become(user: int) -> None:
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError as error:
        raise ConfinementError(f"user {user}: {error.strerror}") from None


def landlock_version() -> int:
    """Return the kernel's Landlock version, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)))


def _landlock(libc: Any, wanted: Confinement) -> None:
    version = landlock_version()
    if version < 1:
        raise ConfinementError("landlock: this kernel has none")
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
    _check(libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock")
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


STARTING = {"fork": (57, -1), "vfork": (58, -1), "execve": (59, 221), "execveat": (322, 281)}
"""System calls that start programs and processes; a compiler needs them."""
# System calls that a submission has no use for, by name: their numbers on x86-64 and on 64-bit Arm (-1: none there).
REFUSED: dict[str, tuple[int, int]] = {
    # network and other ways out; the wire is open already and needs sendto and recvfrom only
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # new programs and processes (clone is looked at more closely)
    **STARTING,
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kill": (62, 129),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "kcmp": (312, 272), "setpriority": (141, 140),
    "setsid": (112, 157), "setpgid": (109, 154), "prlimit64": (302, 261), "process_madvise": (440, 440),
    # memory that outlives or escapes the limits
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "userfaultfd": (323, 282),
    # the system
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "mknod": (133, -1), "mknodat": (259, 33), "bpf": (321, 280), "perf_event_open": (298, 241),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "personality": (135, 92), "acct": (163, 89),
    "syslog": (103, 116), "quotactl": (179, 60), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "clock_adjtime": (305, 266), "sethostname": (170, 161), "setdomainname": (171, 162),
    "iopl": (172, -1), "ioperm": (173, -1), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    # identities
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159), "setfsuid": (122, 151),
    "setfsgid": (123, 152), "capset": (126, 91),
}  # fmt: skip
CLONE, CLONE3, TGKILL = (56, 220), (435, 435), (234, 131)
CLONE_THREAD = 0x10000
NEW_NAMESPACES = 0x7E020080
HIGHEST = 470
"""System calls numbered above did not exist when this list was made, and are refused."""
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
ALLOW, KILL, NO_PERMISSION, NO_SYSTEM_CALL = 0x7FFF0000, 0x80000000, 0x00050000 | 1, 0x00050000 | 38
LOAD, JUMP_EQUAL, JUMP_GREATER, JUMP_SET, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06


def _filter(machine: str, pid: int, processes: bool) -> bytes:
    """Assemble the seccomp program: classic BPF over (nr, arch, instruction pointer, six arguments)."""
    audit, column = ARCHITECTURES[machine]
    program: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, 4),
        (JUMP_EQUAL, 1, 0, audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        (JUMP_GREATER, 0, 1, HIGHEST),  # x32 calls have bit 30 set and end here too
        (RETURN, 0, 0, NO_SYSTEM_CALL),
    ]
    for name, numbers in REFUSED.items():
        if numbers[column] >= 0 and not (processes and name in STARTING):
            program += [(JUMP_EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, NO_PERMISSION)]
    program += [
        (JUMP_EQUAL, 0, 1, CLONE3[column]),
        (RETURN, 0, 0, NO_SYSTEM_CALL),  # its flags lie in memory, out of reach; the C library falls back to clone
        (JUMP_EQUAL, 0, 4, CLONE[column]),
        (LOAD, 0, 0, 16),
        (JUMP_SET, 0, 1, NEW_NAMESPACES) if processes else (JUMP_SET, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, NO_PERMISSION),
        (RETURN, 0, 0, ALLOW),
        (JUMP_EQUAL, 0, 4, TGKILL[column]),
        (LOAD, 0, 0, 16),
        (JUMP_EQUAL, 1, 0, pid),
        (RETURN, 0, 0, NO_PERMISSION),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _seccomp(libc: Any, processes: bool) -> None:
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise ConfinementError(f"seccomp: no table of system calls for {machine}")
    code = _filter(machine, os.getpid(), processes)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    number = 317 if machine == "x86_64" else 277
    _check(libc.syscall(number, 1, 0, program), "seccomp")
