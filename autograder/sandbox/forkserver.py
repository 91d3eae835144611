"""The fork server's trusted side: ask for a runner, and end it.

To start Python, NumPy and bubblewrap takes about seven times as long as to fork a process that has them, and to import
a framework takes seconds. So a process and all its forks share one server for each level and profile:
`runner.forkserver` forks the runners. The judge sends the mount of the submission, not its path, so that the server
sees no submission. A server ends when all who can ask it have ended.
"""

import atexit
import contextlib
import ctypes
import functools
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from .levels import Limits, Plan, Profile, server_plan_for
from .spawn import spawn

OPEN_TREE, AT_FDCWD, CLONE_TREE, CLOSE_ON_EXEC = 428, -100, 1, 0o2000000
CREDENTIALS = struct.Struct("=3i")
"""Process, user and group."""
PLACE_SECONDS = 60.0
"""Time limit for a keeper to tell that it is there, even on a busy machine."""
ENDING_SECONDS = 2.0
KILLED = -9
INHERITED: tuple[int, ...] = ()
"""Descriptors that each runner inherits under the same number; only tests that watch an attack set it."""
_servers: dict[tuple[int, Profile], "Server"] = {}
_starting = threading.Lock()


def serves(level: int, profile: Profile) -> bool:
    """Tell whether runners of this kind come from a fork server.

    A runner that starts programs is watched in another way. At level 3 the judge must be able to pass a mount on.
    """
    able = sys.platform == "linux" and (level == 2 or (level == 3 and _passes_mounts()))
    return able and not profile.limits.processes


@functools.cache
def _passes_mounts() -> bool:
    """Tell whether this process may make mounts: as root, unless a container forbids it."""
    try:
        os.close(_mount_of(Path("/")))
    except OSError:
        return False
    return os.geteuid() == 0


def server_for(level: int, profile: Profile) -> "Server":
    """Return the fork server for a level and a profile; start one if there is none.

    Raises
    ------
    LaunchError
        If it cannot be started.
    """
    beside = Profile(
        packages=profile.packages, needs=profile.needs, framework=profile.framework, kit=profile.kit,
        kit_name=profile.kit_name, environment=profile.environment, data=profile.data,
        data_variable=profile.data_variable, reads_itself=profile.reads_itself,
    )  # fmt: skip
    with _starting:
        if (level, beside) not in _servers:
            made = _servers[level, beside] = Server(server_plan_for(level, beside), level == 3)
            atexit.register(made.end)
        return _servers[level, beside]


def forget(server: "Server") -> None:
    """Ask a server no more: it has ended, or does not answer."""
    server.hang_up()
    with _starting:
        for key in [key for key, one in _servers.items() if one is server]:
            del _servers[key]


def descriptors() -> list[int]:
    """Return the descriptors that a forked process must keep to ask the servers of this one."""
    return [server.fileno() for server in _servers.values()]


def processes() -> set[int]:
    """Return the numbers of the servers' processes."""
    return {server.process.pid for server in _servers.values()}


class Forked:
    """A runner that a fork server has started.

    Parameters
    ----------
    line : socket.socket
        The connection to the runner's keeper, which ends the runner when the line is closed.
    pid : int
        The keeper's number. The runner is among its descendants.
    """

    def __init__(self, line: socket.socket, pid: int) -> None:
        self.pid = pid
        self._line = line
        self._code: int | None = None

    def kill(self) -> None:
        """Have the keeper end the runner with all its processes."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the runner has ended with all its processes; return its exit code.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs after ``timeout`` seconds.
        """
        if self._code is None:
            self._line.settimeout(timeout)
            try:
                said = self._line.recv(4)
            except TimeoutError:
                raise subprocess.TimeoutExpired("runner", timeout or 0) from None
            except OSError:
                said = b""
            self._code = struct.unpack("=i", said)[0] if len(said) == 4 else KILLED
            self._line.close()
        return self._code


class Server:
    """A fork server of this process or of one that this process was forked from.

    Parameters
    ----------
    plan : Plan
        See `server_plan_for`.
    mounts : bool
        Whether each runner gets namespaces of its own, and the submission as a mount.
    """

    def __init__(self, plan: Plan, mounts: bool) -> None:
        self._mounts = mounts
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.process = spawn(plan, theirs)
        finally:
            theirs.close()

    def fileno(self) -> int:
        """Return the descriptor that a forked process must keep to ask the server."""
        return self._requests.fileno()

    def hang_up(self) -> None:
        """Ask no more: the server ends when no other process can ask it either."""
        self._requests.close()

    def end(self) -> None:
        """Hang up, and bury the server if it ends."""
        self.hang_up()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING_SECONDS)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def fork(
        self, plan: Plan, folder: Path, limits: Limits, wire: socket.socket, enter: Callable[[int], None]
    ) -> Forked:
        """Have the server fork a runner.

        Parameters
        ----------
        plan : Plan
            The runner's plan.
        folder : Path
            The submission.
        limits : Limits
        wire : socket.socket
            The runner's end of the wire.
        enter : callable
            Puts the process with this number into a control group, before it becomes the runner.

        Raises
        ------
        OSError
            If the server has ended, or the submission cannot be mounted.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sent = [wire.fileno(), theirs.fileno()]
        request = {
            "mounts": self._mounts, "disk": limits.disk, "home": plan.home, "environment": plan.environment,
            "folder": plan.folder, "inherited": INHERITED,
        }  # fmt: skip
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            if self._mounts:
                sent.append(_mount_of(folder))
            try:
                socket.send_fds(self._requests, [json.dumps(request).encode()], [*sent, *INHERITED])
            finally:
                theirs.close()
                for mount in sent[2:]:
                    os.close(mount)
            ours.settimeout(PLACE_SECONDS)
            keeper = _sender(ours)
            enter(keeper)
            ours.send(b"1")
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        except BaseException:
            ours.close()
            raise
        return Forked(ours, keeper)


def _sender(line: socket.socket) -> int:
    """Return the number of the process that says it is there, as this process sees it."""
    said, more, _, _ = line.recvmsg(16, socket.CMSG_SPACE(CREDENTIALS.size))
    for _, kind, content in more:
        if said and kind == socket.SCM_CREDENTIALS:
            return int(CREDENTIALS.unpack(content)[0])
    raise OSError("the fork server has ended")


def _mount_of(folder: Path) -> int:
    """Return the descriptor of a new mount of a folder, which is attached nowhere yet."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(folder.resolve()), CLONE_TREE | CLOSE_ON_EXEC)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(found)
