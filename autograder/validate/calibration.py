"""Check that the judge accepts the reference and accepted solutions, and refuses the blank release and mistakes.

Each check examines one thing and returns one sentence for each problem. See ``gate`` for running all checks.
"""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import temporary
from autograder.assignment import Assignment, Part
from autograder.catalogue import Accepted, CatalogueError, Mistake, MistakeError, mistakes_in
from autograder.checks.exercise import Claim
from autograder.course import Course
from autograder.judge import apart
from autograder.judge.plugin import asks_for_notebook, claimed
from autograder.judge.session import collect, judge_alternative, judge_part, taken_in
from autograder.sample import students
from autograder.verdict import ERROR, PASSED, ExerciseResult, TestResult

from .reach import affected, changed
from .trusted import QUICK, ReferenceCopy, is_quick, parts_in_numpy

INPUTS, INPUTS_OF_NOTEBOOK = 10, 2
"""Number of submissions with whose random inputs a known mistake must be caught. A framework's nets take long."""
UNTRAINED = (*QUICK, "learns")
"""Kinds of tests that judge accepted solutions of a notebook. The others need a trained model, or measure time."""


def reference_lacks(course: Course, part: Part, level: int) -> list[str]:
    """Return a sentence for each exercise of a part in which a complete submission loses points in the sandbox."""
    with temporary.folder("validate") as scratch:
        folder = Path(scratch) / "complete"
        students.complete(course, folder, parts=(part,))
        with taken_in(folder, course.assignment) as submission:
            verdict = apart.alone(judge_alternative, course, part, submission, level)
    return [
        f"The reference gets {one.score:g} of {one.points:g} points for {one.id}: {_first_failure(course, one)}"
        for one in verdict.exercises
        if one.score != one.points
    ]


def blank_earns(course: Course, part: Part, level: int) -> list[str]:
    """Check that an untouched release earns exactly the given exercises. Return a sentence for each violation."""
    given = {exercise.id for exercise in part.automatic if exercise.given}
    with temporary.folder("validate") as scratch:
        folder = Path(scratch) / "blank"
        students.blank(course, folder)
        with taken_in(folder, course.assignment) as submission:
            verdict = apart.alone(judge_alternative, course, part, submission, level)
    wrong = []
    for one in verdict.exercises:
        if one.id in given and one.score != one.points:
            wrong.append(
                f"{one.id} is given, and a blank release gets {one.score:g} of {one.points:g} points for it: "
                f"{_first_failure(course, one)}"
            )
        if one.id not in given and one.score:
            wrong.append(
                f"A blank release gets {one.score:g} points for {one.id}: is its solution region missing, or are its "
                "tests too weak? If the exercise is given, say so in its grade cell's metadata."
            )
    return wrong


def accepted_loses(course: Course, solution: Accepted, seed: int) -> list[str]:
    """Return a sentence for each core test that an accepted solution fails."""
    with ReferenceCopy(course, solution.apply) as trusted:
        return [
            f"The accepted solution {solution.name!r} fails {test.name} (seed {seed}): {test.message}"
            for part in parts_in_numpy(course)
            for test in trusted.results(part, _is_core, str(seed))
            if test.outcome != PASSED
        ]


