"""The verdict: the result of each test and the score of each exercise. The JSON schema is made from these types.

This module holds data only. See ``judge`` for how a verdict is made.
"""

import functools
import math
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from autograder.checks.exercise import Kind, share
from autograder.checks.pictures import Picture


class Outcome(StrEnum):
    """The outcome of a test or an exercise.

    A test is ``passed``, ``failed`` (the student's fault), ``error`` (the grader's fault), ``open`` (waits for a set-up
    or a person) or ``not_graded`` (the submission holds nothing to judge). An exercise is ``graded`` (it earned
    points), ``failed`` (it earned none), ``error``, ``open`` or ``not_graded``.
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
        raise ValueError(f"the outcome {outcome!r} is not one of {', '.join(outcomes)}")


@dataclass(frozen=True)
class Measured:
    """A number that a test measured of what was handed in, such as a model's accuracy.

    Attributes
    ----------
    reached, mark : float
        The measured share, and the share that earns full credit; both between 0 and 1.
    practice : bool
        Whether it was measured on data that only stand in for the real ones, so that it says little.
    """

    reached: Share
    mark: Share
    practice: bool = False


@dataclass(frozen=True)
class TestResult:
    """The result of one hidden test.

    Attributes
    ----------
    name, title : str
        The test's name, and its title in a few words.
    kind : {"core", "edge", "learns", "accuracy", "speed"}
    outcome : Outcome
    message, hint : str
        Texts for the student: the fault, and the explanation of a known mistake that gives the same answers.
    seconds : float
    credit : float
        A number between 0 and 1. A test that did not pass may earn partial credit.
    example : str
        The smallest case in which the code goes wrong, if no hint fits and such a case was found.
    pictures : tuple of Picture
        Where wrong arrays are wrong, in levels that hold no expected value.
    measured : Measured or None
        What the test measured, if it measures something.
    timed_out : bool
        Whether the test failed because a time limit was reached.
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
    example: str = ""
    pictures: tuple[Picture, ...] = ()
    measured: Measured | None = None
    timed_out: bool = False

    def __post_init__(self) -> None:
        _require_one_of(OF_TESTS, self.outcome)


@dataclass(frozen=True)
class ExerciseResult:
    """The result of one exercise.

    Attributes
    ----------
    id : str
    points, score : float
        The maximum, and the earned points. Both are finite, and ``0 <= score <= points``.
    outcome : Outcome
    tests : tuple of TestResult
    fingerprint : str
        A digest of how the exercise fails on inputs that are the same for all submissions: equal failures have equal
        ones. For the instructor only. It is "" if nothing failed or nobody can tell how.
    """

    id: str
    points: Amount
    score: Amount
    outcome: Outcome
    tests: tuple[TestResult, ...]
    fingerprint: str = ""

    def __post_init__(self) -> None:
        _require_one_of(OF_EXERCISES, self.outcome)

    @property
    def message(self) -> str:
        """The message of the first test that did not pass, or ""."""
        return next((test.message for test in self.tests if test.outcome != PASSED), "")


