"""Late work: what it costs. By default nothing; the course's options say more.

See ``extensions`` for due dates of single students, ``penalties`` for the gradebook, ``times`` for the time of a
submission.
"""

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Enum, Float, Integer, TraitError, Unicode, default, validate

from autograder.collecting.times import shown
from autograder.errors import SetupError

MAX_DAYS = 3660
COUNTS = ("grace_days", "term_grace_days", "zero_after_days", "leeway_minutes")
DAY = timedelta(days=1)


class LateError(SetupError):
    """An option is wrong. The message says which one, and what is right."""


@dataclass(frozen=True)
class Policy:
    """What late work costs. By default it costs nothing.

    A day is a started day of the course's time zone: it ends at the same wall clock time as the due date, so it has 23
    or 25 hours when the clocks change.

    Attributes
    ----------
    percent_per_day : float
        Percentage of the score that each started day costs.
    of_maximum : bool
        Whether the percentage is of the maximum instead of the student's score.
    most_percent : float
        The most that late work costs, in percent of the same number.
    grace_days : int
        Days for each assignment that cost nothing.
    term_grace_days : int
        Days for each student, over all assignments, that cost nothing. They are used in the order of the due dates.
    zero_after_days : int or None
        A submission that is later than so many days scores 0, whatever grace days are left; None: never.
    leeway_minutes : float
        Minutes after the due date that are not late.
    zone : tzinfo
        The course's time zone.
    """

    percent_per_day: float = 0.0
    of_maximum: bool = False
    most_percent: float = 100.0
    grace_days: int = 0
    term_grace_days: int = 0
    zero_after_days: int | None = None
    leeway_minutes: float = 0.0
    zone: tzinfo = UTC

    @property
    def costs_nothing(self) -> bool:
        """Whether no submission ever gets a penalty."""
        return not self.percent_per_day and self.zero_after_days is None


@dataclass(frozen=True)
class Lateness:
    """How late a submission is, and what that costs.

    Attributes
    ----------
    due, handed_in : datetime or None
        In UTC.
    days : int
        Started days after the due date.
    free : int
        Those of them that grace days cover.
    penalty : float
        Points.
    sentence : str
        One sentence or more for the student, or "".
    """

    due: datetime | None = None
    handed_in: datetime | None = None
    days: int = 0
    free: int = 0
    penalty: float = 0.0
    sentence: str = ""


class LatePolicy(LateSubmissionPlugin):  # type: ignore[misc]
    """The course's rule for late work, as options of nbgrader. By default, late work costs nothing."""

    percent_per_day = Float(0.0, help="Percentage of the score that each started day after the due date costs.").tag(
        config=True
    )
    percent_of = Enum(
        ("score", "maximum"), "score", help="What the percentages are of: the student's score, or the maximum."
    ).tag(config=True)
    most_percent = Float(100.0, help="The most that late work costs, in percent.").tag(config=True)
    grace_days = Integer(0, help="Days for each assignment that cost nothing.").tag(config=True)
    term_grace_days = Integer(
        0, help="Days for each student, over all assignments, that cost nothing. Earlier due dates use them first."
    ).tag(config=True)
    zero_after_days = Integer(
        None, allow_none=True, help="A submission that is later than so many days scores 0; None: never."
    ).tag(config=True)
    leeway_minutes = Float(0.0, help="Minutes after the due date that are not late.").tag(config=True)
    time_zone = Unicode(
        help="The course's time zone, such as Europe/Berlin: a day ends there at the due date's time of day. Default: "
        "Exchange.timezone."
    ).tag(config=True)

    @default("time_zone")  # type: ignore[untyped-decorator]
    def _zone_of_exchange(self) -> str:
        return str(self.config.get("Exchange", {}).get("timezone") or "UTC")

    @validate("percent_per_day", "most_percent")  # type: ignore[untyped-decorator]
    def _is_percentage(self, proposal: Any) -> float:
        if not 0 <= proposal["value"] <= 100:
            raise TraitError(f"LatePolicy.{proposal['trait'].name} is {proposal['value']:g}: it must be from 0 to 100.")
        return float(proposal["value"])

    @validate(*COUNTS)  # type: ignore[untyped-decorator]
    def _is_positive(self, proposal: Any) -> Any:
        if proposal["value"] is not None and not 0 <= proposal["value"] < float("inf"):
            raise TraitError(f"LatePolicy.{proposal['trait'].name} is {proposal['value']:g}: it must not be negative.")
        return proposal["value"]

    @validate("time_zone")  # type: ignore[untyped-decorator]
    def _is_zone(self, proposal: Any) -> str:
        if proposal["value"] not in available_timezones():
            raise TraitError(
                f"LatePolicy.time_zone is {proposal['value']!r}: give a name such as UTC or Europe/Berlin."
            )
        return str(proposal["value"])

    @property
    def policy(self) -> Policy:
        """The rule as a value. nbgrader's own ``penalty_method = "zero"`` means zero after 0 days."""
        return Policy(
            self.percent_per_day, self.percent_of == "maximum", self.most_percent, self.grace_days,
            self.term_grace_days, 0 if self.penalty_method == "zero" else self.zero_after_days, self.leeway_minutes,
            ZoneInfo(self.time_zone),
        )  # fmt: skip


