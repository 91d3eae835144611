"""Which functions of the reference a hidden test runs: it passes still if a mistake changes none of them."""

import ast
import contextlib
import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from autograder.assignment import Part
from autograder.checks.code_under_test import CodeError
from autograder.course import Course
from autograder.judge.session import collect

from .trusted import ReferenceCopy, is_quick

Place = tuple[str, str]
"""A file of the package and the qualified name of a function in it, which is in no other function."""


@functools.cache
def reached(course: Course, part: Part) -> dict[str, frozenset[Place]]:
    """Return, for each quick hidden test of a part, the functions of the package that the reference runs in it.

    Functions that run while the modules are imported count for every test.
    """
    found = {}
    with ReferenceCopy(course) as trusted:
        package = trusted.folder / course.assignment.package
        with _running(package) as at_import:
            for path in package.rglob("*.py"):
                with contextlib.suppress(CodeError):
                    trusted.backend.host.load(".".join(path.relative_to(package).with_suffix("").parts))
        for test in filter(is_quick, collect(course, part)):
            with _running(package) as places:
                trusted.error(part, test)
            found[test.name] = frozenset(places | at_import)
    return found


def affected(course: Course, part: Part, test: pytest.Function, places: frozenset[Place] | None) -> bool:
    """Tell whether a quick hidden test runs on one of the functions; None stands for all of them."""
    return places is None or not places.isdisjoint(reached(course, part)[test.name])


def changed(before: Path, after: Path, file: str) -> frozenset[Place] | None:
    """Return the functions of a file that differ between two packages, or None if anything else in it does."""
    rest, old = _split((before / file).read_text(encoding="utf-8"))
    other_rest, new = _split((after / file).read_text(encoding="utf-8"))
    if rest != other_rest:
        return None
    return frozenset((file, name) for name in old if old[name] != new[name])


def _split(source: str) -> tuple[str, dict[str, str]]:
    """Return a module without the bodies of its functions, and these bodies by the functions' qualified names."""
    bodies: dict[str, str] = {}
    tree = ast.parse(source)
    _empty(tree, "", bodies)
    return ast.dump(tree), bodies


def _empty(node: Any, prefix: str, bodies: dict[str, str]) -> None:
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            name = prefix + one.name
            bodies[name] = bodies.get(name, "") + ast.dump(ast.Module(one.body, []))
            one.body = []
        else:
            _empty(one, f"{prefix}{one.name}." if isinstance(one, ast.ClassDef) else prefix, bodies)


@contextlib.contextmanager
def _running(package: Path) -> Iterator[set[Place]]:
    """Collect the functions of a package that are called within the ``with`` block."""
    places: set[Place] = set()
    home = f"{package}/"

    def called(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(home):
            places.add((code.co_filename[len(home) :], code.co_qualname.partition(".<locals>")[0]))

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield places
    finally:
        sys.setprofile(before)
