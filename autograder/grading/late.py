"""Late work: due dates, extensions, grace days, and the penalty that stands in the gradebook.

The due date and an extension that somebody granted through nbgrader are in nbgrader's gradebook. A course may keep more
extensions in ``extensions.csv``. A penalty is computed from these alone, so it can be written again at any time without
judging. See ``stamps`` for the time of a submission.
"""

import csv
import difflib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Enum, Float, Integer, TraitError, Unicode, default, validate

from autograder.errors import SetupError

from . import roster, stamps
from .stamps import StampError, parse, shown

EXTENSIONS = "extensions.csv"
COLUMNS = ("student", "assignment", "due", "days")
MAX_DAYS = 3660
COUNTS = ("grace_days", "term_grace_days", "zero_after_days", "leeway_minutes")
DAY = timedelta(days=1)


class LateError(SetupError):
    """The policy or the table of extensions is wrong. The message says where, and what is right."""


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
    late = _assess(score, max_score, handed_in, due, policy, term_days_left)
    return late.penalty, late.sentence


def _assess(
    score: float, max_score: float, handed_in: datetime | None, due: datetime | None, policy: Policy, left: int
) -> Lateness:
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


@dataclass(frozen=True)
class Extension:
    """A line of ``extensions.csv``: a due date for one student, or days that are added to the assignment's.

    Attributes
    ----------
    student, assignment : str
    due : datetime or None
        In UTC.
    days : float
    line : int
    """

    student: str
    assignment: str
    due: datetime | None
    days: float
    line: int


def read_extensions(path: Path, zone: tzinfo = UTC) -> tuple[Extension, ...]:
    """Read a table of extensions; a missing file is an empty table.

    Raises
    ------
    LateError
        If the table is wrong. The message names the line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        why = "is not in UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        raise LateError(f"{path.name} {why}: save it as CSV in UTF-8.") from None
    return tuple(_read_lines(text, path.name, zone))


def _read_lines(text: str, name: str, zone: tzinfo) -> Iterator[Extension]:
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",")  # German Excel writes ;
    header = [cell.strip().lower() for cell in next(rows, [])]
    if set(header) - set(COLUMNS) or not {"student", "assignment"} <= set(header) or not {"due", "days"} & set(header):
        raise LateError(f"{name}, line 1: the columns must be {', '.join(COLUMNS)}, not {', '.join(header) or 'none'}.")
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        where = f"{name}, line {rows.line_num}"
        if len(cells) > len(header):
            raise LateError(f"{where}: there are {len(cells)} values for {len(header)} columns.")
        one = _read_line(dict(zip(header, cells, strict=False)), where, rows.line_num, zone)
        key = (roster.key(one.student), one.assignment)
        if key in seen:
            raise LateError(f"{where}: line {seen[key]} is for the same student and assignment: remove one of them.")
        seen[key] = one.line
        yield one


def _read_line(cells: dict[str, str], where: str, line: int, zone: tzinfo) -> Extension:
    student, assignment = cells.get("student", ""), cells.get("assignment", "")
    if not student or not assignment:
        raise LateError(f"{where}: give a student and an assignment.")
    due, days = cells.get("due", ""), cells.get("days", "")
    if bool(due) == bool(days):
        raise LateError(f"{where}: give either the new due date, or the number of days.")
    if days:
        try:
            number = float(days)
        except ValueError:
            number = 0.0
        if not 0 < number <= MAX_DAYS:
            raise LateError(f"{where}: {days!r} is no number of days such as 2.")
        return Extension(student, assignment, None, number, line)
    example = "write it such as 2026-04-02T23:59+02:00 or 2026-04-02 23:59 Europe/Berlin."
    try:
        stamp = parse(due, zone)
    except StampError as why:
        raise LateError(f"{where}: {due!r} {why}: {example}") from None
    if stamp.doubt:
        raise LateError(f"{where}: the due date {due!r} has no time zone that is known: {example}")
    return Extension(student, assignment, stamp.time, 0.0, line)


def due_for(
    student: str, assignment: str, due: datetime | None, extensions: Iterable[Extension], zone: tzinfo = UTC
) -> datetime | None:
    """Return a student's due date: the assignment's, or that of ``extensions.csv`` if it is later."""
    dates = [due] if due is not None else []
    for one in extensions:
        if one.assignment == assignment and roster.key(one.student) == roster.key(student):
            if one.due is not None:
                dates.append(one.due)
            elif due is not None:
                dates.append(_added(due, one.days, zone))
    return max(dates) if due is not None else None


def _added(due: datetime, days: float, zone: tzinfo) -> datetime:
    whole = int(days)
    return day_end(due, whole, zone) + (days - whole) * DAY


@dataclass(frozen=True)
class Rules:
    """All that decides penalties, besides the gradebook.

    Attributes
    ----------
    plugin : LateSubmissionPlugin
        See `plugin_of`.
    extensions : tuple of Extension
    inbound : Path or None
        The exchange's folder with this course's hand-ins.
    """

    plugin: Any
    extensions: tuple[Extension, ...] = ()
    inbound: Path | None = None

    @property
    def policy(self) -> Policy | None:
        """The course's policy, or None if the course has a plugin of its own."""
        return self.plugin.policy if isinstance(self.plugin, LatePolicy) else None

    @property
    def zone(self) -> tzinfo:
        """The course's time zone."""
        return self.policy.zone if self.policy else UTC


