"""Read a notebook's definitions: its imports, functions, classes and constants, without running its training cells.

Notebooks are hostile input here. Only a runner or a student's own process executes their definitions.
"""

import __future__

import ast
import builtins
import io
import json
import linecache
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

METADATA = "autograder"
"""The engine's own key in the metadata of notebooks and cells."""
MAX_BYTES = 64 * 2**20
MAX_PIECES = 1_000_000
MAX_CELLS = 1_000
"""Limits of a notebook: file size, JSON values and cells. Small values take many times more memory than file space."""


class NotebookError(Exception):
    """A notebook cannot be read. One sentence says why."""


def read_cells(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook, each a dictionary with a ``source`` string and a ``cell_type``.

    Raises
    ------
    NotebookError
        If the file is missing, too large, not JSON or not a notebook of format 4.
    """
    content = _content(path)
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookError(f"{path.name} is not a notebook of format 4: open it in Jupyter and save it again.")
    if len(cells) > MAX_CELLS:
        raise NotebookError(f"{path.name} has more than {MAX_CELLS:,} cells: leave out those that are not yours.")
    for cell in cells:
        source = cell.get("source", "")
        cell["source"] = source if isinstance(source, str) else "".join(str(line) for line in _listed(source))
    return cells


def _content(path: Path) -> Any:
    """Return a notebook's JSON, if it is small enough to be read safely."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NotebookError(
                f"{path.name} is larger than {MAX_BYTES >> 20} MB: clear its outputs and save it again."
            )
        raw = path.read_bytes()
        if sum(raw.count(mark) for mark in (b"{", b"[", b",")) > MAX_PIECES:
            raise NotebookError(
                f"{path.name} holds more than {MAX_PIECES:,} JSON values: clear its outputs and save it again."
            )
        return json.loads(raw.decode("utf-8"))
    except FileNotFoundError:
        raise NotebookError(f"{path.name} was not handed in.") from None
    except (OSError, ValueError, RecursionError):
        raise NotebookError(f"{path.name} is not a readable notebook (its JSON is broken).") from None


def framework_of(path: Path) -> str:
    """Return the framework that a notebook's metadata names, or ""."""
    return _metadata(path, METADATA, "framework")


