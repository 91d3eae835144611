"""Make a program that goes wrong smaller: fewer operations, shorter axes, simpler numbers.

See ``search`` for how a program is tried. Every step keeps the smaller program only if it still goes wrong.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .replay import references, slots
from .search import Search
from .trace import Program, Slot

Axis = tuple[int, int]
"""An axis: the index of an array in the program's values, and the number of the axis."""
LENGTHS = (1, 2, 3, 4)
"""Lengths to try for an axis."""
LARGEST = 1e5
"""A number beyond this is not simple."""
MOST_ELEMENTS = 60
"""In larger arrays, numbers are not simplified one by one."""


def shrink(search: Search) -> None:
    """Make the best program of a search smaller. The parameters and exceptions are those of `Search.accept`."""
    _drop_operations(search)
    _shorten(search)
    _simplify_scalars(search)
    _shorten(search)
    _simplify_arrays(search)
    _shorten(search)
    _drop_positions(search)
    _simplify_arrays(search)


def _best(search: Search) -> Program:
    assert search.best is not None
    return search.best.program


def _drop_operations(search: Search) -> None:
    """Drop operations on which the wrong answer does not depend."""
    program = _best(search)
    needed = _ancestors(program, search.target.operation)
    search.accept(_keeping(program, needed), other_seed=True)
    for operation in reversed(program.operations):
        present = {one.number for one in _best(search).operations}
        if operation.number == search.target.operation or operation.number not in present:
            continue
        dropped = _dependents(_best(search), operation.number)
        if search.target.operation not in dropped:
            search.accept(_keeping(_best(search), present - dropped), other_seed=True)


def _ancestors(program: Program, number: int) -> set[int]:
    needed = {number}
    for operation in reversed(program.operations):
        if operation.number in needed:
            needed |= {ref.operation for ref in references(operation.parts)}
    return needed


def _dependents(program: Program, number: int) -> set[int]:
    found = {number}
    for operation in program.operations:
        if any(ref.operation in found for ref in references(operation.parts)):
            found.add(operation.number)
    return found


def _keeping(program: Program, numbers: set[int]) -> Program:
    return replace(program, operations=tuple(one for one in program.operations if one.number in numbers))


def _used(program: Program) -> list[int]:
    """Return the indices of the values that the program's operations use, in their order."""
    return list(dict.fromkeys(slot.index for operation in program.operations for slot in slots(operation.parts)))


def _axes(program: Program) -> list[Axis]:
    arrays = [(index, np.shape(program.values[index])) for index in _used(program)]
    return [(index, axis) for index, shape in arrays for axis in range(len(shape)) if shape[axis] > 1]


def _length(program: Program, axis: Axis) -> int:
    return int(np.shape(program.values[axis[0]])[axis[1]])


def _shorten(search: Search) -> None:
    """Shorten axes, those together that probably belong together."""
    for length in LENGTHS:
        if _try_lengths(search, _axes(_best(search)), length):
            break
    again = True
    while again:
        again = False
        for group in _groups(_best(search)):
            for length in LENGTHS:
                if length < max(_length(_best(search), axis) for axis in group) and _try_lengths(search, group, length):
                    again = True
                    break


def _groups(program: Program) -> Iterator[list[Axis]]:
    """Yield sets of axes of equal length: all of them, those of one number, all except one, one, two of two arrays."""
    seen: set[frozenset[Axis]] = set()
    axes = _axes(program)
    for length in sorted({_length(program, axis) for axis in axes}, reverse=True):
        equal = [axis for axis in axes if _length(program, axis) == length]
        numbers = sorted({axis[1] for axis in equal})
        groups: Iterable[Iterable[Axis]] = itertools.chain(
            [equal],
            ([axis for axis in equal if axis[1] == number] for number in numbers),
            ([axis for axis in equal if axis != other] for other in equal),
            ([axis] for axis in equal),
            (pair for pair in itertools.combinations(equal, 2) if pair[0][0] != pair[1][0]),
        )
        for group in map(list, groups):
            if group and frozenset(group) not in seen:
                seen.add(frozenset(group))
                yield group


