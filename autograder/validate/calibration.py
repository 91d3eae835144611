"""Does the judge accept what is right and refuse what is wrong: reference, blank release, solutions and mistakes?

Each function examines one thing and returns what is wrong with it, a sentence each. Not for running them all: see
``gate``.
"""

import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.assignment import Assignment, Part
from autograder.catalogue import Accepted, Mistake, MistakeError, mistakes_in
from autograder.checks.exercise import Claim
from autograder.course import Course
from autograder.judge.plugin import asks_for_notebook, claimed
from autograder.judge.session import collect, judge_alternative, judge_part, taken_in
from autograder.sample import students
from autograder.verdict import ERROR, PASSED, ExerciseResult, TestResult

from .trusted import Variant, parts_in_numpy

QUICK = ("core", "edge")
"""Kinds of tests that are asked of mistakes; of correct code the first."""


def reference_lacks(course: Course, part: Part, level: int) -> list[str]:
    """What a complete submission loses in a part, judged in the sandbox."""
    with tempfile.TemporaryDirectory(prefix="autograder-validate-") as scratch:
        folder = Path(scratch) / "complete"
        students.complete(course, folder, parts=(part,))
        with taken_in(folder, course.assignment) as submission:
            verdict = judge_alternative(course, part, submission, level)
    return [
        f"The reference gets {one.score:g} of {one.points:g} points for {one.id}: {_first_failure(one)}"
        for one in verdict.exercises
        if one.score != one.points
    ]


def blank_earns(course: Course, part: Part, level: int) -> list[str]:
    """What an untouched release gets in a part although it is not given, or loses although it is."""
    given = {exercise.id for exercise in part.automatic if exercise.given}
    with tempfile.TemporaryDirectory(prefix="autograder-validate-") as scratch:
        folder = Path(scratch) / "blank"
        students.blank(course, folder)
        with taken_in(folder, course.assignment) as submission:
            verdict = judge_alternative(course, part, submission, level)
    wrong = []
    for one in verdict.exercises:
        if one.id in given and one.score != one.points:
            wrong.append(
                f"{one.id} is given, and a blank release gets {one.score:g} of {one.points:g} points for it: "
                f"{_first_failure(one)}"
            )
        if one.id not in given and one.score:
            wrong.append(
                f"A blank release gets {one.score:g} points for {one.id}: is its solution region missing, or are its "
                "tests too weak? If it is given, say so in its grade cell's metadata."
            )
    return wrong


def accepted_loses(course: Course, solution: Accepted, seed: int) -> list[str]:
    """What core tests say against an accepted solution."""
    with Variant(course, solution.apply) as variant:
        return [
            f"The accepted solution {solution.name!r} fails {test.name} (seed {seed}): {test.message}"
            for part in parts_in_numpy(course)
            for test in variant.results(part, _is_core, str(seed))
            if test.outcome != PASSED
        ]


def _is_core(test: pytest.Function) -> bool:
    return claimed(test).kind == "core" and not asks_for_notebook(test)


def mistake_passes(course: Course, mistake: Mistake, level: int) -> list[str]:
    """Whether a known mistake is caught by its own exercise, named there, and held against no unrelated one."""
    if mistake.exercise not in {exercise.id for part in course.parts for exercise in part.automatic}:
        return [f"{mistake.key} cannot be tried out: no grade cell that tests judge has the id {mistake.exercise}."]
    try:
        failed = _failed(course, mistake, level)
    except MistakeError as error:
        return [str(error)]
    own = [test for claim, test in failed if claim.exercise == mistake.exercise]
    caught = [test for test in own if test.outcome != ERROR]
    wrong = [
        f"{test.name} breaks off on {mistake.key}, which is the test's own fault: mend it. ({test.message})"
        for test in own
        if test.outcome == ERROR
    ]
    if not caught:
        wrong.append(
            f"{mistake.key} passes all tests of {mistake.exercise}: add a test that tells it from the reference."
        )
    elif mistake.explanation not in [test.hint for test in caught]:
        why = _why_unnamed(course.assignment, mistake, caught)
        wrong.append(f"{mistake.key} is caught by {caught[0].name} but not named: {why}")
    needs = _needs(course)
    unrelated: dict[str, TestResult] = {}
    for claim, test in failed:
        if not _related(mistake.exercise, claim, needs):
            unrelated.setdefault(claim.exercise, test)
    for exercise, test in unrelated.items():
        wrong.append(
            f"{mistake.key} is held against {exercise} too: its test {test.name} must name {mistake.exercise} in its "
            f"needs, or not run on it. ({test.message})"
        )
    return wrong


