"""Find the functions that a student has not written yet: they return only what the released file returns, nothing.

The rule knows no released file, so it also works for files of other years.
"""

import ast
from collections.abc import Iterator


def unwritten(source: str) -> set[str]:
    """Return the names of unwritten functions and methods (``Class.method``) of a module.

    A function is unwritten if it returns a name that never gets a value other than None, zero or an empty container,
    and nothing that it computes. Such a module must parse; else the set is empty.
    """
    try:
        last = dict(_functions(ast.parse(source)))  # a later definition replaces an earlier one
        return {name for name, function in last.items() if _is_unwritten(function)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{one.name}", one) for one in node.body if isinstance(one, ast.FunctionDef))


def _is_unwritten(function: ast.FunctionDef) -> bool:
    returned = [element for value in _returned(function) for element in _elements(value)]
    arguments = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    values = {name: given for name, given in _values(function).items() if name not in arguments}
    states = [_state(element, values) for element in returned]
    return "empty" in states and "computed" not in states


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value


def own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of a function, without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _elements(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.Tuple) else [value]


def _values(function: ast.FunctionDef) -> dict[str, list[ast.expr | None]]:
    """Return all values that each name gets. None stands for a value that nobody can tell: of a loop, for example."""
    values: dict[str, list[ast.expr | None]] = {}
    for node in own_nodes(function):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _assign(target, value, values)
            case ast.AnnAssign(target=target, value=value):
                _assign(target, value, values)
            case ast.AugAssign(target=target):
                _assign(target, None, values)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):  # ``caches.append(...)``
                values.setdefault(name, []).append(None)
            case ast.Call(args=args, keywords=keywords):  # the function may fill its argument
                for given in (*args, *(keyword.value for keyword in keywords)):
                    if isinstance(given, ast.Name):
                        values.setdefault(given.id, []).append(None)
    for node in own_nodes(function):
        if isinstance(node, ast.For | ast.With | ast.NamedExpr | ast.comprehension):
            for inner in ast.walk(node.target if not isinstance(node, ast.With) else node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    values.setdefault(inner.id, []).append(None)
    return values


def _assign(target: ast.expr, value: ast.expr | None, values: dict[str, list[ast.expr | None]]) -> None:
    if isinstance(target, ast.Tuple | ast.List):
        parts = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) else None
        for number, element in enumerate(target.elts):
            _assign(element, parts[number] if parts else None, values)
    elif isinstance(target, ast.Name):
        values.setdefault(target.id, []).append(value)
    else:
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
            target = target.value
        if isinstance(target, ast.Name):
            values.setdefault(target.id, []).append(None)


def _state(element: ast.expr, values: dict[str, list[ast.expr | None]], within: tuple[str, ...] = ()) -> str:
    """Return ``empty``, ``computed``, or ``neutral`` for an argument or a collection of arguments.

    ``within`` are the names whose values are being looked at. A name in its own value tells nothing.
    """
    if _is_empty(element):  # a zero or an empty container that is returned as such is an answer
        return "empty" if within or _is_none(element) else "computed"
    if isinstance(element, ast.Tuple):
        states = {_state(one, values, within) for one in element.elts}
        return "computed" if "computed" in states else "neutral"
    if isinstance(element, ast.Call) and isinstance(element.func, ast.Attribute):  # ``out.astype(x.dtype)``
        of = element.func.value
        own = isinstance(of, ast.Name) and of.id in within
        return "neutral" if own else ("empty" if _state(of, values, within) == "empty" else "computed")
    if not isinstance(element, ast.Name):
        return "computed"
    given = values.get(element.id)
    if given is None or element.id in within:
        return "neutral"  # an argument, or a name of the module
    if not given or any(value is None for value in given):
        return "computed"
    states = {_state(value, values, (*within, element.id)) for value in given if value is not None}
    return "computed" if "computed" in states else ("empty" if "empty" in states else "neutral")


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_empty(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=content):
            return content is None or (type(content) in (int, float) and content == 0)
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
    return False
