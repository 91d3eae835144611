"""``pytest`` in the student's folder: the fixtures of the public tests, and short explanations for tracebacks.

The release's ``tests/conftest.py`` takes all of it over, so that it works from every folder; not used when grading.
"""

import functools
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .code_under_test import CodeError, CodeUnderTest, Name
from .exercise import claim_of
from .pictures import Pictures
from .public import Failure, PublicTest, PublicTests, own_pictures, own_student, rng_for, seed_for
from .record import Recorded

__all__ = [
    "folder", "framework", "pictures", "public_tests", "pytest_itemcollected", "pytest_runtest_makereport", "recorded",
    "reference", "rng", "student",
]  # fmt: skip


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    """The student's folder: the one that holds ``tests``."""
    return _folder_of(request.node)


def _folder_of(item: pytest.Item) -> Path:
    return item.path.parent.parent


@functools.cache
def _public_tests(folder: Path) -> PublicTests:
    return PublicTests(folder)


@pytest.fixture
def public_tests(folder: Path) -> PublicTests:
    """The public tests and their recorded answers."""
    return _public_tests(folder)


@pytest.fixture
def recorded(folder: Path, request: pytest.FixtureRequest) -> Recorded:
    """The student's package, listened to."""
    recorded = own_student(folder)
    recorded.backend.call("course.seed", (seed_for(request.node.name),), {})
    request.node.recorded = recorded
    return recorded


@pytest.fixture
def student(recorded: Recorded) -> CodeUnderTest:
    """The student's package."""
    return CodeUnderTest(recorded)


@pytest.fixture
def framework(student: CodeUnderTest) -> Name:
    """What the notebook of part 5 defines."""
    return student.framework


@pytest.fixture
def reference(public_tests: PublicTests, request: pytest.FixtureRequest) -> CodeUnderTest:
    """The reference: recorded answers."""
    return public_tests.reference(request.node.name)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """The test's own generator."""
    return rng_for(request.node.name)


@pytest.fixture
def pictures() -> Pictures:
    """The student's own pictures."""
    return own_pictures()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``-k affine_forward`` select the tests that claim this exercise, whatever they are called."""
    claim = claim_of(item.function) if isinstance(item, pytest.Function) else None
    if claim is not None:
        item.extra_keyword_matches.add(claim.exercise)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the explanation in place of the traceback."""
    report = yield
    failure = _failure(item, call)
    if failure is not None:
        lines = [failure.message]
        lines += [f"At {failure.where}"] if failure.where else []
        lines += [f"Perhaps: {failure.hint}"] if failure.hint else []
        report.longrepr = "\n".join(lines)
    return report


def _failure(item: pytest.Item, call: pytest.CallInfo[None]) -> Failure | None:
    if call.excinfo is None or not isinstance(item, pytest.Function):
        return None
    error = call.excinfo.value
    claim = claim_of(item.function)
    recorded: Any = getattr(item, "recorded", None)
    if claim is None or recorded is None or call.when != "call":
        return Failure(error.message, error.where) if isinstance(error, CodeError) else None
    tests = _public_tests(_folder_of(item))
    return tests.explain(PublicTest(item.function, claim), error, recorded.log)
