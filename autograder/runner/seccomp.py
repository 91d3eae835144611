"""The list of system calls that a runner may make, and the seccomp filter made from this list.

`ALLOWED` has calls for reading, computing and threads. None of them opens a connection, starts a program, or touches
another process or the system. `CONDITIONS` has calls that are harmless only with some arguments. See ``confine`` for
Landlock, which decides which files may be opened.
"""

import ctypes
import os
import platform
import struct

Numbers = tuple[int, int]
"""Numbers of a system call on x86-64 and on 64-bit Arm; -1 if there is none."""
ALLOWED: dict[str, Numbers] = {
    # files, if Landlock checks the call; it checks no modes, owners or times, and before Linux 6.2 no truncate
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "open": (2, -1), "openat": (257, 56), "stat": (4, -1),
    "fstat": (5, 80), "lstat": (6, -1), "newfstatat": (262, 79), "statx": (332, 291), "statfs": (137, 43),
    "fstatfs": (138, 44), "lseek": (8, 62), "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65),
    "writev": (20, 66), "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287),
    "access": (21, -1), "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, -1), "readlinkat": (267, 78),
    "getdents": (78, -1), "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50),
    "mkdir": (83, -1), "mkdirat": (258, 34), "umask": (95, 166), "ftruncate": (77, 46),
    "fallocate": (285, 47), "fsync": (74, 82), "fdatasync": (75, 83), "fadvise64": (221, 223), "readahead": (187, 213),
    "sendfile": (40, 71), "copy_file_range": (326, 285),
    # file descriptors, and the socket that is already open
    "dup": (32, 23), "dup2": (33, -1), "dup3": (292, 24), "fcntl": (72, 25), "ioctl": (16, 29),
    "pipe": (22, -1), "pipe2": (293, 59), "close_range": (436, 436), "poll": (7, -1), "ppoll": (271, 73),
    "select": (23, -1), "pselect6": (270, 72), "epoll_create": (213, -1), "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21), "epoll_wait": (232, -1), "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441),
    "eventfd": (284, -1), "eventfd2": (290, 19), "timerfd_create": (283, 85), "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87), "sendto": (44, 206), "recvfrom": (45, 207), "shutdown": (48, 210),
    "getsockname": (51, 204), "getpeername": (52, 205), "getsockopt": (55, 209), "socketpair": (53, 199),
    # memory and threads
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "msync": (26, 227), "mincore": (27, 232), "membarrier": (324, 283), "futex": (202, 98),
    "futex_waitv": (449, 449), "set_robust_list": (273, 99), "set_tid_address": (218, 96), "rseq": (334, 293),
    "arch_prctl": (158, -1), "restart_syscall": (219, 128), "exit": (60, 93), "exit_group": (231, 94),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "clone": (56, 220),
    # about the process itself
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getresuid": (118, 148), "getresgid": (120, 150),
    "getgroups": (115, 158), "getpgrp": (111, -1), "getrlimit": (97, 163), "getrusage": (98, 165), "times": (100, 153),
    "uname": (63, 160), "sysinfo": (99, 179), "getcpu": (309, 168), "wait4": (61, 260), "waitid": (247, 95),
    "prctl": (157, 167), "prlimit64": (302, 261),
    # signals to itself, time, random numbers
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "pause": (34, -1),
    "kill": (62, 129), "tgkill": (234, 131), "alarm": (37, -1), "getitimer": (36, 102), "setitimer": (38, 103),
    "timer_create": (222, 107), "timer_settime": (223, 110), "timer_gettime": (224, 108),
    "timer_getoverrun": (225, 109), "timer_delete": (226, 111), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "gettimeofday": (96, 169), "time": (201, -1),
    "getrandom": (318, 278),
}  # fmt: skip
CHANNELS: dict[str, Numbers] = {
    "flock": (73, 32), "getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10), "listxattr": (194, 11),
    "llistxattr": (195, 12), "flistxattr": (196, 13),
}  # fmt: skip
"""System calls by which runners could tell each other something about a file that all of them may read. The filter
answers that the system does not support them, which honest libraries expect."""
REMOVING: dict[str, Numbers] = {
    "rmdir": (84, -1), "unlink": (87, -1), "unlinkat": (263, 35), "rename": (82, -1), "renameat": (264, 38),
    "renameat2": (316, 276),
}  # fmt: skip
"""System calls that hide files from the watch on disk space while these still fill the disk; few runners need them."""
STARTING: dict[str, Numbers] = {"fork": (57, -1), "vfork": (58, -1), "execve": (59, 221), "execveat": (322, 281)}
"""System calls that start programs and processes, for runners that build: compilers need them."""
OWN_PROCESS = -1
"""Placeholder for the runner's own process id in `CONDITIONS`."""
CONDITIONS: dict[str, tuple[tuple[int, tuple[int, ...]], ...]] = {
    "kill": ((0, (OWN_PROCESS,)),),
    "tgkill": ((0, (OWN_PROCESS,)),),
    "prlimit64": ((0, (0,)),),  # its own limits, which it cannot raise
    # both ends are the runner's, for event loops; only streams, since datagrams can go to any listener on this machine
    "socketpair": ((0, (1,)), (1, (0x1, 0x801, 0x80001, 0x80801))),
    "getsockopt": ((1, (1,)), (2, (3, 4, 7, 8, 30, 38, 39))),  # kind, error, sizes; no descriptor of the peer's process
    # no F_SETOWN and F_SETSIG: a socket would send signals to other processes; no locks: nobody counts their memory
    "fcntl": ((1, (0, 1, 2, 3, 4, 1030, 1032)),),
    "fallocate": ((1, (0,)),),  # other modes exceed the limit on a file's size
    # TCGETS and TIOCGWINSZ detect a terminal; FIONREAD, FIONBIO, FIOCLEX, FIONCLEX; no FIOSETOWN
    "ioctl": ((1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),),
    # its name, whether it is dumpable, its capabilities, no-new-privileges, names of its memory
    "prctl": ((0, (3, 15, 16, 23, 39, 0x53564D41)),),
}
"""Calls that are allowed only with some values of some arguments: pairs of an argument's place and its values."""
OPENING = {"open": 1, "openat": 2}
"""Place of the flags argument. Before Linux 6.2, Landlock does not see that opening for reading may empty a file."""
TRUNCATE, ACCESS, WRITING = 0x200, 0x3, (0x1, 0x2)
NAMELESS = 0x400000
"""``O_TMPFILE``: a file that is in no folder."""
CLONE3 = (435, 435)
CLONE_THREAD = 0x10000
NEW_NAMESPACES = 0x7E020080
HIGHEST = 470
"""System calls with higher numbers are newer than this list. The filter answers that the kernel does not have them."""
ARCHITECTURES = {"x86_64": (0xC000003E, 0, 317), "aarch64": (0xC00000B7, 1, 277)}
"""For each architecture: the kernel's id for it, its column in the tables, the number of its ``seccomp`` call."""
ALLOW, KILL, NO_PERMISSION, NO_SYSTEM_CALL, NO_SUPPORT = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x5005F
LOAD, AND, JUMP_EQUAL, JUMP_GREATER, JUMP_SET, RETURN = 0x20, 0x54, 0x15, 0x25, 0x45, 0x06
Instruction = tuple[int, int, int, int]
"""Operation, instructions to skip if true, instructions to skip if false, operand."""


