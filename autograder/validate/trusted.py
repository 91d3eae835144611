"""Judge code of our own in this process: variants of the reference, right ones and wrong ones.

The hidden tests are the same, and what they make of an answer; only the sandbox is left out. Never for submissions.
"""

import contextlib
import functools
import io
import itertools
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.assignment import Part
from autograder.catalogue import copy_package
from autograder.checks.host import Local, PackageHost, load_package
from autograder.checks.record import Recorded
from autograder.course import Course
from autograder.intake.submission import Submission
from autograder.judge.context import Context
from autograder.judge.extension import Extension, own
from autograder.judge.plugin import JudgePlugin
from autograder.judge.reference import contents
from autograder.judge.session import collect
from autograder.verdict import TestResult

_numbers = itertools.count()


def parts_in_numpy(course: Course) -> list[Part]:
    """The parts whose exercises lie in the package: notebooks of a framework are judged in the sandbox only."""
    return [part for part in course.parts if not part.framework]


def _nothing(folder: Path) -> None:
    """Leave the reference as it is."""


@dataclass
class TrustedContext(Context):
    """A context whose package lies in this process, with a package's name of its own."""

    local: Local | None = None

    def student(self, exercise: str, test: str, slow: bool) -> Recorded:  # noqa: ARG002
        """Return the package for a test."""
        assert self.local is not None
        self.local.seed(self.global_seed(test))
        return Recorded(self.local)


class Variant:
    """A copy of the reference's package in which something is changed, ready to be judged. Use as a context.

    Parameters
    ----------
    course : Course
    change : callable
        Does something to the copy's folder, which holds the package.
    """

    def __init__(self, course: Course, change: Callable[[Path], None] = _nothing) -> None:
        self.course = course
        self._change = change

    def __enter__(self) -> "Variant":
        with contextlib.ExitStack() as undo:
            self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="autograder-variant-")))
            assignment = self.course.assignment
            package = self.folder / assignment.package
            copy_package(self.course.source / assignment.package, package)
            (package / "__init__.py").write_text("")
            library = _extension(self.course)
            if library is not None:
                shutil.copyfile(library, package / library.name)
            self._change(self.folder)
            undo.enter_context(contextlib.chdir(self.folder))  # checkpoints are written where a program runs
            name = f"autograder_variant_{next(_numbers)}"
            undo.callback(_forget, name)
            load_package(package, name)
            self._local = Local(PackageHost(name, self.folder, contents(assignment)))
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def results(self, part: Part, wanted: Callable[[pytest.Function], bool], seed: str = "") -> list[TestResult]:
        """Judge it by some of the hidden tests of a part.

        Parameters
        ----------
        part : Part
        wanted : callable
            Whether a test is asked.
        seed : str
            Stands for a submission's digest: other seeds draw other numbers.
        """
        submission = Submission(self.folder, f"variant {seed}", (), ())
        context = TrustedContext(self.course, part, submission, 0, Extension(), local=self._local)
        plugin = JudgePlugin(context)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for test in filter(wanted, collect(self.course, part)):
                plugin.judge(test)
        return [result for results in plugin.results.values() for result in results]


_extension = functools.cache(own)


def _forget(package: str) -> None:
    """Let go of a package's modules."""
    for module in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[module]
