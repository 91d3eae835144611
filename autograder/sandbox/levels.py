"""Plans for runners at each level of confinement: the command, the mounts, the readable paths, the limits.

``launch`` starts the plans. A submission reaches only a staged copy of the engine's code for runners. It does not reach
the folders of installed packages, which may hold hidden tests.
"""

import compileall
import functools
import importlib.util
import itertools
import os
import py_compile
import secrets
import shutil
import sys
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import autograder.checks
import autograder.runner
from autograder import temporary
from autograder.errors import SetupError
from autograder.runner.confine import Confinement, landlock_version
from autograder.temporary import FIRST_USER, USERS

STAGED = ("checks", "runner")
PYTHON, STAGE, SUBMISSION, DATA = "/opt/python", "/opt/stage", "/submission", "/data"
"""Paths at which bubblewrap mounts Python, the staged code, the submission and the data."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
FOLDERS = ("bin", "include", "lib", "lib32", "lib64", "libexec")
"""Folders of the system and of Python that a runner sees; others, such as /usr/src, may hold a course."""
PACKAGES = ("site-packages", "dist-packages")
NOT_PARTS = ("..", "__pycache__", "/")
UNCOUNTED = 1_000_000
WINDOWS = ("SYSTEMROOT", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMDATA", "COMSPEC", "PATH")
"""Environment variables that Windows needs to start Python and to find its compiler."""
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_NUM_THREADS"), "1"
)
"""Environment variables for NumPy's libraries: a runner has one core and may start only a few threads."""
HOMES = ("HOME", "TMPDIR", *(("USERPROFILE", "TEMP", "TMP") if sys.platform == "win32" else ()))
Parts = tuple[Path, ...]
"""Folders and files of installed packages."""


class LaunchError(SetupError):
    """A runner could not be started: a fault of the machine or the grader, never of the submission."""


@dataclass(frozen=True)
class Limits:
    """Limits of one runner.

    Attributes
    ----------
    memory, disk, file_size : int
        Most bytes of memory, of the temporary folder, and of one file.
    addresses : int
        Bytes of address space in addition to ``memory``, for mapped libraries of a framework.
    cpu_seconds : int
        Processor time, in seconds.
    processes : int
        Most processes and threads of the runner's user at a time; 0 means that the runner may not start programs.
    removes : bool
        Whether the runner may remove and rename files at level 2; at other levels it always may.
    """

    memory: int = 4 * 2**30
    disk: int = 64 * 2**20
    file_size: int = 16 * 2**20
    cpu_seconds: int = 120
    processes: int = 0
    removes: bool = False
    addresses: int = 0


@dataclass(frozen=True)
class Profile:
    """The purpose of a runner: its contents besides the submission, and its limits.

    Attributes
    ----------
    limits : Limits
    packages : tuple of str
        Installed packages that the runner reaches.
    needs : bool
        Whether ``packages`` are names of distributions, to be taken with their requirements; see `parts_of`.
    package : str
        The students' package.
    notebooks : tuple of str
        The notebooks whose definitions the judge may ask for.
    framework : str
        The framework of these notebooks, or "" for NumPy alone. It is imported before the submission.
    computing : tuple of str
        Packages whose functions may define a notebook's constants.
    stubs : tuple of str
        Packages that get an import stub if the runner does not reach them.
    older_names : bool
        Whether the submission finds names that Python and NumPy have dropped.
    kit : Path or None
        The assignment's folder ``kit/runner``.
    kit_name : str
        The package name under which the kit is imported.
    namespaces : tuple of str
        Names under which tests find the kit's functions.
    environment : tuple of (str, str)
        Environment variables besides the usual ones.
    data : Path or None
        A folder that the runner may read; the environment variable ``data_variable`` holds its path.
    data_variable : str
    reads_itself : bool
        Whether the framework ends a process that cannot read its own path or, if that is Python's, its arguments.
    """

    limits: Limits = Limits()
    packages: tuple[str, ...] = ("numpy",)
    needs: bool = False
    package: str = ""
    notebooks: tuple[str, ...] = ()
    framework: str = ""
    computing: tuple[str, ...] = ()
    stubs: tuple[str, ...] = ()
    older_names: bool = True
    kit: Path | None = None
    kit_name: str = ""
    namespaces: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    data: Path | None = None
    data_variable: str = ""
    reads_itself: bool = False

    @property
    def parts(self) -> Parts:
        """The folders and files of its packages."""
        return parts_of(self.packages, self.needs)


