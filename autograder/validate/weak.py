"""Find what is weak in an assignment: places left to fill in, points that do not add up, vague hints, lenient tests.

Each function yields one sentence for each problem, with the file in which to solve it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.assignment import SETTINGS, Part
from autograder.catalogue import file_of, mistakes_of
from autograder.checks.code_under_test import Backend, Handle
from autograder.checks.definitions import read_cells
from autograder.checks.record import Log, Playback, Recorded
from autograder.course import Course
from autograder.judge.plugin import asks_for_notebook, claimed
from autograder.judge.session import collect, hidden_file
from autograder.template.texts import MARKER
from autograder.verdict import PASSED

from .trusted import ReferenceCopy

READ = {".py", ".ipynb", ".md", ".toml", ".pyx"}
"""Endings of files in which an author may have left a place to fill in."""
CONSTANTS = (0, 1)
"""Numbers that a lenient test may accept in place of every number of an answer."""
STRICT = ("core", "accuracy")
"""Kinds of tests that must not accept a constant."""
TOLD = re.compile(r"\*\*(\d+(?:\.\d+)?) points?\b")
"""Points in bold in a notebook's text."""
OTHER_SEEDS = tuple(f"other {number}" for number in range(5))
"""Seeds of other inputs. Rounded answers to one other input may be the same by chance."""
LEAST_WORDS = 2
SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """
        a an the this that it its is are was be not no of in on to for and or but with by from at as you your we
        answer answers bad bug careful check code correct does done error errors exercise fail failed fails false fix
        function here incorrect look mistake please problem result right should something there think try again value
        values wrong
        """,
    )
)
"""Words that fit every mistake, and so tell a student nothing."""


def unfilled(course: Course) -> Iterator[str]:
    """Yield the places that the author of an exercise still has to fill in."""
    for home in (course.source, course.assignment.folder):
        for path in sorted(home.rglob("*")):
            if path.suffix in READ and path.is_file():
                for place, line in _lines(path):
                    if MARKER in line:
                        what = line[line.index(MARKER) :].strip(' ",\n')
                        yield f"{_name(course, path)}, {place}, still holds {what!r}."


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line of a file after its place; a notebook's places are its cells."""
    if path.suffix == ".ipynb":
        for number, cell in enumerate(read_cells(path), start=1):
            yield from ((f"cell {number}", line) for line in cell["source"].splitlines())
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from ((f"line {number}", line) for number, line in enumerate(lines, start=1))


def points_differ(course: Course) -> Iterator[str]:
    """Yield exercises without points, and points that differ from the notebook's text or from the settings."""
    for part in course.parts:
        for exercise in part.exercises:
            if exercise.points <= 0:
                yield f"{part.notebook}: {exercise.id} has no points. Set them in its grade cell."
    yield from _points_told(course)
    wanted = course.assignment.settings.points
    found = sum(one.points for part in course.parts for one in part.exercises)
    if wanted is not None and abs(wanted - found) > 1e-9:
        yield (
            f"{_name(course, course.assignment.folder / SETTINGS)} promises {wanted:g} points, and the grade cells add "
            f"up to {found:g}. Change one of them."
        )


def _points_told(course: Course) -> Iterator[str]:
    """Yield grade cells whose points differ from the points in bold in the text above them."""
    for part in course.parts:
        points = {exercise.id: exercise.points for exercise in part.exercises}
        told: list[str] = []
        for cell in read_cells(course.source / part.notebook):
            exercise = cell["metadata"].get("nbgrader", {}).get("grade_id")
            told += TOLD.findall(cell["source"]) if cell.get("cell_type") == "markdown" else []
            if exercise in points:
                if len(told) == 1 and float(told[0]) != points[exercise]:
                    yield (
                        f"{part.notebook}: the text above {exercise} promises {told[0]} points, and its grade cell has "
                        f"{points[exercise]:g}. Change one of them."
                    )
                told = []


def vague_hints(course: Course) -> Iterator[str]:
    """Yield known mistakes whose hints name nothing, or nothing that tells them from another mistake."""
    all_mistakes = mistakes_of(course.assignment)
    said = Counter((one.exercise, one.explanation) for one in all_mistakes)
    for part in course.parts:
        path = course.assignment.folder / "mistakes" / f"{file_of(part)}.py"
        ids = {exercise.id for exercise in part.exercises}
        for one in (one for one in all_mistakes if one.exercise in ids):
            words = [word for word in re.findall(r"\w+", one.explanation.lower()) if word not in SAY_NOTHING]
            if len(set(words)) < LEAST_WORDS:
                yield (
                    f"{_name(course, path)}: the hint of {one.key} names nothing ({one.explanation!r}). Say what the "
                    "student probably did, why it is wrong and where to look."
                )
            elif said[one.exercise, one.explanation] > 1:
                yield f"{_name(course, path)}: the hint of {one.key} is that of another mistake too. Say what differs."
            elif any(len(old.strip()) > 15 and old.strip() in one.explanation for old, _ in one.changes):
                yield f"{_name(course, path)}: the hint of {one.key} holds the solution. Describe the mistake in words."


