"""Backends that give degenerate answers in place of the reference's, or in place of recorded ones.

See ``degenerate`` for the kinds of answers.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checks.code_under_test import Backend, Handle
from autograder.checks.host import Local
from autograder.checks.record import Playback, Recorded

from .degenerate import KINDS, ORDER, Question, same
from .remembered import copied, digest
from .trusted import BackendFault

SEED = 20
"""Seed of the numbers of the kind "random numbers"."""


class DivergedError(BackendFault):
    """A test asks a question that it did not ask on the right answers, so these cannot be repeated."""


class Answered(Recorded):
    """A `Recorded` backend that also keeps the name of the function behind each answer.

    Attributes
    ----------
    functions : list of str
        For each answer of the log, a dotted name below the package, or the name of a method; "" for attributes and
        elements.
    asked : list
        The arguments of each call.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.functions: list[str] = []
        self.asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.functions.append(name_of(target))
        self.asked.append((args, kwargs))
        return super().call(target, args, kwargs)

    def find(self, target: Any, name: str) -> Any:
        self.functions.append("")
        return super().find(target, name)

    def item(self, target: Any, key: Any) -> Any:
        self.functions.append("")
        return super().item(target, key)

    def fetch(self, target: Any) -> Any:
        self.functions.append("")
        return super().fetch(target)


def name_of(target: Any) -> str:
    """Return the name of a function that a test calls."""
    return target if isinstance(target, str) else str(getattr(target, "__name__", type(target).__name__))


@dataclass
class Degenerate:
    """One kind of degenerate answers.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    own : callable
        Tells whether a function is one of those that the test is about; it gets "" for attributes and elements.
    function : str
        The only function that answers so; "" for all functions, attributes and elements.
    spares : bool
        Whether functions that the test is not about give right answers.
    drawn : set of int
        The places in the log of numbers that the code draws for itself.
    """

    kind: str
    own: Callable[[str], bool]
    function: str = ""
    spares: bool = False
    drawn: frozenset[int] = frozenset()
    _given: dict[tuple[str, int, tuple[int, ...]], np.ndarray] = field(default_factory=dict)
    _rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))

    def concerns(self, function: str) -> bool:
        """Tell whether a function answers so."""
        return function == self.function if self.function else not self.spares or self.own(function)

    def changed(self, right: Any, function: str, inputs: list[np.ndarray], number: int) -> Any:
        """Return the degenerate answer in place of a right one, which has a number in the log."""
        free = number in self.drawn and not inputs and self.kind in ORDER
        if free or not self.concerns(function):
            return right
        return self._changed(right, Question(function, inputs, self._given, self._rng))

    def _changed(self, right: Any, asked: Question) -> Any:
        if isinstance(right, list | tuple):
            values = []
            for place, value in enumerate(right):
                asked.place = place
                values.append(self._changed(value, asked))
            return type(right)(values)
        if isinstance(right, dict):
            return {name: self._changed(value, asked) for name, value in right.items()}
        if not isinstance(right, bool | int | float | np.ndarray):
            return right
        answer = KINDS[self.kind](np.asarray(right), asked)
        return answer.item() if isinstance(answer, np.ndarray) and answer.ndim == 0 else answer


class Changing(Answered):
    """A backend that changes the right answers of another backend.

    Parameters
    ----------
    backend : Backend
    answers : Degenerate

    Attributes
    ----------
    altered : list of bool
        For each answer of the log, whether the test is about it and it is not the right one.
    """

    def __init__(self, backend: Backend, answers: Degenerate) -> None:
        super().__init__(backend)
        self._answers = answers
        self.altered: list[bool] = []
        self._inputs: list[np.ndarray] = []
        self._chosen = False  # whether the answer is a setting in the notebook, which its author chooses

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._inputs = list(_arrays((args, kwargs)))
        return super().call(target, args, kwargs)

    def find(self, target: Any, name: str) -> Any:
        self._chosen = target == "notebook"
        return super().find(target, name)

    def assign(self, target: Any, key: Any, value: Any) -> None:
        asked = [number for number, source in enumerate(self.answered) if not source.startswith(".")][-1:]
        if asked and self.answered[asked[0]] == f"[{key}]":  # the test read the element only to see that it is there
            self.altered[asked[0]] = False
        super().assign(target, key, value)

    def _keep(self, answer: Any, source: str = "") -> Any:
        function, number = self.functions[-1], len(self.log)
        inputs = self._inputs if function else []
        given = answer if self._chosen else self._answers.changed(answer, function, inputs, number)
        self._chosen = False
        self.altered.append(self._answers.own(function) and not same(given, answer))
        return super()._keep(given, source)