@dataclass(frozen=True)
class Plan:
    """A plan for starting a runner.

    Attributes
    ----------
    command : tuple of str
        Python and its arguments; ``launch`` adds the socket's file descriptor.
    folder, home : str
        The submission and the temporary folder, as the runner sees them.
    confinement : Confinement
        The confinement that the runner applies to itself.
    wrapper, arguments : tuple of str
        A program that starts the runner, and the program's arguments, which its command line does not show.
    variables : dict of str
        Environment variables besides the usual ones.
    """

    command: tuple[str, ...]
    folder: str
    home: str
    confinement: Confinement
    wrapper: tuple[str, ...] = ()
    arguments: tuple[str, ...] = field(default=())
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The runner's environment variables. Only those in `WINDOWS` come from the judge's."""
        system = {name: os.environ[name] for name in WINDOWS if sys.platform == "win32" and name in os.environ}
        own = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MPLBACKEND": "Agg", **dict.fromkeys(HOMES, self.home)}
        if self.wrapper:  # else Python looks for its shared library where it was installed
            own["LD_LIBRARY_PATH"] = f"{PYTHON}/lib"
        return {**own, "PYTHONHASHSEED": "0", **ONE_THREAD, **self.variables, **system}


def plan_for(level: int, folder: Path, scratch: Path, profile: Profile) -> Plan:
    """Return the plan for a runner at a level.

    Raises
    ------
    LaunchError
        If this machine lacks a piece of the level.
    """
    missing = available(level)
    if missing:
        raise LaunchError(missing)
    return {3: _level_3, 2: _level_2, 1: _level_1}[level](folder, scratch, profile)


def server_plan_for(level: int, profile: Profile) -> Plan:
    """Return the plan for a fork server, whose runners `plan_for` plans: see `sandbox.forkserver`.

    The server sees what its runners see, without a submission. It needs the right to make namespaces and users.
    """
    code = f"from autograder.runner.forkserver import main; main({profile.framework!r})"
    if level == 3:
        return Plan(
            _command(str(PYTHON / _python().relative_to(_base_prefix())), [STAGE, f"{STAGE}/site"], [], code),
            folder="", home="/tmp", confinement=Confinement(0, 0, 0), wrapper=(str(shutil.which("bwrap")),),
            arguments=tuple(_bubblewrap(None, profile)), variables=_variables(profile, DATA),
        )  # fmt: skip
    staged = stage(profile.kit, profile.kit_name)
    command = _command(str(_python()), [str(staged)], [str(_links_to(profile.parts))], code)
    variables = _variables(profile, str(profile.data))
    return Plan(command, "", str(staged), Confinement(0, 0, 0), variables=variables)


def prepare(profile: Profile) -> None:
    """Do once what all runners of a profile need, so that processes that are forked later find it done."""
    stage(profile.kit, profile.kit_name)
    _links_to(profile.parts)
    _ = _readable_system(), _reachable()


def available(level: int) -> str:
    """Return "" if this machine seems to have the pieces of a level, else the missing piece."""
    if level == 3 and shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    if level >= 2 and sys.platform != "linux":
        return "Landlock and seccomp need Linux"
    if level >= 2 and landlock_version() < 1:
        return "the kernel has no Landlock"
    return ""


def _variables(profile: Profile, data: str) -> dict[str, str]:
    return dict(profile.environment) | ({profile.data_variable: data} if profile.data else {})


def _level_3(folder: Path, scratch: Path, profile: Profile) -> Plan:  # noqa: ARG001 (/tmp is a mount)
    readable = ("/usr", PYTHON, STAGE, SUBMISSION, "/dev/urandom", *([DATA] if profile.data else []))
    user = next(_user_numbers) if _is_root() else None
    limits = replace(profile.limits, removes=True)  # its disk has a fixed size
    python = PYTHON / _python().relative_to(_base_prefix())
    return Plan(
        command=_command(str(python), [STAGE, f"{STAGE}/site"], []),
        folder=SUBMISSION, home="/tmp", confinement=_confinement(limits, readable, ("/tmp", "/dev/null"), user),
        wrapper=(str(shutil.which("bwrap")),), arguments=tuple(_bubblewrap(folder, profile)),
        variables=_variables(profile, DATA),
    )  # fmt: skip


def _level_2(folder: Path, scratch: Path, profile: Profile) -> Plan:
    limits, parts = profile.limits, profile.parts
    user = next(_user_numbers) if _is_root() else None
    if user is not None:
        os.chown(scratch, user, user)
    else:
        limits = _among_others(limits)
    single = [path for path in ("/etc/ld.so.cache", "/dev/urandom") if os.path.exists(path)]
    single += ["/proc/self/cmdline"] if profile.reads_itself else []
    site, more = str(_links_to(parts)), [str(profile.data)] if profile.data else []
    staged = stage(profile.kit, profile.kit_name)
    readable = (*_readable_system(), *single, str(staged), site, *map(str, parts), str(folder), *more)
    confinement = _confinement(limits, readable, (str(scratch), "/dev/null"), user)
    confinement = replace(
        confinement, search=user is not None and not _reachable(), group=temporary.group(), judge=os.getpid()
    )
    variables = _variables(profile, str(profile.data))
    return Plan(_bare_command(staged, [site]), str(folder), str(scratch), confinement, variables=variables)


def _level_1(folder: Path, scratch: Path, profile: Profile) -> Plan:
    sites = list(dict.fromkeys(str(part.parent) for part in profile.parts))
    confinement = replace(_confinement(_among_others(profile.limits), (), (), None), judge=os.getpid())
    command = _bare_command(stage(profile.kit, profile.kit_name), sites)
    return Plan(command, str(folder), str(scratch), confinement, variables=_variables(profile, str(profile.data)))


def _confinement(limits: Limits, readable: tuple[str, ...], writable: tuple[str, ...], user: int | None) -> Confinement:
    return Confinement(
        memory=limits.memory, file_size=limits.file_size, cpu_seconds=limits.cpu_seconds, user=user,
        readable=readable, writable=writable, seccomp=bool(readable), processes=limits.processes,
        removes=limits.removes, addresses=limits.addresses,
    )  # fmt: skip


def _among_others(limits: Limits) -> Limits:
    """Return limits for a runner with the judge's user: the kernel counts all processes of a user together."""
    return replace(limits, processes=UNCOUNTED) if limits.processes else limits


