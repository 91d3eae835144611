"""Judge the course's own code in this process: the reference, and copies of it that are changed.

The hidden tests and their comparisons are those of grading; only the sandbox is left out. Never for submissions.
"""

import contextlib
import functools
import io
import itertools
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder import temporary
from autograder.assignment import Part
from autograder.catalogue import copy_package
from autograder.checks.code_under_test import Backend, CodeUnderTest
from autograder.checks.host import Local, PackageHost, load_package
from autograder.course import Course
from autograder.intake.submission import Submission
from autograder.judge.context import TrustedContext
from autograder.judge.credit import PartialCredit
from autograder.judge.extension import Extension, own
from autograder.judge.fixtures import fixtures_of
from autograder.judge.plugin import JudgePlugin, asks_for_notebook, attempt, claimed, name_of
from autograder.judge.reference import contents, reference
from autograder.judge.session import collect
from autograder.verdict import TestResult

from .remembered import Remembered

QUICK = ("core", "edge")
"""Kinds of tests that judge mistakes. Only the first kind judges accepted solutions of modules."""
_numbers = itertools.count()


def parts_in_numpy(course: Course) -> list[Part]:
    """Return the parts whose exercises are in the package. A framework's notebook is judged in the sandbox only."""
    return [part for part in course.parts if not part.framework]


def is_quick(test: pytest.Function) -> bool:
    """Tell whether a test judges mistakes: it is quick, and about the package."""
    return claimed(test).kind in QUICK and not asks_for_notebook(test)


def _nothing(folder: Path) -> None:
    """Leave the reference unchanged."""


Answering = Callable[[Backend], Backend]
"""Puts a backend in front of another one, to change its answers."""


def _as_it_is(backend: Backend) -> Backend:
    """Leave the answers unchanged."""
    return backend


class BackendFault(Exception):
    """A backend cannot answer, whatever the code under test is."""


class ReferenceCopy:
    """A changed copy of the reference's package, loaded for judging. Use it as a context manager.

    Parameters
    ----------
    course : Course
    change : callable
        Called with the folder that holds the copied package, to change the package.
    part : Part, optional
        A part whose notebook is copied too: its solved cells are judged. Its framework must be installed.

    Attributes
    ----------
    fingerprints : dict
        How each exercise failed when `results` was called last: see `verdict.ExerciseResult`.
    """

    def __init__(self, course: Course, change: Callable[[Path], None] = _nothing, part: Part | None = None) -> None:
        self.course = course
        self._change = change
        self._part = part
        self.fingerprints: dict[str, str] = {}
        self._right: Remembered | None = None

    def __enter__(self) -> "ReferenceCopy":
        with contextlib.ExitStack() as undo:
            self.folder = undo.enter_context(temporary.folder("copy"))
            assignment = self.course.assignment
            package = self.folder / assignment.package
            copy_package(self.course.source / assignment.package, package)
            (package / "__init__.py").write_text("")
            library = _extension(self.course)
            if library is not None:
                shutil.copyfile(library, package / library.name)
            beside = contents(assignment)
            if self._part is not None:
                beside = contents(assignment, (self._part.notebook,), self._part.framework)
                shutil.copyfile(self.course.source / self._part.notebook, self.folder / self._part.notebook)
            self._change(self.folder)
            undo.enter_context(contextlib.chdir(self.folder))  # the code writes checkpoints into the current folder
            name = f"autograder_copy_{next(_numbers)}"
            undo.callback(_forget, name)
            load_package(package, name)
            self.backend = Local(PackageHost(name, self.folder, beside))
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def remember(self, part: Part) -> None:
        """Let the reference compute each of its answers to the tests of a part once, from now on."""
        self._right = Remembered(reference(self.course.assignment, part))

    def result(self, part: Part, test: pytest.Function, seed: str = "", answering: Answering = _as_it_is) -> TestResult:
        """Judge the copy by one hidden test of a part, and look for no cause. See `results` for the parameters."""
        plugin = JudgePlugin(self._context(part, seed, answering))
        with _quietly():
            plugin.judge(test)
        ((found,),) = plugin.results.values()
        return found

    def error(self, part: Part, test: pytest.Function, answering: Answering = _as_it_is) -> Exception | None:
        """Run one hidden test of a part, and nothing to explain it; return its exception, or None if it passes."""
        context = self._context(part, "", answering)
        name = name_of(test, claimed(test))
        try:
            with _quietly():
                student = CodeUnderTest(context.student(claimed(test).exercise, name, slow=False))
                attempt(test, fixtures_of(self.course)(context, student, name, []))
        except Exception as error:
            return error
        return None

    def _context(self, part: Part, seed: str, answering: Answering) -> TrustedContext:
        submission = Submission(self.folder, f"variant {seed}", (), ())
        return TrustedContext(
            self.course, part, submission, 0, Extension(), backend=answering(self.backend), right=self._right
        )

    def results(
        self,
        part: Part,
        wanted: Callable[[pytest.Function], bool],
        seed: str = "",
        answering: Answering = _as_it_is,
        examples: bool = False,
    ) -> list[TestResult]:
        """Judge the copy by some of the hidden tests of a part.

        Parameters
        ----------
        part : Part
        wanted : callable
            Tells whether to use a test.
        seed : str
            Part of the submission's digest: each seed gives other random numbers.
        answering : callable
            Called with the backend that asks the copy; returns the backend that the tests ask.
        examples : bool
            Whether to find the smallest case for each exercise that fails.
        """
        plugin = JudgePlugin(self._context(part, seed, answering), examples)
        with _quietly():
            for test in filter(wanted, collect(self.course, part)):
                plugin.judge(test)
            for exercise in list(plugin.results):
                plugin.finish(exercise)
        self.fingerprints = plugin.fingerprints
        return [result for results in plugin.results.values() for result in results]

    def credit(
        self, part: Part, test: pytest.Function, backend: Backend, seed: str = "", other_draws: bool = False
    ) -> float:
        """Return the credit of one hidden test for a backend's answers, without an explanation.

        Parameters
        ----------
        part : Part
        test : pytest.Function
        backend : Backend
            It answers the test. A `BackendFault` that it raises passes through.
        seed : str
            See `results`.
        other_draws : bool
            Whether the code under test draws other random numbers; the inputs are the same.
        """
        context, name = self._context(part, seed, lambda _: backend), name_of(test, claimed(test))
        backend.seed(context.global_seed(f"{name}, again" if other_draws else name))
        offered = fixtures_of(self.course)(context, CodeUnderTest(backend), name, [])
        try:
            with _quietly():
                attempt(test, offered)
        except PartialCredit as error:
            return error.credit
        except BackendFault:
            raise
        except Exception:
            return 0.0
        return 1.0


_extension = functools.cache(own)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Show nothing of what the code prints, and no warning."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _forget(package: str) -> None:
    """Remove a package's modules from ``sys.modules``."""
    for module in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[module]
