"""Check how well this machine confines submissions: its level, the missing pieces of higher levels, and commands.

The check starts runners as grading does, and changes nothing. It does not look at the course or its data.
"""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from autograder.runner.confine import LEAST_PROCESSES, landlock_version

from . import cgroup
from .client import best_level
from .extension import try_out

INSTALLERS = {
    "apt-get": "sudo apt-get install bubblewrap", "dnf": "sudo dnf install bubblewrap",
    "pacman": "sudo pacman -S bubblewrap", "zypper": "sudo zypper install bubblewrap", "apk": "sudo apk add bubblewrap",
}  # fmt: skip
NAMESPACES = {
    "kernel/apparmor_restrict_unprivileged_userns": ("1", "0"),
    "kernel/unprivileged_userns_clone": ("0", "1"),
    "user/max_user_namespaces": ("0", "15000"),
}
"""Settings that control namespaces of ordinary users: the value that forbids them, and a value that allows them."""
SETTINGS = Path("/proc/sys")
MODULES = Path("/sys/kernel/security/lsm")


@dataclass(frozen=True)
class Finding:
    """A problem of this machine.

    Attributes
    ----------
    what : str
        The problem, in one sentence.
    command : str
        The command that fixes it, or "" if there is none.
    """

    what: str
    command: str = ""


@dataclass(frozen=True)
class Examination:
    """The results of an examination.

    Attributes
    ----------
    level : int
        Level of the sandbox, 0 to 3.
    findings : tuple of Finding
        The problems, the most important first.
    """

    level: int
    findings: tuple[Finding, ...]


def examine() -> Examination:
    """Examine this machine."""
    level, missing = best_level()
    findings = [
        Finding(f"Level {number} is not available: {why}.", _remedy(number))
        for number, why in sorted(missing.items(), reverse=True)
    ]
    why = try_out(level) if level else "there is no sandbox to build them in"
    if why:
        findings.append(Finding(f"Extensions cannot be built: {why}", _compiler(why)))
    if hasattr(os, "ST_NOEXEC") and os.statvfs(tempfile.gettempdir()).f_flag & os.ST_NOEXEC:
        findings.append(Finding(f"{tempfile.gettempdir()} is mounted noexec.", "export TMPDIR=<a folder elsewhere>"))
    if level >= 2 and not bounds_all_memory():
        what = "Memory is limited for each process of a runner, but not for all its processes together."
        findings.append(Finding(what, "systemd-run --user --scope .venv/bin/autograder grade"))
    return Examination(level, tuple(findings))


def bounds_all_memory() -> bool:
    """Tell whether runners get their own control group on this machine."""
    group = cgroup.create(2**30, LEAST_PROCESSES)
    if group is not None:
        group.end()
    return group is not None


def _remedy(level: int) -> str:
    if sys.platform != "linux":
        return "grade on Linux, for example in a virtual machine or WSL 2"
    if level == 3 and shutil.which("bwrap") is None:
        return next((command for tool, command in INSTALLERS.items() if shutil.which(tool)), "install bubblewrap")
    if level == 3:
        refusing = [name for name, (bad, _) in NAMESPACES.items() if _setting(name) == bad] if os.geteuid() else []
        if refusing:
            return f"sudo sysctl {refusing[0].replace('/', '.')}={NAMESPACES[refusing[0]][1]}"
        if _in_container():
            return "start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
    if landlock_version() == 0:
        active = MODULES.read_text().strip() if os.access(MODULES, os.R_OK) else "..."
        return f"start Linux 5.13 or newer with lsm=landlock,{active} on the kernel's command line"
    return ""


def _setting(name: str) -> str:
    try:
        return (SETTINGS / name).read_text().strip()
    except OSError:
        return ""


def _in_container() -> bool:
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()


def _compiler(why: str) -> str:
    if "compiler" not in why:
        return ""
    install = next((command for tool, command in INSTALLERS.items() if shutil.which(tool)), "")
    return install.replace("bubblewrap", "gcc") if sys.platform == "linux" else ""
