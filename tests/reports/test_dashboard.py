"""Every figure of the dashboard, computed again from the planted verdicts; and the page itself."""

import re
from collections import defaultdict
from html.parser import HTMLParser

import numpy as np
import pytest

from autograder.course import Course
from autograder.reports.clusters import clusters
from autograder.reports.dashboard import dashboard
from autograder.reports.decide import records_of
from autograder.reports.figures import figures
from autograder.verdict import ERROR, FAILED, GRADED, ExerciseResult, PartVerdict

from .conftest import CLASS

Planted = tuple[Course, dict[str, list[PartVerdict]]]
pytestmark = pytest.mark.slow


class Tables(HTMLParser):
    """Collects the rows of each table by the heading before it, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = defaultdict(list)
        self.texts: list[str] = []
        self._section, self._cell = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        own = dict(attributes)
        if tag == "h2":
            self._section = own["id"] or ""
        if tag == "tr":
            self.rows[self._section].append([])
        if tag in ("td", "th"):
            self.rows[self._section][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._cell:
            self.rows[self._section][-1][-1] += data


@pytest.fixture(scope="module")
def page(planted: Planted) -> Tables:
    return Tables(dashboard(records_of(planted[0]), "Weather", "weather"))


def results(verdicts: dict[str, list[PartVerdict]]) -> dict[str, dict[str, ExerciseResult]]:
    return {student: {one.id: one for part in own for one in part.exercises} for student, own in verdicts.items()}


def test_every_figure_of_the_exercises(planted: Planted, page: Tables) -> None:
    course, verdicts = planted
    own = results(verdicts)
    raw = {student: sum(one.score for one in found.values()) for student, found in own.items()}
    head, *rows = page.rows["exercises"]
    told = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    for exercise in (one for part in course.parts for one in part.automatic):
        kept = {student: found[exercise.id] for student, found in own.items() if found[exercise.id].outcome != ERROR}
        share = np.array([one.score / one.points for one in kept.values()])
        rest = np.array([raw[student] - one.score for student, one in kept.items()])
        size = round(0.27 * len(kept))
        order = sorted(range(len(kept)), key=lambda at: (-list(map(raw.get, kept))[at], list(kept)[at]))
        # a verdict with an error is not kept, so the times of its tests are not known
        times = [
            sum(test.seconds for test in one.tests)
            for student, found in own.items()
            if all(other.outcome != ERROR for other in found.values())
            for one in [found[exercise.id]]
        ]
        expected = {
            "points": exercise.points, "part": 1, "solved": int((share == 1).sum()),
            "partly": int(((share > 0) & (share < 1)).sum()), "failed": int((share == 0).sum()),
            "open": len(own) - len(kept), "difficulty": share.mean(), "correlation": np.corrcoef(share == 1, rest)[0, 1],
            "discrimination": share[order[:size]].mean() - share[order[-size:]].mean(),
            "seconds": np.median(times), "longest": max(times),
            "timeouts": sum(any(test.timed_out for test in found[exercise.id].tests) for found in own.values()),
        }  # fmt: skip
        for name, value in expected.items():
            assert float(told[exercise.id][name]) == pytest.approx(value, abs=0.00501), (exercise.id, name)
    (written,) = [row for row in rows if row[0] == "explain"]
    assert dict(zip(head, written, strict=True))["open"] == str(CLASS)
    assert len(rows) == 4


def test_totals_and_who_needs_a_person(planted: Planted, page: Tables) -> None:
    _, verdicts = planted
    totals = {s: round(sum(one.score for one in found.values()), 4) for s, found in results(verdicts).items()}
    said = " ".join(" ".join(page.texts).split())
    values = np.array(list(totals.values()))
    low, median, high = np.percentile(values, (25, 50, 75))
    for name, value in (("mean", f"{values.mean():.2f}"), ("median", f"{median:.2f}")):
        assert float(re.search(rf"{name} ([\d.]+)", said)[1]) == pytest.approx(float(value))
    assert f"middle half {round(low, 2):g} to {round(high, 2):g}" in said
    counts = figures(records_of(planted[0])).distribution.counts
    assert list(counts) == np.histogram(values, bins=np.linspace(0, 7, 11))[0].tolist()
    students = {row[0]: row for row in page.rows["students"][1:]}
    assert {name: float(row[3]) for name, row in students.items()} == {s: round(t, 2) for s, t in totals.items()}
    first = page.rows["person"][1]
    assert (first[0], first[3]) == ("s002", "to_celsius")
    assert len(page.rows["person"]) == CLASS + 1  # somebody must read each answer


def test_mistakes_and_groups(planted: Planted) -> None:
    course, verdicts = planted
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for student, found in results(verdicts).items():
        if any(one.outcome == ERROR for one in found.values()):
            continue  # its verdict is not kept
        for one in found.values():
            wrong = [test for test in one.tests if test.outcome == FAILED]
            if wrong:
                known[one.id, wrong[0].hint or one.fingerprint or "blank"].add(student)
    made = clusters(records_of(course))
    assert sorted(map(sorted, known.values())) == sorted(sorted(one.students) for one in made)
    assert [len(one.students) for one in made] == sorted((len(one) for one in known.values()), reverse=True)
    assert len({one.name for one in made}) == len(made)
    assert {one.by for one in made} == {"mistake", "behaviour", "message"}


def test_each_failure_is_in_one_group(planted: Planted) -> None:
    records = records_of(planted[0])
    placed = [(one.exercise, student) for one in clusters(records) for student in one.students]
    failed = {
        (one.id, record.student)
        for record in records
        for one in record.exercises
        if any(test.outcome == FAILED for test in one.tests)
    }
    assert len(placed) == len(set(placed))
    assert set(placed) == failed
    assert all(one.outcome in (GRADED, FAILED, ERROR, "open") for record in records for one in record.exercises)
