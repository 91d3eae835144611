"""Runners that a fork server forks: each is as confined as one that was started alone, and shares nothing with others."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.code_under_test import CodeError
from autograder.sandbox import forkserver, launch, profiles
from autograder.sandbox.client import Remote
from autograder.sandbox.forkserver import Forked
from autograder.sandbox.levels import Profile
from tests.assignment2 import ASSIGNED

from ..conftest import ROOT, needs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
MODULE = """
import os, sys
import numpy as np
kept = []
at_import = float(np.random.rand())
loaded = set(sys.modules)
def leave(word):
    kept.append(word)
    np.secret = sys.secret = os.environ["SECRET"] = word
    for folder in {os.environ["HOME"], "/tmp", "/dev/shm", "/submission", os.path.dirname(__file__)}:
        try:
            with open(os.path.join(folder, "left"), "w") as file:
                file.write(word)
        except OSError:
            pass
    return len(kept)
def find(word):
    found = [*kept, getattr(np, "secret", ""), getattr(sys, "secret", ""), os.environ.get("SECRET", "")]
    for folder in {os.environ["HOME"], "/tmp", "/dev/shm", "/submission", os.path.dirname(__file__)}:
        try:
            with open(os.path.join(folder, "left")) as file:
                found.append(file.read())
        except OSError:
            pass
    return word in found
def first():
    return at_import
def has(name):
    return name in loaded
def descriptors():
    found = []
    for number in range(1024):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return np.array(found)
def crash():
    import ctypes
    ctypes.string_at(1)
def leave_quietly():
    os._exit(0)
"""
ALONE = """
import sys, time
from pathlib import Path
from autograder.sandbox import forkserver, launch
from autograder.sandbox.client import Remote
from autograder.sandbox.levels import Profile
remote = Remote(launch.start(int(sys.argv[1]), Path(sys.argv[2]), Profile(package="cs231n")))
remote.call("m.first", (), {})
print(remote.process.process.pid, *forkserver.processes(), flush=True)
time.sleep(1000)
"""
Start = Callable[[], Remote]
HOLDING = [
    pytest.param("", id="numpy"),
    *(pytest.param(name, id=name, marks=needs(name)) for name in ("torch", "tensorflow")),
]
"""What the server has loaded."""


@pytest.fixture(params=HOLDING)
def profile(request: pytest.FixtureRequest) -> Profile:
    """Return the profile of a runner with NumPy alone, or with a framework."""
    part = next((one for one in ASSIGNED.parts[4].alternatives if one.framework == request.param), None)
    return Profile(package="cs231n") if part is None else profiles.for_judging(ASSIGNED, part)


@pytest.fixture
def start(reachable: Path, each_level: int, profile: Profile) -> Iterator[Start]:
    """Yield a function that starts a runner on the same module."""
    (reachable / "cs231n").mkdir()
    (reachable / "cs231n" / "__init__.py").write_text("")
    (reachable / "cs231n" / "m.py").write_text(MODULE)
    running: list[Remote] = []

    def begin() -> Remote:
        running.append(Remote(launch.start(each_level, reachable, profile)))
        if not forkserver.serves(each_level, profile):
            pytest.skip("Only root has a fork server at level 3")
        assert isinstance(running[-1].process.process, Forked)
        return running[-1]

    yield begin
    for remote in running:
        remote.close()


def call(remote: Remote, name: str, *arguments: object) -> object:
    return remote.call(f"m.{name}", arguments, {})


def lives(pid: int) -> bool:
    """Tell whether a process runs, not counting one that has ended and is not waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for_the_end_of(processes: list[int]) -> None:
    until = time.monotonic() + 60
    while any(map(lives, processes)):
        assert time.monotonic() < until
        time.sleep(0.05)


def below(pid: int) -> list[int]:
    """Return the processes that descend from a process."""
    found = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (thread / "children").read_text().split()):
            found += [child, *below(child)]
    return found


