"""``check("affine_forward")``: run the public tests of one exercise on the code as it lies on disk.

For notebooks; prints what failed, how far off, and what to look at. Not for grading: nobody executes it when it counts.
"""

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .code_under_test import CodeError
from .facts import RELEASED, Facts
from .host import Local, load_package
from .public import Failure, PublicTest, PublicTests, own_host
from .record import Recorded

TOOLS = ("checks", "kit")
"""What of the package is not the student's, and stays as it was imported."""


class CheckFailed(Exception):
    """Some public checks of an exercise did not pass; what they are is printed above."""

    def _render_traceback_(self) -> list[str]:
        return [f"CheckFailed: {self}"]


def check(exercise: str) -> None:
    """Run the public checks of ``exercise`` and print the outcome.

    Parameters
    ----------
    exercise : str
        An exercise id, such as "affine_forward".

    Raises
    ------
    CheckFailed
        If a check does not pass, or there is no such exercise.
    """
    folder = _folder()
    public = PublicTests(folder)
    tests = public.of(exercise)
    if not tests:
        raise CheckFailed(f"There is no exercise called {exercise!r}.")
    with _quietly(), _fresh(folder, public.facts):
        failures = [(test, failure) for test in tests if (failure := _run(public, test)) is not None]
    passed = len(tests) - len(failures)
    if not failures:
        print(f"{exercise}: {passed} of {len(tests)} checks passed.")
        return
    print(f"{exercise}: {len(failures)} of {len(tests)} checks did not pass.")
    for test, failure in failures:
        print(f"\n  - {test.title}")
        print(f"    {failure.message}")
        if failure.where:
            print(f"    At {failure.where}")
        if failure.hint:
            print(f"    Perhaps: {failure.hint}")
    raise CheckFailed(f"{exercise}: {passed} of {len(tests)} checks passed.")


def _run(public: PublicTests, test: PublicTest) -> Failure | None:
    host = own_host(public.folder, public.facts, _notebook_values())
    put_back = host.remember()  # tests seed the generators; the notebook's draws go on as before
    try:
        return public.run(test, Recorded(Local(host)))
    except CodeError as error:
        return Failure(error.message, error.where)
    finally:
        put_back()


def _folder() -> Path:
    """The folder of the release that this package is a part of; an instructor's notebook runs in its own."""
    own = Path(__file__).resolve().parents[2]
    return own if (own / RELEASED).exists() else Path.cwd()


def _notebook_values() -> dict[str, Any]:
    """The names of the running notebook, where there is one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return dict(shell.user_ns) if shell is not None else {}


@contextlib.contextmanager
def _fresh(folder: Path, facts: Facts) -> Iterator[None]:
    """Import the package anew from disk, and put back afterwards what the notebook had imported."""
    package = facts.package
    kept = {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{package}.")}
    tools = {name: module for name, module in kept.items() if name.split(".")[1:2] and name.split(".")[1] in TOOLS}
    sys.path.insert(0, str(folder))
    written = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # two edits within a second must not be taken for one
    try:
        with contextlib.suppress(CodeError):  # a broken __init__.py is explained by the test that needs it
            load_package(folder / package, package)
        sys.modules.update(tools)
        yield
    finally:
        sys.dont_write_bytecode = written
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
            del sys.modules[name]
        sys.modules.update(kept)
        importlib.invalidate_caches()


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Swallow what the code under test prints; a warning on stderr is no failure."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        previous = os.environ.get("TQDM_DISABLE")
        os.environ["TQDM_DISABLE"] = "1"
        try:
            yield
        finally:
            if previous is None:
                del os.environ["TQDM_DISABLE"]
            else:
                os.environ["TQDM_DISABLE"] = previous