def _bubblewrap(folder: Path | None, profile: Profile) -> list[str]:
    """Return bubblewrap's arguments for a runner or, without a submission's folder, for a fork server."""
    arguments = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if _is_root():
        needed = ("CAP_SETUID", "CAP_SETGID", *(() if folder else ("CAP_SYS_ADMIN", "CAP_SETPCAP")))
        arguments += ["--cap-drop", "ALL", *itertools.chain(*(("--cap-add", name) for name in needed))]
    else:
        arguments += ["--unshare-user", "--uid", str(FIRST_USER), "--gid", str(FIRST_USER)]
    arguments += ["--new-session", "--hostname", "runner"]
    # A fork server ends when nobody can ask it. The kernel's signal would come when the thread ends that started it.
    arguments += ["--die-with-parent"] if folder else []
    itself = ("/proc", "/proc/self") if profile.reads_itself else ()
    for parent in ("/usr", "/usr/local", "/opt", PYTHON, *itself):  # else bubblewrap makes them for root alone
        arguments += ["--perms", "0755", "--dir", parent]
    if itself:
        arguments += ["--symlink", "/runner", "/proc/self/exe"]
    for path, where in [*_system(), *((Path(name), name) for name in ("/bin", "/lib", "/lib64"))]:
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), where]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), where]
            for packages in _package_folders(path):
                arguments += _empty(f"{where}/{packages.relative_to(path)}")
    arguments += ["--ro-bind", str(stage(profile.kit, profile.kit_name)), STAGE]
    arguments += ["--perms", "0755", "--size", "65536", "--tmpfs", f"{STAGE}/site"]
    for part in profile.parts:
        arguments += ["--ro-bind", str(part), f"{STAGE}/site/{part.name}"]
    arguments += ["--remount-ro", f"{STAGE}/site"]
    arguments += ["--ro-bind", str(folder.resolve()), SUBMISSION] if folder else ["--dir", SUBMISSION]
    if profile.data:
        arguments += ["--ro-bind", str(profile.data.resolve()), DATA]
    arguments += ["--perms", "0755", "--size", "65536", "--tmpfs", "/dev"]
    for device in DEVICES:
        arguments += ["--dev-bind", device, device]
    arguments += ["--remount-ro", "/dev", "--perms", "1777", "--size", str(profile.limits.disk), "--tmpfs", "/tmp"]
    return [*arguments, "--remount-ro", "/", "--chdir", "/tmp"]