def _try_lengths(search: Search, group: list[Axis], length: int) -> bool:
    """Try axes at most so long: with and without the whole numbers that are equal to the old length, and labels."""
    program = _best(search)
    group = [axis for axis in group if axis[1] < np.ndim(program.values[axis[0]])]
    lengths = {axis: length for axis in group if _length(program, axis) > length}
    if not lengths:
        return False
    return any(search.accept(replace(program, values=values)) for values in _resized(program, lengths, length))


def _resized(program: Program, lengths: dict[Axis, int], length: int) -> Iterator[tuple[Any, ...]]:
    old = {axis: _length(program, axis) for axis in _axes(program)}
    flat = _flattened(program, lengths)
    numbers = {old[axis]: new for axis, new in lengths.items()} | flat
    lengths = {axis: flat[n] for axis, n in old.items() if n in flat and axis not in lengths} | lengths
    used = _used(program)
    few = sum(int(np.size(program.values[index])) for index in used) <= MOST_ELEMENTS
    for end in (False, True) if few else (False,):
        cut = tuple(_cut(value, index, lengths, end) for index, value in enumerate(program.values))
        yield from _with_scalars(program, cut, numbers, length)


def _with_scalars(
    program: Program, cut: tuple[Any, ...], numbers: dict[int, int], length: int
) -> Iterator[tuple[Any, ...]]:
    """Yield the values with whole numbers as the new lengths if they are as the old ones; and without that."""
    used = _used(program)
    scalars = [index for index in used if type(program.values[index]) is int and program.values[index] in numbers]
    if scalars:
        mapped = list(cut)
        for index in scalars:
            mapped[index] = numbers[program.values[index]]
        yield from _with_labels(tuple(mapped), used, length)
    yield from _with_labels(cut, used, length)


def _drop_positions(search: Search) -> None:
    """Drop positions in the middle of axes: halves of an axis first, then less, then single ones."""
    for group in _groups(_best(search)):
        length = _length(_best(search), group[0]) if group[0] in _axes(_best(search)) else 0
        share = length // 2 if length > 2 else 0
        while share:
            start = 0
            while start < _length(_best(search), group[0]):
                if not _try_without(search, group, slice(start, start + share)):
                    start += share
            share //= 2


def _try_without(search: Search, group: list[Axis], positions: slice) -> bool:
    """Try the arrays without some positions of some axes."""
    program = _best(search)
    values = list(program.values)
    for index, axis in group:
        if axis >= np.ndim(values[index]) or values[index].size > MOST_ELEMENTS:
            return False
        values[index] = np.delete(values[index], positions, axis=axis)
    if any(values[index].size == 0 for index, _ in group):
        return False
    return search.accept(replace(program, values=tuple(values)))


def _flattened(program: Program, lengths: dict[Axis, int]) -> dict[int, int]:
    """Return the new length of axes as long as a flattened example of an array whose other axes become shorter."""
    found: dict[int, int] = {}
    for index in {axis[0] for axis in lengths}:
        shape = np.shape(program.values[index])
        new = [lengths.get((index, axis), n) for axis, n in enumerate(shape)]
        if len(shape) > 2 and new[1:] != list(shape[1:]):
            found[math.prod(shape[1:])] = math.prod(new[1:])
    return found


def _cut(value: Any, index: int, lengths: dict[Axis, int], end: bool) -> Any:
    """Return the first elements of an array, or the last ones, along the axes that become shorter."""
    if not isinstance(value, np.ndarray):
        return value
    new = [lengths.get((index, axis), n) for axis, n in enumerate(value.shape)]
    cuts = (slice(old - n, old) if end else slice(n) for n, old in zip(new, value.shape, strict=True))
    return np.ascontiguousarray(value[tuple(cuts)])


def _with_labels(values: tuple[Any, ...], used: list[int], length: int) -> Iterator[tuple[Any, ...]]:
    """Yield the values, and the values with smaller labels, in case fewer classes are left."""
    yield values
    labels = {index for index in used if isinstance(values[index], np.ndarray) and values[index].dtype.kind in "iu"}
    if any((values[index] >= length).any() for index in labels):
        yield tuple(one % length if index in labels else one for index, one in enumerate(values))


