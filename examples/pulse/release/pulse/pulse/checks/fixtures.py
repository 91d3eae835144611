"""Fixtures that a test asks for by name. The judge, the recorder, `check` and the students' pytest share them.

Each fixture is a property of `Fixtures`, or of a subclass in an assignment's kit. pytest gets a fixture of the same
name for each property. See ``public`` and the judge's plugin for running tests.
"""

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from .answers import Answering
from .code_under_test import CodeUnderTest


class Fixtures:
    """The fixtures for one run of one test.

    Parameters
    ----------
    student : CodeUnderTest
        The code under test.
    reference : callable
        Returns the reference as a `CodeUnderTest`.
    rng : callable
        Returns the test's random generator in its initial state.
    """

    def __init__(
        self,
        student: CodeUnderTest,
        reference: Callable[[], CodeUnderTest],
        rng: Callable[[], np.random.Generator],
    ) -> None:
        self._student, self._reference, self._rng = student, reference, rng

    @property
    def student(self) -> CodeUnderTest:
        """The code under test. What it returns are answers: see ``answers``."""
        return CodeUnderTest(Answering(self._student.backend))

    @property
    def reference(self) -> CodeUnderTest:
        """The reference. What it returns are plain values."""
        return self._reference()

    @cached_property
    def rng(self) -> np.random.Generator:
        """The test's random generator."""
        return self._rng()

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all fixtures."""
        return tuple(name for name in dir(cls) if isinstance(getattr(cls, name), property | cached_property))

    def run(self, test: Callable[..., None]) -> None:
        """Call a test function with the fixtures that it asks for."""
        test(**{name: getattr(self, name) for name in inspect.signature(test).parameters})


def asks_only_for(test: Callable[..., None], fixtures: type[Fixtures]) -> bool:
    """Tell whether a test asks only for fixtures of a class."""
    return set(inspect.signature(test).parameters) <= set(fixtures.names())


def pytest_fixtures(names: tuple[str, ...]) -> dict[str, Any]:
    """Return pytest fixtures of these names. Each reads its value from the fixture ``offered``, a `Fixtures`."""
    import pytest

    def fixture(name: str) -> Any:
        def give(offered: Fixtures) -> Any:
            return getattr(offered, name)

        return pytest.fixture(name=name)(give)

    return {name: fixture(name) for name in names}
