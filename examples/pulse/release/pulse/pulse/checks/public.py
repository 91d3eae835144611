"""The public tests: find those of an exercise, run one on the student's package, explain what failed.

Shared by `check` in a notebook and by ``pytest`` in the student's folder; the judge has its own way of running tests.
"""

import importlib
import importlib.util
import inspect
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .alias import alias
from .code_under_test import CodeError, CodeUnderTest
from .compare import Mismatch
from .definitions import framework_of
from .exercise import Claim, claim_of
from .facts import Facts, facts_of
from .fixtures import Fixtures
from .host import Contents, PackageHost
from .record import Log, Playback, Recorded, read_logs, same_answers


@dataclass(frozen=True)
class PublicTest:
    """One public test function and what it claims."""

    function: Callable[..., None]
    claim: Claim

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @property
    def title(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.function) or self.name).splitlines()[0].rstrip(".")


@dataclass(frozen=True)
class Failure:
    """Why a test failed: one sentence, the student's own line, and the known mistake that gives just these numbers."""

    message: str
    where: str = ""
    hint: str = ""


def seed_for(name: str) -> int:
    """Return the seed of a public test: the same everywhere, so that answers can be recorded."""
    return zlib.crc32(name.encode())


def rng_for(name: str) -> np.random.Generator:
    """Return the generator of a public test."""
    return np.random.default_rng(seed_for(name))


class PublicTests:
    """The public tests that lie in a folder's ``tests``.

    Parameters
    ----------
    folder : Path
        The folder that holds the package, the notebooks and ``tests``.
    facts : Facts, optional
        What is known of the assignment, by default what the folder says.
    """

    def __init__(self, folder: Path, facts: Facts | None = None) -> None:
        self.folder = folder
        self.facts = facts or facts_of(folder)
        lend(self.facts)
        self.tests = [test for file in sorted((folder / "tests").glob("test_*.py")) for test in _tests_in(file)]

    def of(self, exercise: str) -> list[PublicTest]:
        """Return the tests that claim ``exercise``, in the order in which they are written."""
        return [test for test in self.tests if test.claim.exercise == exercise]

    @cached_property
    def _recordings(self) -> Path:
        """Where the recorded answers lie; the instructor's checkout keeps them in the release only."""
        own = self.folder / "tests" / "recorded"
        return own if own.exists() else self.folder.parents[1] / "release" / self.folder.name / "tests" / "recorded"

    @cached_property
    def _recorded(self) -> dict[str, Log]:
        logs: dict[str, Log] = {}
        for path in sorted(self._recordings.glob("*.npz")):
            logs.update(read_logs(path))
        return logs

    @cached_property
    def _mistakes(self) -> dict[str, dict[str, str]]:
        path = self._recordings / "mistakes.json"
        mistakes: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
        return mistakes

    def reference(self, test: str) -> CodeUnderTest:
        """Return the reference as a test asks it: recorded answers."""
        return CodeUnderTest(Playback(self._recorded.get(f"reference/{test}", [])))

    def hint(self, test: PublicTest, answers: Log) -> str:
        """Name the known mistake that gives exactly these answers, or return ""."""
        for key, log in self._recorded.items():
            kind, _, rest = key.partition("/")
            name, _, mistake = rest.partition("/")
            if kind == "mistake" and name == test.name and same_answers(answers, log):
                return self._mistakes[f"{test.claim.exercise}/{mistake}"]["explanation"]
        return ""

    def run(self, test: PublicTest, student: Recorded) -> Failure | None:
        """Run one test; return why it failed, or None."""
        student.seed(seed_for(test.name))
        try:
            self.fixtures(test.name, CodeUnderTest(student)).run(test.function)
        except Exception as error:
            return self.explain(test, error, student.log)
        return None

    def fixtures(self, test: str, student: CodeUnderTest) -> Fixtures:
        """Return what a test is given."""
        return fixtures_of(self.facts)(student, lambda: self.reference(test), lambda: rng_for(test))

    def explain(self, test: PublicTest, error: BaseException, answers: Log) -> Failure:
        """Turn what a test raised into a `Failure`."""
        if isinstance(error, CodeError):
            return Failure(error.message, error.where)
        if isinstance(error, Mismatch):
            return Failure(error.message, hint=self.hint(test, answers))
        return Failure(unpacking(error) or f"What came back could not be used ({type(error).__name__}: {error}).")


def unpacking(error: BaseException) -> str:
    """Return a sentence where a test could not unpack what a function returned, else ""."""
    text = str(error)
    if isinstance(error, TypeError) and "cannot unpack" in text:
        return "It returned nothing to unpack where several values are expected: is the return missing?"
    if isinstance(error, ValueError) and "values to unpack" in text:
        return "It returned another number of values than its docstring says."
    return ""


def own_host(folder: Path, facts: Facts, values: dict[str, Any] | None = None) -> PackageHost:
    """Return the student's package in this process, with the notebook's names where they are known."""
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
    """Return what public tests of an assignment may ask for."""
    room = facts.room("student")
    if not room:
        return Fixtures
    found: type[Fixtures] = importlib.import_module(room).Fixtures
    return found


def lend(facts: Facts) -> None:
    """Let the students' package have the tools that a release puts into it, where it is not a release."""
    alias(f"{facts.package}.checks", __package__ or "")
    if facts.kit:
        alias(f"{facts.package}.kit", facts.kit)


def _furthest(notebooks: dict[Path, str]) -> str:
    """The framework in whose notebook least is left to do: one of several is enough."""
    open_places = {
        framework: path.read_text(encoding="utf-8", errors="replace").count("NotImplementedError")
        for path, framework in notebooks.items()
        if framework
    }
    return min(open_places, key=lambda name: open_places[name], default="")


class _NotebookHost(PackageHost):
    """A host that prefers what the running notebook holds over what its file says."""

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
