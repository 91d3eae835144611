"""Find hidden tests that compute with an answer before they know its form, or whatever its form is.

Each test runs on the reference, and then on the reference's answers with one of them replaced by a much larger one: it
must not need more memory than on the right answers. Each function yields one sentence for each problem.
"""

import ast
import tracemalloc
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import pytest

from autograder.assignment import Part
from autograder.checks.answers import UnknownForm
from autograder.checks.causes import NUMBERS, Place, by_place
from autograder.checks.code_under_test import Backend
from autograder.checks.record import Log, Playback, Recorded
from autograder.course import Course
from autograder.judge.plugin import asks_for_notebook, claimed
from autograder.judge.session import collect, hidden_file

from .trusted import ReferenceCopy

IN_FRAMEWORKS = ("core", "edge")
"""Kinds of tests that run on a framework's nets. A training takes long."""
MOST_PLACES = 6
"""The most answers of a test that are replaced, one at a time."""
LARGE, SIDE = 2**23, 2**12
"""Numbers in a large answer or in what it broadcasts to, and in each of two answers that broadcast against each other.
Their arrays are views of one number, and need no memory."""
MORE = 2**22
"""Bytes by which a test may need more memory on a large answer than on the right ones."""
INSIDE = ("plain", "Answering", "_value")
"""Names by which a test would get at an answer's value without a look at its form."""


def careless(course: Course, part: Part) -> Iterator[str]:
    """Yield the hidden tests of a part that compute with an answer whose form they do not know."""
    file = course.name_of(hidden_file(course.assignment, part))
    for place, name in _inside(course):
        yield f"{place} uses {name}, which looks at no form: use as_array, as_number or another function of compare."
    with ReferenceCopy(course, part=part if part.framework else None) as trusted:
        for test in collect(course, part):
            if asks_for_notebook(test) or (part.framework and claimed(test).kind not in IN_FRAMEWORKS):
                continue
            found = _problem(trusted, part, test)
            if found:
                yield f"{file}: {test.name} {found}"


def _inside(course: Course) -> Iterator[tuple[str, str]]:
    """Yield each use of an answer's value in the hidden tests and in the kit, with its place."""
    for folder in (course.assignment.hidden, course.assignment.kit):
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                imported = [one.name for one in node.names] if isinstance(node, ast.ImportFrom) else []
                named = [node.attr] if isinstance(node, ast.Attribute) else imported
                yield from ((f"{course.name_of(path)}, line {node.lineno},", one) for one in named if one in INSIDE)  # type: ignore[attr-defined]


def _problem(trusted: ReferenceCopy, part: Part, test: pytest.Function) -> str:
    recorded: list[Recorded] = []
    trusted.remember(part)

    def recording(backend: Backend) -> Recorded:
        recorded.append(Recorded(backend))
        return recorded[-1]

    error = trusted.error(part, test, recording)
    if isinstance(error, UnknownForm):
        return "uses an answer before it asks for its form: use as_array, as_number or another function of compare."
    if error is not None:  # it needs a model, or another examination says what is wrong
        return ""
    log = recorded[-1].log
    usual = _memory(trusted, part, test, log)
    for number, hostile in enumerate(hostile_logs(log)):
        needed = _memory(trusted, part, test, hostile)
        if needed > usual + MORE:
            return (
                f"needs {needed >> 20} MB of memory on a large answer (number {number}) and {usual >> 20} MB on the "
                "right ones: ask for the shape that is expected, not for the one that the answer has."
            )
    return ""


def _memory(trusted: ReferenceCopy, part: Part, test: pytest.Function, log: Log) -> int:
    """Return the most bytes that a test needs at a time on recorded answers."""
    tracemalloc.start()
    try:
        trusted.error(part, test, lambda _: Playback(log))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def hostile_logs(log: Log) -> Iterator[Log]:
    """Yield a log with large answers in the place of right ones: one at a time, then all at once."""
    numbers = {place: value for place, value in by_place(log).items() if isinstance(value, NUMBERS)}
    for place in list(numbers)[:MOST_PLACES]:
        right = np.shape(numbers[place])
        yield _replaced(log, {place: _large(max(LARGE // max(prod(right), 1), 2), *(1 for _ in right))})
        yield _replaced(log, {place: _large(LARGE)})
    sides = ((SIDE, 1), (1, SIDE))
    yield _replaced(log, {place: _large(*sides[turn % 2]) for turn, place in enumerate(numbers)})


def _large(*shape: int) -> np.ndarray:
    return np.broadcast_to(1.0, shape)


def _replaced(log: Log, new: dict[Place, np.ndarray], place: Place = ()) -> Any:
    if isinstance(log, list | tuple):
        return type(log)(_replaced(one, new, (*place, number)) for number, one in enumerate(log))
    if isinstance(log, dict) and set(log) != {"handle"}:
        return {key: _replaced(one, new, (*place, str(key))) for key, one in log.items()}
    return new.get(place, log)