def _why_unnamed(assignment: Assignment, mistake: Mistake, caught: list[TestResult]) -> str:
    """What its author can do for a mistake that has another hint, or none."""
    hints = {test.hint for test in caught}
    others = [other.key for other in mistakes_in(assignment, mistake.exercise) if other.explanation in hints]
    if others:
        return f"the hint is that of {', '.join(others)}. Add a test on which the two give other answers."
    return (
        f"no test of {mistake.exercise} gets the same answers from it again. Draw what such a test asks from rng, and "
        "let nothing in the mistake depend on the time or the place."
    )


def _failed(course: Course, mistake: Mistake, level: int) -> list[tuple[Claim, TestResult]]:
    """The quick tests that a mistake fails, of all parts."""
    if mistake.file.endswith(".pyx"):
        return _failed_when_built(course, mistake, level)
    found = []
    with Variant(course, lambda folder: mistake.apply(folder / course.assignment.package)) as variant:
        for part in parts_in_numpy(course):
            claims = {test.name.removeprefix("test_"): claimed(test) for test in collect(course, part)}
            results = variant.results(part, is_quick)
            found += [(claims[test.name], test) for test in results if test.outcome != PASSED]
    return found


def _failed_when_built(course: Course, mistake: Mistake, level: int) -> list[tuple[Claim, TestResult]]:
    """The same for a mistake in what must be compiled, which only a sandbox does; of its own exercise."""
    part = next(part for part in course.parts if mistake.exercise in {one.id for one in part.automatic})
    chosen = tuple(exercise for exercise in part.automatic if exercise.id == mistake.exercise)
    with tempfile.TemporaryDirectory(prefix="autograder-validate-") as scratch:
        folder = Path(scratch) / "mistaken"
        students.solved(course, folder)
        mistake.apply(folder / course.assignment.package)
        with taken_in(folder, course.assignment) as submission:
            verdict = judge_part(course, replace(part, exercises=chosen), submission, level)
    return [(Claim(one.id), test) for one in verdict.exercises for test in one.tests if test.outcome != PASSED]


def _related(exercise: str, claim: Claim, needs: dict[str, set[str]]) -> bool:
    """Whether a mistake in an exercise may make a test fail: its own, one that runs on it, or on what shares its code.

    Exercises that extend the same one (whose name begins theirs, and which they need) are written in one place: what
    normalises by batches and what by layers stands in the same lines of one net.
    """
    reached = set(claim.needs)
    while further := {need for name in reached for need in needs[name]} - reached:
        reached |= further
    extended = {base for base in needs[exercise] if exercise.startswith(f"{base}_")}
    alike = {
        name
        for name in {claim.exercise, *reached}
        for base in extended
        if name.startswith(f"{base}_") and base in needs[name]
    }
    return exercise in {claim.exercise, *reached} or bool(alike)


def _needs(course: Course) -> dict[str, set[str]]:
    """For each exercise, those on whose code its tests run."""
    needs: dict[str, set[str]] = defaultdict(set)
    for part in parts_in_numpy(course):
        for test in collect(course, part):
            needs[claimed(test).exercise].update(claimed(test).needs)
    return needs


def is_quick(test: pytest.Function) -> bool:
    """Whether a test is asked of mistakes: it is quick, and about the package."""
    return claimed(test).kind in QUICK and not asks_for_notebook(test)


def _first_failure(exercise: ExerciseResult) -> str:
    return next((f"{test.name}: {test.message}" for test in exercise.tests if test.outcome != PASSED), "")
