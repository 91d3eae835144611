"""Run the public tests of every exercise in a child process, and say which do not pass.

A student's code may print, end the program or never return: the child then ends, and the next exercise begins anew.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

PATIENCE = 120.0
"""Seconds after which an exercise's checks are ended."""


def failures(
    folder: Path, exercises: Sequence[str], tell: Callable[[str], None], patience: float = PATIENCE
) -> dict[str, str]:
    """Return a sentence for each exercise whose public tests do not pass.

    Parameters
    ----------
    folder : Path
        The student's folder.
    exercises : sequence of str
    tell : callable
        Takes the name of each exercise before its tests run.
    patience : float
        Seconds that one exercise may take.
    """
    found: dict[str, str] = {}
    waiting = list(exercises)
    while waiting:
        begun, why = _some(folder, waiting, found, tell, patience)
        if begun is None:
            break
        found[begun] = why
        waiting = waiting[waiting.index(begun) + 1 :]
    return {name: why for name, why in found.items() if why}


def _some(
    folder: Path, exercises: list[str], found: dict[str, str], tell: Callable[[str], None], patience: float
) -> tuple[str | None, str]:
    """Run a child. Return the exercise in which it ended, and how, or (None, "") if it came to the end."""
    environment = {**os.environ, "TQDM_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg"}
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", __name__, str(folder), *exercises],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    assert child.stdout is not None
    late = threading.Event()
    begun: str | None = None
    watch = _watch(child, late, patience)
    try:
        for line in child.stdout:
            watch.cancel()
            said = json.loads(line)
            if "why" in said:
                found[said["exercise"]] = said["why"]
                begun = None
            else:
                begun = said["exercise"]
                tell(begun)
            watch = _watch(child, late, patience)
    finally:
        watch.cancel()
        child.stdout.close()
        if child.poll() is None and late.is_set():
            child.kill()
        status = child.wait()
    if begun is None and status != 0:  # before the first exercise, or between two: nothing can be run
        left = [name for name in exercises if name not in found]
        return (left[0], "It cannot be run.") if left else (None, "")
    why = f"It takes longer than {patience:g} seconds." if late.is_set() else "It ends the program."
    return (begun, why) if begun is not None else (None, "")


def _watch(child: "subprocess.Popen[str]", late: threading.Event, patience: float) -> threading.Timer:
    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(patience, end)
    timer.daemon = True
    timer.start()
    return timer


def _run(folder: Path, exercises: Sequence[str]) -> None:
    """Run the tests of each exercise, and write a line of JSON before and after."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.path.insert(0, str(folder))

    from ..checks.code_under_test import CodeError
    from ..checks.host import Local
    from ..checks.public import PublicTests, own_host
    from ..checks.record import Recorded

    public = PublicTests(folder)
    for exercise in exercises:
        print(json.dumps({"exercise": exercise}), file=out, flush=True)
        why = ""
        for test in public.of(exercise):
            try:
                failure = public.run(test, Recorded(Local(own_host(folder, public.facts))))
                why = failure.message if failure is not None else ""
            except CodeError as error:
                why = error.message
            if why:
                break
        print(json.dumps({"exercise": exercise, "why": why}), file=out, flush=True)


if __name__ == "__main__":
    _run(Path(sys.argv[1]), sys.argv[2:])
