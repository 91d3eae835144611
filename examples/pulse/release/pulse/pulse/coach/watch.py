"""``python -m PACKAGE.watch``: beside the editor, show the first exercise that is not right, after each save.

Keys: h the next step of the hint, l the list, a run all once more, q quit. See ``ask`` for running the checks.
"""

import argparse
import contextlib
import queue
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pulse.checks.check import TOOLS, own_folder
from pulse.checks.facts import PublicPart, facts_of
from pulse.checks.public import PublicTests

from . import text
from .ask import LIMIT, Asker
from .keys import reading
from .result import CoachError, Result
from .show import print_map
from .standing import OPEN, RIGHT, WAITS, map_of, part_named, part_of, state_of, unknown
from .steps import next_step

KEYS = "h: hint   l: list   a: run all   q: quit"
SAVED = ""
"""The event that a file was saved; the other events are keys."""
SETTLE = 50
"""Milliseconds without another change after which files count as saved."""
NEEDED = "This needs two packages: run `pip install rich watchfiles`."


class Watch:
    """The loop: after each save, look at the exercise that is shown, and move on when it is right.

    Parameters
    ----------
    public : PublicTests
    part : PublicPart or None
        The part to which it keeps, or None.
    plain : bool
        Whether to write line below line and read whole lines, as for a pipe.
    limit : float
        Seconds for the tests of an exercise.
    """

    def __init__(self, public: PublicTests, part: PublicPart | None, plain: bool, limit: float) -> None:
        from rich.console import Console

        self._public, self._part, self._plain = public, part, plain
        self._asker = Asker(public, limit)
        self._order = self._asker.exercises(part)
        self._results: dict[str, Result] = {}
        self._current = ""
        width = 120 if plain else None
        self._console = Console(no_color=plain or None, highlight=False, width=width, soft_wrap=plain)
        self._events: queue.Queue[str] = queue.Queue()

    def run(self) -> None:
        """Watch until the student quits."""
        with reading(self._events, self._plain), _saves(self._public, self._events):
            self._look()
            while (event := self._events.get()) != "q":
                if event == SAVED:
                    if self._asker.changed():
                        self._look()
                elif event == "h" and self._current:
                    self._say(next_step(self._public, self._current, self._results))
                elif event == "l":
                    self._list()
                elif event == "a":
                    self._results = self._asker.run(self._order)
                    self._list()
                    self._look()

    def _look(self) -> None:
        """Run what has changed, and show the first exercise that is not right."""
        start = time.perf_counter()
        before = self._current
        try:
            first = self._first()
        except CoachError as error:
            self._say(str(error))
            return
        if not self._plain:
            self._console.clear()
        if before and before != first and state_of(self._results[before], self._results)[0] == RIGHT:
            self._say(f"{before} is right.", "bold green")
        self._current = first
        self._show(time.perf_counter() - start)

    def _first(self) -> str:
        """Return the first exercise that is not right, or "": the one that is shown, as long as it is not right."""
        if self._current:
            found = self._behind(self._current)
            if found:
                return found

        def told(result: Result) -> bool:
            self._results[result.exercise] = result
            return bool(result.failed) and state_of(result, self._results)[0] != OPEN

        self._asker.until(self._order, told)
        failed = (name for name in self._order if name in self._results and self._results[name].failed)
        return next((found for name in failed if (found := self._behind(name))), "")

    def _behind(self, exercise: str) -> str:
        """Return the exercise itself if it is not right or, if it waits, the one on which it waits; "" if it is."""
        seen: set[str] = set()
        while True:
            self._results |= self._asker.results(exercise)
            state, waits_for = state_of(self._results[exercise], self._results)
            if state in (RIGHT, OPEN):
                return ""
            if state != WAITS or waits_for in seen:
                return exercise
            seen.add(exercise)
            exercise = waits_for

    def _show(self, seconds: float) -> None:
        right = sum(not self._results[name].failed for name in self._order if name in self._results)
        if not self._current:
            self._say("All that public checks see is right. What a person reads is left to you.", "bold green")
        else:
            result = self._results[self._current]
            state, _ = state_of(result, self._results)
            self._say(f"{self._current}: {state}", f"bold {text.COLOURS[state]}")
            for test in result.failed:
                assert test.failure is not None
                self._say("\n".join(["", f"  {test.title}", *(f"    {line}" for line in test.failure.lines())]))
            if result.printed:
                self._say(f"\nIt printed:\n{result.printed.rstrip()}", "dim")
        self._say(f"\n{right} of {len(self._order)} exercises are right. {KEYS}   ({seconds:.1f} s)")

    def _list(self) -> None:
        found = map_of(self._public.facts, self._results)
        chosen = self._part or next((part for part in found.parts if self._is_in(part)), None)
        print_map(found if chosen is None else part_of(found, chosen), self._console)

    def _is_in(self, part: PublicPart) -> bool:
        return self._current in {one.id for one in part.exercises}

    def _say(self, said: str, style: str = "") -> None:
        self._console.print(said, style=style, markup=False)


@contextlib.contextmanager
def _saves(public: PublicTests, events: "queue.Queue[str]") -> Iterator[None]:
    """Put an event into a queue when a file of the student's is saved: a module, a notebook or a model."""
    from watchfiles import watch

    home = public.folder / public.facts.package
    inside = [path for path in home.rglob("*") if path.is_dir() and path.relative_to(home).parts[0] not in TOOLS]
    places = [public.folder, home, *inside, public.folder / "models"]
    stop = threading.Event()

    def look() -> None:
        for _ in watch(
            *filter(Path.is_dir, places), recursive=False, step=SETTLE, stop_event=stop, raise_interrupt=False
        ):
            events.put(SAVED)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    package = facts_of(own_folder()).package
    parser = argparse.ArgumentParser(prog=f"python -m {package}.watch", description=__doc__.partition(": ")[2])
    parser.add_argument("part", nargs="?", default="", help="a part such as part2; default: all parts")
    parser.add_argument(
        "--plain", action="store_true", help="line below line, keys with Enter; without a terminal always"
    )
    parser.add_argument("--limit", type=float, default=LIMIT, metavar="SECONDS", help="the time for one exercise")
    given = parser.parse_args(arguments)
    public = PublicTests(own_folder())
    part = part_named(given.part, public.facts)
    if given.part and part is None:
        print(unknown(given.part, public.facts), file=sys.stderr)
        return 2
    plain = given.plain or not (sys.stdin.isatty() and sys.stdout.isatty())
    try:
        Watch(public, part, plain, given.limit).run()
    except ModuleNotFoundError as error:
        if error.name not in ("rich", "watchfiles"):
            raise
        print(NEEDED, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
