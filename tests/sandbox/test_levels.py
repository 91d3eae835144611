"""The pieces of each level on other systems than this machine, and the order in which they are tried."""

import io
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder import temporary
from autograder.runner import confine
from autograder.sandbox import launch, levels
from autograder.sandbox.job import Job
from autograder.sandbox.levels import Profile, available, parts_of, plan_for
from autograder.sandbox.spawn import spawn


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend to be on another system."""
    return lambda platform: monkeypatch.setattr(sys, "platform", platform)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_level_1(on: Any, platform: str, tmp_path: Path) -> None:
    on(platform)
    assert available(1) == ""
    assert "Linux" in available(2)
    assert available(3)
    plan = plan_for(1, tmp_path, tmp_path, Profile())
    assert not plan.confinement.seccomp
    assert plan.confinement.readable == plan.confinement.writable == ()
    assert plan.confinement.user is None
    assert plan.wrapper == ()
    assert plan.environment["OPENBLAS_NUM_THREADS"] == "1"


def test_windows_needs_some_of_its_variables(on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMROOT", r"C:\Windows")
    monkeypatch.setenv("GRADEBOOK_PASSWORD", "secret")
    on("win32")
    environment = plan_for(1, tmp_path, tmp_path, Profile()).environment
    assert environment["SYSTEMROOT"] == r"C:\Windows"
    assert "secret" not in environment.values()


@pytest.mark.skipif(sys.platform != "win32", reason="Windows only")
def test_windows_has_a_home_too(tmp_path: Path) -> None:
    environment = plan_for(1, tmp_path, tmp_path, Profile()).environment
    assert environment["USERPROFILE"] == environment["TEMP"] == str(tmp_path)


def test_a_module_of_one_file_is_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the whole site-packages folder, even if the distribution has little metadata."""
    assert [part.name for part in parts_of(("six",))] == ["six.py"]
    parts_of.cache_clear()
    monkeypatch.setattr(levels, "_parts_in", lambda distribution: ())
    everything = parts_of(("matplotlib", "six"), needs=True)
    parts_of.cache_clear()
    assert "six.py" in {part.name for part in everything}
    assert not {"site-packages", "dist-packages"} & {part.name for part in everything}


@pytest.mark.parametrize(("platform", "counts_memory"), [("darwin", False), ("linux", True)])
@pytest.mark.skipif(os.name == "nt", reason="Windows has job objects instead")
def test_limits_are_those_that_the_system_has(
    on: Any, platform: str, counts_memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    wanted: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", wanted.__setitem__)
    on(platform)
    confine._limit(confine.Confinement(memory=2**31, file_size=2**20, cpu_seconds=9))
    assert wanted[resource.RLIMIT_CPU] == (9, 9)
    assert wanted[resource.RLIMIT_FSIZE] == (2**20, 2**20)
    assert wanted[resource.RLIMIT_CORE] == (0, 0)
    assert (resource.RLIMIT_AS in wanted) == counts_memory


def test_on_windows_a_runner_is_in_its_job_before_it_gets_its_socket(
    on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    given = io.BytesIO()
    given.close = lambda: happened.append("stdin closed")  # type: ignore[method-assign]

    def popen(command: list[str], **settings: Any) -> Any:
        happened.append("started")
        assert command[-1] == "-"
        assert "start_new_session" not in settings
        return SimpleNamespace(pid=77, _handle=5, stdin=given)

    class Group(Job):
        def __init__(self) -> None:
            pass

        def add(self, process_handle: int) -> None:
            happened.append(f"member {process_handle}")

    def share(pid: int) -> bytes:
        happened.append(f"shared with {pid}")
        return b"socket"

    on("win32")
    monkeypatch.setattr(subprocess, "Popen", popen)
    plan = plan_for(1, tmp_path, tmp_path, Profile())
    spawn(plan, SimpleNamespace(share=share), Group())  # type: ignore[arg-type]
    assert happened == ["started", "member 5", "shared with 77", "stdin closed"]
    assert given.getvalue() == (6).to_bytes(4, "little") + b"socket"


def test_on_windows_the_python_that_is_started_is_the_one_that_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A virtual environment's python.exe starts another process, which would not get the socket."""
    monkeypatch.setattr(sys, "_base_executable", str(tmp_path / "python.exe"), raising=False)
    assert levels._python() == (tmp_path / "python.exe").resolve()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_nothing_of_the_judges_environment_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_SECRET", "s3cret")
    for level in (1, 2, 3):
        if not available(level):
            plan = plan_for(level, tmp_path, tmp_path, Profile())
            assert "s3cret" not in str(plan)


def test_a_level_that_is_not_to_be_had_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "available", lambda level: "the piece is missing")
    monkeypatch.setattr(temporary, "home", lambda: tmp_path)
    sockets: list[socket.socket] = []
    usual = socket.socketpair

    def pair() -> tuple[socket.socket, socket.socket]:
        sockets.extend(made := usual())
        return made

    monkeypatch.setattr(socket, "socketpair", pair)
    with pytest.raises(levels.LaunchError, match="the piece is missing"):
        launch.start(2, tmp_path)
    assert all(one.fileno() == -1 for one in sockets)
    assert list(tmp_path.iterdir()) == []
