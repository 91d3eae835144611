"""Say a smallest case in one or two sentences: the calls, the student's answer, how it is off, the right answer.

See ``search`` for cases. Names come from the reference: of arguments from signatures, of answers from docstrings.
"""

import ast
import inspect
import re
import textwrap
from typing import Any

import numpy as np

from autograder.checks.code_under_test import Handle
from autograder.checks.host import Local

from .replay import Raised, at, fault_of, resolved, slots
from .search import Case, Target, bind
from .trace import Operation, Ref

MOST_CHARACTERS = 400
"""Limit on the length of the text."""
MOST_SHOWN = 40
"""Larger wrong answers are not written out."""
MOST_OF_MESSAGE = 120
"""Limit on the length of an exception's message."""
MOST_OF_SAME = 20
"""Longer arrays of zeros or ones are written as ``zeros(2, 3)``."""
ORDINALS = ("first", "second", "third", "fourth")
ROUNDING = 1e-12
"""A number smaller than this, relative to the largest one beside it, is zero up to rounding."""
DIGITS = (4, 6, 9)
"""Significant digits to try, until two answers look different."""


def say(case: Case, target: Target, reference: Local, right_values: bool) -> str:
    """Return the text about a case, or "" if it would be too long or cannot be said.

    Parameters
    ----------
    case : Case
    target : Target
    reference : Local
    right_values : bool
        Whether to tell the right answer too.
    """
    speaker = _Speaker(case, reference)
    operations = {operation.number: operation for operation in case.program.operations}
    operation = operations[target.operation]
    before = [speaker.step(one) for one in case.program.operations if one.number < target.operation]
    steps = "; ".join(step for step in before if step)
    start = "The smallest case that goes wrong: " + (f"{steps}; " if steps else "")
    if steps and operation.method == "call":
        start += "then "
    if target.raised:
        assert case.raised is not None
        texts = [f"{start}{speaker.call(operation)} raises {_shortened(case.raised)}."]
    else:
        texts = [start + speaker.wrong(operation, target, right_values, whole) for whole in (True, False)]
    return next((text for text in texts if len(text) <= MOST_CHARACTERS), "")


