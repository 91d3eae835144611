"""How the public checks call the functions of the exercises: questions are about these calls."""

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder import temporary
from autograder.assignment import Part
from autograder.checks.code_under_test import Handle
from autograder.checks.host import Local
from autograder.checks.public import PublicTest, PublicTests
from autograder.checks.record import Recorded
from autograder.course import Course
from autograder.judge.reference import reference

MOST_NUMBERS = 5_000
"""A call with larger arrays is none that a person can think through."""


@dataclass(frozen=True)
class Place:
    """A part of an earlier answer that stays in the runner, such as a cache."""

    call: int
    element: int | None


@dataclass(frozen=True)
class Call:
    """A call of a function of the package."""

    target: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def function(self) -> str:
        """The function's name."""
        return self.target.rpartition(".")[2]


def calls_of(course: Course) -> dict[str, tuple[Call, ...]]:
    """Return for exercises the calls of one public check, the last of which is about the exercise.

    Exercises of classes, of frameworks, and of functions that get other things than numbers have none.
    """
    public = PublicTests(course.source, course.assignment.facts)
    found: dict[str, tuple[Call, ...]] = {}
    with temporary.folder("calls") as scratch, contextlib.chdir(scratch):  # a test may write files where it runs
        for part in course.parts:
            for exercise in () if part.framework else part.automatic:
                tests = [test for test in public.of(exercise.id) if test.claim.kind == "core"]
                calls = next(filter(None, (_of(course, part, public, test) for test in tests)), ())
                if calls:
                    found[exercise.id] = calls
    return found


def _of(course: Course, part: Part, public: PublicTests, test: PublicTest) -> tuple[Call, ...]:
    listening = Listening(reference(course.assignment, part))
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):  # the first calls are enough
        public.run(test, Recorded(listening))
    own = [at for at, call in enumerate(listening.calls) if call.function not in test.claim.needs]
    calls = tuple(listening.calls[: own[0] + 1]) if own else ()
    spaces = course.assignment.settings.namespaces
    fits = all(
        _is_plain((call.args, call.kwargs)) and call.target.partition(".")[0] not in spaces and call.function.islower()
        for call in calls
    )
    return calls if fits else ()


def filled(value: Any, answers: list[Any]) -> Any:
    """Return arguments with the places of earlier answers filled in."""
    if isinstance(value, Place):
        answer = answers[value.call]
        return answer if value.element is None else answer[value.element]
    if isinstance(value, list | tuple):
        return type(value)(filled(one, answers) for one in value)
    if isinstance(value, dict):
        return {key: filled(one, answers) for key, one in value.items()}
    return value


class Listening:
    """A backend that notes the calls of functions by name."""

    def __init__(self, backend: Local) -> None:
        self._backend = backend
        self.calls: list[Call] = []
        self._places: dict[int, Place] = {}
        self._kept: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        answer = self._backend.call(target, args, kwargs)
        if isinstance(target, str):
            call = Call(target, tuple(map(self._noted, args)), {key: self._noted(one) for key, one in kwargs.items()})
            for element, one in enumerate(answer) if isinstance(answer, tuple) else [(None, answer)]:
                if isinstance(one, Handle):
                    self._kept.append(one._target)  # so that no other object gets its number
                    self._places[id(one._target)] = Place(len(self.calls), element)
            self.calls.append(call)
        return answer

    def _noted(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self._places.get(id(value._target), value)
        return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, np.ndarray):
        return value.size <= MOST_NUMBERS
    return isinstance(value, Place | int | float | str | type(None) | np.generic)
