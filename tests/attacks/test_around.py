"""Attacks from beside the sandbox: another user of the machine, and a runner whose judge is killed."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import temporary
from autograder.intake.kept import view
from autograder.intake.submission import Submission, take_in
from autograder.sandbox import launch
from autograder.sandbox.client import Remote
from autograder.sandbox.levels import Profile
from tests.rules import RULES

from ..conftest import ROOT
from .test_ordinary_user import python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
NEIGHBOUR = 12_345
PROFILE = Profile(package="cs231n")
SECONDS = 10.0
"""Time limit for the kernel to end a runner, on a busy machine."""
SEARCH = """
import os, re, sys
seen, home, canary = sys.argv[1:]
places = {seen, os.path.dirname(seen), home}
for number in filter(str.isdigit, os.listdir("/proc")):
    for name in ("mountinfo", "cmdline", "maps", "environ"):
        try:
            places.update(re.findall(r"/[^\\s\\0:'\\"]+", open(f"/proc/{number}/{name}", errors="replace").read()))
        except OSError:
            pass
print("looked")
for place in places:
    for name in ("", "/layers.py", "/cs231n/layers.py", "/submission/cs231n/layers.py"):
        try:
            if canary in open(place + name, errors="replace").read(10_000):
                print(place + name)
        except OSError:
            pass
    try:
        print(*(os.listdir(place) if place.startswith(home) else ()))
    except OSError:
        pass
"""
JUDGE = """
import sys
from pathlib import Path
from autograder.sandbox import launch
from autograder.sandbox.client import Remote
from tests.attacks.attack import inherited_by_runners
from autograder.sandbox.levels import Profile
with inherited_by_runners(int(sys.argv[3])):
    process = launch.start(int(sys.argv[1]), Path(sys.argv[2]), Profile(package="cs231n"))
Remote(process, 1000).call("layers.attack", (), {})
"""
WRITES = """
import os, time
def attack():
    number = 0
    while True:
        with open(f"{os.environ['HOME']}/{number % 9}", "wb") as file:
            file.write(bytes(2**10))
        os.write(@WITNESS@, b"x")
        number += 1
        time.sleep(0.01)
"""
BUILDER = """
import sys
from pathlib import Path
from autograder.sandbox import extension, launch
usual = launch.start
def start(*arguments):
    process = usual(*arguments)
    print(process.process.pid, flush=True)
    return process
launch.start = start
extension.build(int(sys.argv[1]), Path(sys.argv[2]))
"""


def handed_in(folder: Path, text: str) -> Submission:
    (folder / "cs231n").mkdir(parents=True)
    (folder / "cs231n" / "layers.py").write_text(text)
    return take_in(folder, folder.parent / "taken", RULES)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_another_user_reads_no_submission(reachable: Path, each_level: int) -> None:
    """It is judged now: the neighbour searches by known names, and by the paths that processes show."""
    canary = secrets.token_hex(16)
    submission = handed_in(reachable / "in", f"# {canary}\ndef one():\n    return 1\n")
    with view(submission, linked=True) as seen:
        remote = Remote(launch.start(each_level, seen.folder, PROFILE))
        try:
            assert remote.call("layers.one", (), {}) == 1  # the runner itself reads it
            found = subprocess.run(
                [python(), "-I", "-c", SEARCH, str(seen.folder), str(temporary.home()), canary],
                user=NEIGHBOUR, group=NEIGHBOUR, extra_groups=[], capture_output=True, text=True, check=True, cwd="/",
            )  # fmt: skip
        finally:
            remote.close()
    assert found.stdout.split() == ["looked"]


def ends(condition: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Wait until a condition no longer holds."""
    until = time.monotonic() + seconds
    while condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_a_runner_ends_with_its_judge(reachable: Path, each_level: int) -> None:
    reader, witness = os.pipe()
    os.set_blocking(reader, False)
    submission = handed_in(reachable / "in", WRITES.replace("@WITNESS@", str(witness)))
    with subprocess.Popen(
        [sys.executable, "-c", JUDGE, str(each_level), str(submission.folder), str(witness)], cwd=ROOT,
        pass_fds=[witness],
    ) as judge:  # fmt: skip
        os.close(witness)
        assert ends(lambda: not heard(reader), 60), "the attack was not seen at work"
        judge.kill()
    assert ends(lambda: heard(reader) != b""), "the runner works without a judge"
    os.close(reader)


def heard(reader: int) -> bytes | None:
    """Return what came since the last call; None if nothing did, and b"" if no process holds the pipe."""
    try:
        return os.read(reader, 2**20)
    except BlockingIOError:
        return None


@pytest.mark.parametrize("each_level", [2], indirect=True)  # at level 3 its process namespace ends with bubblewrap
def test_a_compiler_ends_with_its_judge(reachable: Path, each_level: int) -> None:
    source = reachable / "slow.pyx"
    lines = "".join(f"    x = x * {n} + y[{n} % 7] / (x - {n})\n    y[{n} % 5] = x ** {n}\n" for n in range(3000))
    source.write_text(f"def slow(double x, double[:] y):\n{lines}    return x\n")
    with subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(each_level), str(source)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as judge:
        assert judge.stdout is not None
        runner = int(judge.stdout.readline())
        at_work = ends(lambda: not any("cc1" in name for name in of_group(runner)), 60)
        assert at_work, "no compiler was seen at work"
        judge.kill()
    try:
        assert ends(lambda: bool(of_group(runner))), of_group(runner)
    finally:
        if of_group(runner):
            os.killpg(runner, signal.SIGKILL)


def of_group(group: int) -> list[str]:
    """Return the names of the living processes in a process group."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            name, _, fields = (folder / "stat").read_text().rpartition(")")
        except OSError:
            continue
        state, _, one = fields.split()[:3]
        if int(one) == group and state != "Z":
            found.append(name.partition("(")[2])
    return found