def rules_of(root: Path, config: Any) -> Rules:
    """Return a course's rules for late work.

    Raises
    ------
    LateError
        If an option, or a line of ``extensions.csv``, is wrong.
    """
    plugin = plugin_of(config)
    return Rules(plugin, read_extensions(root / EXTENSIONS, Rules(plugin).zone), stamps.inbound(config))


def handed_in(
    student: str, assignment: str, folder: Path, due: datetime | None, rules: Rules, now: datetime
) -> stamps.HandedIn:
    """Tell when a submission was handed in; see `stamps.look`.

    Parameters
    ----------
    student, assignment : str
    folder : Path
        The submitted folder.
    due : datetime or None
        The assignment's due date, without extensions.
    rules : Rules
    now : datetime
    """
    own = due_for(student, assignment, due, rules.extensions, rules.zone)
    name = folder.parent.name  # the exchange's spelling of the student's id
    record = stamps.exchange_record(rules.inbound, name, assignment, rules.zone) if rules.inbound else []
    return stamps.look(folder, now, rules.zone, own, record)


def assess(gradebook: Gradebook, submission: Any, rules: Rules) -> Lateness:
    """Tell how late a submission of the gradebook is, and what that costs. Nothing is written.

    Parameters
    ----------
    gradebook : Gradebook
    submission : nbgrader.api.SubmittedAssignment
        nbgrader computes its scores when it is read.
    rules : Rules
    """
    due, handed_in = _due(submission, rules), _aware(submission.timestamp)
    policy = rules.policy
    if policy is not None:
        left = _term_days_left(gradebook, submission, rules, policy)
        return _assess(submission.score, submission.max_score, handed_in, due, policy, left)
    total = sum(_asked(submission, notebook, due, rules) or 0.0 for notebook in submission.notebooks)
    is_late = handed_in is not None and due is not None and handed_in > due
    sentence = f"Late: due on {shown(due)}. It loses {total:.4g} points." if due and total else ""
    return Lateness(due, handed_in, 1 if is_late else 0, 0, total, sentence)


def _asked(submission: Any, notebook: Any, due: datetime | None, rules: Rules) -> float | None:
    """Return the penalty of a course's own plugin, which nbgrader asks for each notebook."""
    handed_in = _aware(submission.timestamp)
    seconds = (handed_in - due).total_seconds() if handed_in and due else 0.0
    if seconds <= 0:
        return None
    asked = rules.plugin.late_submission_penalty(submission.student.id, notebook.score, seconds)
    return None if asked is None else min(max(float(asked), 0.0), notebook.score)


def write(gradebook: Gradebook, submission: Any, rules: Rules) -> Lateness:
    """Write the penalty on one submission into the gradebook, without committing it.

    Parameters
    ----------
    gradebook : Gradebook
        Its scores may be uncommitted.
    submission : nbgrader.api.SubmittedAssignment
    rules : Rules

    Returns
    -------
    Lateness
        For the record and the pages.
    """
    gradebook.db.flush()
    gradebook.db.expire_all()  # nbgrader's scores are computed when a row is read
    late = assess(gradebook, submission, rules)
    if rules.policy is not None:
        _share(submission, late.penalty)
    else:
        for notebook in submission.notebooks:
            notebook.late_submission_penalty = _asked(submission, notebook, late.due, rules)
    return late


def _share(submission: Any, points: float) -> None:
    """Share a penalty among the notebooks, in proportion to their scores: nbgrader keeps it there."""
    scored = [notebook for notebook in submission.notebooks if notebook.score > 0]
    total = sum(notebook.score for notebook in scored)
    for notebook in submission.notebooks:
        notebook.late_submission_penalty = None
    for notebook in scored:
        if points > 0:
            notebook.late_submission_penalty = min(notebook.score, points * notebook.score / total)


def _due(submission: Any, rules: Rules) -> datetime | None:
    """Return the due date of a submission, with extensions of nbgrader's and of the table; the later one counts."""
    due = _aware(submission.assignment.duedate)
    tabled = due_for(submission.student.id, submission.assignment.name, due, rules.extensions, rules.zone)
    own = _aware(submission.duedate) if due is not None else None  # without a due date nbgrader's property raises
    return max(tabled, own) if tabled is not None and own is not None else tabled


def _term_days_left(gradebook: Gradebook, submission: Any, rules: Rules, policy: Policy) -> int:
    """Return the term's grace days that a student's earlier assignments have left."""
    if not policy.term_grace_days:
        return 0
    left = policy.term_grace_days
    own = [one for one in gradebook.find_student(submission.student.id).submissions if one.assignment.duedate]
    for one in sorted(own, key=lambda one: (one.assignment.duedate, one.assignment.name)):
        if one.id == submission.id:
            return left
        due, handed_in = _due(one, rules), _aware(one.timestamp)
        days = started_days(handed_in, due, policy) if handed_in and due else 0
        if policy.zero_after_days is None or days <= policy.zero_after_days:
            left -= min(left, max(0, days - policy.grace_days))
    return left


def _aware(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)


def write_all(gradebook: Gradebook, rules: Rules) -> list[str]:
    """Write the penalties of all submissions, in one transaction.

    Returns
    -------
    list of str
        One sentence for each penalty that has changed.
    """
    changed = []
    for assignment in gradebook.assignments:
        for submission in assignment.submissions:
            before = sum(notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks)
            late = write(gradebook, submission, rules)
            if abs(late.penalty - before) > 1e-9:
                who = f"{submission.student.id}, {assignment.name}"
                changed.append(f"{who}: the penalty is {late.penalty:.4g}, and was {before:.4g}.")
    gradebook.db.commit()
    return changed
