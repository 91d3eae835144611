"""Limited children: what one does to itself reaches no other, and nothing of one is left."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from autograder.errors import SubmissionError
from autograder.judge.children import memory, pool
from autograder.judge.children.pool import Pool
from autograder.judge.children.task import Answer, Task
from autograder.sandbox import cgroup

from . import chores

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def task(function: Callable[..., object], needs: int = 0, **arguments: object) -> Task:
    return Task(f"{chores.__name__}:{function.__name__}", arguments, needs)


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def assert_ends(pids: list[int]) -> None:
    until = time.monotonic() + 60
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_running, pids))


@LINUX
def test_a_death_costs_its_own_task_only(tmp_path: Path) -> None:
    pids, words = tmp_path / "pids", tmp_path / "words"
    tasks = {
        "dies": task(chores.die, path=str(pids)),
        "wants": task(chores.want, megabytes=4096),
        "slow": task(chores.note, path=str(words), word="slow", seconds=1.0),
        "refuses": task(chores.refuse),
        "stumbles": task(chores.stumble),
        "place": task(chores.temporary),
    }
    with Pool(2) as children:
        found = dict(children.run(tasks.items()))
        assert children.ask(task(chores.add, one=1, other=2)) == 3
        died = [int(pid) for pid in pids.read_text().split()]
        assert len(died) == 2  # it got a second try
        assert_ends(died)
    assert (found["dies"], found["wants"]) == (Answer(ended="died"), Answer(ended="memory"))
    with pytest.raises(SubmissionError, match=r"It is no submission\."):
        found["refuses"].get()
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*LookupError: a bug"):
        found["stumbles"].get()
    assert found["slow"] == Answer()
    assert not Path(found["place"].value).parent.parent.exists()


@LINUX
def test_the_kernel_ends_what_uses_more_than_its_group_may() -> None:
    if cgroup.create(2**30, 64) is None:
        pytest.skip("this machine does not let us make control groups")
    with Pool(1) as children:
        found = dict(
            children.run([("fills", task(chores.fill, megabytes=1500)), ("adds", task(chores.add, one=1, other=1))])
        )
    assert found == {"fills": Answer(ended="memory"), "adds": Answer(2)}


@LINUX
def test_only_as_many_run_as_memory_admits(tmp_path: Path) -> None:
    path = tmp_path / "words"
    with Pool(4) as children:
        list(children.run((word, task(chores.note, 2**60, path=str(path), word=word, seconds=0.2)) for word in "abc"))
        alone = path.read_text().split()
        path.unlink()
        list(children.run((word, task(chores.note, path=str(path), word=word, seconds=2.0)) for word in "abc"))
    assert alone == [text for word in alone[::2] for text in (word, f"/{word}")]
    assert path.read_text().split()[1] in ("a", "b", "c")


@LINUX
def test_threads_of_what_is_loaded_are_not_copied() -> None:
    with Pool(1, [task(chores.start_thread)]) as children:
        assert children.ask(task(chores.add, one=1, other=2)) == 3


@LINUX
@pytest.mark.parametrize("way", ["SIGINT", "SIGKILL"])
def test_all_end_with_the_caller(tmp_path: Path, way: str) -> None:
    path = tmp_path / "pids"
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background job ignores it
        "from autograder.judge.children.pool import Pool; from autograder.judge.children.task import Task\n"
        f"with Pool(2) as children:\n    tasks = [(n, Task('{chores.__name__}:wait', {{'path': {str(path)!r}}})) for n in range(2)]\n"
        "    tasks.append((2, Task('tests.engine.chores:add', {'one': 1, 'other': 1})))\n    for _ in children.run(tasks): pass"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while (not path.exists() or len(path.read_text().split()) < 4) and time.monotonic() < until:
        time.sleep(0.05)
    pids = [int(pid) for pid in path.read_text().split()]
    assert len(pids) == 4
    caller.send_signal(getattr(signal, way))
    caller.wait(120)
    assert_ends(pids)


def test_without_forks_workers_do_it(tmp_path: Path) -> None:
    """On macOS and Windows."""
    tasks = {
        "adds": task(chores.add, one=1, other=2),
        "refuses": task(chores.refuse),
        "dies": task(chores.die, path=str(tmp_path / "pids")),
    }
    found = dict(pool._unforked(tasks.items(), 2))
    assert (found["adds"], found["dies"]) == (Answer(3), Answer(ended="died"))
    with pytest.raises(SubmissionError):
        found["refuses"].get()
    for pid in (tmp_path / "pids").read_text().split():
        psutil.Process(int(pid)).kill()


@pytest.mark.parametrize(
    "files",
    [
        {"memory.max": "1000", "memory.current": "700", "memory.stat": "anon 5\ninactive_file 200\n"},
        {
            "memory.limit_in_bytes": "1000",
            "memory.usage_in_bytes": "700",
            "memory.stat": "cache 5\ntotal_inactive_file 200\n",
        },
    ],
)
def test_the_tightest_group_counts(tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "own" / "memory.max").write_text("max\n")
    monkeypatch.setattr(cgroup, "above", lambda: [tmp_path / "own", tmp_path])
    assert memory.available() == 500
    monkeypatch.setattr(cgroup, "above", list)
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:       3 kB\n")
    monkeypatch.setattr(memory, "ENTRIES", tmp_path / "meminfo")
    assert memory.available() == 3 * 1024
