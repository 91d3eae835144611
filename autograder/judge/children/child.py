"""One limited child: a fork of this process that does one task within limits, answers in JSON through a pipe, and ends.

It uses what this process has loaded, such as tests, reference and data, without loading it again. A fork copies only
the thread that forks: what another thread holds locked would stay locked in the child for ever. So only a process with
a single thread forks (`can_fork`), and NumPy's libraries, which would start threads of their own, are told to use one.

The limits are soft, so that runners, which set limits of their own, can raise them again: the child is our own code. If
this process dies, the kernel ends the child.
"""

import contextlib
import ctypes
import itertools
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder import temporary
from autograder.sandbox import cgroup, forkserver
from autograder.sandbox.cgroup import ControlGroup

from .memory import CHILD
from .task import Answer, Ended, answer_from, attempt

CPU_SECONDS = 600
"""Most processor time of a child, without its runners: far more than judging and explaining take."""
GROUP = CHILD + CHILD // 4
"""Most bytes of a child's control group: of all its memory. The kernel enforces it by ending the child."""
PROCESSES = 256
MOST_OPEN = 2**16
"""No process here has a file descriptor above this."""
MOST = 32 * 2**20
"""Most bytes of an answer."""
FIRST_TO_GO = "500"
"""Where memory is short, the kernel ends a child or its runner before the processes that wait for them."""
PR_SET_PDEATHSIG = 1


def can_fork() -> bool:
    """Tell whether this process may fork: it runs on Linux and has one thread."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


class Child:
    """A started child.

    Parameters
    ----------
    work : callable
        Called without arguments in the child. Its result can be written as JSON.
    scratch : Path
        A folder in which the child gets a folder for its temporary files.

    Attributes
    ----------
    pid : int
    pipe : int
        The file descriptor from which the answer comes.
    """

    def __init__(self, work: Callable[[], Any], scratch: Path) -> None:
        self._own = Path(tempfile.mkdtemp(dir=scratch))
        self._own.chmod(0o711)
        self._group = cgroup.create(GROUP, PROCESSES)
        self._heard = bytearray()
        self.pipe, theirs = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _live(work, theirs, parent, self._group, self._own)
            finally:  # never back into the code that has forked
                os._exit(1)
        os.close(theirs)

    def read(self) -> bool:
        """Read what has come. Return True if nothing more can come, or too much has."""
        heard = os.read(self.pipe, 2**20)
        self._heard += heard
        return not heard or len(self._heard) > MOST

    def end(self) -> Answer:
        """End the child if it still runs, remove all that it leaves, and return its answer."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)  # it has answered, or it is not wanted any more
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pipe)
        short = self._group is not None and self._group.ended > 0
        if self._group is not None:
            self._group.end()
        temporary.remove(self._own)
        try:
            return answer_from(json.loads(self._heard))
        except (ValueError, TypeError, AttributeError):
            return Answer(ended=_why(status, short))


def limited(work: Callable[[], Any]) -> Any:
    """Return the result of some work that is done in a limited child; in this process, if it may not fork.

    Raises
    ------
    AutograderError, RuntimeError
        See `Answer.get`. The child gets a second try if it ends without an answer.
    """
    if not can_fork():
        return work()
    with temporary.folder("children") as scratch:
        scratch.chmod(0o711)
        for _ in range(2):
            child = Child(work, scratch)
            try:
                while not child.read():
                    pass
            finally:
                answer = child.end()
            if not answer.ended:
                break
    return answer.get()


def _live(work: Callable[[], Any], pipe: int, parent: int, group: ControlGroup | None, own: Path) -> None:
    """Live as the child, up to the end."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before this
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    kept = sorted({2, pipe, *forkserver.descriptors(), MOST_OPEN})
    for one, following in itertools.pairwise(kept):  # others learn from some of the rest that the parent has died
        os.closerange(one + 1, following)
    if group is not None:
        (group.folder / "cgroup.procs").write_text("0")
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    _limit()
    tempfile.tempdir = os.environ["TMPDIR"] = str(own)
    content = json.dumps(attempt(work)).encode()
    while content:
        content = content[os.write(pipe, content) :]
    os._exit(0)


def _limit() -> None:
    import resource

    for name, most in ((resource.RLIMIT_DATA, CHILD), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(name)[1]
        resource.setrlimit(name, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _why(status: int, short: bool) -> Ended:
    if short:
        return "memory"
    return "time" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU else "died"
