"""nbgrader's ``collect`` by the course's rule: which of a student's hand-ins counts.

The option ``CollectByRule.rule`` in ``nbgrader_config.py`` chooses the last hand-in, the last one before the student's
own due date, or the best one. For the best one, every hand-in is judged; its verdicts are kept, so grading does not
judge again.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect
from traitlets import Bool, Enum

from autograder.collecting.times import shown
from autograder.course import Course, find_course
from autograder.errors import SetupError, SubmissionError

from . import database, engine, late, penalties
from .extensions import due_for
from .store import VerdictStore

LAST, BEFORE_DUE, BEST = "last", "before_due", "best"


@dataclass(frozen=True)
class HandIn:
    """One of a student's hand-ins in the exchange.

    Attributes
    ----------
    student : str
        The student's id, as the exchange spells it.
    folder : Path
    time : datetime
        In UTC.
    record : dict
        How nbgrader describes it.
    points : float
        Its automatic points after the penalty for late work; 0 if it was not judged.
    """

    student: str
    folder: Path
    time: datetime
    record: dict[str, Any]
    points: float = 0.0


class CollectByRule(ExchangeCollect):  # type: ignore[misc]
    """Collects the hand-in that counts by the course's rule. It has the options of `ExchangeCollect`, and these."""

    rule = Enum(
        (LAST, BEFORE_DUE, BEST),
        LAST,
        help="Which hand-in counts: the last, the last before the due date, the best.",
    ).tag(config=True)
    allow_weak = Bool(
        False, help="Judge hand-ins for the rule 'best' although this machine cannot confine them well (below level 2)."
    ).tag(config=True)

    def init_src(self) -> None:
        """Find the hand-ins, and choose one for each student."""
        rule = BEFORE_DUE if self.trait_values()["before_duedate"] else self.rule
        self.before_duedate = False  # nbgrader's own choice knows no extensions
        super().init_src()
        if rule == LAST:  # nbgrader has chosen; with the other rules the choice says so itself
            for _ in self._chosen(rule):
                pass
            return
        self.before_duedate = True  # a hand-in that was collected before is replaced, by an older one too
        try:
            self.src_records = [one.record for one in self._chosen(rule)]
        except SetupError as error:
            self.fail(str(error))

    def _chosen(self, rule: str) -> Iterator[HandIn]:
        found = defaultdict(list)
        for one in self._hand_ins():
            found[one.student].append(one)
        for student, own in sorted(found.items()):
            own.sort(key=lambda one: one.time)
            due = self._due(student) if rule == BEFORE_DUE else None
            if rule == BEST:
                several = len(own) > 1
                own = sorted(self._judged(own), key=lambda one: one.points) if several else own
            elif rule == BEFORE_DUE:
                own = [one for one in own if due is None or one.time <= due] or own
            if len(found[student]) > 1:
                self.log.info("%s", _said(own[-1], found[student], own, rule))
            yield own[-1]

    def _hand_ins(self) -> Iterator[HandIn]:
        for record in self.src_records:  # one for each student; the others have the same beginning
            prefix = f"{record['username']}+{self.coursedir.assignment_id}+"
            for path in Path(self.inbound_path).iterdir():
                if path.name.startswith(prefix):
                    own = self._path_to_record(str(path))
                    yield HandIn(own["username"], path, own["timestamp"].replace(tzinfo=UTC), own)

    def _judged(self, own: Iterable[HandIn]) -> Iterator[HandIn]:
        """Yield the hand-ins with their points. One that cannot be read has none."""
        course, level = self._course, engine.require_level(self.allow_weak)
        folders = {os.fspath(one.folder): one.folder for one in own}
        engine.judge_all(course, folders, level)
        store = VerdictStore(course)
        for one in own:
            points = 0.0
            with suppress(SubmissionError):
                submission = course.submissions.take(one.folder)
                verdicts = [engine.stored(store, part, submission, level) for part in course.parts]
                points = sum(verdict.score for verdict in verdicts if verdict is not None)
            yield HandIn(one.student, one.folder, one.time, one.record, points - self._penalty(one, points))

    def _penalty(self, one: HandIn, points: float) -> float:
        policy = self._rules.policy
        if policy is None:  # a plugin of the course's own decides when the gradebook is written
            return 0.0
        most = sum(exercise.points for part in self._course.parts for exercise in part.exercises)
        return late.assess(points, most, one.time, self._due(one.student), policy).penalty

    def _due(self, student: str) -> datetime | None:
        due = database.due(self._course.root, self.coursedir.assignment_id)
        return due_for(student, self.coursedir.assignment_id, due, self._rules.extensions, self._rules.zone)

    @cached_property
    def _course(self) -> Course:
        return find_course(Path(self.coursedir.root), name=self.coursedir.assignment_id)

    @cached_property
    def _rules(self) -> penalties.Rules:
        return penalties.rules_of(self._course.root, self.config)


def _said(chosen: HandIn, every: list[HandIn], ranked: list[HandIn], rule: str) -> str:
    times = f"the one of {shown(chosen.time)} counts"
    if rule == BEST:
        points = ", ".join(f"{shown(one.time)}: {one.points:g}" for one in sorted(ranked, key=lambda one: one.time))
        return f"{chosen.student}: {len(every)} hand-ins, {times}, the best one (automatic points: {points})"
    why = "the last one before the due date" if chosen in ranked and len(ranked) < len(every) else "the last one"
    return f"{chosen.student}: {len(every)} hand-ins, {times}, {why}"


def configure(config: Any) -> None:
    """Make ``nbgrader collect`` follow the course's rule.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    config.ExchangeFactory.collect = CollectByRule
