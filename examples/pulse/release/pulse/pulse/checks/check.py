"""``check("affine_forward")``: run the public tests of one exercise on the code on disk.

Notebooks call it. It prints each failed test, the size of the error and a hint. It does not count for grading.
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
"""Subpackages that are not the student's work. A check does not import them again."""


class CheckFailed(Exception):
    """Some public checks of an exercise did not pass. The lines above name them."""

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
        causes = {test.name: _cause(public, test) for test, failure in failures if not failure.hint}
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
        elif causes[test.name]:
            print(f"    It runs on {causes[test.name]}, whose own checks do not pass yet: look there first.")
    raise CheckFailed(f"{exercise}: {passed} of {len(tests)} checks passed.")


def _run(public: PublicTests, test: PublicTest) -> Failure | None:
    host = own_host(public.folder, public.facts, _notebook_values())
    put_back = host.remember()  # a test seeds the generators, and the notebook's random numbers must not change
    try:
        return public.run(test, Recorded(Local(host)))
    except CodeError as error:
        return Failure(error.message, error.where)
    finally:
        put_back()


def _cause(public: PublicTests, test: PublicTest) -> str:
    """Return the first exercise on whose code a test runs and whose own checks do not pass, or ""."""
    return next(
        (need for need in test.claim.needs if any(_run(public, one) is not None for one in public.of(need))), ""
    )


def _folder() -> Path:
    """Return the folder of the release that holds this package, or the current folder in an instructor's checkout."""
    own = Path(__file__).resolve().parents[2]
    return own if (own / RELEASED).exists() else Path.cwd()


def _notebook_values() -> dict[str, Any]:
    """Return the variables of the running notebook, or an empty dictionary outside a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
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
def _quietly() -> Iterator[None]:
    """Suppress the output of the code under test; a warning on stderr is no failure."""
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
