"""Penalties for late work, in the gradebook.

They come from the gradebook, the table of extensions and the options alone. So they can be written again at any time,
and nothing is judged for it. See ``late`` for the policy.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from autograder.collecting import times

from . import late
from .extensions import TABLE, Extension, due_for, read


@dataclass(frozen=True)
class Rules:
    """All that decides penalties, besides the gradebook.

    Attributes
    ----------
    plugin : LateSubmissionPlugin
        See `late.plugin_of`.
    extensions : tuple of Extension
    inbound : Path or None
        The exchange's folder with this course's hand-ins.
    """

    plugin: Any
    extensions: tuple[Extension, ...] = ()
    inbound: Path | None = None

    @property
    def policy(self) -> late.Policy | None:
        """The course's policy, or None if the course has a plugin of its own."""
        return self.plugin.policy if isinstance(self.plugin, late.LatePolicy) else None

    @property
    def zone(self) -> tzinfo:
        """The course's time zone."""
        return self.policy.zone if self.policy else UTC


def rules_of(root: Path, config: Any) -> Rules:
    """Return a course's rules for late work.

    Raises
    ------
    SetupError
        If an option, or a line of ``extensions.csv``, is wrong.
    """
    plugin = late.plugin_of(config)
    return Rules(plugin, read(root / TABLE, Rules(plugin).zone), times.inbound(config))


def handed_in(
    student: str, assignment: str, folder: Path, due: datetime | None, rules: Rules, now: datetime
) -> times.HandedIn:
    """Tell when a submission was handed in; see `times.look`.

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
    record = times.exchange_record(rules.inbound, name, assignment, rules.zone) if rules.inbound else []
    return times.look(folder, now, rules.zone, own, record)


def lateness(gradebook: Gradebook, student: str, assignment: str, rules: Rules, written: bool = True) -> late.Lateness:
    """Return how late a submission is, and what that costs by the gradebook's present scores. Write nothing.

    Parameters
    ----------
    gradebook : Gradebook
        Its scores may be uncommitted.
    student, assignment : str
        The gradebook must hold this student's submission.
    rules : Rules
    written : bool
        Whether scores may have been written since they were read.
    """
    if written:
        gradebook.db.flush()
        gradebook.db.expire_all()  # nbgrader's scores are computed when a row is read
    return _penalties(gradebook, gradebook.find_submission(assignment, student), rules)[0]


def write(gradebook: Gradebook, student: str, assignment: str, rules: Rules) -> late.Lateness:
    """Write the penalty on one submission into the gradebook, without committing it.

    The parameters and the result are those of `lateness`.
    """
    gradebook.db.flush()
    gradebook.db.expire_all()
    return _write(gradebook, gradebook.find_submission(assignment, student), rules)


def write_all(gradebook: Gradebook, rules: Rules) -> list[str]:
    """Write the penalties of all submissions, in one transaction.

    Returns
    -------
    list of str
        One sentence for each penalty that has changed.
    """
    changed = []
    gradebook.db.flush()
    gradebook.db.expire_all()
    for assignment in gradebook.assignments:
        for submission in assignment.submissions:
            before = sum(notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks)
            now = _write(gradebook, submission, rules).penalty
            if abs(now - before) > 1e-9:
                who = f"{submission.student.id}, {assignment.name}"
                changed.append(f"{who}: the penalty is {now:.4g}, and was {before:.4g}.")
    gradebook.db.commit()
    return changed


def _write(gradebook: Gradebook, submission: Any, rules: Rules) -> late.Lateness:
    found, shares = _penalties(gradebook, submission, rules)
    for notebook in submission.notebooks:
        notebook.late_submission_penalty = shares.get(notebook.name)
    return found


def _penalties(gradebook: Gradebook, submission: Any, rules: Rules) -> tuple[late.Lateness, dict[str, float]]:
    """Return the penalty on a submission, and each notebook's share, in which nbgrader keeps it."""
    policy = rules.policy
    due, handed_in = due_of(submission, rules), _aware(submission.timestamp)
    scores = {notebook.name: max(0.0, float(notebook.score)) for notebook in submission.notebooks}
    if policy is None:
        return _asked(submission.student.id, scores, handed_in, due, rules)
    left = _term_days_left(gradebook, submission, rules, policy)
    total = sum(scores.values())
    found = late.assess(total, float(submission.max_score), handed_in, due, policy, left)
    if not found.penalty:
        return found, {}
    return found, {name: min(score, found.penalty * score / total) for name, score in scores.items() if score}


def _asked(
    student: str, scores: dict[str, float], handed_in: datetime | None, due: datetime | None, rules: Rules
) -> tuple[late.Lateness, dict[str, float]]:
    """Return the penalties of a course's own plugin, which nbgrader asks for each notebook of a late submission."""
    seconds = (handed_in - due).total_seconds() if handed_in and due else 0.0
    if seconds <= 0:
        return late.Lateness(due, handed_in), {}
    asked = {name: rules.plugin.late_submission_penalty(student, score, seconds) for name, score in scores.items()}
    shares = {name: min(max(float(one), 0.0), scores[name]) for name, one in asked.items() if one is not None}
    total = sum(shares.values())
    sentence = f"Late: due on {times.shown(due, rules.zone)}. It loses {total:.4g} points." if due and total else ""
    return late.Lateness(due, handed_in, int(seconds // 86400) + 1, 0, total, sentence), shares


def due_of(submission: Any, rules: Rules) -> datetime | None:
    """Return the due date of one of the gradebook's submissions, with time zone.

    Of the extensions that nbgrader and the table have, the later one counts.
    """
    due = _aware(submission.assignment.duedate)
    if due is None:  # nbgrader's own property raises for an extension of no due date
        return None
    tabled = due_for(submission.student.id, submission.assignment.name, due, rules.extensions, rules.zone)
    own = _aware(submission.duedate)
    return max(one for one in (due, tabled, own) if one is not None)


def _term_days_left(gradebook: Gradebook, submission: Any, rules: Rules, policy: late.Policy) -> int:
    """Return the term's grace days that a student's earlier assignments have left."""
    if not policy.term_grace_days:
        return 0
    left = policy.term_grace_days
    own = [one for one in gradebook.find_student(submission.student.id).submissions if one.assignment.duedate]
    for one in sorted(own, key=lambda one: (one.assignment.duedate, one.assignment.name)):
        if one.id == submission.id:
            return left
        due, handed_in = due_of(one, rules), _aware(one.timestamp)
        days = late.started_days(handed_in, due, policy) if handed_in and due else 0
        if policy.zero_after_days is None or days <= policy.zero_after_days:
            left -= min(left, max(0, days - policy.grace_days))
    return left


def _aware(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)
