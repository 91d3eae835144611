"""Find a notebook's definitions: its imports, functions, classes and constants, without running its training cells.

Notebooks are hostile input here. Only a runner or a student's own process executes their definitions. See ``notebook``
for reading their files.
"""

import __future__

import ast
import builtins
import io
import linecache
import re
import sys
import tokenize
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from .notebook import NotebookError, id_of, kind_of, nbgrader_of, read_cells
from .unwritten import unwritten

COMPUTING = ("functools", "math", "numpy")
"""Packages whose functions a constant may call, besides the packages that an assignment names."""
PLAIN = frozenset({"int", "float", "dict", "list", "tuple", "range"})
GROWING = frozenset({"add", "append", "extend", "insert", "setdefault", "update"})
"""Methods that add to a constant list, set or dictionary."""
AT_TOP = "Set it at the top level of a cell."
TRANSPARENT = re.compile(r"%%(time|capture|prun)\b")
"""Cell magics whose cell holds ordinary code of the notebook."""
NOT_PYTHON = re.compile(r"\s*([%!?]|[\w.,*\s()=]+(\[[^\]=]*\][\w.,*\s()=]*)*=\s*[%!]|[\w.]+\?{1,2}\s*$)")
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
    constants. Any other assignment, also one in a ``with`` or ``if``, runs only when something asks for its name, so
    training cells do not run.
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
            self._read.append(_Notebook(_Cells(self._paths[len(self._read)]), self._computing))
            yield self._read[-1]

    def __getitem__(self, name: str) -> Any:
        """Return the value of ``name`` at the end of the notebook.

        Raises
        ------
        KeyError
            If the name is not defined; one sentence says why.
        """
        return self.at(name, "")

    def at(self, name: str, exercise: str) -> Any:
        """Return the value that ``name`` has in the grade cell of an exercise; if there is none, at the end.

        What is defined behind the grade cell counts only if it is not written before.

        Raises
        ------
        KeyError
            If the name is not defined; one sentence says why.
        """
        for notebook in self._notebooks():
            there = notebook.before(exercise)
            if there is not None and there.answers(name):
                return there.names[name]
            if name in notebook:
                return notebook.names[name]
            if there is not None and name in there:
                return there.names[name]
        problem = self.problem(name)
        if problem:
            raise KeyError(f"{name} could not be used: {problem}")
        unread = next((notebook.unread for notebook in self._read if notebook.unread), "")
        raise KeyError(unread or f"{name} is not set in the notebook.")

    def problem(self, name: str) -> str:
        """Return why the definition of a name failed, or ""."""
        return next((problem for notebook in self._read if (problem := notebook.problem(name))), "")

    def has_grade_cell(self, exercise: str) -> bool:
        """Tell whether a notebook has the grade cell of an exercise."""
        return any(notebook.cells.grade(exercise) is not None for notebook in self._notebooks())

    def places(self, name: str, exercise: str) -> tuple[int, int] | None:
        """Return the first and the last cell that define a name, if nobody can tell which of them an exercise means."""
        for notebook in self._read:
            cells = notebook.defined.get(name, [])
            if cells:
                return (
                    (cells[0], cells[-1]) if cells[0] < cells[-1] and notebook.cells.grade(exercise) is None else None
                )
        return None


class _Cells:
    """The code cells of a notebook, or the first of them.

    Parameters
    ----------
    path : Path
    end : int, optional
        The number of the cell that follows the last one, counted from 0.
    """

    def __init__(self, path: Path, end: int | None = None) -> None:
        self.path, self.end = path, end
        self._grades: dict[str, int | None] = {}

    @cached_property
    def code(self) -> list[tuple[int, dict[str, Any]]]:
        """The number of each code cell, counted from 1, and the cell."""
        cells = enumerate(read_cells(self.path)[: self.end], start=1)
        return _without_blank_doubles([(number, cell) for number, cell in cells if kind_of(cell) == "code"])

    def grade(self, exercise: str) -> int | None:
        """Return the number of an exercise's grade cell, counted from 1, or None if there is none.

        It is the cell with that id or, if an editor has lost the ids, the last one that checks the exercise.
        """
        if exercise not in self._grades:
            self._grades[exercise] = self._grade(exercise) if exercise else None
        return self._grades[exercise]

    def _grade(self, exercise: str) -> int | None:
        try:
            named = [number for number, cell in self.code if _grade_id(cell) == exercise]
            checks = re.compile(rf"""^check\(\s*["']{re.escape(exercise)}["']\s*\)""", re.MULTILINE)
            found = named or [number for number, cell in self.code if checks.search(cell["source"])]
        except NotebookError:
            return None
        return found[-1] if found else None

    @cached_property
    def unwritten(self) -> set[str]:
        """The functions and classes that are not written yet: their last definition, and those before it."""
        last: dict[str, bool] = {}
        for _, cell in self.code:
            try:
                body = _parsed(cell["source"], "").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            blank = {name.partition(".")[0] for name in unwritten(cell["source"])}
            for one in body:
                if isinstance(one, ast.FunctionDef | ast.ClassDef):
                    kept = _is_blank(one) and not last.get(one.name, True)  # see `_Notebook`
                    last[one.name] = not kept and (one.name in blank or _is_unwritten(one))
        return {name for name, is_blank in last.items() if is_blank}


