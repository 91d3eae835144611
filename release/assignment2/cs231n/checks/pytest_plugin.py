"""``pytest`` in the student's folder: the fixtures of the public tests, and short explanations for tracebacks.

Loaded by the release's ``tests/conftest.py``; not used when grading.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .exercise import claim_of
from .pictures import Pictures
from .public import Failure, PublicTest, PublicTests, own_pictures, own_student, rng_for, seed_for
from .record import Recorded
from .subject import Name, Subject, SubjectError


@pytest.fixture(scope="session")
def folder(request: pytest.FixtureRequest) -> Path:
    """The student's folder."""
    return Path(str(request.config.rootpath))


@pytest.fixture(scope="session")
def public_tests(folder: Path) -> PublicTests:
    """The public tests and their recorded answers."""
    return PublicTests(folder)


@pytest.fixture
def recorded(folder: Path, request: pytest.FixtureRequest) -> Recorded:
    """The student's package, listened to."""
    recorded = own_student(folder)
    recorded.backend.call("course.seed", (seed_for(request.node.name),), {})
    request.node.recorded = recorded
    return recorded


@pytest.fixture
def student(recorded: Recorded) -> Subject:
    """The student's package."""
    return Subject(recorded)


@pytest.fixture
def framework(student: Subject) -> Name:
    """What the notebook of part 5 defines."""
    return student.framework


@pytest.fixture
def reference(public_tests: PublicTests, request: pytest.FixtureRequest) -> Subject:
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
        return Failure(error.message, error.where) if isinstance(error, SubjectError) else None
    tests = PublicTests(Path(str(item.config.rootpath)))
    return tests.explain(PublicTest(item.function, claim), error, recorded.log)
