"""The judge's own composition: the reference, with some of its functions answered by the submission's.

It tells whether a need is the cause of a failed test. It is for diagnosis alone and never for a score, and nothing of
the reference enters a runner: its modules run here and ask the runner for the values of the submission's functions.
"""

import ast
import functools
import importlib
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder import temporary
from autograder.assignment import Assignment
from autograder.catalogue import copy_package
from autograder.checks.code_under_test import Backend, CodeError
from autograder.checks.host import Local, PackageHost, load_package
from autograder.sandbox.client import Remote

from .reference import contents

_numbers = itertools.count()


class OtherForm(CodeError):
    """A function of the student's code returns another number of values, or an array of another shape."""

    def __init__(self, message: str) -> None:
        super().__init__("raised", message)


@dataclass(frozen=True)
class _Pair:
    """A value of the student's code that is no array, such as a cache, and the reference's own in its place."""

    theirs: Any
    ours: Any


@contextmanager
def composed(assignment: Assignment, student: Backend, functions: Sequence[str]) -> Iterator[Local]:
    """Yield the reference as a backend whose ``functions`` are answered by the student's code.

    Parameters
    ----------
    assignment : Assignment
    student : Backend
    functions : sequence of str
        Names of functions of the package's modules. Other names are ignored.
    """
    with temporary.folder("composed") as scratch:
        folder, name = Path(scratch), f"autograder_composed_{next(_numbers)}"
        package = folder / assignment.package
        copy_package(assignment.source / assignment.package, package)
        (package / "__init__.py").write_text("")  # as for mistaken versions: modules need nothing of it
        try:
            load_package(package, name)
            arrays: dict[int, Any] = {}
            places = functions_of(assignment.source / assignment.package)
            for function, module in ((name, places[name]) for name in functions if name in places):
                # modules that use the function import it from here, and are imported later
                loaded = importlib.import_module(f"{name}.{module}")
                setattr(loaded, function, _Asking(student, f"{module}.{function}", getattr(loaded, function), arrays))
            yield Local(PackageHost(name, folder, contents(assignment)))
        finally:
            for module in [one for one in sys.modules if one.split(".")[0] == name]:
                del sys.modules[module]


@functools.cache
def functions_of(package: Path) -> dict[str, str]:
    """Return the functions of a package's modules, each with its module."""
    found: dict[str, str] = {}
    for file in sorted(package.rglob("*.py")):
        module = ".".join(file.relative_to(package).with_suffix("").parts)
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found |= {node.name: module for node in tree.body if isinstance(node, ast.FunctionDef)}
    return found


class _Asking:
    """A function that asks the student's code, and checks that each answer has the shape of the reference's.

    The reference's function runs beside it on values of its own: caches differ, and only shapes are compared.
    """

    def __init__(self, student: Backend, path: str, ours: Callable[..., Any], arrays: dict[int, Any]) -> None:
        self._student, self._path, self._function, self._arrays = student, path, ours, arrays

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        changing = {id(value): value for value in (*args, *kwargs.values()) if isinstance(value, dict)}
        ours = {number: dict(value) for number, value in changing.items()}
        held = {number: self._student.put(value) for number, value in changing.items()}
        right = self._function(
            *(self._ours(value, ours) for value in args),
            **{name: self._ours(value, ours) for name, value in kwargs.items()},
        )
        if isinstance(self._student, Remote):
            self._student.make_room()  # what an earlier call returned has the reference's size
        given = {name: _theirs(value, held) for name, value in kwargs.items()}
        answer = self._student.call(self._path, tuple(_theirs(value, held) for value in args), given)
        for number, value in changing.items():  # as batch normalisation changes its running averages
            changed = self._student.fetch(held[number]._target)
            for name, expected in ours[number].items():
                if isinstance(changed, dict) and name in changed:
                    value[name] = self._checked(changed[name], expected)
        if not isinstance(right, tuple):
            return self._checked(answer, right)
        if not isinstance(answer, tuple) or len(answer) != len(right):
            raise OtherForm(f"{self._path} returns another number of values.")
        return tuple(self._checked(one, other) for one, other in zip(answer, right, strict=True))

    def _checked(self, answer: Any, right: Any) -> Any:
        """Return an answer as the reference's modules may use it."""
        if isinstance(right, str) and answer == right:
            return right
        if not isinstance(answer, np.ndarray | int | float) or not isinstance(right, np.ndarray | int | float):
            return _Pair(answer, right)
        if np.shape(answer) != np.shape(right):
            raise OtherForm(f"{self._path} returns shape {np.shape(answer)}, {np.shape(right)} is expected.")
        if isinstance(answer, np.ndarray):
            self._arrays[id(answer)] = (answer, right)  # the array too, so that no other one gets its id
        return answer

    def _ours(self, value: Any, changed: dict[int, Any]) -> Any:
        if isinstance(value, _Pair):
            return value.ours
        if isinstance(value, dict):
            return changed[id(value)]
        return self._arrays.get(id(value), (value, value))[1]


def _theirs(value: Any, held: dict[int, Any]) -> Any:
    return value.theirs if isinstance(value, _Pair) else held.get(id(value), value)
