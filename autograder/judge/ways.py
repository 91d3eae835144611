"""How a submission gets to right answers: by the way that its exercise asks for, or by another one.

A test cannot see that: a second solution that only calls the first one is right, and so is a derivative by brute force.
An assignment declares with `way` which functions are examined, and on which inputs. What is found is a flag for a
person: it changes no outcome and no point. Half of the evidence comes from the runner, which is not trusted: what it
says is checked for its form, and without it there is no flag. See ``runner.weighing`` for the measurement.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.record import Log, Recorded
from autograder.runner.weighing import Weight
from autograder.sandbox.client import Remote

from .context import Context
from .fixtures import Fixtures

SHARE = 0.25
"""A call that weighs so many times as much as the calls before it, for each number of its answer, is brute force."""
FEWEST = 200
"""The fewest numbers in an answer with which brute force weighs much more than loops."""
MANY = 16
"""A call that enters an earlier call's function so often is brute force."""
MOST = 3_000_000
"""A call that weighs more is not examined."""
SECONDS = 5.0
"""Time limit for an answer that is weighed. Brute force is stopped long before, unless the machine is busy."""
NOISE = (1e-11, 3e-8)
"""Relative errors of finite differences in float64. Formulas have smaller ones, wrong formulas larger ones."""
FEWEST_EQUAL = 8
"""The fewest numbers that can tell two ways apart by their rounding."""
Function = TypeVar("Function", bound=Callable[..., None])


@dataclass(frozen=True)
class Way:
    """What is examined about the code of an exercise.

    Attributes
    ----------
    exercise : str
    unlike : bool
        Whether the last two calls must get to their answers in different ways.
    """

    exercise: str
    unlike: bool = False


def way(exercise: str, unlike: bool = False) -> Callable[[Function], Function]:
    """Let the judge examine how the code of an exercise gets to its answers.

    The decorated function asks for fixtures as a test does, and calls ``student``. Its last call is examined: it should
    not weigh much more than the calls before it.

    Parameters
    ----------
    exercise : str
        The exercise whose code the last call runs.
    unlike : bool
        Whether the call before the last one gives the same answers, and must get to them in another way.
    """

    def declare(function: Function) -> Function:
        setattr(function, "way", Way(exercise, unlike))  # noqa: B010 (functions declare no attributes)
        return function

    return declare


def ways_in(modules: Iterable[ModuleType]) -> dict[str, list[Callable[..., None]]]:
    """Return the functions that `way` decorates, by their exercise."""
    found: dict[str, list[Callable[..., None]]] = {}
    for module in dict.fromkeys(modules):
        for function in vars(module).values():
            if inspect.isfunction(function) and isinstance(getattr(function, "way", None), Way):
                found.setdefault(function.way.exercise, []).append(function)  # type: ignore[attr-defined]
    return found


def examine(context: Context, function: Callable[..., None], offer: type[Fixtures]) -> list[str]:
    """Return a sentence for a person if an exercise's code gets to its answers in a way that looks wrong.

    Parameters
    ----------
    context : Context
    function : callable
        A function that `way` decorates.
    offer : type of Fixtures
        The fixtures that it may ask for.
    """
    declared: Way = function.way  # type: ignore[attr-defined]
    found = weigh(context, function, offer)
    return [f"{declared.exercise}: {said}" for said in findings(*found, declared)][:1] if found else []


def weigh(
    context: Context, function: Callable[..., None], offer: type[Fixtures]
) -> "tuple[WeighedCalls, Calls] | None":
    """Return the weighed calls of a submission and those of the reference, or None if the runner does not weigh them.

    Parameters
    ----------
    context, function, offer
        See `examine`.
    """
    declared: Way = function.way  # type: ignore[attr-defined]
    name = f"{declared.exercise}/{function.__name__}"

    def run(student: Recorded) -> None:
        offer(context, CodeUnderTest(student), name, []).run(function)

    right = Calls(context.reference().backend)
    run(right)
    try:
        student = context.student(declared.exercise, name, slow=False).backend
    except CodeError:
        return None
    if not isinstance(student, Remote):
        return None
    with context.unhurried(student):
        student.seconds = SECONDS
        weighed = WeighedCalls(student, len(right.names), right.numbers)
        try:
            run(weighed)
        except Exception:  # the student's: the reference has passed here
            return (weighed, right) if weighed.over else None
    return weighed, right


class Calls(Recorded):
    """A `Recorded` backend that knows its calls.

    Attributes
    ----------
    names : list of str
        The name of each called function.
    places : list of int
        The place of each call's answer in the log.
    """

    def __init__(self, backend: Any) -> None:
        super().__init__(backend)
        self.names: list[str] = []
        self.places: list[int] = []

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.names.append(target.rpartition(".")[2] if isinstance(target, str) else (self.called or ["it"])[-1])
        self.places.append(len(self.log))
        return super().call(target, args, kwargs)

    def answer(self, call: int) -> list[np.ndarray]:
        """Return the arrays that a call answers, and those that were fetched after it and before the next call."""
        places = [*self.places, len(self.log)]
        start, end = places[call if call >= 0 else call - 1], places[call + 1 if call >= 0 else call]
        return [array for answer in self.log[start:end] for array in _arrays(answer)]

    @property
    def numbers(self) -> int:
        """How many numbers the last call answers."""
        return sum(array.size for array in self.answer(-1))