def _empty(path: str) -> list[str]:
    """Return arguments that mount an empty folder over a path."""
    return ["--perms", "0755", "--size", "4096", "--tmpfs", path, "--remount-ro", path]


def _system() -> list[tuple[Path, str]]:
    """Return the folders of the system and of Python that a runner may read, each with its mount point."""
    roots = ((Path("/usr"), "/usr"), (Path("/usr/local"), "/usr/local"), (_base_prefix(), PYTHON))
    return [(root / name, f"{where}/{name}") for root, where in roots for name in FOLDERS if (root / name).is_dir()]


@functools.cache
def _readable_system() -> tuple[str, ...]:
    """Return these folders as paths for Landlock, without the folders of installed packages."""
    roots = [*(folder for folder, _ in _system()), *(path for path in (Path("/lib"), Path("/lib64")) if path.exists())]
    paths = (path for root in roots for path in _open(root.resolve(), _package_folders(root.resolve())))
    return tuple(dict.fromkeys(map(str, paths)))


@functools.cache
def _package_folders(folder: Path) -> list[Path]:
    """Return the folders below a ``lib`` folder into which packages are installed."""
    found = (path for name in PACKAGES for path in folder.glob(f"python3*/{name}"))
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def _open(folder: Path, closed: list[Path]) -> list[Path]:
    """Return paths that cover a folder except ``closed``. Symlinks are skipped: Landlock checks their targets."""
    if folder in closed:
        return []
    if not any(path.is_relative_to(folder) for path in closed):
        return [folder]
    return [path for child in sorted(folder.iterdir()) if not child.is_symlink() for path in _open(child, closed)]


def _command(
    python: str, first: list[str], last: list[str], code: str = "from autograder.runner.main import main; main()"
) -> tuple[str, ...]:
    paths = f"import sys; sys.path[:0] = {first!r}; sys.path += {last!r}"
    return (python, "-I", "-S", "-B", "-c", f"{paths}; {code}")


def _bare_command(staged: Path, sites: list[str]) -> tuple[str, ...]:
    # at level 1 NumPy's folder may hold many other packages, so it comes last
    return _command(str(_python()), [str(staged)], sites)


