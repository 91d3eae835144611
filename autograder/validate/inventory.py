"""Check that every exercise has hidden tests, a public test and known mistakes, and that each of these has an exercise.

See ``weak`` for what is there and weak.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from autograder.assignment import SETTINGS
from autograder.builder.record import public_tests
from autograder.builder.strip import BEGIN, StripError, strip
from autograder.catalogue import file_of, mistakes_in, mistakes_of
from autograder.checks.code_under_test import CodeError
from autograder.checks.public import PublicTests
from autograder.course import Course
from autograder.errors import AutograderError
from autograder.judge.plugin import asks_for_notebook, claimed
from autograder.judge.reference import reference
from autograder.judge.session import collect_all, hidden_file

MISTAKES = 3
"""The least number of known mistakes of an exercise in the package."""


def unreadable(course: Course) -> Iterator[str]:
    """Yield one sentence for each file that cannot be read, imported or stripped; nothing can be examined before.

    Looks at the modules of the source, the public and hidden tests, the known mistakes and the kit.
    """
    assignment = course.assignment
    readable = True
    for home in (course.source, assignment.folder):
        for path in sorted(home.rglob("*.py")):
            try:
                ast.parse(path.read_text(encoding="utf-8"))
            except SyntaxError as error:
                readable = False
                yield f"{path}, line {error.lineno}: this is no valid Python ({error.msg}). Correct it."
    package, solved = course.source / assignment.package, []
    for path in sorted(package.rglob("*.py")) if readable else ():
        if BEGIN in path.read_text(encoding="utf-8"):
            solved.append(".".join(path.relative_to(package).with_suffix("").parts))
        try:
            strip(path.read_text(encoding="utf-8"), path.relative_to(course.root).as_posix())
        except StripError as error:
            readable = False
            yield f"{error} Correct the markers."
    looks: list[Callable[[], object]] = [
        *(partial(reference(assignment).host.load, module) for module in solved),
        lambda: public_tests(assignment),
        lambda: mistakes_of(assignment),
        lambda: course.kit,
        *(partial(collect_all, course, part) for part in course.parts),
    ]
    for look in looks if readable else ():
        try:
            look()
        except CodeError as error:
            yield f"{error.message} ({error.where}) Correct the source." if error.where else error.message
        except AutograderError as error:
            yield str(error)


def incomplete(course: Course) -> Iterator[str]:
    """Yield one sentence for each missing thing, with the file that needs it."""
    assignment = course.assignment
    public = PublicTests(course.source, assignment.facts)
    known = {exercise.id for part in course.parts for exercise in part.exercises}
    for part in course.parts:
        file = hidden_file(assignment, part).name
        if not hidden_file(assignment, part).is_file():
            yield f"{part.name} has no hidden tests: write {file} in {assignment.hidden}."
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
                yield f"{exercise.id} has no public test: add one to {course.source / 'tests'}, for check() to run."
            of_modules = not part.framework and any(
                claimed(test).kind == "core" and not asks_for_notebook(test) for test in own
            )
            found = len(mistakes_in(assignment, exercise.id))
            if of_modules and found < MISTAKES:
                catalogue = assignment.folder / "mistakes" / f"{file_of(part)}.py"
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