class WeighedCalls(Calls):
    """A backend whose calls a runner weighs.

    Parameters
    ----------
    backend : Remote
        The runner.
    count : int
        The number of calls that will come.
    numbers : int
        How many numbers the right answer of the last call has.

    Attributes
    ----------
    weights : list of Weight
        The weight of each call, as far as the runner tells.
    over : bool
        Whether the last call was stopped.
    """

    def __init__(self, backend: Remote, count: int, numbers: int) -> None:
        super().__init__(_Scale(self, backend))
        self._count = count
        self._share = SHARE * numbers if numbers >= FEWEST else float("inf")
        self.weights: list[Weight] = []
        self.over = False

    @property
    def before(self) -> int:
        """The work of all calls before the last one."""
        return sum(weight.work for weight in self.weights[: self._count - 1])

    @property
    def much(self) -> float:
        """The work of the last call from which it is brute force."""
        return self._share * max(1, self.before)

    def weigh(self, remote: Remote, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function in the runner, and keep the weight of the call."""
        number = len(self.weights)
        most = min(self.much, MOST) if number == self._count - 1 else MOST
        value = remote.weigh(target, args, kwargs, number == 0, most)
        weight = remote.weight()
        if weight is None or (weight.over and number < self._count - 1):
            raise CodeError("type", "The runner did not tell the weight of a call.")
        self.weights.append(weight)
        if weight.over:
            self.over = weight.work >= self.much
            raise CodeError("type", "The call was stopped.")
        return value


class _Scale:
    """A runner whose calls are weighed."""

    def __init__(self, calls: WeighedCalls, remote: Remote) -> None:
        self._calls, self._remote = calls, remote

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._calls.weigh(self._remote, target, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._remote, name)


def findings(student: WeighedCalls, right: Calls, declared: Way) -> Iterator[str]:
    """Yield a sentence for each thing that looks wrong about the last call, the surest first."""
    last = student.names[-1]
    if student.over:
        yield _brute(
            last, f"it does more than {student.much / max(1, student.before):.0f} times the work of {_those(student)}"
        )
        return
    if len(student.weights) != len(right.names) or len(student.names) < 2:
        return
    weight, others = student.weights[-1], student.names[:-1]
    entered = dict(zip(others, weight.entered, strict=False))
    if declared.unlike:
        other = others.pop()
        if entered.get(other, 0):
            yield f"{last} calls {other}: look whether it is the solution that the exercise asks for."
        if same_bits(student.answer(-1), student.answer(-2)):
            yield f"{last} gives bit for bit the answers of {other}: look whether both are the same code."
    for name in others:
        if entered.get(name, 0) >= MANY:
            yield _brute(last, f"it calls {name} {entered[name]} times on one input")
    if weight.step:
        yield _brute(last, "it computes with complex numbers whose imaginary parts are tiny, as complex steps do")
    if noise := worst_error(student.answer(-1), right.answer(-1)):
        yield _brute(last, f"its answers are off by {noise:.0e} of their size, as finite differences are")


def _those(student: WeighedCalls) -> str:
    return " and ".join(dict.fromkeys(student.names[:-1]))


def _brute(name: str, why: str) -> str:
    return f"{name} looks like differentiation by brute force: {why}."


def same_bits(one: Log, other: Log) -> bool:
    """Tell whether two answers are equal bit by bit, and are numbers that differ if they are computed differently."""
    if len(one) != len(other) or sum(array.size for array in one) < FEWEST_EQUAL:
        return False
    return all(
        a.dtype.kind == "f" and a.size == b.size and np.array_equal(a.ravel(), b.ravel())
        for a, b in zip(one, other, strict=True)
    )


def worst_error(answer: list[np.ndarray], right: list[np.ndarray]) -> float:
    """Return the largest relative error of an answer in float64 if it is as large as that of finite differences, or 0.

    The error of an array is relative to its largest number. An answer that was computed in float32 is left out.
    """
    if len(answer) != len(right):
        return 0.0
    worst = 0.0
    for a, b in zip(answer, right, strict=True):
        if a.dtype != np.float64 or a.size != b.size or not a.size or np.array_equal(a, a.astype(np.float32)):
            return 0.0
        scale = float(np.abs(b).max())
        if scale:
            worst = max(worst, float(np.abs(a.ravel() - b.ravel()).max()) / scale)
    return worst if NOISE[0] < worst < NOISE[1] else 0.0


def _arrays(answer: Any) -> list[np.ndarray]:
    if isinstance(answer, np.ndarray):
        return [answer]
    if isinstance(answer, float):
        return [np.array(answer)]
    if isinstance(answer, dict):
        return [array for key in sorted(answer, key=str) for array in _arrays(answer[key])]
    return [array for one in answer for array in _arrays(one)] if isinstance(answer, list | tuple) else []
