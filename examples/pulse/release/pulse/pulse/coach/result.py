"""The outcome of an exercise's public tests, and its form as JSON: it comes from another process, or from a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from pulse.checks.exercise import Claim
from pulse.checks.pictures import Picture
from pulse.checks.public import Failure


@dataclass(frozen=True)
class TestDone:
    """A public test that ran: its title, its claim, and its failure or None."""

    __test__ = False

    title: str
    claim: Claim
    failure: Failure | None = None


@dataclass(frozen=True)
class Result:
    """The outcome of an exercise's public tests.

    Attributes
    ----------
    exercise : str
    tests : tuple of TestDone
    printed : str
        What the code printed.
    called : tuple of str
        The modules whose functions the tests called, relative to the package; "*" stands for everything else.
    ended : bool
        Whether the tests came to their end: no limit of time, no end of the process.
    seconds : float
    """

    exercise: str
    tests: tuple[TestDone, ...]
    printed: str = ""
    called: tuple[str, ...] = ()
    ended: bool = True
    seconds: float = 0.0

    @property
    def failed(self) -> tuple[TestDone, ...]:
        """The tests that did not pass."""
        return tuple(test for test in self.tests if test.failure is not None)

    @property
    def first(self) -> Failure | None:
        """The first failure."""
        return next((test.failure for test in self.tests if test.failure is not None), None)


class CoachError(Exception):
    """The checks cannot be run. One sentence says why, and what to do."""


def to_plain(result: Result) -> dict[str, Any]:
    """Return a result as JSON values."""

    def without_error(test: TestDone) -> TestDone:
        return replace(test, failure=replace(test.failure, raised=None)) if test.failure else test

    return asdict(replace(result, tests=tuple(map(without_error, result.tests))))


def from_plain(plain: Mapping[str, Any]) -> Result:
    """Read a result back.

    Raises
    ------
    TypeError, KeyError
        If it is no result, or one of another version.
    """
    tests = tuple(
        TestDone(test["title"], _claim(test["claim"]), _failure(test["failure"]) if test["failure"] else None)
        for test in plain["tests"]
    )
    return Result(**{**plain, "tests": tests, "called": tuple(plain["called"])})


def _claim(plain: Mapping[str, Any]) -> Claim:
    return Claim(plain["exercise"], plain["kind"], tuple(plain["needs"]))


def _failure(plain: Mapping[str, Any]) -> Failure:
    return Failure(**{**plain, "pictures": tuple(map(_picture, plain["pictures"]))})


def _picture(plain: Mapping[str, Any]) -> Picture:
    cells = tuple(map(tuple, plain["cells"]))
    return Picture(plain["name"], tuple(plain["shape"]), tuple(plain["axes"]), cells, tuple(plain["places"]))
