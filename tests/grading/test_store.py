"""The verdict store: which verdicts it stores, and under which keys."""

from dataclasses import replace

import pytest

from autograder.assignment import Part
from autograder.course import Course
from autograder.grading import store
from autograder.grading.store import VerdictStore
from autograder.judge import digest
from autograder.verdict import ERROR, GRADED, NOT_GRADED, OPEN, ExerciseResult, PartVerdict


def verdict(outcome: str) -> PartVerdict:
    return PartVerdict(5, "PyTorch", (ExerciseResult("barebones_convnet", 3, 0, outcome, ()),), submission="abc")


def is_kept(course: Course, outcome: str) -> bool:
    kept = VerdictStore(course)
    kept.put(course.parts[4], verdict(outcome))
    return kept.get("abc", course.parts[4], 0) is not None


def test_only_our_errors_are_not_kept(course: Course) -> None:
    """After an error, judging again may help. The next test is about open verdicts."""
    assert not is_kept(course, ERROR)
    for outcome in (OPEN, NOT_GRADED, GRADED):
        assert is_kept(course, outcome)


def test_what_is_installed_decides(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grading again does nothing without the framework, and judges once it is installed; also for the better of two."""
    part, kept = course.parts[4], VerdictStore(course)

    def record() -> str:
        return store.presentation_digest(course)

    for outcome in (OPEN, GRADED):
        monkeypatch.setattr(digest, "is_installed", lambda assignment, part: part.framework == "tensorflow")
        kept.put(part, replace(verdict(outcome), submission=outcome))
        without = record()
        assert kept.get(outcome, part, 0) is not None
        assert record() == without
        monkeypatch.setattr(digest, "is_installed", lambda assignment, part: True)
        assert kept.get(outcome, part, 0) is None
        assert record() != without


def test_blame_on_another_part_holds_as_long_as_its_tests(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a verdict covers another part's tests only if the verdict asked them."""
    kept = VerdictStore(course)
    part = course.parts[1]
    usual = store.judging_digest

    def after_a_change_of_part_1(course: Course, part: Part) -> str:
        return "changed" if part.number == 1 else usual(course, part)

    for consulted in ((), (1,)):
        kept.put(part, replace(verdict(GRADED), id=2, submission="blame", consulted=consulted))
        assert kept.get("blame", part, 0) is not None
        with monkeypatch.context() as patch:
            patch.setattr(store, "judging_digest", after_a_change_of_part_1)
            assert (kept.get("blame", part, 0) is None) == bool(consulted)
