"""Start a runner at a level of confinement, and end it.

Level 3 is bubblewrap around a runner that confines itself (see ``confine``); 2 the latter alone; 1 a separate process
with limits. Not for talking to it: see ``remote``.
"""

import contextlib
import functools
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import autograder.checks
import autograder.sandbox

from .confine import Confinement, landlock_version
from .stand_ins import COMPUTING, PASSIVE
from .wire import Wire, WireError

STARTING_SECONDS = 60.0
"""A runner that is not ready by then, on however busy a machine, is a fault of ours."""
FIRST_USER = 61_000
USERS = 4_000
STAGED = ("checks", "sandbox")


class LaunchError(Exception):
    """A runner could not be started: a fault of the machine or of ours, never of the submission."""


@dataclass(frozen=True)
class Limits:
    """What one runner may use.

    Attributes
    ----------
    memory, disk, file_size : int
        Bytes of address space, of its temporary folder, of one file.
    cpu_seconds : int
        Processor time.
    """

    memory: int = 4 * 2**30
    disk: int = 64 * 2**20
    file_size: int = 64 * 2**20
    cpu_seconds: int = 120


@dataclass
class Process:
    """A started runner, ready for questions."""

    process: "subprocess.Popen[bytes]"
    wire: Wire
    pieces: tuple[str, ...]
    scratch: tempfile.TemporaryDirectory[str] | None

    def end(self) -> None:
        """End it, all of it, at once."""
        self.wire.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()
        if self.scratch is not None:
            self.scratch.cleanup()


