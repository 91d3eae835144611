"""Start the process of a plan: Python, perhaps in bubblewrap, with one end of a socket."""

import os
import socket
import subprocess
import sys

from .cgroup import ControlGroup
from .job import Job
from .levels import LaunchError, Plan


def spawn(plan: Plan, theirs: socket.socket, group: ControlGroup | Job | None = None) -> "subprocess.Popen[bytes]":
    """Start a plan's process, a member of a group from its beginning.

    Parameters
    ----------
    plan : Plan
    theirs : socket.socket
        The process gets this socket, and no other open file.
    group : ControlGroup or Job, optional

    Raises
    ------
    LaunchError
        If the system does not start it.
    """
    environment = plan.environment
    if sys.platform == "win32":
        try:
            process = subprocess.Popen(
                [*plan.command, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, cwd=plan.home
            )
            if isinstance(group, Job):  # the job ends the process if a later step fails
                group.add(int(process._handle))  # type: ignore[attr-defined, unused-ignore]
            shared = theirs.share(process.pid)
            assert process.stdin is not None
            process.stdin.write(len(shared).to_bytes(4, "little") + shared)
            process.stdin.close()
        except OSError as error:
            raise LaunchError(str(error)) from None
        return process
    entrance = group.entrance if isinstance(group, ControlGroup) else ()
    wrapper, passed = [*entrance, *plan.wrapper], [theirs.fileno()]
    if plan.arguments:  # by a file descriptor: /proc shows command lines
        reader = _readable(b"".join(argument.encode() + b"\0" for argument in plan.arguments))
        wrapper += ["--args", str(reader), "--"]
        passed.append(reader)
    try:
        return subprocess.Popen(
            [*wrapper, *plan.command, str(theirs.fileno())], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=environment, cwd="/" if plan.wrapper else plan.home, pass_fds=passed,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise LaunchError(str(error.strerror)) from None
    finally:
        for descriptor in passed[1:]:
            os.close(descriptor)


def _readable(content: bytes) -> int:
    """Return a file descriptor from which ``content`` of any length can be read; only Linux has bubblewrap."""
    assert sys.platform == "linux"
    reader = os.memfd_create("arguments")
    with os.fdopen(os.dup(reader), "wb") as file:
        file.write(content)
    os.lseek(reader, 0, os.SEEK_SET)
    return reader