class _Notebook:
    """The definitions of one notebook, the problems of single names, and the problem of an unreadable notebook.

    Parameters
    ----------
    cells : _Cells
    computing : tuple of str
        See `Definitions`.
    whole : _Notebook, optional
        The notebook of which this is the beginning. A function may use a name that is defined only there.
    """

    def __init__(self, cells: _Cells, computing: tuple[str, ...], whole: "_Notebook | None" = None) -> None:
        module = ModuleType("__notebook__" if whole is None else f"__notebook_until_cell_{cells.end}__")
        sys.modules[module.__name__] = module  # packages look up a function's globals by its module name
        self.cells = cells
        self.names: dict[str, Any] = vars(module)
        self.problems: dict[str, str] = {}
        self.defined: dict[str, list[int]] = {}
        self.unread = ""
        self.names["__builtins__"] = _Builtins(self, whole)
        self._computing = computing
        self._callable = set(PLAIN) | {"np"}
        self._flags = 0
        self._left: dict[str, list[tuple[ast.stmt, str]]] = {}
        self._ran: set[ast.stmt] = set()
        self._written: set[str] = set()
        self._before: dict[int, _Notebook | None] = {}
        self._is_read = False
        try:
            self._load()
        except NotebookError as error:
            self.unread = str(error)
        self._is_read = True

    def __contains__(self, name: str) -> bool:
        """Tell whether a name is defined, after running the postponed statements that define it."""
        if name not in self.names and name in self._left and self._is_read:
            for statement, file in self._left.pop(name):
                if statement not in self._ran:
                    self._ran.add(statement)
                    self._run(statement, file)
        return name in self.names

    def answers(self, name: str) -> bool:
        """Tell whether a name has a value that is not the blank of a release."""
        return name in self and self.names[name] is not None and name not in self.cells.unwritten

    def problem(self, name: str) -> str:
        """Return why the definition of a name failed, here or in the beginning of the notebook, or ""."""
        beginnings = (one.problem(name) for one in self._before.values() if one is not None)
        return self.problems.get(name, "") or next(filter(None, beginnings), "")

    def before(self, exercise: str) -> "_Notebook | None":
        """Return the notebook until an exercise's grade cell, or None if later cells define no name again."""
        end = self.cells.grade(exercise)
        if end is None:
            return None
        if end not in self._before:
            again = any(cells[0] < end < cells[-1] for cells in self.defined.values())
            first = _Cells(self.cells.path, end)
            self._before[end] = _Notebook(first, self._computing, self) if again else None
        return self._before[end]

    def _load(self) -> None:
        imported: set[str] = set()
        for number, cell in self.cells.code:
            file = f"<{self.cells.path.stem}.ipynb notebook, cell {number}>"
            source = cell["source"]
            linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file  # for tracebacks
            try:
                tree = _parsed(source, file)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                for name in _names_in(source):
                    self.problems[name] = f"cell {number} of {self.cells.path.name} does not parse: {error}"
                continue
            for statement in tree.body:
                if isinstance(statement, ast.Import | ast.ImportFrom):  # an import that is repeated changes nothing
                    if ast.dump(statement) not in imported:
                        self._note(statement, number)
                    imported.add(ast.dump(statement))
                if not self._is_blank_copy(statement):
                    self._read_statement(statement, file, number)

    def _is_blank_copy(self, statement: ast.stmt) -> bool:
        """Tell whether a statement is a release's blank, again, of a function or class that is written above."""
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            return False
        if not _is_blank(statement):
            self._written.add(statement.name)
            return False
        return statement.name in self._written

    def _read_statement(self, statement: ast.stmt, file: str, number: int) -> None:
        self._callable |= _computing(statement, self._computing)
        self._flags |= _future(statement)
        kept = _defining(statement, self._callable)
        changed = _changed(statement, self._callable)
        if kept is not None:
            self._run(kept, file)
            if not isinstance(kept, ast.Import | ast.ImportFrom):
                self._note(kept, number)
        elif changed in self.names:
            self._run(statement, file)
            self.defined.setdefault(changed or "", []).append(number)
        elif changed in self._left:
            self._left[changed].append((statement, file))
            self.defined.setdefault(changed, []).append(number)
        if isinstance(statement, ast.For | ast.While | ast.AsyncFor):
            for name in _targets(statement):
                self.problems.setdefault(name, f"a loop in cell {number} sets it, and loops do not run here. {AT_TOP}")
            return
        setting = None if changed is not None and kept is None else _setting(statement)
        if setting is not None and setting is not statement:  # a block, a part of which may have been kept
            self._leave(setting, file, besides=set(_targets(kept)) if kept is not None else set())
            self._note(setting, number)
        elif setting is not None and kept is None:
            self._leave(setting, file)
            self._note(setting, number)

    def _note(self, statement: ast.stmt, number: int) -> None:
        for name in _targets(statement):
            self.defined.setdefault(name, []).append(number)

    def _leave(self, statement: ast.stmt, file: str, besides: Collection[str] = ()) -> None:
        self._left.update({name: [(statement, file)] for name in _targets(statement) if name not in besides})

    def _run(self, statement: ast.stmt, file: str) -> None:
        code = compile(ast.Module([statement], []), file, "exec", self._flags)
        try:
            exec(code, self.names)
        except Exception as error:
            if isinstance(error, NameError) and not self._is_read:  # a postponed statement may define the name
                self._leave(statement, file)
            cause = self.problems.get(str(error.name), "") if isinstance(error, NameError) else ""
            why = f"setting it raised {type(error).__name__}: {str(error)[:200]}{f' ({cause})' if cause else ''}"
            for name in _targets(statement):
                self.problems[name] = why[:600]


