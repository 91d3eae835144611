"""The decorator by which a test claims its exercise: ``@exercise("affine_forward", kind="edge")``.

Not for running tests: that is ``check`` for students and the judge's pytest plugin for grading.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

Kind = Literal["core", "edge", "learns", "accuracy", "speed"]
Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Claim:
    """What a test says about itself.

    Attributes
    ----------
    exercise : str
        Exercise id, the ``grade_id`` of the grade cell.
    kind : {"core", "edge", "learns", "accuracy", "speed"}
        Without credit for ``core`` there is none for the exercise.
    needs : tuple of str
        Exercises on whose code this test also runs: when one of them is broken, it is named.
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
    """Return the claim of a test function, or None where it claims nothing."""
    claim: Claim | None = getattr(test, "claim", None)
    return claim
