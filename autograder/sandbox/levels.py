"""What makes a level of confinement: the command, the mounts, the paths that stay open, the limits.

Plans only; ``launch`` starts them. Nothing of ours but the staged runner is ever in a submission's reach: packages
that are installed beside Python, the hidden tests perhaps among them, are left out.
"""

import functools
import importlib.util
import itertools
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import autograder.checks
import autograder.sandbox

from .confine import Confinement, landlock_version

FIRST_USER = 61_000
USERS = 4_000
STAGED = ("checks", "sandbox")
BUILDING = ("numpy", "Cython", "setuptools", "_distutils_hack")
"""Installed packages of a runner that builds extensions; the others are given NumPy alone."""
PYTHON, STAGE, SUBMISSION = "/opt/python", "/opt/stage", "/submission"
"""Where bubblewrap mounts them."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
PACKAGES = ("site-packages", "dist-packages")
UNCOUNTED = 1_000_000
WINDOWS = ("SYSTEMROOT", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMDATA", "COMSPEC", "PATH")
"""Variables without which neither Python starts there nor its compiler is found."""


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
    processes : int
        Processes and threads that its user may have at a time, where it may start programs; 0: it may not.
    """

    memory: int = 4 * 2**30
    disk: int = 64 * 2**20
    file_size: int = 64 * 2**20
    cpu_seconds: int = 120
    processes: int = 0


