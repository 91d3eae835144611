"""Find the smallest case in which a submission goes wrong, for a failed test whose cause no hint names.

The test's operations run again on the submission and on the reference with other, smaller inputs: ``trace`` writes them
down, ``replay`` runs them, ``search`` compares answers, ``shrink`` proposes programs, ``wording`` says the result. The
case is for the student only: it never changes an outcome or a score, and it never shows a hidden test's own inputs.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.checks.code_under_test import Backend, CodeError, CodeUnderTest
from autograder.checks.compare import Mismatch
from autograder.checks.host import Local
from autograder.checks.record import Log, Playback

from .replay import Answers, OddError, at, exception_of, fault_of, numbers_in, replay, slots
from .search import Budget, Case, Possible, Search, SpentError, Target
from .shrink import is_simple, shrink
from .trace import Program, Traced
from .wording import count_of, say

__all__ = ["Budget", "Case", "Traced", "count_of", "explainable", "say", "smallest", "target_of"]
KINDS = ("values", "shape", "finite", "changed")
"""Kinds of `Mismatch` for which a smallest case exists."""
MOST_SUSPECTS = 8
"""Most wrong answers of which to find out whether the test looks at them."""
MOST_NUMBERS = 40
"""The most numbers in the inputs of a case that a person checks by hand."""


def explainable(error: Exception) -> bool:
    """Tell whether a test's error may have a smallest case: a wrong answer, or an exception of the student's code."""
    if isinstance(error, Mismatch):
        return error.kind in KINDS
    return isinstance(error, CodeError) and error.kind == "raised"


def target_of(
    traced: Traced, error: Exception, reference: Local, seed: int, run: Callable[[CodeUnderTest], Any]
) -> Target | None:
    """Return what went wrong in a failed test, or None if that is not one answer or one exception.

    A test need not look at all answers: a cache may hold anything. An answer is the wrong one only if the test ends in
    another way when the right one replaces it.

    Parameters
    ----------
    traced : Traced
        The test's operations and the student's answers.
    error : Exception
        The test's exception.
    reference : Local
    seed : int
        Seed of the global generators.
    run : callable
        Runs the test again on other code under test.
    """
    program = traced.program
    if program is None:
        return None
    if isinstance(error, CodeError):
        number = len(program.operations) - 1
        ended = program.operations and traced.raised == [number] and program.operations[number].method == "call"
        return Target(number, raised=f"{error.kind} {exception_of(error)}") if ended else None
    if traced.raised:
        return None
    try:
        right, raised = replay(program, reference, seed)
    except OddError:
        return None
    if raised is not None:
        return None
    given = _answers(program, traced.log)
    suspects = [place for place, value in numbers_in(right) if fault_of(at(given, place), value) is not None]
    for place in suspects[:MOST_SUSPECTS]:
        fault = fault_of(at(given, place), at(right, place))
        if fault is None or fault.kind == "type":
            continue
        better = {**given, place[0]: _replaced(given[place[0]], place[1], at(right, place))}
        if not _same_end(error, _end(run, [better[number] for number in given])):
            return Target(*place, fault)
    return None


def smallest(
    traced: Traced,
    target: Target,
    student: Backend,
    reference: Local,
    seed: int,
    possible: Possible,
    budget: Budget | None = None,
) -> Case | None:
    """Return the smallest case found in which the submission goes wrong in the same way, or None.

    None means that the case depends on random numbers, the runner ended, or the case would be too large or would show
    the hidden test's own inputs.

    Parameters
    ----------
    traced : Traced
        The failed test's operations.
    target : Target
        What went wrong.
    student : Backend
        The submission's runner, which this may end: nothing else should need it afterwards.
    reference : Local
    seed : int
        Seed of the global generators.
    possible : callable
        See `search.Possible`.
    budget : Budget, optional
        How many more operations may run; by default those for one exercise.
    """
    program = traced.program
    if program is None:
        return None
    try:
        search = Search(program, target, student, reference, seed, budget or Budget(), possible)
        if search.best is None:
            return None
        with contextlib.suppress(SpentError):  # what was found until then is still right
            shrink(search)
        fits = _is_small(search.best.program) and not _is_same(search.best.program, program)
        return search.best if fits and search.confirmed() else None
    except (CodeError, SpentError):
        return None


def _answers(program: Program, log: Log) -> Answers:
    """Return the student's answers by the number of the operation."""
    answering = [one.number for one in program.operations if one.method in ("call", "find", "item", "fetch")]
    return dict(zip(answering, log, strict=False))


def _replaced(answer: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(answer, dict):
        return {**answer, first: _replaced(answer[first], tuple(rest), value)}
    return type(answer)(_replaced(one, tuple(rest), value) if i == first else one for i, one in enumerate(answer))


def _end(run: Callable[[CodeUnderTest], Any], log: Log) -> Exception | None:
    """Return the exception with which a test ends on these answers, or None."""
    try:
        run(CodeUnderTest(Playback(log)))
    except Exception as error:
        return error
    return None


def _same_end(one: Exception, other: Exception | None) -> bool:
    return type(one) is type(other) and str(one) == str(other)


def _is_small(program: Program) -> bool:
    used = {slot.index for operation in program.operations for slot in slots(operation.parts)}
    values = [program.values[index] for index in used]
    return sum(int(np.size(value)) for value in values) <= MOST_NUMBERS and all(map(is_simple, values))


def _is_same(program: Program, original: Program) -> bool:
    """Tell whether a program still has the original's inputs."""
    used = {slot.index for operation in program.operations for slot in slots(operation.parts)}
    return all(np.array_equal(program.values[index], original.values[index]) for index in used)