def python_of(path: Path) -> tuple[int, int] | None:
    """Return the version of Python that a notebook was saved with, such as ``(3, 13)``, or None if it does not say."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})\b", _metadata(path, "language_info", "version"))
    return (int(found[1]), int(found[2])) if found else None


def _metadata(path: Path, section: str, key: str) -> str:
    try:
        said = _content(path)["metadata"][section].get(key, "")
    except (NotebookError, LookupError, TypeError, AttributeError):
        return ""
    return said if isinstance(said, str) else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


COMPUTING = ("functools", "math", "numpy")
"""Packages whose functions a constant may call, besides the packages that an assignment names."""
PLAIN = frozenset({"int", "float", "dict", "list", "tuple", "range"})
GROWING = frozenset({"add", "append", "extend", "insert", "setdefault", "update"})
"""Methods that add to a constant list, set or dictionary."""
TRANSPARENT = re.compile(r"%%(time|capture|prun)\b")
"""Cell magics whose cell holds ordinary code of the notebook."""
NOT_PYTHON = re.compile(r"\s*([%!?]|[\w.]+\s*=\s*[%!]|[\w.]+\?{1,2}\s*$)")
"""Matches a line of IPython syntax: ``%matplotlib inline``, ``files = !ls``, ``np.exp?``."""


class Definitions:
    """The names that a folder's notebooks define.

    Parameters
    ----------
    folder : Path
        The folder of the notebooks.
    notebooks : tuple of str
        The notebooks' file names. Each notebook has a separate namespace, and is read only when no earlier notebook
        defines a name.
    computing : tuple of str
        Packages whose functions a constant may call, besides `COMPUTING`.

    Notes
    -----
    If a cell does not parse or a definition raises, only the names of that cell or definition are missing.

    A constant is an assignment whose right-hand side calls nothing except `PLAIN` and functions of `COMPUTING` and
    ``computing``. An ``if`` on a constant may choose between constants, and later statements may change a constant by
    constants. Any other assignment runs only when something asks for its name, so training cells do not run.
    """

    def __init__(self, folder: Path, notebooks: tuple[str, ...], computing: tuple[str, ...] = ()) -> None:
        self._computing = (*COMPUTING, *computing)
        self._paths = [folder / notebook for notebook in notebooks]
        self._read: list[_Notebook] = []

    def read(self) -> None:
        """Read all notebooks now."""
        for _ in self._notebooks():
            pass

    def _notebooks(self) -> Iterator["_Notebook"]:
        yield from self._read
        while len(self._read) < len(self._paths):
            self._read.append(_Notebook(self._paths[len(self._read)], self._computing))
            yield self._read[-1]

    def __getitem__(self, name: str) -> Any:
        """Return the value of ``name``.

        Raises
        ------
        KeyError
            If the name is not defined; one sentence says why.
        """
        for notebook in self._notebooks():
            if name in notebook:
                return notebook.names[name]
        problem = self.problem(name)
        if problem:
            raise KeyError(f"{name} could not be used: {problem}")
        unread = next((notebook.unread for notebook in self._read if notebook.unread), "")
        raise KeyError(unread or f"{name} is not set in the notebook.")

    def problem(self, name: str) -> str:
        """Return why the definition of a name failed, or ""."""
        return next((notebook.problems[name] for notebook in self._read if name in notebook.problems), "")


class _Notebook:
    """The definitions of one notebook, the problems of single names, and the problem of an unreadable notebook."""

    def __init__(self, path: Path, computing: tuple[str, ...]) -> None:
        module = ModuleType("__notebook__")
        sys.modules[module.__name__] = module  # packages look up a function's globals by its module name
        self.names: dict[str, Any] = vars(module)
        self.problems: dict[str, str] = {}
        self.unread = ""
        self.names["__builtins__"] = _Builtins(self)
        self._computing = computing
        self._callable = set(PLAIN) | {"np"}
        self._flags = 0
        self._left: dict[str, list[tuple[ast.stmt, str]]] = {}
        self._is_read = False
        try:
            self._load(path)
        except NotebookError as error:
            self.unread = str(error)
        self._is_read = True

    def __contains__(self, name: str) -> bool:
        """Tell whether a name is defined, after running the postponed statements that define it."""
        if name not in self.names and name in self._left and self._is_read:
            for statement, file in self._left.pop(name):
                self._run(statement, file)
        return name in self.names

    def _load(self, path: Path) -> None:
        for number, cell in enumerate(read_cells(path)):
            if cell.get("cell_type") != "code":
                continue
            file = f"<{path.stem}.ipynb notebook, cell {number + 1}>"
            source = cell["source"]
            linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file  # for tracebacks
            try:
                tree = _parsed(source, file)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                for name in _names_in(source):
                    self.problems[name] = f"cell {number + 1} of {path.name} does not parse: {error}"
                continue
            for statement in tree.body:
                self._callable |= _computing(statement, self._computing)
                self._flags |= _future(statement)
                kept = _defining(statement, self._callable)
                changed = _changed(statement, self._callable)
                if kept is not None:
                    self._run(kept, file)
                elif changed in self.names:
                    self._run(statement, file)
                elif changed in self._left:
                    self._left[changed].append((statement, file))
                elif isinstance(statement, ast.Assign | ast.AnnAssign):
                    self._leave(statement, file)

    def _leave(self, statement: ast.stmt, file: str) -> None:
        self._left.update({name: [(statement, file)] for name in _targets(statement)})

    def _run(self, statement: ast.stmt, file: str) -> None:
        code = compile(ast.Module([statement], []), file, "exec", self._flags)
        try:
            exec(code, self.names)
        except Exception as error:
            if isinstance(error, NameError) and not self._is_read:  # a postponed statement may define the name
                self._leave(statement, file)
            for name in _targets(statement):
                self.problems[name] = f"setting it raised {type(error).__name__}: {str(error)[:200]}"


class _Builtins(dict[str, Any]):
    """Python's builtins; any other name is looked up in the notebook, which runs the name's postponed statements."""

    def __init__(self, notebook: _Notebook) -> None:
        super().__init__(vars(builtins))
        self._notebook = notebook

    def __missing__(self, name: str) -> Any:
        if name in self._notebook:
            return self._notebook.names[name]
        raise KeyError(name)


def _parsed(source: str, file: str) -> ast.Module:
    """Return a cell's syntax tree, without IPython syntax."""
    try:
        return ast.parse(source, filename=file)
    except SyntaxError:
        first, *lines = source.split("\n")
        if first.startswith("%%") and not TRANSPARENT.match(first):
            return ast.Module([], [])
        return ast.parse("\n".join(_without_magics([first, *lines])), filename=file)


def _without_magics(lines: list[str]) -> Iterator[str]:
    """Yield Python's lines of a cell, and ``pass`` for each magic or command, which may go on over several lines."""
    begun, in_magic = "", False
    for line in lines:
        if in_magic:
            yield ""
        elif not begun and NOT_PYTHON.match(line):
            yield re.sub(r"\S.*", "pass", line)
        else:
            begun = f"{begun}{line}\n" if _goes_on(f"{begun}{line}\n") else ""
            yield line
            continue
        in_magic = line.rstrip().endswith("\\")


