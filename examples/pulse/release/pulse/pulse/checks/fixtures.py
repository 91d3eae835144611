"""What a test may ask for by name: the same fixtures for the judge, the recorder, `check` and the students' pytest.

Each is a property of `Fixtures`, or of a class that an assignment's kit derives from it; pytest gets a fixture of the
same name for each. Not for running tests: see ``public`` and the judge's plugin.
"""

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from .code_under_test import CodeUnderTest


class Fixtures:
    """What one run of one test is given.

    Parameters
    ----------
    student : CodeUnderTest
        The code that the test is about.
    reference : callable
        Returns the reference, as the test may ask it.
    rng : callable
        Returns the test's own generator, afresh.
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
        """The code that the test is about."""
        return self._student

    @property
    def reference(self) -> CodeUnderTest:
        """The reference."""
        return self._reference()

    @cached_property
    def rng(self) -> np.random.Generator:
        """Random numbers of the test's own."""
        return self._rng()

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all fixtures."""
        return tuple(name for name in dir(cls) if isinstance(getattr(cls, name), property | cached_property))

    def run(self, test: Callable[..., None]) -> None:
        """Call a test function with what it asks for."""
        test(**{name: getattr(self, name) for name in inspect.signature(test).parameters})


def asks_only_for(test: Callable[..., None], fixtures: type[Fixtures]) -> bool:
    """Whether a test asks for nothing but fixtures of a class."""
    return set(inspect.signature(test).parameters) <= set(fixtures.names())


def pytest_fixtures(names: tuple[str, ...]) -> dict[str, Any]:
    """Return pytest fixtures of these names; each is given by the fixture ``offered``, a `Fixtures`."""
    import pytest

    def fixture(name: str) -> Any:
        def give(offered: Fixtures) -> Any:
            return getattr(offered, name)

        return pytest.fixture(name=name)(give)

    return {name: fixture(name) for name in names}
