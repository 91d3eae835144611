"""Decide whether a program still goes wrong: the reference answers it, and the student's answer differs.

See ``shrink`` for the programs to try. The number of tries is limited, not their time: a verdict must not depend on how
busy a machine is.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.checks.code_under_test import Backend, Handle
from autograder.checks.compare import deviation
from autograder.checks.host import Local

from .replay import Answers, Fault, OddError, Place, Raised, at, fault_of, numbers_in, replay, resolved, slots
from .trace import Operation, Program, Ref

Possible = Callable[[str, Mapping[str, Any]], bool]
"""Tells whether the arguments of a function make sense to a student: see `autograder.kit.JudgeKit.possible`."""
NUDGE, NUDGE32 = 1e-7, 1e-5
"""How far inputs move to find out whether an answer depends on them steadily; the second number is for float32."""
STEADY = 1e-3
"""The largest relative change of an answer to inputs that moved."""
CLEAR = 1e-2
"""A relative difference that a person sees. A smaller one counts if the failed test's was not much larger."""


class SpentError(Exception):
    """The tries are used up."""


@dataclass
class Budget:
    """How many more operations may run for one exercise, on the submission and on the reference."""

    student: int = 1200
    reference: int = 6000

    def spend(self, side: str, program: Program) -> None:
        """Count a program's operations on the side ``student`` or ``reference``."""
        left = getattr(self, side) - len(program.operations)
        setattr(self, side, left)
        if left < 0:
            raise SpentError


@dataclass(frozen=True)
class Target:
    """What went wrong in a test.

    Attributes
    ----------
    operation : int
        The number of the operation.
    path : tuple
        The place of the wrong number or array in its answer.
    fault : Fault
    raised : str
        The kind and the name of the exception that the operation raised instead; or "".
    """

    operation: int
    path: tuple[Any, ...] = ()
    fault: Fault | None = None
    raised: str = ""

    @property
    def place(self) -> Place:
        """The place of the wrong answer."""
        return self.operation, self.path


@dataclass(frozen=True)
class Case:
    """A program that goes wrong, with the student's answers and the right ones."""

    program: Program
    answers: Answers
    right: Answers
    raised: Raised | None = None


class Search:
    """Tries programs on the submission and on the reference.

    Parameters
    ----------
    original : Program
        The failed test's program.
    target : Target
        What went wrong in it.
    student : Backend
    reference : Local
    seed : int
        Seed of the global generators.
    budget : Budget
    possible : callable
        See `Possible`. It is not asked if it refuses the original already: then the failed test is about that.

    Attributes
    ----------
    best : Case or None
        The last program that went wrong.
    """

    def __init__(
        self,
        original: Program,
        target: Target,
        student: Backend,
        reference: Local,
        seed: int,
        budget: Budget,
        possible: Possible,
    ) -> None:
        self.target, self.best = target, None
        self._student, self._reference, self._seed = student, reference, seed
        self._spend = budget.spend
        self._tried: set[bytes] = set()
        self._follows: dict[int, tuple[int, Place]] = {}
        self._possible: Possible = lambda _, __: True
        self._threshold, self._needs_steady = 0.0, False
        right = self._answer(original)
        if right is None or self._is_random(original, right):
            return
        self._follows = _followers(original, right)
        self._possible = possible
        if self._answer(original) is None:
            self._possible = lambda _, __: True
        self._needs_steady = not target.raised
        self._needs_steady = self._needs_steady and self._is_steady(original, right)
        if self.accept(original) and not self.confirmed():
            self.best = None  # the student's answers are random where the right ones are not
        found = None if self.best is None else fault_of(at(self.best.answers, target.place), at(right, target.place))
        self._threshold = min(CLEAR, found.size / 3) if found is not None else 0.0

    best: Case | None

    def accept(self, program: Program, other_seed: bool = False) -> bool:
        """Make a program the best one if it still goes wrong; tell whether it does.

        Parameters
        ----------
        program : Program
        other_seed : bool
            Whether the right answer must be the same with another seed. It may not be if an operation is gone that
            replaced random numbers.

        Raises
        ------
        SpentError
            If the tries are used up.
        CodeError
            If the runner ended.
        """
        key = _key(program)
        if key in self._tried:
            return False
        self._tried.add(key)
        fitted: list[Any] = []
        right = self._answer(program, fitted)
        if right is None:
            return False
        program = replace(program, values=tuple(fitted))
        if other_seed and self._is_random(program, right):
            return False
        case = self._goes_wrong(program, right)
        if case is None or not self._is_steady(program, right):
            return False
        self.best = case
        return True

    def confirmed(self) -> bool:
        """Tell whether the best program gives the same answers with another seed, the right ones and the student's."""
        assert self.best is not None
        if self._is_random(self.best.program, self.best.right):
            return False
        again = self._goes_wrong(self.best.program, self.best.right, self._seed + 1)
        if again is None:
            return False
        if self.target.raised:
            return True
        one, other = (at(case.answers, self.target.place) for case in (self.best, again))
        return bool(np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True))

    def _goes_wrong(self, program: Program, right: Answers, seed: int | None = None) -> Case | None:
        self._spend("student", program)
        try:
            answers, raised = replay(program, self._student, self._seed if seed is None else seed)
        except OddError:
            return None
        if self.target.raised or raised is not None:
            same = raised is not None and (raised.operation, raised.name) == (self.target.operation, self.target.raised)
            return Case(program, answers, right, raised) if same else None
        fault = fault_of(at(answers, self.target.place), at(right, self.target.place))
        if fault is None or self.target.fault is None or fault.kind != self.target.fault.kind:
            return None
        return Case(program, answers, right) if not fault.size < self._threshold else None

    def _answer(self, program: Program, fitted: list[Any] | None = None, nudge: float = 0.0) -> Answers | None:
        """Return the reference's answers, or None if the program makes no sense to it. Fit what follows answers."""
        self._spend("reference", program)
        last: list[Any] = []

        def before(operation: Operation, answers: Answers, values: list[Any]) -> None:
            nonlocal last
            last = values
            for slot in slots(operation.parts):
                first, place = self._follows.get(slot.index, (-1, (0, ())))
                answer = at(answers, place) if first == operation.number else None
                if answer is not None and np.shape(answer) != np.shape(values[slot.index]):
                    values[slot.index] = fit(values[slot.index], np.shape(answer))
            if operation.method == "call" and not self._makes_sense(operation, answers, values):
                raise OddError

        moved = program if not nudge else replace(program, values=tuple(_moved(one, nudge) for one in program.values))
        try:
            with np.errstate(all="ignore"):
                answers, raised = replay(moved, self._reference, self._seed, before)
        except OddError:
            return None
        if raised is not None:
            return None
        if not self.target.raised:
            found = at(answers, self.target.place)
            if found is None or not np.isfinite(np.asarray(found, dtype=np.float64)).all() or np.size(found) == 0:
                return None
        if fitted is not None:
            fitted[:] = last
        return answers

    def _makes_sense(self, operation: Operation, answers: Answers, values: list[Any]) -> bool:
        target, args, kwargs = operation.parts
        if not isinstance(target, str):
            return True
        bound = bind(self._reference, target, resolved(args, answers, values), resolved(kwargs, answers, values))
        plain = {name: one._target if isinstance(one, Handle) else one for name, one in bound.items()}
        return self._possible(target, plain)

    def _is_random(self, program: Program, right: Answers) -> bool:
        if self.target.raised:
            return False
        self._spend("reference", program)
        try:
            again, raised = replay(program, self._reference, self._seed + 1)
        except OddError:
            return True
        return raised is not None or not _agree(at(again, self.target.place), at(right, self.target.place), 1e-9)

    def _is_steady(self, program: Program, right: Answers) -> bool:
        """Tell whether the right answer hardly changes if the inputs hardly change: no tie, no kink of a ReLU."""
        for direction in (1.0, -1.0) if self._needs_steady else ():
            moved = self._answer(program, nudge=direction)
            if moved is None or not _agree(at(moved, self.target.place), at(right, self.target.place), STEADY):
                return False
        return True


