"""Measure the cost of the sandbox: starting a runner, a small call, a large array there and back. Not a test.

    python benchmarks/sandbox.py

Every figure is a median of one run. Each measurement alternates with its baseline: a Python that imports NumPy, the
same function called in this process, or a copy in memory.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from autograder.checks.code_under_test import CodeUnderTest
from autograder.sandbox import launch
from autograder.sandbox.client import Remote, probe
from autograder.sandbox.levels import Profile

MODULE = "def double(x):\n    return 2 * x\n\n\ndef same(x):\n    return x\n"
STARTS, CALLS, TRIPS = 25, 3000, 11
LARGE = 50 * 2**20
PROFILE = Profile(package="cs231n")


def seconds(action: Callable[[], object]) -> float:
    """Return the seconds that an action took."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turns(turns: int, *actions: Callable[[], object]) -> list[float]:
    """Run actions in turns, and return the median time of each in seconds."""
    taken = [[seconds(action) for action in actions] for _ in range(turns)]
    return [statistics.median(figures) for figures in zip(*taken, strict=True)]


def lay_out(folder: Path) -> None:
    """Write a submission with a package of two functions into a folder."""
    (folder / "cs231n").mkdir()
    (folder / "cs231n" / "layers.py").write_text(MODULE)
    folder.chmod(0o755)


def measure_starts(levels: list[int], folder: Path) -> None:
    """Print the times to start runners, and Pythons that import NumPy, in turns."""
    taken: dict[object, list[float]] = {"plain": [], **{level: [] for level in levels}}
    plain = [sys.executable, "-I", "-c", "import numpy"]
    for turn in range(STARTS + 2):
        figures = {"plain": seconds(lambda: subprocess.run(plain, check=True))}
        for level in levels:
            began = time.perf_counter()
            process = launch.start(level, folder, PROFILE)
            figures[level] = time.perf_counter() - began
            process.end()
        if turn >= 2:  # the first two turns fill the disk cache
            for name, figure in figures.items():
                taken[name].append(figure)
    base = statistics.median(taken["plain"])
    print(f"Starting Python and importing NumPy: {base * 1e3:.1f} ms")
    for level in levels:
        median = statistics.median(taken[level])
        print(f"Starting a runner at level {level}: {median * 1e3:.1f} ms, {median / base:.2f} times that")


def measure_calls(level: int, folder: Path) -> None:
    """Print the times of small and large calls of one runner."""
    remote = Remote(launch.start(level, folder, PROFILE), 60)
    student = CodeUnderTest(remote)
    try:
        small, large = np.ones((4, 5)), np.ones(LARGE // 8)
        student.layers.double(small), student.layers.same(large)
        call, here = in_turns(CALLS, lambda: student.layers.double(small), lambda: 2 * small)
        trip, copy = in_turns(TRIPS, lambda: student.layers.same(large), large.copy)
    finally:
        remote.close()
    print(f"Level {level}: a small call {call * 1e6:.0f} us ({here * 1e6:.1f} in this process);", end=" ")
    print(f"50 MB there and back {trip * 1e3:.0f} ms, {trip / copy:.1f} times a copy in memory")


def main() -> None:
    """Measure all levels of this machine."""
    levels = [level for level in (3, 2, 1) if not probe(level)]
    with tempfile.TemporaryDirectory(prefix="autograder-benchmark-") as scratch:
        lay_out(Path(scratch))
        measure_starts(levels, Path(scratch))
        for level in levels:
            measure_calls(level, Path(scratch))


if __name__ == "__main__":
    main()
