"""The result of judging: what each test said, what each exercise earned. One type, from which its JSON schema comes.

Data only: how it is reached is the judge's business, how it is shown the readers'.
"""

import functools
import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from autograder.checks.exercise import Kind


class Outcome(StrEnum):
    """What became of a test or an exercise.

    A test is ``passed``, ``failed`` (theirs), ``error`` (ours), ``open`` (waits for a set-up or a person) or
    ``not_graded`` (nothing to judge was handed in). An exercise is ``graded`` (something was earned) or ``failed``
    (nothing was), or one of the last three.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    OPEN = "open"
    NOT_GRADED = "not_graded"
    GRADED = "graded"


PASSED, FAILED, ERROR, OPEN, NOT_GRADED, GRADED = Outcome
UNDECIDED = (ERROR, OPEN, NOT_GRADED)
"""Outcomes that are not final: they add nothing, cost nothing, and wait for a person."""
OF_TESTS = (PASSED, FAILED, *UNDECIDED)
OF_EXERCISES = (GRADED, FAILED, *UNDECIDED)
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Level = Annotated[int, msgspec.Meta(ge=0, le=3)]


def _require_one_of(outcomes: tuple[Outcome, ...], outcome: str) -> None:
    if outcome not in outcomes:
        raise ValueError(f"the outcome {outcome!r} is none of {', '.join(outcomes)}")


@dataclass(frozen=True)
class TestResult:
    """What one hidden test said.

    Attributes
    ----------
    name, title : str
        The test's name, and what it looks at in a few words.
    kind : {"core", "edge", "learns", "accuracy", "speed"}
    outcome : Outcome
    message, hint : str
        For the student: what is wrong; which known mistake gives just that.
    seconds : float
    credit : float
        Between 0 and 1; a test that did not pass may have earned a part.
    """

    __test__ = False

    name: str
    title: str
    kind: Kind
    outcome: Outcome
    message: str = ""
    hint: str = ""
    seconds: Amount = 0.0
    credit: Share = 0.0

    def __post_init__(self) -> None:
        _require_one_of(OF_TESTS, self.outcome)


@dataclass(frozen=True)
class ExerciseResult:
    """What one exercise earned.

    Attributes
    ----------
    id : str
    points, score : float
        The most, and what was earned; always finite, ``0 <= score <= points``.
    outcome : Outcome
    tests : tuple of TestResult
    """

    id: str
    points: Amount
    score: Amount
    outcome: Outcome
    tests: tuple[TestResult, ...]

    def __post_init__(self) -> None:
        _require_one_of(OF_EXERCISES, self.outcome)

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
        A word for the data that it was judged on.
    submission, seed : str
        Digest of what was judged; and of what the random inputs were drawn from.
    left_out : tuple of str
        What of the submission was not taken in, each with the reason.
    """

    id: int
    name: str
    exercises: tuple[ExerciseResult, ...]
    problems: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seconds: Amount = 0.0
    sandbox_level: Level = 0
    data: str = ""
    submission: str = ""
    seed: str = ""
    left_out: tuple[str, ...] = ()
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


def score(points: float, tests: tuple[TestResult, ...], weight: float = 0.2) -> tuple[float, Outcome]:
    """Return what an exercise earned, and its outcome.

    Parameters
    ----------
    points : float
        The most.
    tests : tuple of TestResult
        All of its tests.
    weight : float
        The share of the points that tests other than core tests decide.

    Returns
    -------
    score : float
        ``points * core * (1 - weight + weight * rest)``, where core is the fraction of core credit and rest that of all
        others; an exercise without core tests scores by the others alone.
    outcome : Outcome
    """
    if not tests or any(test.outcome == ERROR for test in tests):
        return 0.0, ERROR
    for waiting in (OPEN, NOT_GRADED):
        if any(test.outcome == waiting for test in tests):
            return 0.0, waiting
    core = [test.credit for test in tests if test.kind == "core"]
    rest = [test.credit for test in tests if test.kind != "core"]
    share = sum(rest) / len(rest) if rest else 1.0
    earned = points * (sum(core) / len(core) * (1 - weight + weight * share) if core else share)
    if not math.isfinite(earned):
        return 0.0, ERROR
    earned = min(round(max(earned, 0.0), 4), points)  # rounded first: never to more than there is
    return earned, GRADED if earned > 0 else FAILED


@dataclass(frozen=True)
class Verdicts:
    """The verdicts on one submission, as they are documented.

    Attributes
    ----------
    sandbox_level : int
        The lowest of its parts.
    data : str
    parts : tuple of PartVerdict
    """

    sandbox_level: Level
    data: str
    parts: tuple[PartVerdict, ...]


def to_json(verdicts: list[PartVerdict]) -> dict[str, Any]:
    """Return the verdicts of one submission as the documented JSON."""
    level = min((verdict.sandbox_level for verdict in verdicts), default=0)
    content = Verdicts(level, verdicts[0].data if verdicts else "", tuple(verdicts))
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asdict(content)))
    for part in plain["parts"]:
        del part["consulted"]
    return plain


def from_json(content: Any) -> list[PartVerdict]:
    """Read verdicts back.

    Raises
    ------
    ValueError
        If the content does not follow the schema.
    """
    try:
        found = list(msgspec.convert(content, Verdicts).parts)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a verdict: {error}") from None
    if to_json(found) != content:  # msgspec passes over what a dataclass does not know, and puts in what is missing
        raise ValueError("not a verdict: it has too few fields, or too many")
    return found


@functools.cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of a submission's verdict."""
    found = msgspec.json.schema(Verdicts)
    objects = found["$defs"]
    del objects["PartVerdict"]["properties"]["consulted"], objects["Outcome"]
    objects["TestResult"]["properties"]["outcome"] = {"enum": list(OF_TESTS)}
    objects["ExerciseResult"]["properties"]["outcome"] = {"enum": list(OF_EXERCISES)}
    for name in ("Verdicts", "PartVerdict", "ExerciseResult", "TestResult"):  # whose fields are always there
        properties = objects[name]["properties"]
        objects[name] |= {"required": list(properties), "additionalProperties": False}
        for one in properties.values():
            one.pop("default", None)
    return found
