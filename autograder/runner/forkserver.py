"""The fork server's confined side: a process that has loaded what its runners need before a submission, and forks them.

It holds no submission, test, label or secret. A request comes as one datagram with file descriptors. The server never
reads it: a fork does, the *keeper*. The keeper puts itself into namespaces of its own, mounts the submission, forks the
runner and waits. It ends the runner with all its processes when the judge hangs up, and tells how the runner ended. So
nothing that a submission touched is used again, and no runner inherits a descriptor of another one.

At level 3 there are two forks below the keeper: the first process of the new PID namespace, with which all others of
the namespace end, and the runner. See ``sandbox.forkserver`` for the judge's side.
"""

import contextlib
import ctypes
import fcntl
import gc
import importlib
import itertools
import json
import os
import random
import select
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

import numpy as np
import numpy.random  # NumPy would load it at first use, in each fork

from autograder.runner import confine
from autograder.runner.confine import PR_SET_DUMPABLE, PR_SET_PDEATHSIG, ConfinementError
from autograder.runner.main import serve
from autograder.runner.wire import Wire

MOST = 65_536
"""Most bytes of a request."""
MOST_DESCRIPTORS = 250
"""A request brings the runner's wire, the keeper's line to the judge, at level 3 the mount of the submission, and what
else the runner inherits: the pipes of tests that watch an attack."""
WIRE, ASIDE, MOST_OPEN = 3, 512, 4096
"""The number of the wire in the runner; numbers of descriptors while they move; no descriptor has a higher number."""
NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
"""``CLONE_NEWNS``, ``NEWCGROUP``, ``NEWUTS``, ``NEWIPC``, ``NEWPID`` and ``NEWNET``."""
MS_NOSUID, MS_NODEV, MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 1, 32, 4096, 16384, 1 << 18
MOVE_MOUNT, MOVE_FROM_EMPTY_PATH = 429, 4
AT_FDCWD = -100
CLONE_THREAD = 0x00010000


def main(framework: str = "") -> None:
    """Fork keepers, one for each request, until the judge closes the socket whose descriptor is the first argument.

    Parameters
    ----------
    framework : str
        A framework to import first. If that starts a thread, the server ends: a fork has only the thread that forks.
    """
    if framework:
        importlib.import_module(framework)
        if ctypes.CDLL(None).unshare(CLONE_THREAD) != 0:  # the kernel refuses it to a process with several threads
            sys.exit(f"{framework} starts threads when it is imported.")
    requests = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the keepers
    gc.collect()
    gc.freeze()  # else collecting would copy the memory that all forks share
    server = os.getpid()
    while True:
        reader, writer = os.pipe()
        if os.fork() == 0:
            try:
                os.close(reader)
                _keep(requests, writer, server)
            finally:  # never back into the loop
                os._exit(1)
        os.close(writer)
        taken = os.read(reader, 1)  # until the keeper has taken a request, or the judge has ended
        os.close(reader)
        if not taken:
            break
    with contextlib.suppress(ChildProcessError):
        os.wait()  # until the last keeper has ended, because a keeper ends with the server