class _Speaker:
    """Puts the operations of a case into words."""

    def __init__(self, case: Case, reference: Local) -> None:
        self._case, self._reference = case, reference
        self._operations = {operation.number: operation for operation in case.program.operations}
        self._names: dict[Ref, str] = {}
        self._learn_names()

    def _learn_names(self) -> None:
        """Name what is put with the package after the argument as which it is used, and answers after docstrings."""
        for operation in self._case.program.operations:
            if operation.method != "call":
                continue
            for name, value in self._arguments(operation).items():
                if isinstance(value, Ref) and value not in self._names:
                    self._names[value] = name
            names = self._answers(operation)
            for element, name in enumerate(names):
                self._names.setdefault(Ref(operation.number, element if len(names) > 1 else None), name)

    def _function(self, operation: Operation) -> Any:
        target = operation.parts[0]
        if isinstance(target, str):
            try:
                return self._reference.host.lookup(target)
            except Exception:
                return None
        handle = resolved(target, self._case.right, []) if isinstance(target, Ref) else None
        return handle._target if isinstance(handle, Handle) else None

    def _answers(self, operation: Operation) -> tuple[str, ...]:
        """Return the names of a call's answers, or () if the docstring has not one name for each."""
        names, answer = _answers_of(self._function(operation)), self._case.right.get(operation.number)
        count = len(answer) if isinstance(answer, tuple) else 1
        return names if len(names) == count else _returned_by(self._function(operation), count)

    def _arguments(self, operation: Operation) -> dict[str, Any]:
        target, args, kwargs = operation.parts
        function = target if isinstance(target, str) else self._function(operation)
        return bind(self._reference, function, args, kwargs)

    def step(self, operation: Operation) -> str:
        """Return an operation that comes before the wrong one in words, or "" if a later one tells it."""
        if operation.method == "call":
            return self.call(operation)
        if operation.method == "assign":
            target, key, value = operation.parts
            return f"{self._name(target)}[{key!r}] = {self._value(value)}"
        return ""

    def call(self, operation: Operation) -> str:
        """Return a call in words."""
        target = operation.parts[0]
        name = target.rpartition(".")[2] if isinstance(target, str) else self._name(target)
        arguments = ", ".join(
            f"{'' if argument.isdigit() else f'{argument} = '}{self._value(value)}"
            for argument, value in self._arguments(operation).items()
            if not self._is_obvious(argument, value)
        )
        return f"{name} with {arguments}" if arguments else name

    def _is_obvious(self, argument: str, value: Any) -> bool:
        """Tell whether an argument is what an earlier call returned under the same name, such as a cache."""
        if not isinstance(value, Ref) or self._operations[value.operation].method != "call":
            return False
        return self._name(value) == argument

    def _value(self, part: Any) -> str:
        if isinstance(part, Ref):
            origin = self._operations[part.operation]
            return self._value(origin.parts[0]) if origin.method == "put" else self._name(part)
        if isinstance(part, list | tuple):
            inside = ", ".join(map(self._value, part))
            return f"[{inside}]" if isinstance(part, list) else f"({inside})"
        if isinstance(part, dict):
            return "{" + ", ".join(f"{key!r}: {self._value(one)}" for key, one in part.items()) + "}"
        if isinstance(part, type):
            return part.__name__
        value = resolved(part, {}, list(self._case.program.values))
        return shown(value) if isinstance(value, int | float | np.ndarray) else repr(value)

    def _name(self, place: Any) -> str:
        """Return the name of an answer or of one of its elements."""
        if not isinstance(place, Ref):
            return "the answer"
        if place in self._names:
            return self._names[place]
        origin = self._operations[place.operation]
        if origin.method == "find":
            return str(origin.parts[1])
        if origin.method == "item":
            return f"{self._name(origin.parts[0])}[{origin.parts[1]!r}]"
        if origin.method == "call":
            target = origin.parts[0]
            if inspect.isclass(self._function(origin)):
                return f"the {_last(target)}"
            return "the answer" if place.element is None else f"the {_ordinal(place.element)} answer of {_last(target)}"
        return "the object"

    def wrong(self, operation: Operation, target: Target, right_values: bool, whole: bool) -> str:
        """Return the wrong answer in words: what is returned or found, how it is off, and perhaps what is right.

        If not ``whole``, of an array of numbers only the one that is off most is told.
        """
        answer, right = at(self._case.answers, target.place), at(self._case.right, target.place)
        fault = fault_of(answer, right)
        assert fault is not None
        if fault.kind in ("shape", "exact shape"):
            told = f"; {np.shape(right)} is right" if right_values else ""
            return f"{self._found(operation, target, f'shape {np.shape(answer)}', shape=True)}{told}."
        index = ""
        if not whole and np.ndim(right) and fault.kind == "values":
            answer = np.asarray(answer).reshape(np.shape(right))
            most = np.unravel_index(np.abs(np.asarray(answer, dtype=np.float64) - right).argmax(), np.shape(right))
            answer, right, index = answer[most], right[most], str([int(one) for one in most])
        one, other = different(answer, right)
        off = f" ({how_off(answer, right)})" if fault.kind == "values" else ""
        told = f"; {other} is right" if right_values else ""
        return f"{self._found(operation, target, one, index)}{off}{told}."

    def _found(self, operation: Operation, target: Target, what: str, index: str = "", shape: bool = False) -> str:
        """Return in words where a value or a shape is found: which call returns it, or which object has it."""
        if operation.method == "fetch":
            keys = "".join(f"[{key!r}]" for key in target.path)
            return f"afterwards {self._name(operation.parts[0])}{keys}{index} {'has' if shape else 'is'} {what}"
        if operation.method != "call":
            return f"afterwards {self._name(Ref(operation.number))}{index} {'has' if shape else 'is'} {what}"
        names = self._answers(operation)
        element = target.path[0] if target.path else 0
        if element < len(names):
            said = f"{names[element]} of {what}" if shape else f"{names[element]}{index} = {what}"
        else:
            which = f" as its {_ordinal(element)} answer" if target.path else ""
            said = f"an array of {what}{which}" if shape else f"{what}{f' at {index}' if index else ''}{which}"
        return f"{self.call(operation)} returns {said}"


def _last(target: Any) -> str:
    return target.rpartition(".")[2] if isinstance(target, str) else "the call"


