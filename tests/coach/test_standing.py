"""The map: states, what waits for what, what comes next, the score to be expected, and what decides an outcome."""

from pathlib import Path

import pytest

from autograder.checks.exercise import Claim
from autograder.checks.facts import Facts, PublicExercise, PublicPart
from autograder.checks.public import Failure
from autograder.coach.kept import Kept
from autograder.coach.result import Result, TestDone
from autograder.coach.standing import map_of, part_named

IDS = ("first", "second", "third", "read", "unchecked")
PARTS = (
    PublicPart(1, ("Start.ipynb",), tuple(PublicExercise(id, 2.0, id == "read") for id in IDS)),
    PublicPart(2, ("End.ipynb", "Other.ipynb"), (PublicExercise("last", 4.0),)),
)
FACTS = Facts("package", parts=PARTS)


def result(exercise: str, kind: str | None = None, needs: tuple[str, ...] = ()) -> Result:
    failure = None if kind is None else Failure("It is wrong.", kind=kind)
    return Result(exercise, (TestDone("a test", Claim(exercise, "core", needs), failure),), called=("one",))


def test_states() -> None:
    results = {
        "first": result("first"),
        "second": result("second", "values", needs=("last",)),
        "third": result("third", "unfinished"),
        "last": result("last", "values"),
    }
    found = map_of(FACTS, results)
    assert [one.said for one in found.standings.values()] == [
        "right", "waits for last", "not written", "a person reads it", "no public check", "wrong",
    ]  # fmt: skip
    assert found.next is not None
    assert found.next.exercise.id == "last"  # on which the second exercise waits
    assert found.earned() == 2
    assert "2 of 10 points" in found.expectation()
    assert "worth 2 more" in found.expectation()


def test_an_exercise_that_needs_itself_in_a_circle_is_still_told() -> None:
    results = {"first": result("first", "values", ("second",)), "second": result("second", "values", ("first",))}
    found = map_of(FACTS, results).next
    assert found is not None
    assert found.exercise.id in ("first", "second")


def test_what_a_special_case_is_worth() -> None:
    tests = tuple(
        TestDone("a test", Claim("last", kind), None if kind == "core" else Failure("no"))  # type: ignore[arg-type]
        for kind in ("core", "edge")
    )
    assert map_of(FACTS, {"last": Result("last", tests)}).earned() == pytest.approx(4 * 0.8)


@pytest.mark.parametrize("name", ["part2", "Part 2", "2", "End", "other.ipynb"])
def test_names_of_parts(name: str) -> None:
    assert part_named(name, FACTS) is PARTS[1]


def test_an_outcome_holds_for_what_it_reached(tmp_path: Path) -> None:
    home = tmp_path / "package"
    home.mkdir()
    for name, text in {
        "__init__": "",
        "one": "from .two import *",
        "two": "from package import three",
        "three": "x = 1",
        "four": "",
    }.items():
        (home / f"{name}.py").write_text(text)
    kept = Kept(tmp_path, "package")

    def still_holds(change: str, text: str) -> bool:
        kept.look()
        kept.put(result("first"))
        (home / change).write_text(text)
        kept.look()
        return kept.find("first") is not None

    assert still_holds("four.py", "y = 1")
    assert not still_holds("three.py", "x = 2")  # through two modules
    assert not still_holds("two.py", "from .three import x")
    assert not still_holds("fast.so", "compiled")
    kept.put(Result("first", (), called=("*",)))
    assert kept.find("first") is not None
    (home / "four.py").write_text("z = 1")
    kept.look()
    assert kept.find("first") is None  # it may depend on everything


def test_the_file_of_outcomes_may_hold_anything(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    for text in ("", "[]", "{}", '{"tools": 1, "results": 3}', "\x00"):
        (tmp_path / ".standing.json").write_text(text)
        kept = Kept(tmp_path, "package")
        kept.look()
        assert kept.find("first") is None