def plugin_of(config: Any) -> Any:
    """Return the plugin that decides on late work: the course's own, or `LatePolicy`.

    Parameters
    ----------
    config : traitlets.config.Config
        nbgrader's configuration.

    Raises
    ------
    LateError
        If an option is wrong or unknown.
    """
    try:
        chosen = AssignLatePenalties(config=config).plugin_class
        chosen = LatePolicy if chosen is LateSubmissionPlugin else chosen
        known = set(chosen.class_trait_names(config=True))
        for name in config.get(chosen.__name__, {}):
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                advice = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known))}."
                raise LateError(f"nbgrader_config.py: {chosen.__name__} has no option {name}: {advice}")
        return chosen(config=config)
    except (TraitError, ImportError) as error:
        raise LateError(f"nbgrader_config.py: {error}") from None


def day_end(due: datetime, days: int, zone: tzinfo) -> datetime:
    """Return the end of a day after a due date: the same wall clock time, in UTC.

    Where the clocks change at that time, it is the later one of the two times that it can mean.
    """
    there = (due.astimezone(zone) + days * DAY).replace(fold=0)
    return max(there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def started_days(handed_in: datetime, due: datetime, policy: Policy) -> int:
    """Return the number of started days between a due date and a later time; 0 if it is not late."""
    late = handed_in - timedelta(minutes=policy.leeway_minutes) - due
    if late <= timedelta(0):
        return 0
    if late > MAX_DAYS * DAY:
        return late.days + 1
    days = max(1, late.days - 1)
    while day_end(due, days, policy.zone) < due + late:
        days += 1
    return days


def penalty(
    score: float,
    max_score: float,
    handed_in: datetime | None,
    due: datetime | None,
    policy: Policy,
    term_days_left: int = 0,
) -> tuple[float, str]:
    """Return the penalty on a submission, between 0 and its score, and the sentence that explains it.

    Parameters
    ----------
    score, max_score : float
        The student's score without penalty, and the maximum.
    handed_in, due : datetime or None
        With time zone. A submission without time, or without due date, is not late.
    policy : Policy
    term_days_left : int
        The student's grace days that no earlier assignment has used.

    Returns
    -------
    float
        Points.
    str
        For the student; "" if the submission is not late, or if late work costs nothing.
    """
    late = assess(score, max_score, handed_in, due, policy, term_days_left)
    return late.penalty, late.sentence


def assess(
    score: float, max_score: float, handed_in: datetime | None, due: datetime | None, policy: Policy, left: int = 0
) -> Lateness:
    """Return what `penalty` returns, and what it comes from. The parameters are the same."""
    days = started_days(handed_in, due, policy) if handed_in is not None and due is not None else 0
    if not days or handed_in is None or due is None or policy.costs_nothing:
        return Lateness(due, handed_in, days)
    plural = "s" if days > 1 else ""
    sentence = (
        f"Late: handed in on {shown(handed_in, policy.zone)}, due on {shown(due, policy.zone)}, {days} started "
        f"day{plural} after it."
    )
    score = max(0.0, score)
    if policy.zero_after_days is not None and days > policy.zero_after_days:
        after = f"more than {policy.zero_after_days} days late" if policy.zero_after_days else "late"
        sentence += f" A submission that is {after} scores 0: it loses {score:.4g} points."
        return Lateness(due, handed_in, days, 0, score, sentence)
    free = min(days, policy.grace_days + left)
    if free:
        sentence += " Grace days cover all of it." if free == days else f" Grace days cover {free} of them."
    percent = min((days - free) * policy.percent_per_day, policy.most_percent)
    points = min(score, (max_score if policy.of_maximum else score) * percent / 100)
    if percent:
        what = "maximum" if policy.of_maximum else "score"
        sentence += f" It loses {percent:g} % of the {what}: {points:.4g} points."
    return Lateness(due, handed_in, days, free, points, sentence)
