"""``check("affine_forward")``: run the public tests of one exercise on the code on disk, in this process.

Notebooks call it. It prints each failed test, the size of the error and a hint; ``check()`` shows where you stand. What
the student's code prints is shown, and debuggers work. It does not count for grading. See ``coach`` for the map.
"""

import bdb
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .code_under_test import CodeError
from .facts import RELEASED, ROOM, Facts
from .host import Local, load_package
from .public import Failure, PublicTest, PublicTests, failure_of, own_host
from .record import Recorded

TOOLS = ("checks", "coach", "desk", "kit")
"""Subpackages that are not the student's work. A check does not import them again."""


class CheckFailed(Exception):
    """Some public checks of an exercise did not pass. The lines above name them.

    Its traceback ends where the student's code raised an exception, so that ``%debug`` and ``pdb.pm()`` stop there.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"CheckFailed: {self}"]


@dataclass(frozen=True)
class Checked:
    """The outcome of an exercise's public tests.

    Attributes
    ----------
    exercise : str
    tests : int
        The number of tests.
    failures : tuple of (PublicTest, Failure)
    causes : dict of str
        A failed test's name to an exercise on whose code it runs and whose own checks do not pass.
    """

    exercise: str
    tests: int
    failures: tuple[tuple[PublicTest, Failure], ...]
    causes: dict[str, str]

    @property
    def summary(self) -> str:
        """How many of the tests passed."""
        return f"{self.exercise}: {self.tests - len(self.failures)} of {self.tests} checks passed."

    def text(self) -> str:
        """Return what a student reads."""
        if not self.failures:
            return self.summary
        lines = [f"{self.exercise}: {len(self.failures)} of {self.tests} checks did not pass."]
        for test, failure in self.failures:
            lines += ["", f"  - {test.title}", *(f"    {line}" for line in failure.lines())]
            if not failure.hint and test.name in self.causes:
                lines.append(
                    f"    It runs on {self.causes[test.name]}, whose own checks do not pass yet: look there first."
                )
        return "\n".join(lines)


def check(exercise: str = "") -> None:
    """Run the public checks of an exercise and print the outcome; without a name, show where you stand.

    Parameters
    ----------
    exercise : str
        An exercise id, such as "affine_forward"; or a part, such as "part2"; or "", for all parts.

    Raises
    ------
    CheckFailed
        If a check does not pass, or there is no such exercise.
    """
    folder = own_folder()
    public = PublicTests(folder)
    tests = public.of(exercise)
    coach = _coach()
    if not tests:
        if coach is None:
            raise CheckFailed(f"There is no exercise called {exercise!r}.")
        coach.show_map(public, exercise)
        return
    done = checked(public, exercise, tests)
    if coach is None or not coach.show_checked(public, done):
        print(done.text())
    if done.failures:
        raised = next((failure.raised for _, failure in done.failures if failure.raised is not None), None)
        error = CheckFailed(done.summary)
        raise error.with_traceback(raised.__traceback__ if raised is not None else None) from None


def checked(public: PublicTests, exercise: str, tests: list[PublicTest]) -> Checked:
    """Run the tests of an exercise on the code on disk.

    Raises
    ------
    CheckFailed
        If the student left the debugger.
    """
    with _without_bars(), _breakpoints(), _fresh(public.folder, public.facts):
        failures = tuple((test, failure) for test in tests if (failure := _run(public, test)) is not None)
        with _quietly():
            causes = {test.name: _cause(public, test) for test, failure in failures if not failure.hint}
    return Checked(exercise, len(tests), failures, {name: cause for name, cause in causes.items() if cause})


def _run(public: PublicTests, test: PublicTest) -> Failure | None:
    host = own_host(public.folder, public.facts, _notebook_values())
    put_back = host.remember()  # a test seeds the generators, and the notebook's random numbers must not change
    try:
        failure = public.run(test, Recorded(Local(host)))
    except CodeError as error:
        failure = failure_of(error)
    finally:
        put_back()
    if failure is not None and isinstance(failure.raised, bdb.BdbQuit):
        raise CheckFailed("You left the debugger, so the check ended there.") from None
    return failure


def _cause(public: PublicTests, test: PublicTest) -> str:
    """Return the first exercise on whose code a test runs and whose own checks do not pass, or ""."""
    return next(
        (need for need in test.claim.needs if any(_run(public, one) is not None for one in public.of(need))), ""
    )


def own_folder() -> Path:
    """Return the folder of the release that holds this package, or the current folder in an instructor's checkout."""
    own = Path(__file__).resolve().parents[2]
    return own if (own / RELEASED).exists() else Path.cwd()


def _coach() -> Any:
    """Return the module that shows maps and pages, or None where there are only the checks."""
    try:
        return importlib.import_module(f"{ROOM}.coach.show")
    except ImportError:
        return None


def _shell() -> Any:
    """Return the running IPython, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _in_kernel() -> bool:
    """Tell whether a notebook's kernel runs this."""
    return hasattr(_shell(), "kernel")


def _notebook_values() -> dict[str, Any]:
    """Return the variables of the running notebook, or an empty dictionary outside a notebook."""
    shell = _shell()
    return dict(shell.user_ns) if shell is not None else {}


@contextlib.contextmanager
def _fresh(folder: Path, facts: Facts) -> Iterator[None]:
    """Import the package again from disk, and afterwards restore the modules that the notebook had imported."""
    package = facts.package
    kept = {name: module for name, module in sys.modules.items() if f"{name}.".startswith(f"{package}.")}
    tools = {name: module for name, module in kept.items() if name.split(".")[1:2] and name.split(".")[1] in TOOLS}
    sys.path.insert(0, str(folder))
    written = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # a cached file would hide a second edit within the same second
    try:
        with contextlib.suppress(CodeError):  # the test that needs a broken __init__.py explains the error
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
def _without_bars() -> Iterator[None]:
    """Suppress progress bars. Everything else that the code under test prints is shown."""
    previous = os.environ.get("TQDM_DISABLE")
    os.environ["TQDM_DISABLE"] = "1"
    try:
        yield
    finally:
        if previous is None:
            del os.environ["TQDM_DISABLE"]
        else:
            os.environ["TQDM_DISABLE"] = previous


@contextlib.contextmanager
def _breakpoints() -> Iterator[None]:
    """Let ``breakpoint()`` stop in a notebook: the kernel's own hook waits for a debugger that nobody has opened."""
    previous, opened = sys.breakpointhook, sys.modules.get("debugpy")
    if _in_kernel() and "PYTHONBREAKPOINT" not in os.environ and not (opened and opened.is_client_connected()):
        debugger = importlib.import_module("IPython.core.debugger")
        sys.breakpointhook = lambda *_, **__: debugger.set_trace(sys._getframe(1))
    try:
        yield
    finally:
        sys.breakpointhook = previous


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Suppress the output and the breakpoints of code that nobody asked to see."""
    previous = sys.breakpointhook
    sys.breakpointhook = lambda *_, **__: None
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        sys.breakpointhook = previous
