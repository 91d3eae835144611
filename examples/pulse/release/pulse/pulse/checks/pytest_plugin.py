"""``pytest`` in the student's folder: the fixtures of the public tests, and short explanations instead of tracebacks.

The release's ``tests/conftest.py`` imports the fixtures and hooks, so that pytest works from every folder. Grading does
not use this module.
"""

import functools
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from .code_under_test import CodeError, CodeUnderTest
from .exercise import claim_of
from .facts import facts_of
from .fixtures import Fixtures, pytest_fixtures
from .host import Local
from .public import Failure, PublicTest, PublicTests, failure_of, fixtures_of, own_host, seed_for
from .record import Recorded


@functools.cache
def _public_tests(folder: Path) -> PublicTests:
    return PublicTests(folder)


def _folder_of(item: pytest.Item) -> Path:
    """Return the student's folder, which holds ``tests``."""
    return item.path.parent.parent


@pytest.fixture
def offered(request: pytest.FixtureRequest) -> Fixtures:
    """The fixtures for the test."""
    public = _public_tests(_folder_of(request.node))
    recorded = Recorded(Local(own_host(public.folder, public.facts)))
    claim = claim_of(request.node.function)
    recorded.begin(claim.exercise if claim is not None else "")
    recorded.seed(seed_for(request.node.name))
    request.node.recorded = recorded
    return public.fixtures(request.node.name, CodeUnderTest(recorded))


def fixtures_for(conftest: str) -> dict[str, Any]:
    """Return the fixtures and hooks, by name, for the ``conftest.py`` in a student's ``tests``."""
    facts = facts_of(Path(conftest).resolve().parent.parent)
    hooks = (offered, pytest_itemcollected, pytest_runtest_makereport)
    return {**{hook.__name__: hook for hook in hooks}, **pytest_fixtures(fixtures_of(facts).names())}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let ``-k affine_forward`` select all tests that claim this exercise."""
    claim = claim_of(item.function) if isinstance(item, pytest.Function) else None
    if claim is not None:
        item.extra_keyword_matches.add(claim.exercise)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Replace the traceback by the explanation."""
    report = yield
    failure = _failure(item, call)
    if failure is not None:
        report.longrepr = "\n".join(failure.lines())
    return report


def _failure(item: pytest.Item, call: pytest.CallInfo[None]) -> Failure | None:
    if call.excinfo is None or not isinstance(item, pytest.Function):
        return None
    error = call.excinfo.value
    claim = claim_of(item.function)
    recorded: Any = getattr(item, "recorded", None)
    if claim is None or recorded is None or call.when != "call":
        return failure_of(error) if isinstance(error, CodeError) else None
    tests = _public_tests(_folder_of(item))
    return tests.explain(PublicTest(item.function, claim), error, recorded.log)