@dataclass(frozen=True)
class Plan:
    """How to start a runner.

    Attributes
    ----------
    command : tuple of str
        Python and what it runs; the socket's descriptor is added.
    folder, home : str
        The submission and the temporary folder, as the runner sees them.
    confinement : Confinement
        What the runner applies to itself.
    wrapper, arguments : tuple of str
        A program to start it in, and that program's arguments, which are kept out of sight.
    """

    command: tuple[str, ...]
    folder: str
    home: str
    confinement: Confinement
    wrapper: tuple[str, ...] = ()
    arguments: tuple[str, ...] = field(default=())

    @property
    def environment(self) -> dict[str, str]:
        """The runner's environment: nothing of the judge's."""
        threads = dict.fromkeys((f"{name}_NUM_THREADS" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")), "1")
        system = {name: os.environ[name] for name in WINDOWS if sys.platform == "win32" and name in os.environ}
        own = {"PATH": "/usr/bin:/bin", "HOME": self.home, "TMPDIR": self.home, "LANG": "C.UTF-8", "MPLBACKEND": "Agg"}
        if self.wrapper:  # a Python that is a shared library looks for it where it was installed
            own["LD_LIBRARY_PATH"] = f"{PYTHON}/lib"
        return {**own, "PYTHONHASHSEED": "0", **threads, **system}


def plan_for(level: int, folder: Path, scratch: Path, limits: Limits, packages: tuple[str, ...] = ("numpy",)) -> Plan:
    """Return how to start a runner at a level, with some of our installed packages in its reach.

    Raises
    ------
    LaunchError
        If a piece of the level is missing here.
    """
    missing = available(level)
    if missing:
        raise LaunchError(missing)
    parts = [part for package in packages for part in _parts_of(package)]
    return {3: _level_3, 2: _level_2, 1: _level_1}[level](folder, scratch, limits, parts)


def available(level: int) -> str:
    """Return "" if this machine seems to have the pieces of a level, else the one that is missing."""
    if level == 3 and shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    if level >= 2 and sys.platform != "linux":
        return "Landlock and seccomp are Linux's"
    if level >= 2 and landlock_version() < 1:
        return "the kernel has no Landlock"
    return ""


def _level_3(folder: Path, scratch: Path, limits: Limits, parts: list[Path]) -> Plan:  # noqa: ARG001 (/tmp is a mount)
    readable = ("/usr", PYTHON, STAGE, SUBMISSION, "/dev/urandom")
    user = next(_user_numbers) if _is_root() else None
    python = PYTHON / _python().relative_to(_base_prefix())
    return Plan(
        command=_command(str(python), [STAGE, f"{STAGE}/site"], []),
        folder=SUBMISSION, home="/tmp", confinement=_confinement(limits, readable, ("/tmp", "/dev/null"), user),
        wrapper=(str(shutil.which("bwrap")),), arguments=tuple(_bubblewrap(folder, limits, parts)),
    )  # fmt: skip


def _level_2(folder: Path, scratch: Path, limits: Limits, parts: list[Path]) -> Plan:
    user = next(_user_numbers) if _is_root() and _reachable() else None
    if user is not None:
        os.chown(scratch, user, user)
    else:
        limits = _among_others(limits)
    roots = [path for path in (Path("/usr"), Path("/lib"), Path("/lib64"), _base_prefix()) if path.exists()]
    system = [str(path) for root in roots for path in _without_packages(root.resolve())]
    single = [path for path in ("/etc/ld.so.cache", "/dev/urandom") if os.path.exists(path)]
    readable = (*dict.fromkeys(system), *single, str(stage()), *map(str, parts), str(folder))
    confinement = _confinement(limits, readable, (str(scratch), "/dev/null"), user)
    return Plan(_bare_command(), str(folder), str(scratch), confinement)


def _level_1(folder: Path, scratch: Path, limits: Limits, parts: list[Path]) -> Plan:  # noqa: ARG001 (reads all)
    return Plan(_bare_command(), str(folder), str(scratch), _confinement(_among_others(limits), (), (), None))


def _confinement(limits: Limits, readable: tuple[str, ...], writable: tuple[str, ...], user: int | None) -> Confinement:
    return Confinement(
        memory=limits.memory, file_size=limits.file_size, cpu_seconds=limits.cpu_seconds, user=user,
        readable=readable, writable=writable, seccomp=bool(readable), processes=limits.processes,
    )  # fmt: skip


def _among_others(limits: Limits) -> Limits:
    """Limits of a runner that has the judge's user: the kernel would count all processes of that user against it."""
    return replace(limits, processes=UNCOUNTED) if limits.processes else limits


def _bubblewrap(folder: Path, limits: Limits, parts: list[Path]) -> list[str]:
    arguments = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if _is_root():
        arguments += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        arguments += ["--unshare-user", "--uid", str(FIRST_USER), "--gid", str(FIRST_USER)]
    arguments += ["--die-with-parent", "--new-session", "--hostname", "runner"]
    arguments += ["--perms", "0755", "--dir", "/opt", "--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/lib", "/lib64", "/sbin"):
        if os.path.islink(name):
            arguments += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            arguments += ["--ro-bind", name, name]
    arguments += ["--ro-bind", str(_base_prefix()), PYTHON]
    for root, mounted in ((Path("/usr"), "/usr"), (_base_prefix(), PYTHON)):
        for packages in _package_folders(root):
            arguments += _empty(f"{mounted}/{packages.relative_to(root)}")
    arguments += ["--ro-bind", str(stage()), STAGE]
    for part in parts:
        arguments += ["--ro-bind", str(part), f"{STAGE}/site/{part.name}"]
    arguments += ["--ro-bind", str(folder.resolve()), SUBMISSION]
    arguments += ["--perms", "0755", "--size", "65536", "--tmpfs", "/dev"]
    for device in DEVICES:
        arguments += ["--dev-bind", device, device]
    arguments += ["--remount-ro", "/dev", "--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp"]
    return [*arguments, "--remount-ro", "/", "--chdir", "/tmp"]


def _empty(path: str) -> list[str]:
    """Put nothing in the place of a folder."""
    return ["--perms", "0755", "--size", "4096", "--tmpfs", path, "--remount-ro", path]


def _package_folders(root: Path) -> list[Path]:
    """Folders below a Python's or the system's root into which packages are installed."""
    found = [
        path
        for name in PACKAGES
        for lib in ("lib", "lib64", "local/lib")
        for path in root.glob(f"{lib}/python3*/{name}")
    ]
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def _without_packages(root: Path) -> list[Path]:
    """Paths that together hold all of ``root`` but the folders of installed packages."""
    closed = [packages for packages in _package_folders(root) if packages.is_relative_to(root)]
    if root.name == "lib":  # /lib is /usr/lib on most systems
        closed += [path for name in PACKAGES for path in root.glob(f"python3*/{name}")]
    return _open(root, closed) if closed else [root]


def _open(folder: Path, closed: list[Path]) -> list[Path]:
    """The children of a folder, and their children, that hold nothing closed."""
    paths: list[Path] = []
    for child in sorted(folder.iterdir()):
        if child in closed or child.is_symlink():
            continue
        paths += _open(child, closed) if any(path.is_relative_to(child) for path in closed) else [child]
    return paths


def _command(python: str, first: list[str], last: list[str]) -> tuple[str, ...]:
    paths = f"import sys; sys.path[:0] = {first!r}; sys.path += {last!r}"
    code = f"{paths}; from autograder.sandbox.runner import main; main()"
    return (python, "-I", "-S", "-B", "-c", code)


def _bare_command() -> tuple[str, ...]:
    # NumPy's folder may hold much else, so it comes last; what of it can be read is Landlock's to say
    return _command(str(_python()), [str(stage())], [str(_parts_of("numpy")[0].parent)])


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
    for part in (part for package in BUILDING for part in _parts_of(package)):  # where bubblewrap mounts them
        (folder / "site" / part.name).mkdir(parents=True)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove_at_exit(folder: Path) -> None:
    import atexit

    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)


def _parts_of(package: str) -> list[Path]:
    """The folders of an installed package, or none."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return []
    home = Path(found.origin).resolve().parent
    return [path for path in (home, home.parent / f"{package}.libs") if path.is_dir()]


def _python() -> Path:
    return Path(sys.executable).resolve()


def _base_prefix() -> Path:
    return Path(sys.base_prefix).resolve()


_user_numbers = (FIRST_USER + (os.getpid() * 7 + turn) % USERS for turn in itertools.count())


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


@functools.cache
def _reachable() -> bool:
    """Whether another user may read this Python and NumPy: below /root that is not so."""
    folders = {parent for path in (_python(), *_parts_of("numpy")) for parent in path.parents}
    return all(folder.stat().st_mode & 0o001 for folder in folders)
