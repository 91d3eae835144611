"""Which tests a mistake can reach: those that run a function that it changes, and all if anything else changes."""

from pathlib import Path

import pytest

from autograder.catalogue import mistakes_of
from autograder.course import Course
from autograder.judge.session import collect
from autograder.validate.calibration import mistake_passes
from autograder.validate.reach import affected, changed, reached
from tests.engine.conftest import small  # noqa: F401

BEFORE = """
LIMIT = 3

def outer(x, by=2):
    def inner(y):
        return y + by
    return inner(x)

class Net:
    size = 4

    def loss(self, x):
        return x * self.size

    def again(self):
        return self.loss(1)
"""


def compared(tmp_path: Path, *edits: tuple[str, str]) -> frozenset[tuple[str, str]] | None:
    """Return what differs after some edits of the module above."""
    text = BEFORE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    for name, content in {"before": BEFORE, "after": text}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.py").write_text(content)
    return changed(tmp_path / "before", tmp_path / "after", "code.py")


@pytest.mark.parametrize(
    ("edits", "places"),
    [
        ([], set()),
        ([("def inner(y):\n", "def inner(y):\n        # a comment\n")], set()),
        ([("y + by", "y - by")], {"outer"}),
        ([("x * self.size", "x")], {"Net.loss"}),
        ([("x * self.size", "x"), ("self.loss(1)", "0")], {"Net.loss", "Net.again"}),
    ],
)
def test_functions_that_differ(tmp_path: Path, edits: list[tuple[str, str]], places: set[str]) -> None:
    assert compared(tmp_path, *edits) == {("code.py", place) for place in places}


@pytest.mark.parametrize(
    "edit",
    [("LIMIT = 3", "LIMIT = 4"), ("by=2", "by=3"), ("size = 4", "size = 5"), ("    def again", "    def once_more")],
)
def test_all_tests_are_affected_if_something_else_differs(tmp_path: Path, edit: tuple[str, str]) -> None:
    assert compared(tmp_path, edit) is None


def test_what_the_reference_runs(small: Course) -> None:  # noqa: F811
    (part,) = small.parts
    found = reached(small, part)
    assert ("readings.py", "to_celsius") in found["test_degrees"]
    assert ("readings.py", "running_mean") not in found["test_degrees"]
    assert {("readings.py", "to_celsius"), ("readings.py", "running_mean")} <= found["test_means[3]"]
    tests = {test.name: test for test in collect(small, part)}
    means = frozenset({("readings.py", "running_mean")})
    assert not affected(small, part, tests["test_degrees"], means)
    assert affected(small, part, tests["test_means[3]"], means)
    assert affected(small, part, tests["test_degrees"], None)


def test_mistakes_are_judged_by_what_they_reach(small: Course, level: int) -> None:  # noqa: F811
    for mistake in mistakes_of(small.assignment):
        assert mistake_passes(small, mistake, level) == []