def notebook_loses(course: Course, solution: Accepted, part: Part, level: int) -> list[str]:
    """Judge the cells of an accepted solution in the sandbox. Return a sentence for each test that refuses them."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for test in collect(course, part):
        kinds[claimed(test).exercise].add(claimed(test).kind)
    chosen = tuple(one for one in part.automatic if kinds[one.id] and kinds[one.id] <= set(UNTRAINED))
    with temporary.folder("validate") as scratch:
        folder = Path(scratch) / "accepted"
        students.solved(course, folder, parts=(part,))
        try:
            solution.apply(folder)
        except CatalogueError as error:
            return [str(error)]
        with taken_in(folder, course.assignment) as submission:
            verdict = apart.alone(judge_alternative, course, replace(part, exercises=chosen), submission, level)
    return [
        f"The accepted solution {solution.name!r} of {part.notebook} fails {test.name}: {test.message}"
        for one in verdict.exercises
        for test in one.tests
        if test.outcome != PASSED
    ]


def _is_core(test: pytest.Function) -> bool:
    return claimed(test).kind == "core" and not asks_for_notebook(test)


def mistake_passes(course: Course, mistake: Mistake, level: int) -> list[str]:
    """Check that a mistake is caught and named by its own exercise, and fails no unrelated one. Return the problems."""
    if mistake.exercise not in {exercise.id for part in course.parts for exercise in part.automatic}:
        return [f"{mistake.key} cannot be judged: no automatic exercise has the id {mistake.exercise}."]
    try:
        failed = _failed(course, mistake, level)
    except MistakeError as error:
        return [str(error)]
    own = [test for claim, test in failed if claim.exercise == mistake.exercise]
    caught = [test for test in own if test.outcome != ERROR]
    wrong = [
        f"{test.name} ends in an error on {mistake.key}, which is the test's own fault: fix the test. ({test.message})"
        for test in own
        if test.outcome == ERROR
    ]
    if not caught:
        wrong.append(f"{mistake.key} passes all tests of {mistake.exercise}: add a test that it fails.")
    elif not mistake.named and mistake.in_notebook:
        wrong += [
            f"{mistake.key} is not to be named, and {test.name} gives the hint {test.hint!r}: make it the explanation."
            for test in caught
            if test.hint
        ]
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
            f"{mistake.key} also fails {exercise}: the test {test.name} must name {mistake.exercise} in its needs, "
            f"or not run on its code. ({test.message})"
        )
    return wrong


def mistake_slips(course: Course, mistake: Mistake) -> list[str]:
    """Check that a mistake fails a test of its own exercise whatever the random inputs are."""
    part = _part_of(course, mistake)
    if part is None or mistake.file.endswith(".pyx"):  # only the sandbox compiles, once for `mistake_passes`
        return []
    notebook, inputs = (part, INPUTS_OF_NOTEBOOK) if mistake.in_notebook else (None, INPUTS)
    tests = _quick_tests(course, part, mistake.exercise)
    try:
        with ReferenceCopy(course, lambda home: mistake.apply(home / course.assignment.package), notebook) as trusted:
            slipped = [
                seed
                for seed in map(str, range(inputs))
                if all(trusted.credit(part, test, trusted.backend, seed) == 1.0 for test in tests)
            ]
    except MistakeError:  # `mistake_passes` says it
        return []
    if not 0 < len(slipped) < inputs:
        return []
    return [
        f"{mistake.key} passes all tests of {mistake.exercise} with the inputs of {len(slipped)} of {inputs} "
        "submissions: add a test that it fails with any inputs."
    ]


def _part_of(course: Course, mistake: Mistake) -> Part | None:
    """Return the part with a mistake's exercise, as the alternative whose notebook the mistake changes, if it does."""
    part = next((part for part in course.parts if mistake.exercise in {one.id for one in part.automatic}), None)
    if part is None or not mistake.in_notebook:
        return part
    return next((one for one in part.alternatives if one.notebook == mistake.file), None)


def _why_unnamed(assignment: Assignment, mistake: Mistake, caught: list[TestResult]) -> str:
    """Return why a caught mistake gets another hint or none, and what its author can do."""
    hints = {test.hint for test in caught}
    alike = [other for other in mistakes_in(assignment, mistake.exercise) if other.explanation in hints]
    others = [other.key for other in alike if not mistake.in_notebook or other.file == mistake.file]
    if others:
        return f"the hint is that of {', '.join(others)}. Add a test on which these mistakes give different answers."
    if mistake.in_notebook:
        return f"the hints are {sorted(hints - {''})}. Let a test give the explanation, or set named=False."
    return (
        f"no test of {mistake.exercise} gets the same answers from the mistake twice. Draw the test's inputs from rng, "
        "and let nothing in the mistake depend on when or where it runs."
    )