def _simplify_scalars(search: Search) -> None:
    """Make whole numbers small, and round other numbers."""
    in_dicts = {
        slot.index
        for operation in _best(search).operations
        for part in operation.parts  # the last part of a call is a dictionary itself, of arguments
        for slot in _in_dicts(list(part.values()) if isinstance(part, dict) and operation.method == "call" else part)
    }
    for index in _used(_best(search)):
        value = _best(search).values[index]
        sizes = {_length(_best(search), axis) for axis in _axes(_best(search))}
        if type(value) is int and index not in in_dicts:  # perhaps the length of an axis, which is never 0
            candidates: list[Any] = [one for one in (1, 2, 3) if one < value and value not in sizes]
        elif type(value) is int:
            candidates = [one for one in (0, 1, 2, 3) if one < value]
        elif type(value) is float and math.isfinite(value):
            candidates = [one for one in (_rounded(value, 1), _rounded(value, 2)) if one != value]
        else:
            candidates = []
        any(_try_value(search, index, one) for one in candidates)


def _in_dicts(part: Any, inside: bool = False) -> Iterator[Slot]:
    """Yield the slots in the dictionaries of an operation's part, such as a layer's settings."""
    if isinstance(part, Slot):
        yield from [part] if inside else []
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _in_dicts(one, inside)
    elif isinstance(part, dict):
        for one in part.values():
            yield from _in_dicts(one, True)


def _try_value(search: Search, index: int, value: Any) -> bool:
    program = _best(search)
    values = list(program.values)
    values[index] = value
    return search.accept(replace(program, values=tuple(values)))


def _simplify_arrays(search: Search) -> None:
    """Replace arrays by small whole numbers, then as many numbers as possible by zeros and ones."""
    program = _best(search)
    arrays = [index for index in _used(program) if isinstance(program.values[index], np.ndarray)]
    rough = [index for index in arrays if not is_simple(program.values[index])]
    if rough and not _try_all(search, rough):
        for index in rough:
            value = _best(search).values[index]
            any(_try_value(search, index, one) for one in _simpler(value, 1))
    for index in arrays:
        _towards_zero(search, index)


def _try_all(search: Search, arrays: list[int]) -> bool:
    """Try to make all arrays simple at once."""
    program = _best(search)
    start, firsts = 1, []
    for index in arrays:
        firsts.append(start)
        start += program.values[index].size
    choices = zip(*(_simpler(program.values[i], first) for i, first in zip(arrays, firsts, strict=True)), strict=False)
    for chosen in choices:
        values = list(program.values)
        for index, one in zip(arrays, chosen, strict=True):
            values[index] = one
        if search.accept(replace(program, values=tuple(values))):
            return True
    return False


def _simpler(value: np.ndarray, first: int) -> Iterator[np.ndarray]:
    """Yield simple numbers for an array: 1, 2, 3, ..., with signs, the rounded array, the array to two digits."""
    if value.dtype.kind in "iu":
        yield value
        return
    running = (first + np.arange(value.size)).reshape(value.shape)
    rounded = np.sign(value) * np.maximum(1, np.round(np.minimum(np.abs(value), 9)))
    signs = (-1) ** np.arange(value.size).reshape(value.shape)
    digits = np.array([_rounded(float(one), 2) for one in value.ravel()]).reshape(value.shape)
    for one in (running, -running, rounded, running * signs, np.round(2 * value) / 2, digits):
        yield one.astype(value.dtype)


def _towards_zero(search: Search, index: int) -> None:
    value = _best(search).values[index]
    for whole in (np.zeros_like(value), np.ones_like(value)):
        if np.array_equal(whole, value) or _try_value(search, index, whole):
            return
    if value.size > MOST_ELEMENTS:
        return
    for place in np.ndindex(value.shape):
        for small in (0, 1, -1, 2):
            now = _best(search).values[index]
            if place not in np.ndindex(now.shape) or now[place] == small:
                break
            changed = now.copy()
            changed[place] = small
            if _try_value(search, index, changed):
                break


def is_simple(value: Any) -> bool:
    """Tell whether all numbers of a value have at most two digits."""
    return all(_is_simple(float(one)) for one in np.asarray(value).ravel())


def _is_simple(number: float, digits: int = 2) -> bool:
    return abs(number) <= LARGEST and math.isclose(number, _rounded(number, digits), rel_tol=1e-6)


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")
