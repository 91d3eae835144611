"""Check that every exercise has hidden tests, a public test and known mistakes, and that each of these has an exercise.

See ``weak`` and ``lenient`` for texts and tests that are there but weak.
"""

from collections import Counter
from collections.abc import Iterator

from autograder.assignment import SETTINGS
from autograder.catalogue import file_of, mistakes_in, mistakes_of
from autograder.checks.public import PublicTests
from autograder.course import Course
from autograder.judge.plugin import asks_for_notebook, claimed
from autograder.judge.reference import reference
from autograder.judge.session import collect_all, hidden_file

MISTAKES = 3
"""The least number of known mistakes of an exercise in the package."""


def incomplete(course: Course) -> Iterator[str]:
    """Yield one sentence for each missing thing, with the file that needs it."""
    assignment = course.assignment
    public = PublicTests(course.source, assignment.facts)
    known = {exercise.id for part in course.parts for exercise in part.exercises}
    for part in course.parts:
        file = course.name_of(hidden_file(assignment, part))
        if not hidden_file(assignment, part).is_file():
            yield f"{part.name} has no hidden tests: write {file}."
            continue
        tests = collect_all(course, part)
        for test in tests:
            if claimed(test).exercise not in known:
                yield (
                    f"{file}: {test.name} claims {claimed(test).exercise}, which no grade cell has: "
                    "give a cell this grade_id, or correct the name."
                )
        for need in sorted({need for test in tests for need in claimed(test).needs} - known):
            yield f"{file}: tests need {need}, which no grade cell has: correct the name."
        for exercise in part.automatic:
            own = [test for test in tests if claimed(test).exercise == exercise.id]
            if not any(claimed(test).kind not in ("edge", "speed") for test in own):
                yield f"{exercise.id} has no hidden test that earns its points: add one to {file}."
            if not public.of(exercise.id):
                folder = course.name_of(course.source / "tests")
                yield f"{exercise.id} has no public test: add one to {folder}, for check() to run."
            of_modules = not part.framework and any(
                claimed(test).kind == "core" and not asks_for_notebook(test) for test in own
            )
            found = len(mistakes_in(assignment, exercise.id))
            if of_modules and found < MISTAKES:
                catalogue = course.name_of(assignment.folder / "mistakes" / f"{file_of(part)}.py")
                yield f"{exercise.id} has {found} known mistakes and needs {MISTAKES}: add some to {catalogue}."
    listed, added = assignment.settings.namespaces, tuple(reference(assignment).host.namespaces)
    if sorted(listed) != sorted(added):
        names = ", ".join(f'"{name}"' for name in added)
        yield f"kit/runner adds other namespaces than {SETTINGS} lists: write namespaces = [{names}] there."
    for one in public.tests:
        if one.claim.exercise not in known:
            yield f"The public test {one.name} claims {one.claim.exercise}, which no grade cell has: correct the name."
    for (name, key), count in Counter((mistake.exercise, mistake.key) for mistake in mistakes_of(assignment)).items():
        if name not in known:
            yield f"The known mistake {key} is of an exercise that no grade cell has: correct the name."
        if count > 1:
            yield f"There are {count} known mistakes {key}: give each an id of its own."
