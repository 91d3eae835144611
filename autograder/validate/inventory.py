"""Is every exercise complete: points, hidden tests, a public test, known mistakes; and nothing without an exercise?"""

import inspect
from collections import Counter
from collections.abc import Iterator

from autograder.checks.public import PublicTests
from autograder.course import Course
from autograder.judge.plugin import claimed
from autograder.judge.session import collect_all, hidden_file
from autograder.mistakes import CATALOGUE, of_exercise

NOTEBOOK = {"notebook", "framework"}
"""What a test asks for whose exercise lies in the notebook."""
MISTAKES = 3
"""Known mistakes that an exercise of the modules has at least."""


def incomplete(course: Course) -> Iterator[str]:
    """Yield what is missing, one sentence each, so that somebody who adds an exercise learns what else it needs."""
    public = PublicTests(course.source)
    known = {exercise.id for part in course.parts for exercise in part.exercises}
    for part in course.parts:
        if not hidden_file(part).is_file():
            yield f"{part.name} has no hidden tests: write {hidden_file(part).name} in autograder/hidden."
            continue
        tests = collect_all(part)
        for test in tests:
            if claimed(test).exercise not in known:
                yield (
                    f"{hidden_file(part).name}: {test.name} claims {claimed(test).exercise}, which no grade cell has: "
                    "give a cell this grade_id, or correct the name."
                )
        for need in sorted({need for test in tests for need in claimed(test).needs} - known):
            yield f"{hidden_file(part).name}: tests need {need}, which no grade cell has: correct the name."
        for exercise in part.automatic:
            own = [test for test in tests if claimed(test).exercise == exercise.id]
            if exercise.points <= 0:
                yield f"{exercise.id} has no points: set them in the grade cell of {part.notebook}."
            if not any(claimed(test).kind not in ("edge", "speed") for test in own):
                yield f"{exercise.id} has no hidden test that earns its points: add one to {hidden_file(part).name}."
            if not public.of(exercise.id):
                yield f"{exercise.id} has no public test: add one to source/*/tests, for check() to run."
            of_modules = any(
                claimed(test).kind == "core" and not NOTEBOOK & set(inspect.signature(test.function).parameters)
                for test in own
            )
            found = len(of_exercise(exercise.id))
            if of_modules and found < MISTAKES:
                yield f"{exercise.id} has {found} known mistakes and needs {MISTAKES}: add some to the catalogue."
    for one in public.tests:
        if one.claim.exercise not in known:
            yield f"The public test {one.name} claims {one.claim.exercise}, which no grade cell has: correct the name."
    for (name, key), count in Counter((mistake.exercise, mistake.key) for mistake in CATALOGUE).items():
        if name not in known:
            yield f"The known mistake {key} is of an exercise that no grade cell has: correct the name."
        if count > 1:
            yield f"There are {count} known mistakes {key}: give each an id of its own."
