"""Run the public tests of exercises in a process of their own: ``python -m PACKAGE.coach.child``, started by ``ask``.

It reads its task from its arguments and appends a line of JSON to a file when an exercise begins, and one with its
result. A new process always sees the modules on disk, and a loop that never ends ends with it.
"""

import contextlib
import importlib.machinery
import io
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

from pulse.checks.check import TOOLS
from pulse.checks.code_under_test import CodeError
from pulse.checks.fixtures import Fixtures, asks_only_for
from pulse.checks.host import Local
from pulse.checks.public import Failure, PublicTest, PublicTests, failure_of, own_host
from pulse.checks.record import Recorded

from .result import Result, TestDone, to_plain

MOST_PRINTED = 4000
"""Most characters of an exercise's output that are kept."""
EVERYTHING = "*"
SLOW = ("learns", "accuracy", "speed")
MORE = 10
"""Tests that train, or use more than the package, have so many times the limit of others."""
WAITING = 5
"""So many times the limit may pass on the clock: a busy machine, or a first import, is no loop."""
POLL = 0.1


class Uncached(importlib.machinery.SourceFileLoader):
    """A loader that ignores compiled files: a cached one may hide a second edit within the same second."""

    def path_stats(self, path: Any) -> Any:
        """Refuse to look for a compiled file."""
        raise OSError(f"{path}: compiled files are ignored")

    def set_data(self, path: Any, data: Any, *, _mode: int = 0o666) -> None:
        """Write no compiled file."""


def main(folder: Path, out: Path, limit: float, exercises: list[str]) -> None:
    """Run the tests of exercises, and append the results to ``out``.

    Parameters
    ----------
    folder : Path
        The student's folder.
    out : Path
        The file for the results.
    limit : float
        Seconds of computing for each exercise.
    exercises : list of str
    """
    public = PublicTests(folder)
    _import_from_source(folder / public.facts.package)
    sys.path.insert(0, str(folder))
    with out.open("a", encoding="utf-8") as lines:
        for exercise in exercises:
            _write(lines, {"begin": exercise})
            _Run(public, exercise, lines, limit).start()


class _Asked(Recorded):
    """Also records that something asked for a definition of a notebook."""

    def find(self, target: Any, name: str) -> Any:
        if isinstance(target, str):
            self.called.append(f"{target}.{name}")
        return super().find(target, name)


class _Run:
    """The run of one exercise's tests, with a limit of time."""

    def __init__(self, public: PublicTests, exercise: str, lines: Any, limit: float) -> None:
        self._public, self._exercise, self._lines = public, exercise, lines
        self._tests = public.of(exercise)
        slow = any(test.claim.kind in SLOW or not asks_only_for(test.function, Fixtures) for test in self._tests)
        self._limit = limit * (MORE if slow else 1)
        self._done: list[TestDone] = []
        self._called: set[str] = set()
        self._printed = io.StringIO()
        self._start, self._computed = time.perf_counter(), time.process_time()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._main = threading.get_ident()

    def start(self) -> None:
        """Run the tests, and write the result."""
        threading.Thread(target=self._watch, daemon=True).start()
        with contextlib.redirect_stdout(self._printed), contextlib.redirect_stderr(self._printed):
            for test in self._tests:
                self._done.append(TestDone(test.title, test.claim, self._failure(test)))
        self._over.set()
        with self._lock:
            self._tell(self._done)

    def _failure(self, test: PublicTest) -> Failure | None:
        host = own_host(self._public.folder, self._public.facts)
        recorded = _Asked(Local(host))
        try:
            failure = self._public.run(test, recorded)
        except CodeError as error:
            failure = failure_of(error)
        except SystemExit as error:  # a process of its own may not end by the student's exit()
            failure = Failure(f"It calls exit({'' if error.code is None else error.code}), which ends every program.")
        self._called |= {self._module(name) for name in recorded.called if "." in name} or {EVERYTHING}
        if failure is None or failure.kind in ("raised", "import"):
            return failure
        names = host.unwritten(recorded.called)
        if names and failure.kind != "unfinished":
            verb = "is" if len(names) == 1 else "are"
            return Failure(f"{' and '.join(names[:3])} {verb} not written yet.", kind="unfinished")
        return failure

    def _module(self, name: str) -> str:
        """Return the module of a dotted name, relative to the package, or `EVERYTHING` if it is none of the package."""
        home = self._public.folder / self._public.facts.package
        parts = name.split(".")[:-1]
        while parts:
            path = home.joinpath(*parts)
            if path.with_suffix(".py").is_file() or path.is_dir():
                return ".".join(parts)
            parts.pop()
        return EVERYTHING

    def _watch(self) -> None:
        """End the process when the tests have computed, or waited, for too long."""
        while not self._over.wait(POLL):
            waited = time.perf_counter() - self._start
            if time.process_time() - self._computed > self._limit or waited > WAITING * self._limit:
                self._give_up()

    def _give_up(self) -> None:
        """Write what is known when the time is over, and end the process."""
        frame = sys._current_frames().get(self._main)
        with self._lock:
            if self._over.is_set():
                return
            test = self._tests[min(len(self._done), len(self._tests) - 1)]
            said = f"It did not end within {self._limit:g} seconds: is there a loop that never ends?"
            late = TestDone(test.title, test.claim, Failure(said, _own_line(frame, self._public), kind="timeout"))
            self._tell([*self._done, late], ended=False)
            os._exit(3)

    def _tell(self, done: list[TestDone], ended: bool = True) -> None:
        printed = self._printed.getvalue()
        if len(printed) > MOST_PRINTED:
            printed = printed[:MOST_PRINTED] + "\n(the rest of the output is left out)\n"
        result = Result(
            self._exercise, tuple(done), printed, tuple(sorted(self._called)), ended,
            round(time.perf_counter() - self._start, 3),
        )  # fmt: skip
        _write(self._lines, to_plain(result))


def _own_line(frame: FrameType | None, public: PublicTests) -> str:
    """Return the innermost line of the student's code that is being run."""
    home = public.folder / public.facts.package
    for one in reversed(traceback.extract_stack(frame) if frame else []):
        path = Path(one.filename)
        if path.is_relative_to(home) and path.relative_to(home).parts[0] not in TOOLS:
            return f"{path.name}, line {one.lineno}, in {one.name}: {(one.line or '').strip()[:120]}"
    return ""


def _write(lines: Any, content: dict[str, Any]) -> None:
    lines.write(json.dumps(content) + "\n")
    lines.flush()


def _import_from_source(package: Path) -> None:
    """Let modules of the package be compiled from their source each time."""
    extensions = importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES
    find = importlib.machinery.FileFinder.path_hook(extensions, (Uncached, importlib.machinery.SOURCE_SUFFIXES))

    def hook(path: str) -> Any:
        if not Path(path).is_relative_to(package):
            raise ImportError(path)
        return find(path)

    sys.path_hooks.insert(0, hook)
    for path in [path for path in sys.path_importer_cache if Path(path).is_relative_to(package)]:
        del sys.path_importer_cache[path]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