@dataclass(frozen=True)
class PartVerdict:
    """The verdict on one part of one submission.

    Attributes
    ----------
    id : int
        The part's number.
    name : str
        The name of the part's notebook.
    exercises : tuple of ExerciseResult
    problems : tuple of str
        Faults of the submission as a whole, one sentence each.
    flags : tuple of str
        Unusual observations, for the instructor only. A flag is never a penalty.
    seconds : float
    sandbox_level : int
    data : str
        A word for the data that the submission was judged on.
    submission, seed : str
        Digests of the judged files, and of the seed of the random inputs: equal digests mean equal inputs.
    left_out : tuple of str
        Files that intake left out of the submission, each with the reason.
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
    """Numbers of other parts whose tests ran to find the exercise at fault. Not part of the JSON."""

    @property
    def score(self) -> float:
        """The earned points."""
        return sum(exercise.score for exercise in self.exercises)

    @property
    def undecided(self) -> tuple[ExerciseResult, ...]:
        """The exercises whose outcome is not final."""
        return tuple(exercise for exercise in self.exercises if exercise.outcome in UNDECIDED)

    @property
    def points(self) -> float:
        """The maximum points of the automatic exercises."""
        return sum(exercise.points for exercise in self.exercises)


def score(points: float, tests: tuple[TestResult, ...], weight: float = 0.2) -> tuple[float, Outcome]:
    """Return the points that an exercise earned, and its outcome.

    Parameters
    ----------
    points : float
        The maximum points.
    tests : tuple of TestResult
        All tests of the exercise.
    weight : float
        The share of the points that tests other than core tests decide.

    Returns
    -------
    score : float
        ``points * core * (1 - weight + weight * rest)``, where ``core`` is the mean credit of the core tests and
        ``rest`` is the mean credit of the other tests. Without core tests, ``points * rest``.
    outcome : Outcome
    """
    if not tests or any(test.outcome == ERROR for test in tests):
        return 0.0, ERROR
    for waiting in (OPEN, NOT_GRADED):
        if any(test.outcome == waiting for test in tests):
            return 0.0, waiting
    earned = points * share(((test.kind, test.credit) for test in tests), weight)
    if not math.isfinite(earned):
        return 0.0, ERROR
    earned = min(round(max(earned, 0.0), 4), points)  # round first, so that the result never exceeds the maximum
    return earned, GRADED if earned > 0 else FAILED


@dataclass(frozen=True)
class Verdicts:
    """The verdicts on one submission, in the documented form.

    Attributes
    ----------
    sandbox_level : int
        The lowest level of all parts.
    data : str
    parts : tuple of PartVerdict
    """

    sandbox_level: Level
    data: str
    parts: tuple[PartVerdict, ...]


def to_json(verdicts: list[PartVerdict]) -> dict[str, Any]:
    """Return the verdicts of one submission as the documented JSON."""
    content = Verdicts(*_of_all(verdicts), tuple(verdicts))
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(content))
    for part in plain["parts"]:
        part.pop("consulted", None)  # a verdict that was read back has no entry for its default
    return plain


def _of_all(verdicts: list[PartVerdict]) -> tuple[Level, str]:
    level = min((verdict.sandbox_level for verdict in verdicts), default=0)
    return level, verdicts[0].data if verdicts else ""


def from_json(content: Any) -> list[PartVerdict]:
    """Read verdicts back.

    Raises
    ------
    ValueError
        If the content does not follow the schema.
    """
    try:
        msgspec.convert(content, Verdicts)
        content = _completed(content)
        found = list(msgspec.convert(content, Verdicts).parts)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a verdict: {error}") from None
    agrees = (content["sandbox_level"], content["data"]) == _of_all(found)
    if not agrees or not _has_exactly_the_fields(content):  # msgspec ignores unknown fields and fills in missing ones
        raise ValueError("not a verdict: some fields are missing or unknown")
    return found


def _has_exactly_the_fields(content: dict[str, Any]) -> bool:
    exercises = [one for part in content["parts"] for one in part["exercises"]]
    tests = [test for one in exercises for test in one["tests"]]
    measured = [test["measured"] for test in tests if test["measured"] is not None]
    kinds = ((Verdicts, [content]), (PartVerdict, content["parts"]), (ExerciseResult, exercises), (TestResult, tests))
    return all(
        set(one) == {own.name for own in fields(kind)} - {"consulted"}
        for kind, found in (*kinds, (Measured, measured))
        for one in found
    )


def _completed(content: Any) -> Any:
    """Return a verdict's content with the fields that old verdicts lack."""

    def completed(exercise: dict[str, Any]) -> dict[str, Any]:
        tests = [
            {"example": "", "pictures": [], "measured": None, "timed_out": False} | test for test in exercise["tests"]
        ]
        return {"fingerprint": ""} | exercise | {"tests": tests}

    parts = [{**part, "exercises": [completed(one) for one in part["exercises"]]} for part in content["parts"]]
    return {**content, "parts": parts}


@functools.cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of a submission's verdict."""
    found = msgspec.json.schema(Verdicts)
    objects = found["$defs"]
    del objects["PartVerdict"]["properties"]["consulted"], objects["Outcome"]
    objects["TestResult"]["properties"]["outcome"] = {"enum": list(OF_TESTS)}
    objects["ExerciseResult"]["properties"]["outcome"] = {"enum": list(OF_EXERCISES)}
    for name in (
        "Verdicts",
        "PartVerdict",
        "ExerciseResult",
        "TestResult",
        "Picture",
        "Measured",
    ):  # all of their fields are required
        properties = objects[name]["properties"]
        objects[name] |= {"required": list(properties), "additionalProperties": False}
        for one in properties.values():
            one.pop("default", None)
    return found
