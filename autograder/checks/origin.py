"""Find the line of a student's function that sets a returned value, so that a wrong answer leads to its line."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .unwritten import own_nodes

MOST_LINES = 3
"""Most lines that are named. A value that is set in more places leads nowhere."""


def origin(function: Any, element: int | None, key: str) -> tuple[Path, list[int]] | None:
    """Return the file and the lines that set a value which a function returns.

    Parameters
    ----------
    function : callable
    element : int or None
        The place of the value in the returned tuple; None if the function returns it alone.
    key : str
        The value's key in a returned dictionary, or "".

    Returns
    -------
    (Path, list of int) or None
        None if the source is not known, or the value is set in many places.
    """
    found = _source(function)
    if found is None:
        return None
    file, node = found
    lines = sorted(_with_key(node, key) if key else _returned(node, element))
    return (file, lines) if 0 < len(lines) <= MOST_LINES else None


def _source(function: Any) -> tuple[Path, ast.FunctionDef] | None:
    try:
        plain = inspect.unwrap(function)
        file = inspect.getsourcefile(plain)
        tree = ast.parse(Path(file).read_text(encoding="utf-8", errors="replace")) if file else None
    except (TypeError, ValueError, OSError, SyntaxError, RecursionError, MemoryError):
        return None
    code = getattr(plain, "__code__", None)
    if file is None or tree is None or code is None:
        return None
    written = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == code.co_name)
    node = next((node for node in written if _first_line(node) == code.co_firstlineno), None)
    return (Path(file), node) if node else None


def _first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _returned(node: ast.FunctionDef, element: int | None) -> set[int]:
    """Return the lines that set what a function returns: its last assignment on each way, or the return itself."""
    lines: set[int] = set()
    for one in own_nodes(node):
        if not isinstance(one, ast.Return) or one.value is None:
            continue
        value = one.value
        if element is not None:
            if not isinstance(value, ast.Tuple) or element >= len(value.elts):
                return set()
            value = value.elts[element]
        name = _named(value)
        set_at = {at for at in _assignments(node, name) if at < one.lineno} if name else set()
        lines |= _last_ones(node, set_at) if set_at else {value.lineno}
    return lines


def _named(value: ast.expr) -> str:
    """Return the name whose value is returned, perhaps reshaped or converted: ``dx.reshape(x.shape)``."""
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        value = value.func.value
    return value.id if isinstance(value, ast.Name) else ""


def _assignments(node: ast.FunctionDef, name: str) -> Iterator[int]:
    for one in own_nodes(node):
        if not isinstance(one, ast.Assign | ast.AugAssign | ast.AnnAssign):
            continue
        for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
            for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                while isinstance(part, ast.Subscript | ast.Starred):
                    part = part.value
                if isinstance(part, ast.Name) and part.id == name:
                    yield one.lineno


def _last_ones(function: ast.FunctionDef, lines: set[int]) -> set[int]:
    """Return the last of the lines or, if it is in a branch of the function's outermost ``if``, the last in each."""
    spans = [(body[0].lineno, body[-1].end_lineno or body[-1].lineno) for body in _branches(function.body)]
    if not any(first <= max(lines) <= end for first, end in spans):
        return {max(lines)}
    return {max(inside) for first, end in spans if (inside := {at for at in lines if first <= at <= end})}


def _branches(statements: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Yield the branches of each ``if`` among the statements."""
    for one in statements:
        if isinstance(one, ast.If):
            yield one.body
            is_elif = len(one.orelse) == 1 and isinstance(one.orelse[0], ast.If)
            yield from _branches(one.orelse) if is_elif else ([one.orelse] if one.orelse else [])


def _with_key(node: ast.FunctionDef, key: str) -> set[int]:
    """Return the lines that set an element of a dictionary under a key or, if none do, under an f-string that fits."""
    set_at: dict[bool, set[int]] = {True: set(), False: set()}
    for one in ast.walk(node):
        if not isinstance(one, ast.Assign | ast.AugAssign):
            continue
        for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Subscript) and _fits(part.slice, key):
                    set_at[isinstance(part.slice, ast.Constant)].add(one.lineno)
    return set_at[True] or set_at[False]


def _fits(index: ast.expr, key: str) -> bool:
    if isinstance(index, ast.Constant):
        return bool(index.value == key)
    if not isinstance(index, ast.JoinedStr):
        return False
    texts = [str(part.value) for part in index.values if isinstance(part, ast.Constant)]
    return bool(texts) and key.startswith(texts[0]) and key[len(texts[0]) :].isdigit()