def test_nothing_passes_from_one_runner_to_another(start: Start) -> None:
    before = start()
    assert call(before, "leave", "a word") == 1
    assert call(before, "find", "a word")  # the control
    beside = start()
    before.close()
    after = start()
    for other in (beside, after):
        assert not call(other, "find", "a word")
        assert call(other, "leave", "a word") == 1
    values = [call(one, "first") for one in (beside, after, start())]
    assert len(set(map(float, values))) == 3, "they begin with the same random numbers"  # type: ignore[arg-type]


def test_a_framework_is_there_before_the_submission(start: Start, profile: Profile) -> None:
    assert call(start(), "has", profile.framework or "numpy")


def test_a_framework_that_starts_threads_is_not_forked(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
    )
    code = "from autograder.runner.forkserver import main; main('threaded')"
    command = [sys.executable, "-c", f"import sys; sys.path += {[str(tmp_path), str(ROOT)]}; {code}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, "threaded starts threads when it is imported.\n")


def test_a_runner_holds_its_wire_and_no_other_file(start: Start) -> None:
    start(), start()
    np.testing.assert_array_equal(np.asarray(call(start(), "descriptors")), [0, 1, 2, 3])


@pytest.mark.parametrize("each_level", [3], indirect=True)
def test_each_has_its_own_namespaces(start: Start) -> None:
    one, two = start().process.process.pid, start().process.process.pid
    server = int(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[1])
    processes = (below(one)[-1], below(two)[-1], server, os.getpid())
    for kind in ("mnt", "pid", "net", "ipc", "uts", "cgroup"):
        first, second, *others = (os.readlink(f"/proc/{pid}/ns/{kind}") for pid in processes)
        assert first != second, kind
        assert not {first, second} & set(others), kind


@pytest.mark.parametrize("each_level", [3], indirect=True)
def test_it_has_no_capabilities(start: Start) -> None:
    remote = start()
    for pid in below(remote.process.process.pid):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        sets = {line.partition(":")[0]: int(line.split()[1], 16) for line in lines if line.startswith("Cap")}
        assert not any(sets.values()), sets


def test_it_ends_when_the_judge_hangs_up(start: Start) -> None:
    remote = start()
    keeper = remote.process.process.pid
    all_of_it = [keeper, *below(keeper)]
    remote.close()
    wait_for_the_end_of(all_of_it)


def test_how_it_ended_is_known(start: Start) -> None:
    for name, why in (("crash", "segmentation fault"), ("leave_quietly", "ended itself")):
        with pytest.raises(CodeError, match=why):
            call(start(), name)


def test_a_dead_server_is_replaced(start: Start) -> None:
    start()
    for pid in forkserver.processes():
        for one in (*below(pid), pid):
            if lives(one):
                os.kill(one, signal.SIGKILL)
    assert call(start(), "leave", "a word") == 1


def test_all_ends_with_the_judge(reachable: Path, start: Start, each_level: int) -> None:
    start()
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ALONE), str(each_level), str(reachable)], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    ) as judge:  # fmt: skip
        assert judge.stdout is not None
        keeper, *servers = map(int, judge.stdout.readline().split())
        all_of_it = [keeper, *below(keeper), *servers, *(one for server in servers for one in below(server))]
        assert all(map(lives, all_of_it))
        judge.kill()
    wait_for_the_end_of(all_of_it)


def test_a_forked_judge_asks_the_same_server(start: Start) -> None:
    start()
    servers = forkserver.processes()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            remote = start()
            same = forkserver.processes() == servers and call(remote, "leave", "a word") == 1
            remote.close()
            os.write(writer, b"1" if same else b"0")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    assert os.read(reader, 1) == b"1"
    os.close(reader)


def test_a_forgotten_server_ends_after_its_last_runner(start: Start) -> None:
    first = start()
    (server,) = (one for one in forkserver._servers.values() if first.process.process.pid in below(one.process.pid))
    old = [server.process.pid, *below(server.process.pid)]
    forkserver.forget(server)
    second = start()
    assert server.process.pid not in forkserver.processes()
    assert call(first, "leave", "a word") == call(second, "leave", "a word") == 1
    first.close()
    wait_for_the_end_of(old)
    assert not call(second, "find", "another word")
