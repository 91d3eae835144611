"""The public tests: find the tests of an exercise, run one on the student's package, explain its failure.

`check` in a notebook and ``pytest`` in the student's folder share this module. The judge does not use it to run tests.
"""

import importlib
import importlib.util
import inspect
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .alias import alias
from .causes import explained, wrong_places
from .code_under_test import CodeError, CodeUnderTest
from .compare import Mismatch
from .exercise import Claim, claim_of
from .facts import Facts, facts_of
from .fixtures import Fixtures
from .host import Contents, PackageHost
from .notebook import framework_of
from .pictures import Picture, drawn
from .record import Log, Playback, Recorded, read_logs


@dataclass(frozen=True)
class PublicTest:
    """One public test function and its claim."""

    function: Callable[..., None]
    claim: Claim

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @property
    def title(self) -> str:
        """The first line of the function's docstring, or the function's name."""
        return (inspect.getdoc(self.function) or self.name).splitlines()[0].rstrip(".")


@dataclass(frozen=True)
class Failure:
    """The reason why a test failed.

    Attributes
    ----------
    message, where : str
        A sentence, and the line of the student's code.
    mistake : str
        The key of the known mistake that gives the same answers, or "".
    hint : str
        The explanation of that mistake, or "".
    kind : str
        The kind of the `CodeError` or `Mismatch`.
    pictures : tuple of Picture
    raised : BaseException or None
        The exception, with the traceback that leads into the student's code.
    """

    message: str
    where: str = ""
    mistake: str = ""
    hint: str = ""
    kind: str = ""
    pictures: tuple[Picture, ...] = ()
    raised: BaseException | None = field(default=None, compare=False)

    def lines(self) -> list[str]:
        """Return the failure in lines of text."""
        lines = [self.message]
        lines += [f"At {self.where}"] if self.where else []
        lines += drawn(self.pictures)
        lines += [f"Perhaps: {self.hint}"] if self.hint else []
        return lines


def failure_of(error: CodeError) -> Failure:
    """Return the failure that an exception of the code under test is."""
    return Failure(error.message, error.where, kind=error.kind, raised=first_cause(error))


def first_cause(error: BaseException) -> BaseException:
    """Return the exception of the student's code behind a `CodeError`, or the error itself."""
    cause: BaseException | None = error
    while isinstance(cause, CodeError) and cause.__context__ is not None:
        cause = cause.__context__
    return cause or error


def seed_for(name: str) -> int:
    """Return the seed of a public test. It is the same on every machine, so that recorded answers stay valid."""
    return zlib.crc32(name.encode())


def rng_for(name: str) -> np.random.Generator:
    """Return the random generator of a public test."""
    return np.random.default_rng(seed_for(name))


class PublicTests:
    """The public tests in a folder's ``tests``.

    Parameters
    ----------
    folder : Path
        The folder that holds the package, the notebooks and ``tests``.
    facts : Facts, optional
        The facts about the assignment, by default those of the folder.
    """

    def __init__(self, folder: Path, facts: Facts | None = None) -> None:
        self.folder = folder
        self.facts = facts or facts_of(folder)
        lend(self.facts)
        self.tests = [test for file in sorted((folder / "tests").glob("test_*.py")) for test in _tests_in(file)]

    def of(self, exercise: str) -> list[PublicTest]:
        """Return the tests that claim ``exercise``, in the order of the test files."""
        return [test for test in self.tests if test.claim.exercise == exercise]

    @cached_property
    def _recordings(self) -> Path:
        """The folder of the recorded answers; an instructor's checkout has them only in the release."""
        own = self.folder / "tests" / "recorded"
        return own if own.exists() else self.folder.parents[1] / "release" / self.folder.name / "tests" / "recorded"

    @cached_property
    def _recorded(self) -> dict[str, Log]:
        logs: dict[str, Log] = {}
        for path in sorted(self._recordings.glob("*.npz")):
            logs.update(read_logs(path))
        return logs

    @cached_property
    def mistakes(self) -> dict[str, dict[str, Any]]:
        """The known mistakes, by key: their titles, their explanations, and the steps of their hints."""
        path = self._recordings / "mistakes.json"
        mistakes: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return mistakes

    @cached_property
    def steps(self) -> dict[str, list[str]]:
        """The steps of the hint of each exercise, for failures that no known mistake explains."""
        path = self._recordings / "steps.json"
        steps: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return steps

    def reference(self, test: str) -> CodeUnderTest:
        """Return the reference for a test, which plays back recorded answers."""
        return CodeUnderTest(Playback(self._recorded.get(f"reference/{test}", [])))

    def mistake(self, test: PublicTest, answers: Log) -> str:
        """Return the key of the known mistake that gives the same answers, or ""."""
        asked = self._recorded.get(f"reference/{test.name}", [])
        right = self._recorded.get(f"right/{test.name}", asked)  # a test need not ask the reference the same
        wrong = wrong_places(answers, right)
        for key, log in self._recorded.items():
            kind, _, rest = key.partition("/")
            name, _, mistake = rest.partition("/")
            if kind == "mistake" and name == test.name and wrong and explained(answers, right, log) == wrong:
                return f"{test.claim.exercise}/{mistake}"
        return ""

    def run(self, test: PublicTest, student: Recorded) -> Failure | None:
        """Run one test. Return its failure, or None if it passed."""
        student.begin(test.claim.exercise)
        student.seed(seed_for(test.name))
        try:
            self.fixtures(test.name, CodeUnderTest(student)).run(test.function)
        except Exception as error:
            return self.explain(test, error, student.log)
        return None

    def fixtures(self, test: str, student: CodeUnderTest) -> Fixtures:
        """Return the fixtures for a test."""
        return fixtures_of(self.facts)(student, lambda: self.reference(test), lambda: rng_for(test))

    def explain(self, test: PublicTest, error: BaseException, answers: Log) -> Failure:
        """Turn an exception of a test into a `Failure`."""
        if isinstance(error, CodeError):
            return failure_of(error)
        if isinstance(error, Mismatch):
            mistake = self.mistake(test, answers)
            hint = self.mistakes[mistake]["explanation"] if mistake else ""
            return Failure(error.message, "", mistake, hint, error.kind, error.pictures, error)
        said = unpacking(error) or f"The test cannot use the answer ({type(error).__name__}: {error})."
        return Failure(said, raised=error)


