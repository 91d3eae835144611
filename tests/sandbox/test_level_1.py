"""Level 1 on any system: a separate process, whose answers are checked and whose end is certain."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.sandbox import launch
from autograder.sandbox.client import Remote, probe
from autograder.sandbox.levels import Limits

from ..within import within
from .judging import JUDGING

Start = Callable[..., CodeUnderTest]
SEND = "import gc\nfrom autograder.runner.main import Runner\nrunner = next(o for o in gc.get_objects() if type(o) is Runner)\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts a runner on one module."""
    running: list[Remote] = []

    def begin(body: str, seconds: float = 20, limits: Limits | None = None) -> CodeUnderTest:
        folder = tmp_path / str(len(running))
        (folder / "cs231n").mkdir(parents=True)
        (folder / "cs231n" / "layers.py").write_text("def double(x):\n    return 2 * x\n\n\n" + body, encoding="utf-8")
        running.append(Remote(launch.start(1, folder, replace(JUDGING, limits=limits or JUDGING.limits)), seconds))
        return CodeUnderTest(running[-1])

    yield begin
    for remote in running:
        remote.close()


def test_the_level_is_to_be_had() -> None:
    assert probe(1) == ""


def test_arrays_go_there_and_back(start: Start) -> None:
    student = start("")
    for value in (np.arange(6.0).reshape(2, 3), np.zeros((0, 4)), np.float32([1.5]), np.arange(3)):
        np.testing.assert_array_equal(student.layers.double(value), 2 * value)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("import os\ndef attack(): os._exit(0)\n", "crash"),
        ("import sys\ndef attack(): sys.exit(0)\n", "raised"),
        ("def attack():\n    while True: pass\n", "timeout"),
        (f"{SEND}def attack(): runner.wire.send({{'id': 1, 'value': True}}, [])\n", "protocol"),
        (f"{SEND}def attack(): runner.wire._socket.sendall(b'rubbish ' * 100)\n", "protocol"),
        (f"{SEND}def attack(): runner.wire.close()\n", "crash"),
    ],
)
def test_no_trick_is_an_answer(start: Start, body: str, kind: str) -> None:
    student = start(body, seconds=3)
    with within(10), pytest.raises(CodeError) as caught:
        student.layers.attack()
    assert caught.value.kind == kind


def test_objects_stay_where_they_are(start: Start) -> None:
    answer = start(
        "class Equal:\n    def __eq__(self, other): return True\n\n\ndef attack(): return Equal()\n"
    ).layers.attack()
    with pytest.raises(CodeError):
        bool(answer)
    with pytest.raises(CodeError):
        assert answer == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS cannot limit a process's memory")
def test_memory_is_bounded(start: Start) -> None:
    student = start("import numpy as np\ndef attack(): return np.ones(2**28).sum()\n", limits=Limits(memory=2**30))
    with pytest.raises(CodeError, match=r"(?i)memory"):
        student.layers.attack()


def test_the_disk_is_watched_whoever_writes(start: Start) -> None:
    """A process that a submission starts has the same limit as the submission, and ends with it."""
    code = "import time\nfor n in range(400):\n    open(str(n), 'wb').write(bytes(2**20))\n    time.sleep(0.02)\n"
    body = f"import subprocess, sys\ndef attack(): subprocess.run([sys.executable, '-c', {code!r}])\n"
    student = start(body, limits=Limits(processes=100, disk=8 * 2**20))
    with within(5), pytest.raises(CodeError, match="too much time, memory or disk"):
        student.layers.attack()


def test_it_ends_with_what_it_started(start: Start, tmp_path: Path) -> None:
    """A process that a submission starts ends with the runner."""
    alive = tmp_path / "alive"
    body = f"""
import subprocess, sys
CODE = '''import time
while True:
    open({str(alive)!r}, 'a').write('x')
    time.sleep(0.05)
'''
def attack(): subprocess.Popen([sys.executable, '-c', CODE])
"""
    student = start(body, limits=Limits(processes=100))
    student.layers.attack()
    until = time.monotonic() + 10
    while not alive.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert alive.exists(), "the process did not start"
    student.backend.close()
    time.sleep(0.3)
    written = alive.stat().st_size
    time.sleep(0.5)
    assert alive.stat().st_size == written
