"""A runner that gets no core gets more time; a runner that sleeps, or starves itself, does not."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autograder.checks.code_under_test import CodeError
from autograder.runner import wire
from autograder.sandbox import launch
from autograder.sandbox.client import Remote
from autograder.sandbox.starvation import Starvation, worked

from .judging import JUDGING

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports how long a process waited")
SPIN = "while True: pass"
THREADS = (
    "import hashlib, threading\n"
    "def spin():\n    while True: hashlib.sha256(bytes(2**20)).digest()\n"  # hashing releases the interpreter's lock for the other threads
    "for _ in range({}): threading.Thread(target=spin).start()\nspin()\n"
)


@contextmanager
def program(code: str, core: int) -> Iterator[int]:
    """Run a program on one core."""
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        os.sched_setaffinity(process.pid, {core})
        yield process.pid
    finally:
        process.kill()
        process.wait()


def gained(pid: int, seconds: float) -> float:
    watched = Starvation(pid)
    assert watched.gained() == 0
    time.sleep(seconds)
    return watched.gained()


@pytest.fixture
def core() -> int:
    return min(os.sched_getaffinity(0))


def test_what_others_take_is_gained(core: int) -> None:
    with program(SPIN, core) as one, program(SPIN, core), program(SPIN, core):
        time.sleep(0.3)
        assert gained(one, 1.0) > 0.3


def test_what_sleeps_gains_nothing(core: int) -> None:
    with program("import time; time.sleep(60)", core) as one, program(SPIN, core):
        time.sleep(0.5)
        assert gained(one, 1.0) < 0.1


def test_what_its_own_threads_take_is_not_gained() -> None:
    """One of its threads works all the time: alone on its cores, the program waits for no other program."""
    with subprocess.Popen([sys.executable, "-c", THREADS.format(15)]) as process:
        try:
            time.sleep(0.5)
            watched, used = Starvation(process.pid), time.process_time()
            watched.gained()
            time.sleep(1.0)
            worked = watched._seen[process.pid][1]
            gained = watched.gained()
            worked = watched._seen[process.pid][1] - worked
            assert time.process_time() - used < 0.5
            assert gained <= max(0.0, 1.5 - worked)
        finally:
            process.kill()


def test_after_a_pause_nothing_is_gained(core: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.sandbox.starvation.STALE_SECONDS", 0.1)
    with program(SPIN, core) as one, program(SPIN, core):
        assert gained(one, 0.5) == 0


def test_what_has_ended_gains_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    watched = Starvation(process.pid)
    watched.gained()
    assert watched.gained() == 0


def test_a_time_out_is_put_off_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the runner starves, its limit grows at most by a fixed factor."""
    monkeypatch.setattr(wire, "SLICE_SECONDS", 0.01)
    deadline = wire.Deadline(1.0)
    assert deadline.put_off(2.0) == 2.0
    assert 2.5 < deadline.left() <= 3.0
    assert deadline.put_off(100.0) == pytest.approx(wire.FORGIVEN - 3)
    assert deadline.put_off(100.0) == 0


def test_a_runner_that_is_kept_waiting_answers(tmp_path: object, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner needs two seconds of work, shares its core with another program, and has three seconds to answer."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    work = "\nimport time\ndef work():\n    until = time.process_time() + 2\n    while time.process_time() < until: pass\n    return 1\n"
    work += "def sleep():\n    time.sleep(60)\n"
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        package = Path(folder, "cs231n")
        package.mkdir()
        (package / "layers.py").write_text(work)
        core = min(os.sched_getaffinity(0))
        with program(SPIN, core):  # one program is enough; a busy machine has more
            before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {core})  # the runner inherits this
            try:
                process = launch.start(level, Path(folder), JUDGING)
            finally:
                os.sched_setaffinity(0, before)
            remote = Remote(process, 3.0)
            try:
                assert remote.call("layers.work", (), {}) == 1
                assert process.wire.forgiven > 0
                remote.seconds = 1.0
                began = time.monotonic()
                with pytest.raises(CodeError, match="no answer within 1 seconds"):
                    remote.call("layers.sleep", (), {})
                assert time.monotonic() - began < 1 + wire.FORGIVEN
            finally:
                remote.close()


def test_threads_of_this_process_do_not_matter() -> None:
    """Other tests may run at the same time: only the runner is watched, never the judge."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    with program("import time; time.sleep(60)", min(os.sched_getaffinity(0))) as one:
        assert gained(one, 0.3) < 0.2
    stop.set()
    thread.join()


def test_the_processor_time_counts_all_that_a_process_starts(core: int) -> None:
    """Neither waiting for a core nor sleeping is work; children that have ended did work."""
    with program("import time; time.sleep(100)", core) as asleep, program(SPIN, core) as one, program(SPIN, core):
        before, idle = worked(one), worked(asleep)
        time.sleep(1.0)
        after = worked(one)
        assert before is not None
        assert after is not None
        assert idle is not None
        assert 0.1 < after - before < 0.9
        time.sleep(0.1)
        assert (worked(asleep) or 0.0) - idle < 0.3
    assert worked(2**22 + 1) is None
    children = (
        "import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', 'sum(range(10**7))'])\ntime.sleep(100)"
    )
    with program(children, core) as parent:
        until = time.monotonic() + 60
        while (worked(parent) or 0.0) < 0.1 and time.monotonic() < until:
            time.sleep(0.1)
        assert (worked(parent) or 0.0) > 0.1
