"""Check that every file of an assignment can be read, imported and stripped: nothing else can be examined before."""

import ast
from collections.abc import Callable, Iterator
from functools import partial

from autograder.builder.record import public_tests
from autograder.builder.strip import BEGIN, StripError, strip
from autograder.catalogue import mistakes_of_part
from autograder.checks.code_under_test import CodeError
from autograder.course import Course
from autograder.errors import AutograderError
from autograder.judge.reference import reference
from autograder.judge.session import collect_all


def unreadable(course: Course) -> list[str]:
    """Return one sentence for each faulty file. Errors that only follow from an earlier fault are left out."""
    return list(_invalid(course)) or list(_badly_marked(course)) or list(_not_importable(course))


def _invalid(course: Course) -> Iterator[str]:
    for home in (course.source, course.assignment.folder):
        for path in sorted(home.rglob("*.py")):
            try:
                ast.parse(path.read_text(encoding="utf-8"))
            except SyntaxError as error:
                place = f"{course.name_of(path)}, line {error.lineno}"
                yield f"{place}: this is no valid Python ({error.msg}). Correct it."


def _badly_marked(course: Course) -> Iterator[str]:
    for path in sorted((course.source / course.assignment.package).rglob("*.py")):
        try:
            strip(path.read_text(encoding="utf-8"), course.name_of(path))
        except StripError as error:
            yield f"{error} Correct the markers."


def _not_importable(course: Course) -> Iterator[str]:
    """Import the modules with solutions, the public and hidden tests, the mistakes and the kit."""
    assignment = course.assignment
    package = course.source / assignment.package
    solved = (path for path in sorted(package.rglob("*.py")) if BEGIN in path.read_text(encoding="utf-8"))
    modules = (".".join(path.relative_to(package).with_suffix("").parts) for path in solved)
    imports: list[Callable[[], object]] = [
        *(partial(reference(assignment).host.load, module) for module in modules),
        partial(public_tests, assignment),
        *(partial(mistakes_of_part, assignment, part) for part in course.parts),
        lambda: course.kit,
        *(partial(collect_all, course, part) for part in course.parts),
    ]
    for imported in imports:
        try:
            imported()
        except CodeError as error:
            yield f"{error.message} ({error.where}) Correct the source." if error.where else error.message
        except AutograderError as error:
            yield str(error)
