"""The result of judging: what each test said, what each exercise earned. One type, one JSON schema.

Data only: how it is reached is the judge's business, how it is shown the readers'.
"""

import functools
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("verdict.schema.json")
PASSED, FAILED, ERROR, OPEN, NOT_GRADED, GRADED = "passed", "failed", "error", "open", "not_graded", "graded"
UNDECIDED = (ERROR, OPEN, NOT_GRADED)
"""Outcomes that are not final: they add nothing, cost nothing, and wait for a person."""


@dataclass(frozen=True)
class TestResult:
    """What one hidden test said.

    Attributes
    ----------
    name, title : str
        The test's name, and what it looks at in a few words.
    kind : str
        ``core``, ``edge``, ``learns``, ``accuracy`` or ``speed``.
    outcome : str
        ``passed``, ``failed`` (theirs), ``error`` (ours), ``open`` (waits for a set-up or a person) or ``not_graded``
        (nothing to judge was handed in).
    message, hint : str
        For the student: what is wrong; which known mistake gives just that.
    seconds : float
    credit : float
        Between 0 and 1; a test that did not pass may have earned a part.
    """

    __test__ = False

    name: str
    title: str
    kind: str
    outcome: str
    message: str = ""
    hint: str = ""
    seconds: float = 0.0
    credit: float = 0.0


@dataclass(frozen=True)
class ExerciseResult:
    """What one exercise earned.

    Attributes
    ----------
    id : str
    points, score : float
        The most, and what was earned; always finite, ``0 <= score <= points``.
    outcome : str
        ``graded`` (something was earned), ``failed`` (nothing was), ``error``, ``open`` or ``not_graded``.
    tests : tuple of TestResult
    """

    id: str
    points: float
    score: float
    outcome: str
    tests: tuple[TestResult, ...]

    @property
    def message(self) -> str:
        """The first thing that is wrong, or ""."""
        return next((test.message for test in self.tests if test.outcome != PASSED), "")


@dataclass(frozen=True)
class PartVerdict:
    """What judging one part of one submission gave.

    Attributes
    ----------
    id : int
        The part's number.
    name : str
        Its notebook's name.
    exercises : tuple of ExerciseResult
    problems : tuple of str
        What was wrong with the submission as a whole, a sentence each.
    flags : tuple of str
        For the instructor's eyes: what looks odd. Never a penalty.
    seconds : float
    sandbox_level : int
    data : str
        ``cifar10`` or ``synthetic``.
    submission, seed : str
        Digest of what was judged; and of what the random inputs were drawn from.
    """

    id: int
    name: str
    exercises: tuple[ExerciseResult, ...]
    problems: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    sandbox_level: int = 0
    data: str = ""
    submission: str = ""
    seed: str = ""
    left_out: tuple[str, ...] = field(default=())
    consulted: tuple[int, ...] = field(default=(), compare=False)
    """Numbers of other parts whose tests were asked which exercise is to blame. Not part of the JSON."""

    @property
    def score(self) -> float:
        """Points earned."""
        return sum(exercise.score for exercise in self.exercises)

    @property
    def undecided(self) -> tuple[ExerciseResult, ...]:
        """The exercises that still wait for a person or for a set-up."""
        return tuple(exercise for exercise in self.exercises if exercise.outcome in UNDECIDED)

    @property
    def points(self) -> float:
        """The most that the automatic exercises give."""
        return sum(exercise.points for exercise in self.exercises)


def score(points: float, tests: tuple[TestResult, ...]) -> tuple[float, str]:
    """Return what an exercise earned, and its outcome.

    Parameters
    ----------
    points : float
        The most.
    tests : tuple of TestResult
        All of its tests.

    Returns
    -------
    score : float
        ``points * core * (0.8 + 0.2 * rest)``, where core is the fraction of core credit and rest that of all others;
        an exercise without core tests scores by the others alone.
    outcome : str
    """
    if not tests or any(test.outcome == ERROR for test in tests):
        return 0.0, ERROR
    for waiting in (OPEN, NOT_GRADED):
        if any(test.outcome == waiting for test in tests):
            return 0.0, waiting
    core = [test.credit for test in tests if test.kind == "core"]
    rest = [test.credit for test in tests if test.kind != "core"]
    share = sum(rest) / len(rest) if rest else 1.0
    earned = points * (sum(core) / len(core) * (0.8 + 0.2 * share) if core else share)
    if not math.isfinite(earned):
        return 0.0, ERROR
    earned = min(round(max(earned, 0.0), 4), points)  # rounded first: never to more than there is
    return earned, GRADED if earned > 0 else FAILED


def to_json(verdicts: list[PartVerdict]) -> dict[str, Any]:
    """Return the verdicts of one submission as the documented JSON."""
    content: dict[str, Any] = {
        "sandbox_level": min((verdict.sandbox_level for verdict in verdicts), default=0),
        "data": verdicts[0].data if verdicts else "",
        "parts": [asdict(verdict) for verdict in verdicts],
    }
    for part in content["parts"]:
        del part["consulted"]
    plain: dict[str, Any] = json.loads(json.dumps(content))  # lists in the place of tuples
    return plain


def from_json(content: Any) -> list[PartVerdict]:
    """Read verdicts back.

    Raises
    ------
    ValueError
        If the content does not follow the schema.
    """
    import jsonschema

    try:
        jsonschema.validate(content, schema())
    except jsonschema.ValidationError as error:
        raise ValueError(f"not a verdict: {error.message}") from None
    return [_part(part) for part in content["parts"]]


def _part(content: dict[str, Any]) -> PartVerdict:
    exercises = tuple(
        ExerciseResult(**{**exercise, "tests": tuple(TestResult(**test) for test in exercise["tests"])})
        for exercise in content["exercises"]
    )
    lists = {name: tuple(content[name]) for name in ("problems", "flags", "left_out")}
    return PartVerdict(**{**content, **lists, "exercises": exercises})


@functools.cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of a submission's verdict."""
    content: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return content