def constants_pass(course: Course, part: Part) -> Iterator[str]:
    """Yield hidden tests of a part that give credit to constant answers, although other answers are right."""
    tests = [one for one in collect(course, part) if claimed(one).kind in STRICT and not asks_for_notebook(one)]
    for number in CONSTANTS:
        constant = _Constant(number)
        with ReferenceCopy(course, answering=constant.answering) as trusted:
            for test in tests:
                constant.changed = False
                (result,) = trusted.results(part, lambda other, test=test: other is test)  # type: ignore[misc]
                if result.credit and constant.changed:
                    yield (
                        f"{_name(course, hidden_file(course.assignment, part))}: {test.name} gives credit although "
                        f"every number in the answers is {number}. Compare the answers with the reference's on random "
                        "inputs."
                    )


def fixed_inputs(course: Course, part: Part) -> Iterator[str]:
    """Yield exercises of a part that get the same inputs in every submission: their right answers can be constants."""
    memory = _Memory()
    fixed: dict[str, list[bool]] = {}
    with ReferenceCopy(course, answering=memory.answering) as trusted:
        for test in collect(course, part):
            if claimed(test).kind in STRICT and not asks_for_notebook(test):
                memory.record()
                trusted.results(part, lambda other, test=test: other is test, "one")  # type: ignore[misc]
                memory.stop()
                passed = fixed.setdefault(claimed(test).exercise, [])
                passed.append(all(_passes(trusted, part, test, memory, seed) for seed in OTHER_SEEDS))
    for exercise, passed in fixed.items():
        if all(passed):
            yield (
                f"{_name(course, hidden_file(course.assignment, part))}: all tests of {exercise} accept the answers to "
                "other inputs, because every submission gets the same inputs. Draw the inputs from rng."
            )


def _passes(trusted: ReferenceCopy, part: Part, test: pytest.Function, memory: "_Memory", seed: str) -> bool:
    """Tell whether a test passes with the kept answers and the inputs of another seed."""
    memory.again()
    (result,) = trusted.results(part, lambda other: other is test, seed)
    return result.outcome == PASSED


class _Memory:
    """Keep the answers to one run of a test, and give them again in another run."""

    def __init__(self) -> None:
        self._backend: Backend | None = None
        self._now: Backend | None = None
        self._log: Log = []

    def answering(self, backend: Backend) -> "_Memory":
        self._backend = backend
        return self

    def record(self) -> None:
        """Ask the package from now on."""
        assert self._backend is not None
        self._now = Recorded(self._backend)

    def stop(self) -> None:
        """Keep the answers since `record`."""
        assert isinstance(self._now, Recorded)
        self._log = self._now.log

    def again(self) -> None:
        """Give the kept answers from now on, from the first."""
        self._now = Playback(self._log)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._now, name)


@dataclass
class _Constant:
    """Replace each number that a function returns by a constant."""

    number: int
    changed: bool = False
    """Whether a number was replaced by another number."""

    def answering(self, backend: Backend) -> "_ConstantAnswers":
        return _ConstantAnswers(backend, self)

    def filled(self, answer: Any) -> Any:
        if isinstance(answer, list | tuple):
            return type(answer)(map(self.filled, answer))
        if isinstance(answer, dict):
            return {name: self.filled(value) for name, value in answer.items()}
        if isinstance(answer, Handle) or not isinstance(answer, bool | int | float | np.ndarray):
            return answer
        numbers = np.asarray(answer)
        if not numbers.size or numbers.dtype.kind not in "biuf":
            return answer
        filled = np.full_like(numbers, self.number)
        self.changed |= not np.array_equal(filled, numbers)
        return filled if isinstance(answer, np.ndarray) else filled.item()


class _ConstantAnswers:
    """A backend whose answers are constants."""

    def __init__(self, backend: Backend, constant: _Constant) -> None:
        self._backend, self._constant = backend, constant

    def seed(self, number: int) -> None:
        self._backend.seed(number)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._constant.filled(self._backend.call(target, args, kwargs))

    def find(self, target: Any, name: str) -> Any:
        return self._constant.filled(self._backend.find(target, name))

    def item(self, target: Any, key: Any) -> Any:
        return self._constant.filled(self._backend.item(target, key))

    def assign(self, target: Any, key: Any, value: Any) -> None:
        self._backend.assign(target, key, value)

    def put(self, value: Any) -> Any:
        return self._backend.put(value)

    def fetch(self, target: Any) -> Any:
        return self._constant.filled(self._backend.fetch(target))


def _name(course: Course, path: Path) -> str:
    """Return a file's name for messages, relative to the course's folder."""
    return path.relative_to(course.root).as_posix() if path.is_relative_to(course.root) else str(path)
