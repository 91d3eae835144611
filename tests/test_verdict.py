"""The formula of scores, and the conversion of verdicts to JSON and back."""

import dataclasses

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.verdict import (
    ERROR,
    FAILED,
    GRADED,
    NOT_GRADED,
    OPEN,
    PASSED,
    ExerciseResult,
    PartVerdict,
    TestResult,
    from_json,
    schema,
    score,
    to_json,
)

KINDS = ("core", "edge", "learns", "accuracy", "speed")
OUTCOMES = (PASSED, FAILED, ERROR, OPEN, NOT_GRADED)


def result(kind: str, credit: float, outcome: str = "") -> TestResult:
    return TestResult("name", "Title", kind, outcome or (PASSED if credit == 1 else FAILED), credit=credit)


SHARES = st.floats(0, 1)
RESULTS = st.builds(result, st.sampled_from(KINDS), SHARES)
POINTS = st.floats(0, 100)


@pytest.mark.parametrize(
    ("core", "others", "share"),
    [
        ([1, 1], [1, 1], 1.0),
        ([1, 1], [0, 0], 0.8),
        ([1, 1], [1, 0], 0.9),
        ([1, 0], [1, 1], 0.5),  # half of the core tests pass
        ([1, 0], [0], 0.4),
        ([0, 0], [1, 1], 0.0),  # no core test passes, so there is no credit
        ([1], [], 1.0),
        ([], [1, 0.5], 0.75),  # an exercise with only learning or accuracy tests
        ([], [0], 0.0),
    ],
)
def test_formula(core: list[float], others: list[float], share: float) -> None:
    tests = (*(result("core", one) for one in core), *(result("edge", one) for one in others))
    assert score(10, tests) == (pytest.approx(10 * share), GRADED if share else FAILED)


@given(POINTS, st.lists(RESULTS, min_size=1, max_size=8))
def test_score_stays_between_nothing_and_the_points(points: float, tests: list[TestResult]) -> None:
    earned, outcome = score(points, tuple(tests))
    assert 0 <= earned <= points
    assert outcome == (GRADED if earned > 0 else FAILED)


@given(POINTS, st.lists(RESULTS, min_size=1, max_size=6), st.integers(0, 5), SHARES)
def test_more_credit_never_costs(points: float, tests: list[TestResult], which: int, more: float) -> None:
    better = list(tests)
    at = which % len(tests)
    better[at] = dataclasses.replace(tests[at], credit=max(tests[at].credit, more))
    assert score(points, tuple(better))[0] >= score(points, tuple(tests))[0] - 1e-9


@given(st.lists(RESULTS, min_size=1, max_size=4), st.sampled_from([ERROR, OPEN, NOT_GRADED]))
def test_what_is_not_decided_is_never_a_score(tests: list[TestResult], outcome: str) -> None:
    assert score(5, (*tests, result("core", 0.0, outcome))) == (0.0, outcome)


def test_an_exercise_without_tests_is_our_fault() -> None:
    assert score(5, ()) == (0.0, ERROR)


@given(st.floats(allow_nan=True, allow_infinity=True).filter(lambda number: not 0 <= number <= 1))
def test_a_credit_that_is_none_gives_no_points_beyond_the_most(credit: float) -> None:
    earned, _ = score(5, (result("core", credit),))
    assert 0 <= earned <= 5


TESTS = st.builds(
    TestResult, name=st.text(max_size=9), title=st.text(max_size=9), kind=st.sampled_from(KINDS),
    outcome=st.sampled_from(OUTCOMES), message=st.text(max_size=9), hint=st.text(max_size=9), seconds=SHARES, credit=SHARES,
    example=st.text(max_size=9),
)  # fmt: skip
EXERCISES = st.builds(
    ExerciseResult, id=st.text(max_size=9), points=SHARES, score=SHARES,
    outcome=st.sampled_from((GRADED, FAILED, ERROR, OPEN, NOT_GRADED)), tests=st.lists(TESTS, max_size=3).map(tuple),
)  # fmt: skip
TEXTS = st.lists(st.text(max_size=9), max_size=2).map(tuple)
VERDICTS = st.builds(
    PartVerdict, id=st.integers(0, 9), name=st.text(max_size=9), exercises=st.lists(EXERCISES, max_size=3).map(tuple),
    problems=TEXTS, flags=TEXTS, seconds=SHARES, sandbox_level=st.integers(0, 3), data=st.sampled_from(("cifar10", "synthetic")),
    submission=st.text(max_size=9), seed=st.text(max_size=9), left_out=TEXTS,
)  # fmt: skip


@given(st.lists(VERDICTS, min_size=1, max_size=2))
def test_json_gives_back_what_went_in(verdicts: list[PartVerdict]) -> None:
    assert from_json(to_json(verdicts)) == verdicts


@given(VERDICTS)
def test_verdicts_from_before_there_were_examples_are_read(verdict: PartVerdict) -> None:
    content = to_json([verdict])
    for exercise in content["parts"][0]["exercises"]:
        for test in exercise["tests"]:
            del test["example"]
    (read,) = from_json(content)
    assert [one.example for exercise in read.exercises for one in exercise.tests if one.example] == []
    assert read.score == verdict.score


@given(VERDICTS)
def test_the_schema_describes_it(verdict: PartVerdict) -> None:
    content = to_json([verdict])
    jsonschema.Draft202012Validator.check_schema(schema())
    described = jsonschema.Draft202012Validator(schema())
    described.validate(content)
    (part,) = content["parts"]
    for wrong in ({**part, "more": 1}, *({name: part[name] for name in part if name != gone} for gone in part)):
        assert not described.is_valid({**content, "parts": [wrong]})


@pytest.mark.parametrize(("kind", "outcome"), [("tests", "graded"), ("exercises", "passed")])
def test_an_outcome_of_the_other_kind_is_refused(kind: str, outcome: str) -> None:
    test = TestResult("name", "Title", "core", PASSED, credit=1.0)
    content = to_json([PartVerdict(1, "Part", (ExerciseResult("id", 1.0, 1.0, GRADED, (test,)),))])
    one = content["parts"][0]["exercises"][0]
    (one["tests"][0] if kind == "tests" else one)["outcome"] = outcome
    with pytest.raises(ValueError, match="outcome"):
        from_json(content)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema())


@given(VERDICTS)
def test_what_is_not_a_verdict_is_refused(verdict: PartVerdict) -> None:
    content = to_json([verdict])
    (part,) = content["parts"]
    less = [{name: value for name, value in part.items() if name != gone} for gone in part]
    changed = [*less, {}, {**part, "more": 1}, {**part, "consulted": []}, {**part, "data": "others"}]
    wrong_parts = [{**content, "parts": [one]} for one in changed]
    for wrong in ({}, [], None, {**content, "sandbox_level": 9}, {**content, "more": 1}, *wrong_parts):
        with pytest.raises(ValueError):
            from_json(wrong)
