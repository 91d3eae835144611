"""Groups of all processes of a runner: control groups on Linux, job objects on Windows."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.runner.confine import LEAST_PROCESSES
from autograder.sandbox import cgroup, job, launch
from autograder.sandbox.client import Remote
from autograder.sandbox.extension import BUILDING
from autograder.sandbox.levels import Limits

from .judging import PACKAGE

EATER = "import subprocess, sys\ndef eat(megabytes):\n    code = f'x = bytearray({megabytes} << 20); import time; time.sleep(1)'\n    eaters = [subprocess.Popen(['/usr/bin/python3', '-S', '-c', code]) for _ in range(2)]\n    return [eater.wait() for eater in eaters] == [0, 0]\n"


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


@pytest.fixture
def group() -> Iterator[cgroup.ControlGroup]:
    made = cgroup.create(256 * 2**20, LEAST_PROCESSES)
    if made is None:
        pytest.skip("this machine does not let us make control groups")
    yield made
    made.end()


def test_memory_of_all_processes_together_is_bounded(group: cgroup.ControlGroup) -> None:
    def ended(megabytes: int) -> int:
        code = f"import subprocess, sys\none = [sys.executable, '-S', '-c', 'x = bytearray({megabytes} << 20); import time; time.sleep(0.5)']\ntwo = [subprocess.Popen(one) for _ in range(2)]\nsys.exit(any(p.wait() for p in two))"
        return subprocess.run([*group.entrance, sys.executable, "-S", "-c", code], check=False).returncode

    assert ended(50) == 0
    assert ended(200) != 0


def test_a_group_ends_with_what_is_in_it(group: cgroup.ControlGroup) -> None:
    member = subprocess.Popen([*group.entrance, "/bin/sleep", "60"])
    assert group.folder.is_dir()
    member.kill()
    member.wait()
    group.end()
    assert not group.folder.exists()


def test_a_runner_that_builds_has_a_bound_on_all_its_processes(reachable: Path, each_level: int) -> None:
    if not Path("/usr/bin/python3").exists():
        pytest.skip("the system has no Python that could use up memory")
    (reachable / "cs231n").mkdir()
    (reachable / "cs231n" / "eater.py").write_text(EATER)
    limits = Limits(memory=2**30, processes=100)
    process = launch.start(each_level, reachable, replace(BUILDING, limits=limits, package=PACKAGE))
    if "memory of all processes" not in process.pieces:
        process.end()
        pytest.skip("this machine does not let us make control groups")
    remote = Remote(process, 30)
    try:
        student = CodeUnderTest(remote)
        assert student.eater.eat(50) is True
        try:
            assert student.eater.eat(700) is False
        except CodeError as error:  # the kernel may end the whole runner
            assert error.kind == "crash"
    finally:
        remote.close()
    assert not list(process.group.folder.parent.glob(process.group.folder.name))  # type: ignore[union-attr]


def hierarchy(folder: Path, own: str, controllers: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that looks like version 2 of the kernel's control group interface."""
    (folder / own.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for path in (folder, *(folder / own.lstrip("/")).parents, folder / own.lstrip("/")):
        if path.is_relative_to(folder):
            (path / "cgroup.subtree_control").write_text(
                controllers if path == (folder / own.lstrip("/")).parent else ""
            )
            (path / "cgroup.procs").touch()
    (folder / "own").write_text(f"0::{own}\n")
    monkeypatch.setattr(cgroup, "ROOT", folder)
    monkeypatch.setattr(cgroup, "OWN", folder / "own")
    cgroup._home.cache_clear()
    return (folder / own.lstrip("/")).parent


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    cgroup._home.cache_clear()
    yield
    cgroup._home.cache_clear()


@LINUX
def test_a_delegated_slice_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slice_folder = hierarchy(tmp_path, "/user.slice/app.slice/run-1.scope", "cpu memory pids", monkeypatch)
    assert [folder for folder in cgroup._candidates() if cgroup._bounds_memory(folder)] == [slice_folder]
    usual = Path.mkdir

    def mkdir(self: Path, *args: object, **kwargs: object) -> None:
        usual(self, *args, **kwargs)  # type: ignore[arg-type]
        for name in ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cgroup.procs"):
            (self / name).touch()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rmdir", lambda self: shutil.rmtree(self))
    group = cgroup.create(2**30, 77)
    assert group is not None
    assert group.folder.parent == slice_folder
    assert (group.folder / "memory.max").read_text() == str(2**30)
    assert (group.folder / "memory.swap.max").read_text() == "0"
    assert (group.folder / "pids.max").read_text() == "77"
    group.end()
    assert not group.folder.exists()


@LINUX
@pytest.mark.parametrize(("own", "controllers"), [("/a/b", "cpu"), ("/a/b", ""), ("/../../b", "memory"), ("/", "")])
def test_where_no_group_is_ours_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, controllers: str
) -> None:
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    hierarchy(folder, own if ".." not in own else "/x", controllers, monkeypatch)
    (folder / "own").write_text(f"0::{own}\n")
    assert cgroup.create(2**30, 77) is None


def test_without_the_kernels_files_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "OWN", tmp_path / "nothing")
    assert cgroup.create(2**30, 77) is None


class Kernel:
    """A fake ``kernel32`` that records the calls."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        def call(*args: object) -> int:
            self.asked.append(name)
            if name == "SetInformationJobObject":
                asked = ctypes.cast(args[2], ctypes.POINTER(job.Extended)).contents  # type: ignore[arg-type]
                self.limits = job.Extended.from_buffer_copy(asked)
                self.size = args[3]
            return 0 if name == self.refuses else 42

        return call


def test_a_job_object_is_asked_for_what_limits_are_elsewhere() -> None:
    kernel = Kernel()
    made = job.Job(2**30, 120, 1, kernel)
    made.add(7)
    made.end()
    assert kernel.asked == [
        "CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject", "TerminateJobObject", "CloseHandle",
    ]  # fmt: skip
    assert kernel.size == ctypes.sizeof(job.Extended)
    assert kernel.limits.process_memory == kernel.limits.job_memory == 2**30
    assert kernel.limits.basic.active_processes == 1
    assert kernel.limits.basic.process_time == 120 * 10_000_000
    for flag in (job.KILL_ON_CLOSE, job.PROCESS_MEMORY, job.ACTIVE_PROCESSES, job.PROCESS_TIME):
        assert kernel.limits.basic.flags & flag


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the structures are those of 64-bit Windows")
def test_structures_have_the_sizes_that_windows_documents() -> None:
    assert (ctypes.sizeof(job.Basic), ctypes.sizeof(job.Extended)) == (64, 144)
    assert job.Basic.flags.offset == 16
    assert job.Extended.process_memory.offset == 112


@pytest.mark.parametrize("refuses", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"])
def test_a_refusal_is_an_error_of_ours(refuses: str) -> None:
    kernel = Kernel(refuses)
    with pytest.raises(OSError, match="refuses a job object"):
        job.Job(2**30, 120, 1, kernel).add(7)
    assert refuses != "SetInformationJobObject" or kernel.asked[-1] == "CloseHandle"


@pytest.mark.skipif(os.name != "nt", reason="Windows only")
def test_a_real_job_object_ends_its_members() -> None:
    made = job.Job(2**30, 60, 1)
    member = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    made.add(int(member._handle))  # type: ignore[attr-defined]
    made.end()
    assert member.wait(10) == 1