def _keep(requests: socket.socket, taken: int, server: int) -> None:
    """Take one request, start its runner, and end with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:
        return
    content, descriptors, _, _ = socket.recv_fds(requests, MOST, MOST_DESCRIPTORS)
    if not content:
        return
    requests.close()
    os.write(taken, b"1")
    os.close(taken)
    request = json.loads(content)
    wire, mounts = descriptors[0], descriptors[2:3] if request["mounts"] else []
    held = dict(zip((WIRE, *request["inherited"]), (wire, *descriptors[2 + len(mounts) :]), strict=True))
    line = socket.socket(fileno=descriptors[1])
    line.send(b"here")  # the kernel tells the judge who sends, by the number that the judge sees
    if not line.recv(1):  # the judge has put this process into a control group, or has gone
        return
    try:
        for mount in mounts:
            _own_namespaces(libc, mount, request)
        first = _fork_first(libc, held, request) if mounts else _fork_runner(libc, held, request)
    except (OSError, ConfinementError) as error:
        Wire(socket.socket(fileno=wire)).send({"failed": f"fork server: {error}"}, [])
        return
    for descriptor in (*mounts, *held.values()):
        os.close(descriptor)
    ended = os.pidfd_open(first)
    ends: list[Any] = [line, ended]
    select.select(ends, [], [])
    if not mounts:  # the runner leads a process group; a namespace ends with its first process
        with contextlib.suppress(ProcessLookupError):  # it does not lead it yet
            os.killpg(first, signal.SIGKILL)
    os.kill(first, signal.SIGKILL)  # it is not waited for yet, so the number is still its own
    _, status = os.waitpid(first, 0)
    line.send(struct.pack("=i", os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _own_namespaces(libc: Any, submission: int, request: dict[str, Any]) -> None:
    """Leave the server's namespaces, and mount the submission and an empty temporary folder."""
    _check(libc.unshare(NEW_NAMESPACES), "namespaces")
    _mount(libc, None, "/", None, MS_REC | MS_PRIVATE)
    place = request["folder"]
    moved = libc.syscall(MOVE_MOUNT, submission, b"", AT_FDCWD, place.encode(), MOVE_FROM_EMPTY_PATH)
    _check(moved, "the submission")
    _mount(libc, None, place, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    options = f"mode=1777,size={request['disk']}"
    _mount(libc, "tmpfs", request["home"], "tmpfs", MS_NOSUID | MS_NODEV, options)


def _mount(libc: Any, source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    names = (None if name is None else name.encode() for name in (source, target, kind))
    _check(libc.mount(*names, ctypes.c_ulong(flags), options.encode()), target)


def _check(result: int, piece: str) -> None:
    if result < 0:
        raise ConfinementError(f"{piece}: {os.strerror(ctypes.get_errno())}")


def _fork_first(libc: Any, held: dict[int, int], request: dict[str, Any]) -> int:
    """Fork the first process of the new PID namespace, which forks the runner, buries all others, and ends with it."""
    keeper = os.pidfd_open(os.getpid())
    pid = os.fork()
    if pid != 0:
        os.close(keeper)
        return pid
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if select.select([keeper], [], [], 0)[0]:  # the keeper ended before the kernel was told
            os._exit(1)
        runner = _fork_runner(libc, held, request)
        os.closerange(0, MOST_OPEN)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        confine.give_up_capabilities(libc)
        while True:
            pid, status = os.wait()
            if pid == runner:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    finally:
        os._exit(1)


def _fork_runner(libc: Any, held: dict[int, int], request: dict[str, Any]) -> int:
    """Fork the runner; return its process id."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _run(libc, held, parent, request)
        finally:
            os._exit(1)
    return pid


def _run(libc: Any, held: dict[int, int], parent: int, request: dict[str, Any]) -> NoReturn:
    """Be the runner: a session, descriptors and random numbers of its own."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    _keep_only(held)
    sys.argv[1:] = [str(WIRE)]  # as in a runner that is started alone
    os.environ.update(request["environment"])
    os.chdir(request["home"])
    if request["mounts"]:
        confine.drop_bounding_set(libc)
    random.seed()
    np.random.seed(None)  # else all submissions would begin with the same state
    serve(Wire(socket.socket(fileno=WIRE)), parent)
    os._exit(0)


def _keep_only(held: dict[int, int]) -> None:
    """Give descriptors the numbers that are the keys, and close all others but the standard streams."""
    aside = {number: fcntl.fcntl(descriptor, fcntl.F_DUPFD, ASIDE) for number, descriptor in held.items()}
    for number, descriptor in aside.items():
        os.dup2(descriptor, number)
    for one, following in itertools.pairwise(sorted({2, *held, MOST_OPEN})):
        os.closerange(one + 1, following)
