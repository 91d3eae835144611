"""The decorator by which a test claims its exercise: ``@exercise("affine_forward", kind="edge")``.

Students run tests with ``check``; the judge runs tests with its pytest plugin.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

Kind = Literal["core", "edge", "learns", "accuracy", "speed"]
Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Claim:
    """The claim of a test: its exercise, its kind, and the exercises on whose code it runs.

    Attributes
    ----------
    exercise : str
        The exercise's id, which is the ``grade_id`` of the grade cell.
    kind : {"core", "edge", "learns", "accuracy", "speed"}
        Without credit for its core tests an exercise earns nothing.
    needs : tuple of str
        Other exercises on whose code this test runs. If one of them is broken, the test's message names it.
    """

    exercise: str
    kind: Kind = "core"
    needs: tuple[str, ...] = ()


def exercise(name: str, kind: Kind = "core", needs: tuple[str, ...] = ()) -> Callable[[Test], Test]:
    """Claim ``name`` for the decorated test.

    Raises
    ------
    ValueError
        If ``kind`` is unknown.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, not {kind!r}")

    def claim(test: Test) -> Test:
        setattr(test, "claim", Claim(name, kind, tuple(needs)))  # noqa: B010 (functions declare no attributes)
        return test

    return claim


def claim_of(test: Callable[..., object]) -> Claim | None:
    """Return the claim of a test function, or None if it has no claim."""
    claim: Claim | None = getattr(test, "claim", None)
    return claim


def share(credits: Iterable[tuple[Kind, float]], rest: float) -> float:
    """Return the share of an exercise's points that tests earn.

    Parameters
    ----------
    credits : iterable of (Kind, float)
        The kind of each test, and its credit between 0 and 1.
    rest : float
        The share of the points that tests other than core tests decide.
    """
    given = list(credits)
    core = [credit for kind, credit in given if kind == "core"]
    others = [credit for kind, credit in given if kind != "core"]
    mean = sum(others) / len(others) if others else 1.0
    return sum(core) / len(core) * (1 - rest + rest * mean) if core else mean