def bind(reference: Local, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by the names that the reference's function gives them; unknown names are numbers."""
    try:
        function = reference.host.lookup(target) if isinstance(target, str) else target
        return dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    except Exception:
        return {**{str(number): one for number, one in enumerate(args, start=1)}, **kwargs}


def fit(value: Any, shape: tuple[int, ...]) -> Any:
    """Return an array cut to a shape; where it is too short, its values are repeated."""
    array = np.asarray(value)
    if array.ndim == len(shape) and all(new <= old for new, old in zip(shape, array.shape, strict=True)):
        return np.ascontiguousarray(array[tuple(slice(n) for n in shape)])
    return np.resize(array, shape)


def _followers(program: Program, right: Answers) -> dict[int, tuple[int, Place]]:
    """Return the arrays that have the shape of an earlier answer: index to its first operation and the answer."""
    found: dict[int, tuple[int, Place]] = {}
    seen: set[int] = set()
    answered: Answers = {}
    for operation in program.operations:
        shapes = {np.shape(value): place for place, value in numbers_in(answered)}
        for slot in slots(operation.parts):
            shape = np.shape(program.values[slot.index])
            if slot.index not in seen and shape and shape in shapes:
                found[slot.index] = operation.number, shapes[shape]
            seen.add(slot.index)
        if operation.method == "call":
            answered[operation.number] = right.get(operation.number)
    return found


def _moved(value: Any, direction: float) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    step = direction * (NUDGE if value.dtype.itemsize == 8 else NUDGE32)
    random = np.random.default_rng(0).uniform(0.5, 1, size=value.shape) * (-1) ** np.arange(value.size).reshape(
        value.shape
    )
    return (value + step * random * (1 + np.abs(value))).astype(value.dtype)


def _agree(one: Any, other: Any, tolerance: float) -> bool:
    if np.shape(one) != np.shape(other) or one is None:
        return False
    return deviation(np.asarray(one), np.asarray(other, dtype=np.float64)) <= tolerance


def _key(program: Program) -> bytes:
    shown = [
        one.tobytes() + repr(one.shape).encode() if isinstance(one, np.ndarray) else repr(one).encode()
        for one in program.values
    ]
    return b"|".join([repr([operation.number for operation in program.operations]).encode(), *shown])


__all__ = ["Case", "Possible", "Ref", "Search", "SpentError", "Target", "bind", "fit"]
