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
from .public import PublicTest, PublicTests, own_pictures, own_student, rng_for
from .record import Recorded
from .subject import Subject


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
    request.node.recorded = recorded
    return recorded


@pytest.fixture
def student(recorded: Recorded) -> Subject:
    """The student's package."""
    return Subject(recorded)


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
    recorded: Any = getattr(item, "recorded", None)
    if call.when == "call" and call.excinfo is not None and recorded is not None and isinstance(item, pytest.Function):
        claim = claim_of(item.function)
        if claim is not None:
            tests: PublicTests = item.funcargs.get("public_tests") or PublicTests(Path(str(item.config.rootpath)))
            failure = tests.explain(PublicTest(item.function, claim), call.excinfo.value, recorded.log)
            lines = [f"{claim.exercise}: {failure.message}"]
            lines += [f"At {failure.where}"] if failure.where else []
            lines += [f"Perhaps: {failure.hint}"] if failure.hint else []
            report.longrepr = "\n".join(lines)
    return report