def restrict(processes: bool, removes: bool) -> bool:
    """Restrict this process and its children to the allowed system calls from now on.

    Parameters
    ----------
    processes : bool
        Whether the process may start programs.
    removes : bool
        Whether the process may remove and rename files.

    Returns
    -------
    bool
        Whether the kernel accepted the filter; if not, ``ctypes.get_errno()`` tells why.

    Raises
    ------
    KeyError
        If there is no table for this machine's architecture.
    """
    machine = platform.machine()
    filter_program = assemble(machine, os.getpid(), processes, removes)
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in filter_program)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(ARCHITECTURES[machine][2], 1, 0, program) == 0)


def assemble(machine: str, pid: int, processes: bool, removes: bool) -> list[Instruction]:
    """Return the filter: classic BPF over a system call's number, its architecture and its six arguments."""
    audit, column, _ = ARCHITECTURES[machine]
    program: list[Instruction] = [
        (LOAD, 0, 0, 4),
        (JUMP_EQUAL, 1, 0, audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        (JUMP_GREATER, 0, 1, HIGHEST),  # x32 calls have bit 30 set and end here too
        (RETURN, 0, 0, NO_SYSTEM_CALL),
        (JUMP_EQUAL, 0, 1, CLONE3[column]),
        (RETURN, 0, 0, NO_SYSTEM_CALL),  # a filter cannot read its flags in memory; the C library falls back to clone
    ]
    for name, numbers in CHANNELS.items():
        answer = NO_SYSTEM_CALL if name == "flock" else NO_SUPPORT  # HDF5 and shutil go on after these errors
        program += [(JUMP_EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, answer)]
    more = {**(STARTING if processes else {}), **(REMOVING if removes else {})}
    for name, numbers in {**ALLOWED, **more}.items():
        if numbers[column] < 0:
            continue
        allowed = _arguments(name, pid, processes)
        program += [(JUMP_EQUAL, 0, len(allowed), numbers[column]), *allowed]
    return [*program, (RETURN, 0, 0, NO_PERMISSION)]


def _arguments(name: str, pid: int, processes: bool) -> list[Instruction]:
    """Return the instructions that check a call's arguments and then allow or refuse the call.

    They do not check the upper halves of arguments: the kernel ignores these halves for all of these calls.
    """
    if name == "clone":
        test = (JUMP_SET, 0, 1, NEW_NAMESPACES) if processes else (JUMP_SET, 1, 0, CLONE_THREAD)
        return [_load(0), test, (RETURN, 0, 0, NO_PERMISSION), (RETURN, 0, 0, ALLOW)]
    if name in OPENING:
        tests = [(JUMP_EQUAL, len(WRITING) - number, 0, value) for number, value in enumerate(WRITING)]
        emptying = [(AND, 0, 0, ACCESS), *tests, (RETURN, 0, 0, NO_PERMISSION)]
        nameless = [(JUMP_SET, 0, 1, NAMELESS), (RETURN, 0, 0, NO_PERMISSION)]
        return [
            _load(OPENING[name]), *nameless, (JUMP_SET, 0, len(emptying), TRUNCATE), *emptying, (RETURN, 0, 0, ALLOW),
        ]  # fmt: skip
    program: list[Instruction] = []
    for place, values in CONDITIONS.get(name, ()):
        known = [pid if value == OWN_PROCESS else value for value in values]
        tests = [(JUMP_EQUAL, len(known) - number, 0, value) for number, value in enumerate(known)]
        program += [_load(place), *tests, (RETURN, 0, 0, NO_PERMISSION)]
    return [*program, (RETURN, 0, 0, ALLOW)]


def _load(place: int) -> Instruction:
    """Return the instruction that loads the lower half of an argument."""
    return (LOAD, 0, 0, 16 + 8 * place)
