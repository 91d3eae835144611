"""Which verdicts are kept."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.course import Course
from autograder.grading import gradebook, store
from autograder.grading.gradebook import JudgedAutograde
from autograder.grading.store import VerdictStore
from autograder.manifest import Part
from autograder.verdict import ERROR, GRADED, NOT_GRADED, OPEN, ExerciseResult, PartVerdict


def verdict(outcome: str) -> PartVerdict:
    return PartVerdict(5, "PyTorch", (ExerciseResult("barebones_convnet", 3, 0, outcome, ()),), submission="abc")


def is_kept(course: Course, outcome: str) -> bool:
    kept = VerdictStore(course)
    kept.put(course.parts[4], verdict(outcome))
    return kept.get("abc", course.parts[4], 0) is not None


def test_what_is_to_be_judged_again_is_not_kept(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our errors; and what is open since a framework is not installed, which may change."""
    assert not is_kept(course, ERROR)
    monkeypatch.setattr(store, "is_installed", lambda framework: framework != "tensorflow")
    assert not is_kept(course, OPEN)
    assert is_kept(course, NOT_GRADED)
    assert is_kept(course, GRADED)


def test_what_is_installed_is_part_of_the_record(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grading again does nothing where a framework is not installed, and something once it is."""

    def record() -> dict[str, Any]:
        grader: Any = SimpleNamespace(course=course)
        return JudgedAutograde._graded_from(grader, "abc", False)

    monkeypatch.setattr(gradebook, "is_installed", lambda framework: framework == "")
    without = record()
    assert without == record()
    monkeypatch.setattr(gradebook, "is_installed", lambda framework: framework in ("", "torch"))
    assert without != record()


def test_blame_on_another_part_holds_as_long_as_its_tests(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict that asked another part's tests is kept under those too; one that did not, is not."""
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
