"""Ask the public checks how each exercise stands: in a fresh process, and only where something has changed.

See ``child`` for the process, ``kept`` for outcomes of earlier runs, ``standing`` for the map that comes of it.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cs231n.checks.exercise import Claim
from cs231n.checks.facts import ROOM, PublicPart
from cs231n.checks.public import Failure, PublicTests

from .child import MORE, WAITING
from .kept import Kept
from .result import CoachError, Result, TestDone, from_plain
from .standing import Map, map_of, part_of

LIMIT = 20.0
"""Seconds of computing for the tests of an exercise; tests that train have `MORE` times as many."""
GRACE = 30.0
"""Seconds beyond all limits after which a process is killed that cannot even end itself."""
POLL = 0.02


class Asker:
    """Runs public checks of a student's folder, and keeps the outcomes.

    Parameters
    ----------
    public : PublicTests
        The public tests of the folder.
    limit : float
        Seconds for the tests of an exercise.
    """

    def __init__(self, public: PublicTests, limit: float = LIMIT) -> None:
        self._public, self._limit = public, limit
        self._kept = Kept(public.folder, public.facts.package)

    def exercises(self, part: PublicPart | None = None) -> list[str]:
        """Return the exercises that have public tests, in their order."""
        parts = self._public.facts.parts if part is None else (part,)
        return [one.id for one_part in parts for one in one_part.exercises if self._public.of(one.id)]

    def changed(self) -> bool:
        """Tell whether a file of the student's has changed since the last look."""
        return self._kept.look()

    def map(self, part: PublicPart | None = None, again: bool = False) -> Map:
        """Return where the student stands. Exercises whose code has not changed are not run again.

        Parameters
        ----------
        part : PublicPart, optional
            The part that is asked for, by default all.
        again : bool
            Whether to run everything again.
        """
        self._kept.look()
        wanted = self._with_needs(self.exercises(part))
        kept = {} if again else self._found(wanted)
        results = kept | self.run([name for name in wanted if name not in kept])
        found = map_of(self._public.facts, results, frozenset(kept))
        return found if part is None else part_of(found, part)

    def results(self, exercise: str) -> dict[str, Result]:
        """Return the outcomes of an exercise and of those on whose code its tests run."""
        self._kept.look()
        wanted = self._with_needs([exercise])
        kept = self._found(wanted)
        return kept | self.run([name for name in wanted if name not in kept])

    def until(self, exercises: Sequence[str], told: Callable[[Result], bool]) -> None:
        """Run exercises in this order, kept ones included, until ``told`` returns True for a result."""
        self._kept.look()
        for names, found in _runs(exercises, self._kept.find):
            if found is not None:
                if told(found):
                    return
            else:
                stopped = False

                def tell(result: Result) -> bool:
                    nonlocal stopped
                    stopped = told(result)
                    return stopped

                self.run(names, tell)
                if stopped:
                    return

    def run(self, exercises: Sequence[str], told: Callable[[Result], bool] | None = None) -> dict[str, Result]:
        """Run the tests of exercises in fresh processes.

        Parameters
        ----------
        exercises : sequence of str
        told : callable, optional
            Called with each result as it comes; True ends the run.

        Raises
        ------
        CoachError
            If no process can be started here.
        """
        found: dict[str, Result] = {}
        left = list(exercises)
        while left:
            begun = ""
            with _process(self._public.folder, self._limit, left) as lines:
                for line in lines:
                    begun = line.get("begin", begun)
                    if "begin" not in line:
                        result = from_plain(line)
                        found[result.exercise] = result
                        self._kept.put(result)
                        if told is not None and told(result):
                            self._kept.write()
                            return found
                code, said = lines.end()
            if begun and begun not in found:  # the process ended in the middle
                found[begun] = self._broken(begun, code)
                if told is not None and told(found[begun]):
                    break
            after = [name for name in left if name not in found]
            if after == left:
                raise CoachError(f"The checks cannot be started: {said or f'exit status {code}'}")
            left = after
        self._kept.write()
        return found

    def _found(self, exercises: Sequence[str]) -> dict[str, Result]:
        """Return the earlier outcomes that still hold."""
        return {name: result for name in exercises if (result := self._kept.find(name)) is not None}

    def _broken(self, exercise: str, code: int) -> Result:
        claim = next((test.claim for test in self._public.of(exercise)), Claim(exercise))
        said = f"The process in which it ran ended (exit status {code}): does it call exit, or use up the memory?"
        return Result(exercise, (TestDone(exercise, claim, Failure(said, kind="crash")),), ended=False)

    def _with_needs(self, exercises: Sequence[str]) -> list[str]:
        """Return exercises, and those on whose code their tests run."""
        needs = [need for name in exercises for test in self._public.of(name) for need in test.claim.needs]
        return [*exercises, *dict.fromkeys(name for name in needs if name not in exercises and self._public.of(name))]


def _runs(exercises: Sequence[str], find: Callable[[str], Result | None]) -> Iterator[tuple[list[str], Result | None]]:
    """Yield kept results one by one, and the names between them together."""
    waiting: list[str] = []
    for name in exercises:
        kept = find(name)
        if kept is None:
            waiting.append(name)
            continue
        if waiting:
            yield waiting, None
            waiting = []
        yield [name], kept
    if waiting:
        yield waiting, None


class _Lines:
    """The lines that a process writes into a file, as they come."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Path, errors: Path, patience: float) -> None:
        self._process, self._out, self._errors, self._patience = process, out, errors, patience

    def __iter__(self) -> Iterator[dict[str, Any]]:
        rest, last = "", time.monotonic()
        with self._out.open(encoding="utf-8") as file:
            while True:
                ended = self._process.poll() is not None
                text = rest + file.read()
                *whole, rest = text.split("\n")
                yield from map(json.loads, whole)
                if whole:
                    last = time.monotonic()
                elif ended:
                    return
                elif time.monotonic() - last > self._patience:
                    self._process.kill()
                else:
                    time.sleep(POLL)

    def end(self) -> tuple[int, str]:
        """Return the exit status, and the last line of the errors."""
        code = self._process.wait()
        said = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return code, said[-1] if said else ""


@contextlib.contextmanager
def _process(folder: Path, limit: float, exercises: Sequence[str]) -> Iterator[_Lines]:
    """Start the process that runs the exercises; whoever leaves earlier ends it."""
    with tempfile.TemporaryDirectory(prefix="check-", ignore_cleanup_errors=True) as scratch:
        out, errors = Path(scratch, "results"), Path(scratch, "errors")
        out.touch()
        room = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [room, os.environ.get("PYTHONPATH", "")]))
        environment = os.environ | {
            "PYTHONPATH": path, "PYTHONBREAKPOINT": "0", "TQDM_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1",
            "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8",
        }  # fmt: skip
        command = [sys.executable, "-m", f"{ROOM}.coach.child", str(folder), str(out), str(limit), *exercises]
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=stderr,
            )  # fmt: skip
            try:
                yield _Lines(process, out, errors, limit * MORE * WAITING + GRACE)
            finally:
                process.kill()
                process.wait()