class _Builtins(dict[str, Any]):
    """Python's builtins; any other name is looked up in the notebook, which runs the name's postponed statements."""

    def __init__(self, notebook: _Notebook, whole: _Notebook | None) -> None:
        super().__init__(vars(builtins))
        self._notebook = notebook
        self._whole = whole

    def __missing__(self, name: str) -> Any:
        if name in self._notebook:
            return self._notebook.names[name]
        if self._whole is not None and name not in self._notebook.defined and name in self._whole:
            return self._whole.names[name]
        raise KeyError(name)


def _grade_id(cell: dict[str, Any]) -> str | None:
    """Return the id of a grade cell, or None for any other cell."""
    return id_of(cell) if nbgrader_of(cell).get("grade") is True else None


def _without_blank_doubles(cells: list[tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """Leave out each copy of a solution cell that is as the release has it, if another copy of the cell is not."""
    written = {id_of(cell) for _, cell in cells if not _raises_at_end(cell["source"])}
    return [
        (number, cell) for number, cell in cells
        if id_of(cell) is None or id_of(cell) not in written or not _raises_at_end(cell["source"])
    ]  # fmt: skip


def _raises_at_end(source: str) -> bool:
    """Tell whether a cell ends as an unwritten solution cell does: it raises NotImplementedError."""
    last = source.rstrip().rpartition("\n")[2]
    return last.strip().startswith("raise NotImplementedError")


def _is_blank(statement: ast.FunctionDef | ast.ClassDef) -> bool:
    """Tell whether a function, or a method of a class, ends by raising NotImplementedError."""
    if isinstance(statement, ast.ClassDef):
        return any(_is_blank(one) for one in statement.body if isinstance(one, ast.FunctionDef))
    last = statement.body[-1]
    return isinstance(last, ast.Raise) and _is_unwritten(last)


def _is_unwritten(statement: ast.stmt) -> bool:
    """Tell whether a function or a class still raises NotImplementedError, as it does in a release."""
    raised = (node.exc for node in ast.walk(statement) if isinstance(node, ast.Raise))
    called = (error.func if isinstance(error, ast.Call) else error for error in raised)
    return any(isinstance(error, ast.Name) and error.id == "NotImplementedError" for error in called)


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
    if isinstance(statement, ast.With):  # what calls nothing needs no context
        body = list(_all_defining(statement.body, known))
        if body:
            block = ast.If(ast.Constant(True), body, [])
            return ast.fix_missing_locations(ast.copy_location(block, statement))
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


def _setting(statement: ast.stmt) -> ast.stmt | None:
    """Return the part of a statement that sets names by any means, or None. Loops and other calls are left out."""
    match statement:
        case ast.Assign() | ast.AnnAssign():
            return statement
        case ast.If(test=test, body=body, orelse=orelse):
            body, orelse = _all_setting(body), _all_setting(orelse)
            new: ast.stmt = ast.If(test, body or [ast.Pass()], orelse)
            found = body or orelse
        case ast.With(items=items, body=body):
            found = body = _all_setting(body)
            new = ast.With(items, body or [ast.Pass()])
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last):
            found = body = _all_setting(body)
            caught = [ast.ExceptHandler(one.type, one.name, _all_setting(one.body) or [ast.Pass()]) for one in handlers]
            new = ast.Try(body or [ast.Pass()], caught, _all_setting(orelse), _all_setting(last) or [ast.Pass()])
        case _:
            return None
    return ast.fix_missing_locations(ast.copy_location(new, statement)) if found else None


def _all_setting(statements: list[ast.stmt]) -> list[ast.stmt]:
    definitions = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    found = (one if isinstance(one, definitions) else _setting(one) for one in statements)
    return [one for one in found if one is not None]


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


def _targets(statement: ast.AST) -> Iterator[str]:
    """Yield the names that a statement sets at the top level of the notebook."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Name) and isinstance(statement.ctx, ast.Store):
        yield statement.id
    elif isinstance(statement, ast.alias):
        yield statement.asname or statement.name.partition(".")[0]
    elif not isinstance(statement, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for node in ast.iter_child_nodes(statement):
            yield from _targets(node)


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