def unpacking(error: BaseException) -> str:
    """Return a sentence for the student if a test could not unpack an answer, else ""."""
    text = str(error)
    if isinstance(error, TypeError) and "cannot unpack" in text:
        return "It returned one value or None, but several values are expected: is the return statement complete?"
    if isinstance(error, ValueError) and "values to unpack" in text:
        return "It returned a different number of values than its docstring says."
    return ""


def own_host(folder: Path, facts: Facts, values: dict[str, Any] | None = None) -> PackageHost:
    """Return a host for the student's package in this process.

    Parameters
    ----------
    folder : Path
        The folder that holds the package and the notebooks.
    facts : Facts
    values : dict, optional
        The variables of the running notebook, which override the definitions in the notebooks' files.
    """
    values = values or {}
    notebooks = {path: framework_of(path) for path in sorted(folder.glob("*.ipynb"))}
    modules = (value.__name__ for value in values.values() if isinstance(value, ModuleType))
    known = dict(facts.frameworks)
    framework = next((name for name in modules if name in known), "") or _furthest(notebooks)
    names = tuple(path.name for path, written_for in notebooks.items() if written_for in ("", framework))
    host = _NotebookHost(facts.package, folder, Contents(names, framework, facts.computing, facts.room("runner")))
    host.values = values
    return host


def fixtures_of(facts: Facts) -> type[Fixtures]:
    """Return the class of the fixtures for an assignment's public tests."""
    room = facts.room("student")
    if not room:
        return Fixtures
    found: type[Fixtures] = importlib.import_module(room).Fixtures
    return found


def lend(facts: Facts) -> None:
    """Make the tools importable below the students' package in a checkout, as they are in a release."""
    alias(f"{facts.package}.checks", __package__ or "")
    if facts.kit:
        alias(f"{facts.package}.kit", facts.kit)


def _furthest(notebooks: dict[Path, str]) -> str:
    """Return the framework of the notebook with the fewest ``NotImplementedError``, or "": one notebook is enough."""
    open_places = {
        framework: path.read_text(encoding="utf-8", errors="replace").count("NotImplementedError")
        for path, framework in notebooks.items()
        if framework
    }
    return min(open_places, key=lambda name: open_places[name], default="")


class _NotebookHost(PackageHost):
    """A host that prefers the variables of the running notebook to the definitions in its file."""

    values: dict[str, Any]

    def definition(self, name: str) -> Any:
        return self.values[name] if name in self.values else super().definition(name)

    def definition_in_framework(self, name: str) -> Any:
        return self.values[name] if name in self.values else super().definition_in_framework(name)


def _tests_in(file: Path) -> Iterator[PublicTest]:
    module = _load(file)
    for function in vars(module).values():
        claim = claim_of(function) if inspect.isfunction(function) else None
        if claim is not None:
            yield PublicTest(function, claim)


def _load(file: Path) -> ModuleType:
    """Import a test file."""
    spec = importlib.util.spec_from_file_location(f"public_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