def _answers_of(function: Any) -> tuple[str, ...]:
    """Return the names of a function's answers from the Returns section of its docstring, or ()."""
    text = inspect.getdoc(function) if function is not None else None
    found = re.search(r"^Returns\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", text or "", re.M | re.S)
    if found is None:
        return ()
    named = re.findall(r"^(\w+(?:, \w+)*) : ", found.group(1), re.M)
    return tuple(name for names in named for name in names.split(", "))


def _returned_by(function: Any, count: int) -> tuple[str, ...]:
    """Return the names in a function's return statement with so many names, or ()."""
    if inspect.isclass(function):
        return ()
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ()
    inner = {
        id(one)
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda | ast.FunctionDef)
        for one in ast.walk(node)
        if node is not tree.body[0]
    }
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and id(node) not in inner]
    answers = [one.elts if isinstance(one, ast.Tuple) else [one] for one in values]
    named = [[one.id for one in elements if isinstance(one, ast.Name)] for elements in answers]
    return next((tuple(names) for names in named if len(names) == count), ())


def _ordinal(element: int) -> str:
    return ORDINALS[element] if element < len(ORDINALS) else f"{element + 1}th"


def shown(value: Any, digits: int = DIGITS[0]) -> str:
    """Return a number or an array in Python's notation, with so many significant digits."""
    if isinstance(value, np.ndarray) and value.ndim:
        text = f"[{', '.join(_inside(one, digits) for one in value)}]"
        whole = next((name for name, one in (("zeros", 0), ("ones", 1)) if (value == one).all()), "")
        return f"{whole}{value.shape}" if whole and len(text) > MOST_OF_SAME else text
    return _inside(value, digits)


def _inside(value: Any, digits: int) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"[{', '.join(_inside(one, digits) for one in value)}]"
    number = value.item() if isinstance(value, np.ndarray | np.generic) else value
    number = number + 0 if isinstance(number, float) else number  # no negative zero
    return f"{number:.{digits}g}" if isinstance(number, float) else str(number)


def different(one: Any, other: Any) -> tuple[str, str]:
    """Return two values with as many digits as show their difference."""
    one, other = (_without_rounding(value, max(_largest(one), _largest(other))) for value in (one, other))
    if np.size(one) > MOST_SHOWN or np.size(other) > MOST_SHOWN:
        return f"an array of {np.size(one)} numbers", "another one"
    pairs = [(shown(_plain(one, other), digits), shown(np.asarray(other), digits)) for digits in DIGITS]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def _largest(value: Any) -> float:
    array = np.asarray(value, dtype=np.float64)
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _without_rounding(value: Any, scale: float) -> Any:
    """Return a value with zeros where only rounding keeps it from zero."""
    return np.where(np.abs(value) < ROUNDING * scale, 0, value)


def _plain(one: Any, other: Any) -> Any:
    """Return an answer in the shape of the right one, in which a person compares them."""
    array = np.asarray(one)
    return array.reshape(np.shape(other)) if array.size == np.size(other) else array


def how_off(answer: Any, right: Any) -> str:
    """Return in which direction a wrong answer is off, and by how much if all wrong numbers are off alike."""
    expected = np.asarray(right, dtype=np.float64)
    difference = np.asarray(answer, dtype=np.float64).reshape(expected.shape) - expected
    wrong = np.abs(difference) > 1e-3 * np.abs(difference).max()
    off = difference[wrong]
    if not ((off > 0).all() or (off < 0).all()):
        return "some numbers are too large, others too small"
    direction = "large" if off[0] > 0 else "small"
    by = f" by {abs(off[0]):.3g}" if np.allclose(off, off[0], rtol=1e-3) else ""
    where = f" in {off.size} of {wrong.size} numbers" if wrong.size > off.size else ""
    return f"too {direction}{by}{where}"


def _shortened(raised: Raised) -> str:
    text = raised.message.removeprefix("It raised ").rstrip(".")
    return text if len(text) <= MOST_OF_MESSAGE else text[:MOST_OF_MESSAGE] + " ..."


def count_of(case: Case) -> int:
    """Return how many numbers a case's inputs hold."""
    used = {slot.index for operation in case.program.operations for slot in slots(operation.parts)}
    return sum(int(np.size(case.program.values[index])) for index in used)
