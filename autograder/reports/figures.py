"""Figures about a class, each a sum or a mean over the students' records. See ``dashboard`` for the page."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.grading.record import Exercise, Record
from autograder.verdict import ERROR, UNDECIDED

from .clusters import Cluster, clusters

TAIL = 0.27
"""The share of the class at each end that discrimination compares, as is usual for tests."""
BINS = 10


@dataclass(frozen=True)
class ExerciseFigures:
    """How a class did in one exercise. Students for whom it is undecided do not count.

    Attributes
    ----------
    id : str
    part : int
    points : float
    judged, solved, partly, failed, open : int
        Numbers of students: for whom it is decided, with full points, with some, with none; for whom it is undecided.
    difficulty : float or None
        The mean share of the points that was reached; None if it is decided for nobody.
    correlation : float or None
        The point-biserial correlation of solving it with the score in all other exercises; None if either is the same
        for everybody.
    discrimination : float or None
        The mean share of the points in the best 27 % of the class by score, minus that in the last 27 %.
    seconds, longest : float
        The median and the largest time of its tests in seconds.
    timeouts : int
        Students for whom a test of it reached a time limit.
    """

    id: str
    part: int
    points: float
    judged: int
    solved: int
    partly: int
    failed: int
    open: int
    difficulty: float | None
    correlation: float | None
    discrimination: float | None
    seconds: float
    longest: float
    timeouts: int


@dataclass(frozen=True)
class Distribution:
    """The totals of a class.

    Attributes
    ----------
    counts : tuple of int
        Numbers of students by tenths of the maximum; the last tenth includes the maximum.
    mean, median, low, high : float
        In points; ``low`` and ``high`` are the quartiles.
    waiting : int
        Students with open points, whose totals may rise.
    """

    counts: tuple[int, ...]
    mean: float
    median: float
    low: float
    high: float
    waiting: int


@dataclass(frozen=True)
class Figures:
    """All figures about a class."""

    records: tuple[Record, ...]
    points: float
    distribution: Distribution
    exercises: tuple[ExerciseFigures, ...]
    clusters: tuple[Cluster, ...]

    @property
    def mistakes(self) -> tuple[Cluster, ...]:
        """The groups whose mistake is known, the largest first."""
        return tuple(one for one in self.clusters if one.hint)

    @property
    def unnamed(self) -> tuple[Cluster, ...]:
        """The groups whose mistake nobody has named yet, the largest first."""
        return tuple(one for one in self.clusters if not one.hint)

    @property
    def need_person(self) -> tuple[Record, ...]:
        """The students for whom a person must decide or look: those with errors of the grader first, then by points."""
        wanted = [one for one in self.records if one.needs_person]
        return tuple(sorted(wanted, key=lambda one: (not errors(one), -one.open, one.student)))

    @property
    def reasons(self) -> dict[str, list[str]]:
        """The students for whom points are open, by the reason, the most frequent first."""
        found: dict[str, list[str]] = {}
        for record in self.records:
            for why in record.reasons:
                found.setdefault(why, []).append(record.student)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def errors(record: Record) -> list[str]:
    """Return the exercises that ended in an error of the grader."""
    return [one.id for one in record.exercises if one.outcome == ERROR]


def figures(records: Iterable[Record]) -> Figures:
    """Return the figures about a class.

    Parameters
    ----------
    records : iterable of Record
        With details.
    """
    found = tuple(sorted(records, key=lambda one: one.student))
    names = list(dict.fromkeys(exercise.id for record in found for exercise in record.exercises))
    points = max((record.points for record in found), default=0.0)
    own = {name: [(record, one) for record in found for one in record.exercises if one.id == name] for name in names}
    return Figures(
        found, points, _distribution(found, points), tuple(_of_exercise(rows) for rows in own.values()),
        clusters(found),
    )  # fmt: skip


def _distribution(records: Sequence[Record], points: float) -> Distribution:
    totals = [record.total for record in records]
    counts = [0] * BINS
    for total in totals:
        counts[min(BINS - 1, math.floor(BINS * total / points + 1e-9)) if points else 0] += 1
    low, median, high = (
        statistics.quantiles(totals, n=4, method="inclusive") if len(totals) > 1 else (totals or [0.0]) * 3
    )
    mean = statistics.fmean(totals) if totals else 0.0
    return Distribution(tuple(counts), mean, median, low, high, sum(record.open > 0 for record in records))


def _of_exercise(rows: Sequence[tuple[Record, Exercise]]) -> ExerciseFigures:
    first = rows[0][1]
    decided = [(record, one) for record, one in rows if one.outcome not in UNDECIDED]
    shares = [_share(one) for _, one in decided]
    rest = [record.raw - one.score for record, one in decided]
    times = [sum(test.seconds for test in one.tests) for _, one in rows if one.tests]
    solved = [share >= 1 for share in shares]
    return ExerciseFigures(
        first.id, first.part, first.points, len(decided), sum(solved), sum(0 < share < 1 for share in shares),
        sum(share <= 0 for share in shares), len(rows) - len(decided),
        statistics.fmean(shares) if shares else None, _correlation(solved, rest), _discrimination(decided),
        statistics.median(times) if times else 0.0, max(times, default=0.0),
        sum(any(test.timed_out for test in one.tests) for _, one in rows),
    )  # fmt: skip


def _share(one: Exercise) -> float:
    return one.score / one.points if one.points else 0.0


def _correlation(solved: Sequence[bool], rest: Sequence[float]) -> float | None:
    """Return Pearson's correlation, which for two-valued data is the point-biserial one."""
    if len(set(solved)) < 2 or len(set(rest)) < 2:
        return None
    return statistics.correlation([float(one) for one in solved], rest)


def _discrimination(decided: Sequence[tuple[Record, Exercise]]) -> float | None:
    size = round(TAIL * len(decided))
    if not size:
        return None
    ordered = sorted(decided, key=lambda row: (-row[0].raw, row[0].student))
    best, last = ([_share(one) for _, one in rows] for rows in (ordered[:size], ordered[-size:]))
    return statistics.fmean(best) - statistics.fmean(last)
