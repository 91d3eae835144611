"""The doctor names the missing piece and the command that installs it; it finds the same level as grading does."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from autograder.sandbox import doctor
from autograder.sandbox.client import best_level
from autograder.sandbox.doctor import Finding, examine


@pytest.fixture
def ill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the machine has no other problem."""
    monkeypatch.setattr(doctor, "try_out", lambda level: "")
    monkeypatch.setattr(doctor, "bounds_all_memory", lambda: True)
    monkeypatch.setattr(doctor, "landlock_version", lambda: 6)


def installed(monkeypatch: pytest.MonkeyPatch, *tools: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool, **_: f"/usr/bin/{tool}" if tool in tools else None)


def found(monkeypatch: pytest.MonkeyPatch, level: int, **missing: str) -> tuple[Finding, ...]:
    reasons = {int(name[1:]): why for name, why in missing.items()}
    monkeypatch.setattr(doctor, "best_level", lambda: (level, reasons))
    examination = examine()
    assert examination.level == level
    return examination.findings


def test_this_machine(level: int) -> None:
    examination = examine()
    assert examination.level == best_level()[0] == level
    assert all(finding.what.endswith(".") and finding.command for finding in examination.findings)


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("apt-get", "sudo apt-get install bubblewrap"),
        ("apk", "sudo apk add bubblewrap"),
        ("make", "install bubblewrap"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_bubblewrap_is_missing(ill: None, monkeypatch: pytest.MonkeyPatch, tool: str, command: str) -> None:
    installed(monkeypatch, tool)
    (finding,) = found(monkeypatch, 2, _3="bubblewrap is not installed")
    assert finding == Finding("Level 3 is not available: bubblewrap is not installed.", command)


@pytest.mark.parametrize(
    ("setting", "value", "command"),
    [
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
        ("user/max_user_namespaces", "9000", ""),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_namespaces_are_refused(
    ill: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str, value: str, command: str
) -> None:
    installed(monkeypatch, "bwrap")
    monkeypatch.setattr(doctor, "SETTINGS", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(doctor, "_in_container", lambda: False)
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(value + "\n")
    (finding,) = found(monkeypatch, 2, _3="setting up uid map: Permission denied")
    assert finding.command == command
    monkeypatch.setattr(doctor, "_in_container", lambda: True)
    assert command or "--security-opt" in found(monkeypatch, 2, _3="no permission")[0].command


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_landlock_is_missing(ill: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "landlock_version", lambda: 0)
    monkeypatch.setattr(doctor, "MODULES", tmp_path / "lsm")
    (tmp_path / "lsm").write_text("lockdown,yama")
    findings = found(monkeypatch, 1, _2="the kernel has no Landlock")
    assert "lsm=landlock,lockdown,yama" in findings[0].command


def test_other_systems_are_told_to_use_linux(ill: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for finding in found(monkeypatch, 1, _2="Landlock and seccomp need Linux", _3="bubblewrap is not installed"):
        assert "Linux" in finding.command


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_what_is_no_level(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "apt-get", "bwrap")
    monkeypatch.setattr(doctor, "try_out", lambda level: "There is no C compiler in the system's folders.")
    monkeypatch.setattr(doctor, "bounds_all_memory", lambda: False)
    compiler, memory = found(monkeypatch, 3)
    assert compiler.command == "sudo apt-get install gcc"
    assert "systemd-run" in memory.command