class FromReference(Changing):
    """The reference, whose functions answer degenerately and do nothing else: they change neither input nor state.

    Parameters
    ----------
    reference : Local
    answers : Degenerate
    right : Answered
        The backend of an earlier run of the test. Functions that returned None there are not called.
    """

    def __init__(self, reference: Local, answers: Degenerate, right: Answered) -> None:
        super().__init__(reference, answers)
        self._local = reference
        self._known: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        named = list(zip(right.functions, right.log, strict=True))
        self._idle = {name for name, _ in named} - {name for name, answer in named if answer is not None}

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function = name_of(target)
        if not self._answers.concerns(function) or self._makes_objects(target):
            return super().call(target, args, kwargs)
        if function in self._idle:
            self.functions.append(function)
            return self._keep(None, function)
        if isinstance(target, str):
            return super().call(*map(copied, (target, args, kwargs)))
        owner = getattr(target, "__self__", target)  # each question after a method makes another object
        key = (id(owner), function, *map(digest, (args, kwargs)))  # the state never changes, so its answers are known
        if key not in self._known:
            self._known[key] = owner, self._local.call(*map(copied, (target, args, kwargs)))
        self._inputs = list(_arrays((args, kwargs)))
        self.functions.append(function)
        self.asked.append((args, kwargs))
        return self._keep(self._known[key][1], function)

    def _makes_objects(self, target: Any) -> bool:
        return isinstance(self._local.host.lookup(target) if isinstance(target, str) else target, type)


class FromRecord(Changing):
    """The right answers of an earlier run of the same test, changed: for tests that take long, such as trainings.

    Parameters
    ----------
    right : Answered
        The backend of that run.
    answers : Degenerate
    """

    def __init__(self, right: Answered, answers: Degenerate) -> None:
        super().__init__(_Repeated(right), answers)


class _Repeated(Playback):
    """Answers of an earlier run: to each question the next one that was given to it, and at last the last one again.

    A handle's target is the name by which the earlier run knew the function or the object.

    Parameters
    ----------
    right : Answered
        The backend of that run.
    """

    def __init__(self, right: Answered) -> None:
        super().__init__(right.log)
        self._left: dict[str, deque[Any]] = {}
        for function, source, answer in zip(right.functions, right.answered, right.log, strict=True):
            self._left.setdefault(function or source, deque()).append(answer)

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002
        return self._answer_to(str(target))

    def find(self, target: Any, name: str) -> Any:  # noqa: ARG002
        found = self._answer_to(f".{name}")
        return Handle(self, name, found._type) if isinstance(found, Handle) else found

    def item(self, target: Any, key: Any) -> Any:  # noqa: ARG002
        return self._answer_to(f"[{key}]")

    def fetch(self, target: Any) -> Any:  # noqa: ARG002
        return self._answer_to("")

    def _answer_to(self, question: str) -> Any:
        answers = self._left.get(question)
        if answers is None:
            raise DivergedError
        return self._give(answers.popleft() if len(answers) > 1 else answers[0])

    def _give(self, answer: Any) -> Any:
        given = super()._give(answer)
        return Handle(self, given._type, given._type) if isinstance(given, Handle) else given


def _arrays(value: Any) -> Iterator[np.ndarray]:
    """Yield the arrays among arguments, also within tuples, lists and dictionaries."""
    if isinstance(value, Handle):
        value = value._target
    if isinstance(value, np.ndarray):
        yield value.copy()
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _arrays(element)
    elif isinstance(value, dict):
        yield from _arrays(list(value.values()))