@functools.cache
def stage(kit: Path | None = None, name: str = "") -> Path:
    """Copy the code for runners to a separate folder, so that a runner does not reach the engine's other code.

    Parameters
    ----------
    kit : Path, optional
        The assignment's folder ``kit/runner``.
    name : str
        The package name under which the kit is imported.
    """
    folder = temporary.lasting_folder("runner")
    target = folder / "autograder"
    target.mkdir()
    (target / "__init__.py").write_text("")
    for room, package in zip(STAGED, (autograder.checks, autograder.runner), strict=True):
        (target / room).mkdir()
        for file in Path(str(package.__file__)).parent.glob("*.py"):
            text = "" if file.name == "__init__.py" else file.read_text(encoding="utf-8")
            (target / room / file.name).write_text(text, encoding="utf-8")
    if kit is not None:
        place = folder.joinpath(*name.split("."))
        shutil.copytree(kit, place, ignore=shutil.ignore_patterns("__pycache__"))
        for above in place.relative_to(target).parents[:-1]:
            (target / above / "__init__.py").write_text("")
    (folder / "site").mkdir()  # where bubblewrap mounts packages
    # compile once here: a runner may not write, so it would compile the files at every start
    compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


@functools.cache
def _links_to(parts: Parts) -> Path:
    """Return a folder of symlinks to packages: Python can list it, unlike the folder in which they are installed."""
    folder = temporary.lasting_folder("site")
    for part in parts:
        (folder / part.name).symlink_to(part)
    folder.chmod(0o755)
    return folder


@functools.cache
def parts_of(packages: tuple[str, ...], needs: bool = False) -> Parts:
    """Return the folders and files of installed packages.

    Parameters
    ----------
    packages : tuple of str
        Names that are imported, such as ``Cython``. A package that is not installed has no parts.
    needs : bool
        Take the names for names of distributions, such as ``ipython``, and add the distributions' requirements.
    """
    if not needs:
        return tuple(part for package in packages for part in _parts_of(package))
    found: dict[str, Parts] = {}
    wanted = list(packages)
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = _parts_in(distribution) or tuple(_parts_of(name))
        said = [Requirement(text) for text in distribution.requires or ()]
        wanted += [one.name for one in said if one.marker is None or one.marker.evaluate({"extra": ""})]
    return tuple(dict.fromkeys(itertools.chain(*found.values())))


def _parts_in(distribution: metadata.Distribution) -> Parts:
    """Return the folders and files of an installed distribution: packages, modules and metadata."""
    site = Path(str(distribution.locate_file(""))).resolve()
    tops = {file.parts[0] for file in distribution.files or () if file.parts and file.parts[0] not in NOT_PARTS}
    return tuple(site / top for top in sorted(tops) if not top.endswith(".pth") and (site / top).exists())


def _parts_of(package: str) -> list[Path]:
    """Return the folders of an installed package, or the file of a module, or []."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return []
    if not found.submodule_search_locations:  # a single file: its folder holds all other packages
        return [Path(found.origin).resolve()]
    home = Path(found.origin).resolve().parent
    return [path for path in (home, home.parent / f"{package}.libs") if path.is_dir()]


def _python() -> Path:
    # on Windows a virtual environment's Python starts a second process, which would not get the socket
    return Path(getattr(sys, "_base_executable", sys.executable) or sys.executable).resolve()


def _base_prefix() -> Path:
    return Path(sys.base_prefix).resolve()


_user_numbers = (FIRST_USER + secrets.randbelow(USERS) for _ in itertools.count())  # other graders choose some too


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


@functools.cache
def _reachable() -> bool:
    """Tell whether any user may enter the folders of this Python and NumPy; below /root only root may."""
    folders = {parent for path in (_python(), *_parts_of("numpy")) for parent in path.parents}
    return all(folder.stat().st_mode & 0o001 for folder in folders)