@functools.cache
def stage() -> Path:
    """Copy what a runner is made of to a folder of its own, so that nothing else of ours need be in its reach."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-runner-"))
    _remove_at_exit(folder)
    target = folder / "autograder"
    target.mkdir()
    (target / "__init__.py").write_text("")
    for name, package in zip(STAGED, (autograder.checks, autograder.sandbox), strict=True):
        home = Path(str(package.__file__)).parent
        (target / name).mkdir()
        for file in home.glob("*.py"):
            text = "" if file.name == "__init__.py" else file.read_text(encoding="utf-8")
            (target / name / file.name).write_text(text, encoding="utf-8")
    for part in _numpy_parts():  # where bubblewrap mounts them
        (folder / "site" / part.name).mkdir(parents=True)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove_at_exit(folder: Path) -> None:
    import atexit

    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)


def _numpy_parts() -> list[Path]:
    home = Path(np.__file__).resolve().parent
    return [path for path in (home, home.parent / "numpy.libs") if path.is_dir()]


def _python() -> Path:
    return Path(sys.executable).resolve()


def _environment(home: str) -> dict[str, str]:
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")}
    kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return {
        "PATH": "/usr/bin:/bin", "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0", **threads, **kept,
    }  # fmt: skip


def start(level: int, folder: Path, notebooks: tuple[str, ...] = (), limits: Limits | None = None) -> Process:
    """Start a runner that holds the submission in ``folder``.

    Parameters
    ----------
    level : {3, 2, 1}
        See the module's first lines.
    folder : Path
        A taken-in submission.
    notebooks : tuple of str
        The notebooks whose definitions may be asked for.
    limits : Limits, optional

    Returns
    -------
    Process

    Raises
    ------
    LaunchError
        If this machine does not give that level.
    """
    limits = limits or Limits()
    ours, theirs = socket.socketpair()
    scratch: tempfile.TemporaryDirectory[str] | None = None
    try:
        if level == 3:
            inside, home = "/submission", "/tmp"
            command, extra = _bubblewrap(folder, limits, theirs)
            confinement = _confinement(
                limits, ("/usr", "/opt/python", "/opt/stage", inside, "/dev/urandom"), ("/tmp", "/dev/null")
            )
        else:
            scratch = tempfile.TemporaryDirectory(prefix="autograder-scratch-")
            inside, home = str(folder), scratch.name
            command, extra = _bare_command(theirs), {}
            confinement = _confinement(limits, (), ())
            if level == 2:
                user = next(_user_numbers) if _is_root() and _reachable() else None
                if user is not None:
                    os.chown(home, user, user)
                system = [
                    path
                    for path in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/urandom")
                    if os.path.exists(path)
                ]
                readable = (*system, str(_base_prefix()), str(stage()), *map(str, _numpy_parts()), inside)
                confinement = _confinement(limits, readable, (home, "/dev/null"), user)
        process = _spawn(command, _environment(home), home if level != 3 else "/", theirs, extra)
    finally:
        theirs.close()
    wire = Wire(ours)
    running = Process(process, wire, (), scratch)
    settings = {"folder": inside, "notebooks": list(notebooks), "stand_ins": [*PASSIVE, *COMPUTING], "confinement": confinement}
    try:
        wire.send(settings, [], STARTING_SECONDS)
        answer, _ = wire.receive(STARTING_SECONDS)
        if "ready" not in answer:
            raise LaunchError(f"a runner could not confine itself: {str(answer.get('failed'))[:300]}")
    except (WireError, LaunchError) as error:
        said = _last_words(running)
        raise LaunchError(f"level {level} is not to be had here: {error}{': ' + said if said else ''}") from None
    running.pieces = tuple(str(piece) for piece in answer["ready"]) + (("bubblewrap",) if level == 3 else ())
    return running


def _last_words(running: Process) -> str:
    """End a runner that did not become ready and return the last line it wrote."""
    said = ""
    running.process.kill()
    if running.process.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            said = running.process.stderr.read(20_000).decode(errors="replace").strip().rpartition("\n")[2][:300]
    running.end()
    return said


def _confinement(
    limits: Limits, readable: tuple[str, ...], writable: tuple[str, ...], user: int | None = None
) -> dict[str, Any]:
    strict = bool(readable)
    if strict and sys.platform == "linux" and _is_root() and user is None:
        user = next(_user_numbers) if writable[0] == "/tmp" else None
    wanted = Confinement(limits.memory, limits.file_size, limits.cpu_seconds, user, readable, writable, seccomp=strict)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wanted).items()}


_user_numbers = (FIRST_USER + (os.getpid() * 7 + turn) % USERS for turn in itertools.count())


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _base_prefix() -> Path:
    return Path(sys.base_prefix).resolve()


@functools.cache
def _reachable() -> bool:
    """Whether another user may read this Python and NumPy: below /root that is not so."""
    folders = {parent for path in (_python(), *_numpy_parts()) for parent in path.parents}
    return all(folder.stat().st_mode & 0o001 for folder in folders)


def _bootstrap(stage_path: str, site_paths: list[str]) -> str:
    paths = [stage_path, *site_paths]
    return f"import sys; sys.path[:0] = {paths!r}; from autograder.sandbox.runner import main; main()"


def _bare_command(theirs: socket.socket) -> list[str]:
    site = str(_numpy_parts()[0].parent)
    number = str(theirs.fileno()) if sys.platform != "win32" else "-"
    # NumPy's folder may hold much else, tests included, so it comes last; what is readable is Landlock's to say
    code = _bootstrap(str(stage()), []).replace("from autograder", f"sys.path.append({site!r}); from autograder")
    return [str(_python()), "-I", "-S", "-B", "-c", code, number]


def _bubblewrap(folder: Path, limits: Limits, theirs: socket.socket) -> tuple[list[str], dict[str, Any]]:
    """Return the command and what to pass on; the arguments travel by a descriptor, out of sight of /proc."""
    program = shutil.which("bwrap")
    if program is None:
        raise LaunchError("level 3 is not to be had here: bubblewrap is not installed")
    numbers = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if _is_root():
        numbers += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        numbers += ["--unshare-user", "--uid", str(FIRST_USER), "--gid", str(FIRST_USER)]
    mounts = ["--perms", "0755", "--dir", "/opt", "--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/lib", "/lib64", "/sbin"):
        if os.path.islink(name):
            mounts += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            mounts += ["--ro-bind", name, name]
    mounts += ["--ro-bind", str(_base_prefix()), "/opt/python"]
    mounts += ["--ro-bind", str(stage()), "/opt/stage"]
    for part in _numpy_parts():
        mounts += ["--ro-bind", str(part), f"/opt/stage/site/{part.name}"]
    mounts += ["--ro-bind", str(folder.resolve()), "/submission"]
    mounts += ["--perms", "0755", "--size", "65536", "--tmpfs", "/dev"]
    for device in ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"):
        mounts += ["--dev-bind", device, device]
    mounts += [
        "--remount-ro",
        "/dev",
        "--perms",
        "1777",
        "--size",
        str(limits.disk),
        "--tmpfs",
        "/tmp",
        "--remount-ro",
        "/",
    ]
    arguments = [*numbers, "--die-with-parent", "--new-session", "--hostname", "runner", *mounts, "--chdir", "/tmp"]
    packed = b"".join(argument.encode() + b"\0" for argument in arguments)
    reader, writer = os.pipe()
    threading.Thread(target=_write_all, args=(writer, packed), daemon=True).start()
    # /usr/bin/python3 and the like lie below /usr already; their prefix is mounted a second time, which is harmless
    python = "/opt/python" / _python().relative_to(_base_prefix())
    code = _bootstrap("/opt/stage", ["/opt/stage/site"])
    command = [program, "--args", str(reader), "--", str(python), "-I", "-S", "-B", "-c", code, str(theirs.fileno())]
    return command, {"reader": reader}


def _write_all(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(content)


def _spawn(
    command: list[str], environment: dict[str, str], folder: str, theirs: socket.socket, extra: dict[str, Any]
) -> "subprocess.Popen[bytes]":
    if sys.platform == "win32":
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, env=environment, cwd=folder, stdout=subprocess.DEVNULL
        )
        shared = theirs.share(process.pid)
        assert process.stdin is not None
        process.stdin.write(len(shared).to_bytes(4, "little") + shared)
        process.stdin.close()
        return process
    passed = [theirs.fileno(), *extra.values()]
    try:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment,
            cwd=folder, pass_fds=passed, close_fds=True,
        )  # fmt: skip
    except OSError as error:
        raise LaunchError(f"a runner could not be started: {error.strerror}") from None
    finally:
        for descriptor in extra.values():
            os.close(descriptor)


def available(level: int) -> str:
    """Return "" if this machine seems to have the pieces of a level, else the one that is missing."""
    if level == 3 and shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    if level >= 2 and sys.platform != "linux":
        return "Landlock and seccomp are Linux's"
    if level >= 2 and landlock_version() < 1:
        return "the kernel has no Landlock"
    return ""
