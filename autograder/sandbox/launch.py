"""Start a runner at a level of confinement, and end it.

Level 3 is bubblewrap around a runner that confines itself (see ``confine``). Level 2 is such a runner without
bubblewrap. Level 1 is a separate process with limits. See ``levels`` for the details of each level, and ``client``
for questions to a runner.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.runner.confine import LEAST_PROCESSES
from autograder.runner.import_stubs import PASSIVE, PYTHON_2
from autograder.runner.wire import Wire, WireError

from . import cgroup, forkserver
from .cgroup import ControlGroup
from .forkserver import Forked
from .job import Job
from .levels import LaunchError, Limits, Plan, Profile, plan_for
from .scratch import Scratch
from .spawn import spawn
from .starvation import Starvation, waited, worked

STARTING_SECONDS = 60.0
"""Time limit for a runner to become ready. A slower start is the grader's fault, even on a busy machine."""


@dataclass
class Process:
    """A started runner, ready for questions."""

    process: "subprocess.Popen[bytes] | Forked"
    wire: Wire
    pieces: tuple[str, ...]
    scratch: Scratch
    group: ControlGroup | Job | None
    profile: Profile

    def kill(self) -> None:
        """Kill the runner and all processes that it started. Do not call this after the runner was waited for."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses after the process has ended
            if sys.platform == "win32" or isinstance(self.process, Forked):
                self.process.kill()
            else:  # the runner leads its own process group
                os.killpg(self.process.pid, signal.SIGKILL)

    def worked(self) -> float | None:
        """Return the processor time of the runner in seconds, or None if nobody can tell."""
        return worked(self.process.pid)

    def waited(self) -> float:
        """Return the seconds that the runner waited for a core that others used; 0 if nobody can tell."""
        return waited(self.process.pid)

    def end(self) -> None:
        """End the runner with all its processes at once, and remove its temporary folder."""
        self.wire.close()
        self.scratch.stop_watching()
        self.kill()
        self.process.wait()
        if not isinstance(self.process, Forked) and self.process.stderr is not None:
            self.process.stderr.close()
        if self.group is not None:
            self.group.end()
        self.scratch.remove()


def start(level: int, folder: Path, profile: Profile = Profile()) -> Process:  # noqa: B008 (it is frozen)
    """Start a runner that holds the submission in ``folder``.

    Parameters
    ----------
    level : {3, 2, 1}
        See the module's first lines.
    folder : Path
        The submission, after intake.
    profile : Profile
        The purpose of the runner.

    Returns
    -------
    Process

    Raises
    ------
    LaunchError
        If this machine does not have that level, or the runner does not become ready.
    """
    ours, theirs = socket.socketpair()
    scratch = Scratch()
    group = None
    try:
        plan = plan_for(level, folder, scratch.path, profile)
        group = _group(profile.limits)
        process = _forked(level, folder, profile, plan, theirs, group) or spawn(plan, theirs, group)
    except BaseException:
        ours.close()
        if group is not None:
            group.end()
        scratch.remove()
        raise
    finally:
        theirs.close()
    running = Process(process, Wire(ours, Starvation(process.pid).gained), (), scratch, group, profile)
    if level < 3:
        scratch.watch(profile.limits.disk, running.kill)
    there = {part.stem for part in profile.parts}
    settings = {
        "folder": plan.folder,
        "package": profile.package,
        "notebooks": list(profile.notebooks),
        "framework": profile.framework,
        "computing": list(profile.computing),
        "kit": profile.kit_name,
        "older_names": profile.older_names,
        "import_stubs": [name for name in (*PASSIVE, *PYTHON_2, *profile.stubs) if name not in there],
        "confinement": asdict(plan.confinement),
    }
    try:
        running.wire.send(settings, [], STARTING_SECONDS)
        answer, _ = running.wire.receive(STARTING_SECONDS)
        if "ready" not in answer:
            raise LaunchError(f"the runner could not confine itself: {str(answer.get('failed'))[:300]}")
    except (WireError, LaunchError) as error:
        said = _last_words(running)
        raise LaunchError(f"{error}{': ' + said if said else ''}") from None
    outside = {"bubblewrap": level == 3, "memory of all processes": group is not None}
    running.pieces = (*map(str, answer["ready"]), *(piece for piece, there in outside.items() if there))
    return running


def _forked(
    level: int, folder: Path, profile: Profile, plan: Plan, theirs: socket.socket, group: ControlGroup | Job | None
) -> Forked | None:
    """Return a runner from a fork server, or None if it is started without one."""

    def enter(pid: int) -> None:
        if isinstance(group, ControlGroup):
            group.add(pid)
        with contextlib.suppress(OSError):  # where memory is short, a runner ends before the judge: as if it started it
            Path(f"/proc/{pid}/oom_score_adj").write_text(Path("/proc/self/oom_score_adj").read_text())

    if not forkserver.serves(level, profile):
        return None
    for _ in range(2):  # the server may have ended since it was asked last
        server = forkserver.server_for(level, profile)
        try:
            return server.fork(plan, folder, profile.limits, theirs, enter)
        except OSError:
            forkserver.forget(server)
    return None


def _group(limits: Limits) -> ControlGroup | Job | None:
    """Return a control group or, on Windows, a job object for a runner. Return None if groups are not allowed."""
    if sys.platform != "win32":
        return cgroup.create(limits.memory, max(LEAST_PROCESSES, limits.processes))
    try:
        return Job(limits.memory, limits.cpu_seconds, max(1, limits.processes))
    except OSError as error:
        raise LaunchError(str(error)) from None


def _last_words(running: Process) -> str:
    """End a runner that did not become ready and return the last line it wrote."""
    said = ""
    running.process.kill()
    if not isinstance(running.process, Forked) and running.process.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            said = running.process.stderr.read(20_000).decode(errors="replace").strip().rpartition("\n")[2][:300]
    running.end()
    return said