def _goes_on(text: str) -> bool:
    """Tell whether a statement is not complete, because a bracket or a text is still open."""
    try:
        for _ in tokenize.generate_tokens(io.StringIO(text).readline):
            pass
    except tokenize.TokenError as error:
        return "multi-line" in str(error) or "triple-quoted" in str(error)
    except SyntaxError:
        pass
    return False


def _future(statement: ast.stmt) -> int:
    """Return the compiler flags of a ``__future__`` import, which apply to all later cells."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        features = (getattr(__future__, alias.name, None) for alias in statement.names)
        return sum(feature.compiler_flag for feature in features if feature)
    return 0


def _computing(statement: ast.stmt, packages: tuple[str, ...]) -> set[str]:
    """Return the names under which a statement imports computing packages or parts of them."""
    if isinstance(statement, ast.Import):
        found = [alias for alias in statement.names if alias.name.partition(".")[0] in packages]
    elif isinstance(statement, ast.ImportFrom) and (statement.module or "").partition(".")[0] in packages:
        found = statement.names
    else:
        return set()
    return {alias.asname or alias.name.partition(".")[0] for alias in found}


def _defining(statement: ast.stmt, known: set[str]) -> ast.stmt | None:
    """Return the part of a statement that defines names, or None."""
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
        return statement
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return statement if all(map(_is_name, targets)) and _is_constant(statement.value, known) else None
    if isinstance(statement, ast.Try):  # notebooks use it to import optional packages
        handlers = [
            ast.ExceptHandler(handler.type, handler.name, list(_all_defining(handler.body, known)) or [ast.Pass()])
            for handler in statement.handlers
        ]
        body, orelse, last = (
            list(_all_defining(part, known)) for part in (statement.body, statement.orelse, statement.finalbody)
        )
        if body:
            tried = ast.Try(body, handlers, orelse, last or [ast.Pass()])
            return ast.fix_missing_locations(ast.copy_location(tried, statement))
    if isinstance(statement, ast.If) and _is_constant(statement.test, known):  # notebooks choose a device like this
        body, orelse = (list(_all_defining(branch, known)) for branch in (statement.body, statement.orelse))
        if body or orelse:
            choice = ast.If(statement.test, body or [ast.Pass()], orelse)
            return ast.fix_missing_locations(ast.copy_location(choice, statement))
    return None


def _all_defining(statements: list[ast.stmt], known: set[str]) -> Iterator[ast.stmt]:
    for statement in statements:
        kept = _defining(statement, known)
        if kept is not None:
            yield kept


def _changed(statement: ast.stmt, known: set[str]) -> str | None:
    """Return the name whose value a statement changes by a constant: ``sizes += [128]``, ``rates["w"] = 0.1``."""
    given: list[ast.AST]
    match statement:
        case ast.AugAssign(target=target) | ast.Assign(targets=[ast.Subscript() | ast.Attribute() as target]):
            given = [statement]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=target, attr=method)) as call) if method in GROWING:
            given = [*call.args, *call.keywords]
        case _:
            return None
    while isinstance(target, ast.Subscript | ast.Attribute):
        target = target.value
    return target.id if isinstance(target, ast.Name) and all(_is_constant(value, known) for value in given) else None


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple):
        return all(_is_name(element) for element in target.elts)
    return isinstance(target, ast.Name)


def _is_constant(value: ast.AST, known: set[str]) -> bool:
    if isinstance(value, ast.Lambda):  # defining a lambda calls nothing
        return True
    return all(_calls_known(node, known) for node in ast.walk(value) if isinstance(node, ast.Call))


def _calls_known(call: ast.Call, known: set[str]) -> bool:
    """Tell whether a call begins with a known name: ``np.zeros(3).astype(int)``."""
    function: ast.expr = call
    while isinstance(function, ast.Call | ast.Attribute):
        function = function.func if isinstance(function, ast.Call) else function.value
    return isinstance(function, ast.Name) and function.id in known


def _targets(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]


def _names_in(source: str) -> set[str]:
    """Return the names that a broken cell seems to define: words before ``=`` and words after ``def`` and ``class``."""
    names: set[str] = set()
    for line in source.split("\n"):
        head, equals, _ = line.partition("=")
        if equals and head.strip().isidentifier():
            names.add(head.strip())
        words = line.split("(")[0].split(":")[0].split()
        if len(words) >= 2 and words[0] in ("def", "class"):
            names.add(words[1])
    return names