def _failed(course: Course, mistake: Mistake, level: int) -> list[tuple[Claim, TestResult]]:
    """Return the quick tests that a mistake fails, with their claims: of all parts, or of its notebook's exercise.

    A notebook's exercises have cells of their own, so that no other exercise runs on them. A test of another exercise
    that runs on none of the functions that a mistake changes passes, as it does on the reference.
    """
    alone = _part_of(course, mistake) if mistake.in_notebook else None
    if mistake.in_notebook and alone is None:
        raise MistakeError(f"{mistake.key}: {mistake.exercise} is in no notebook {mistake.file}.")
    if mistake.file.endswith(".pyx") or (alone and not _quick_tests(course, alone, mistake.exercise)):
        return _failed_in_sandbox(course, mistake, level)
    found = []
    package = course.assignment.package
    with ReferenceCopy(course, lambda folder: mistake.apply(folder / package), alone) as trusted:
        if not alone:
            places = changed(course.source / package, trusted.folder / package, mistake.file)
        for part in [alone] if alone else parts_in_numpy(course):
            tests = collect(course, part)
            claims = {test.name.removeprefix("test_"): claimed(test) for test in tests}
            wanted = set(_quick_tests(course, part, mistake.exercise))
            if not alone:
                wanted |= {test for test in tests if is_quick(test) and affected(course, part, test, places)}
            results = trusted.results(part, wanted.__contains__)
            found += [(claims[test.name], test) for test in results if test.outcome != PASSED]
    return found


def _quick_tests(course: Course, part: Part, exercise: str) -> list[pytest.Function]:
    return [test for test in collect(course, part) if claimed(test).exercise == exercise and is_quick(test)]


def _failed_in_sandbox(course: Course, mistake: Mistake, level: int) -> list[tuple[Claim, TestResult]]:
    """Return the tests of its own exercise that a mistake in a compiled module fails, or one that training shows.

    Only the sandbox compiles, and only there may a short training take its time.
    """
    part = _part_of(course, mistake)
    assert part is not None
    chosen = replace(part, exercises=tuple(one for one in part.automatic if one.id == mistake.exercise))
    with temporary.folder("validate") as scratch:
        folder = Path(scratch) / "mistaken"
        students.solved(course, folder, parts=(part,) if mistake.in_notebook else None)
        mistake.apply(folder / course.assignment.package)
        with taken_in(folder, course.assignment) as submission:
            judge = judge_alternative if mistake.in_notebook else judge_part
            verdict = apart.alone(judge, course, chosen, submission, level)
    return [(Claim(one.id), test) for one in verdict.exercises for test in one.tests if test.outcome != PASSED]


def _related(exercise: str, claim: Claim, needs: dict[str, set[str]]) -> bool:
    """Tell whether a mistake in an exercise may make a test fail: the test runs on its code, or on code that it shares.

    An exercise extends another one if it needs the other and its name begins with the other's name. Exercises that
    extend the same one share code: one net has batch and layer normalisation in the same lines.
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
    """Return, for each exercise, the exercises on whose code its tests run."""
    needs: dict[str, set[str]] = defaultdict(set)
    for part in parts_in_numpy(course):
        for test in collect(course, part):
            needs[claimed(test).exercise].update(claimed(test).needs)
    return needs


def _first_failure(course: Course, exercise: ExerciseResult) -> str:
    """Return the message of the first failed test. If the test ends in an error, tell how to see the exception."""
    test = next((test for test in exercise.tests if test.outcome != PASSED), None)
    if test is None:
        return ""
    if test.outcome != ERROR:
        return f"{test.name}: {test.message}"
    name = f"test_{test.name.partition('[')[0]}"
    command = f"pytest {course.assignment.hidden} --submission {course.source} -k {name}"
    return f"{name} ends in an error, which this command shows: {command}"
