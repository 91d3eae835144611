"""Edit the text of a Python module: add imports, code at its end, an element of a tuple. The rest stays as it is.

The functions take and return text. The path that some of them take is for messages only.
"""

import ast
import re
from pathlib import Path

from .texts import TemplateError


def names_of(module: str, path: Path) -> set[str]:
    """Return the names that a module defines or imports.

    Raises
    ------
    TemplateError
        If the module is not valid Python.
    """
    names: set[str] = set()
    for node in _parsed(module, path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names.update(found.id for found in ast.walk(node) if isinstance(found, ast.Name))
    return names


def append(module: str, more: str) -> str:
    """Return a module with more code at its end."""
    return f"{module.rstrip()}\n\n\n{more}\n"


def with_imports(module: str, imports: list[str]) -> str:
    """Return a module with more imports, below its own imports or else below its docstring."""
    if not imports:
        return module
    body = ast.parse(module).body
    own = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    at = (own or body[:1])[-1].end_lineno or 0 if body else 0
    lines = module.splitlines()
    return "\n".join([*lines[:at], *([] if own else [""]), *imports, *lines[at:]]) + "\n"


def with_element(module: str, name: str, element: str, path: Path) -> str:
    """Return a module in which a tuple has one more element at its end.

    Parameters
    ----------
    module : str
    name : str
        The variable to which the module assigns the tuple.
    element : str
        Lines of code, with the comma at their end.
    path : Path

    Raises
    ------
    TemplateError
        If the module is not valid Python, or assigns no tuple in parentheses to the name.
    """
    listed = _assigned(module, name, path)
    source = module.encode()  # ast counts columns in bytes
    end = _offset(source, listed.end_lineno, listed.end_col_offset) - 1  # where the closing parenthesis stands
    start = _offset(source, listed.elts[-1].end_lineno, listed.elts[-1].end_col_offset) if listed.elts else end
    between = source[start:end]  # behind the last element: a comma or not, and comments
    comma = b"," if listed.elts and b"," not in re.sub(rb"#.*", b"", between) else b""
    after = (source[:start] + comma + between.rstrip() + b"\n" + element.encode() + b"\n" + source[end:]).decode()
    if not _begins_with(after, name, listed, path):
        raise TemplateError(f"{path}: put the elements of {name} in one pair of parentheses first.")
    return after


def _begins_with(after: str, name: str, before: ast.Tuple, path: Path) -> bool:
    """Tell whether the tuple in a changed module is the old tuple and one more element."""
    try:
        elements = _assigned(after, name, path).elts
    except TemplateError:
        return False
    return [ast.dump(one) for one in elements[:-1]] == [ast.dump(one) for one in before.elts]


def _assigned(module: str, name: str, path: Path) -> ast.Tuple:
    for node in _parsed(module, path).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        value = getattr(node, "value", None)
        if isinstance(value, ast.Tuple) and any(isinstance(one, ast.Name) and one.id == name for one in targets):
            return value
    raise TemplateError(f"{path} defines no tuple {name}: write one first.")


def _offset(source: bytes, line: int | None, column: int | None) -> int:
    """Return the position of a place in a module: a line from 1, and a column in bytes."""
    assert line is not None
    assert column is not None
    return sum(len(one) + 1 for one in source.split(b"\n")[: line - 1]) + column


def _parsed(module: str, path: Path) -> ast.Module:
    try:
        return ast.parse(module)
    except SyntaxError as error:
        place = f"{path}, line {error.lineno},"
        raise TemplateError(f"{place} is no valid Python ({error.msg}): correct it first.") from None
