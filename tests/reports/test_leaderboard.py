"""The leaderboard: the measured numbers in order, nobody's id, a name only for who asked."""

import re
from pathlib import Path

import pytest

from autograder.grading.record import Exercise, Record
from autograder.reports.leaderboard import LeaderboardError, leaderboard, places, pseudonyms, read_names
from autograder.verdict import GRADED, PASSED, Measured, TestResult

pytestmark = pytest.mark.quick


def record(student: str, part: int, reached: float, practice: bool = False) -> Record:
    test = TestResult("a", "It classifies", "accuracy", PASSED, credit=1.0, measured=Measured(reached, 0.5, practice))
    exercise = Exercise("accuracy", part, "Rhythm", 2, 2, GRADED, tests=(test,))
    return Record(student, "pulse", 2, 2, 0, 2, 0, exercises=(exercise,))


STUDENTS = [f"student-{number:03d}" for number in range(400)]


def test_pseudonyms_are_unique_stable_and_hide_the_id() -> None:
    named = {"student-007": "Ada L."}
    found = pseudonyms(STUDENTS, b"secret", named)
    assert len(set(found.values())) == len(STUDENTS)
    assert found["student-007"] == "Ada L."
    assert not any(student in name for student, name in found.items())
    assert found == pseudonyms(reversed(STUDENTS), b"secret", named)
    other = pseudonyms(STUDENTS, b"another", named)
    assert sum(found[one] == other[one] for one in STUDENTS) < 20


def test_places_share_ranks_and_practice_comes_last() -> None:
    records = [
        record("a", 2, 0.5),
        record("b", 2, 0.7),
        record("c", 2, 0.7),
        record("d", 2, 0.9, True),
        record("e", 1, 1),
    ]
    found = places(records, 2, {one: one.upper() for one in "abcde"})
    assert [(one.rank, one.name) for one in found] == [(1, "B"), (1, "C"), (3, "A"), (1, "D")]


def test_the_page_names_no_student() -> None:
    records = [record(student, 2, number / 400) for number, student in enumerate(STUDENTS)]
    page = leaderboard(records, "Pulse", {2: "Rhythm"}, pseudonyms(STUDENTS, b"secret", {"student-003": "<b>Bob</b>"}))
    assert "student-" not in page
    assert "&lt;b&gt;Bob&lt;/b&gt;" in page
    assert [float(one) for one in re.findall(r"([\d.]+) %", page)] == pytest.approx(
        [number / 4 for number in reversed(range(400))], abs=0.0501
    )


def test_names_are_read(tmp_path: Path) -> None:
    assert read_names(tmp_path) == {}
    (tmp_path / "leaderboard.csv").write_text("\ufeffstudent,name\nada,Ada L.\n\n", encoding="utf-8")
    assert read_names(tmp_path) == {"ada": "Ada L."}
    (tmp_path / "leaderboard.csv").write_text("ada\n")
    with pytest.raises(LeaderboardError, match="Line 1"):
        read_names(tmp_path)
