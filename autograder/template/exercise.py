"""Add an exercise to an assignment: function or answer cell, notebook cells, hidden and public test, mistake.

All of it works at once; what an author must replace is marked by ``FILL IN:``.
"""

import ast
import re
from pathlib import Path

import nbformat

from autograder import files
from autograder.assignment import Part
from autograder.catalogue import file_of
from autograder.course import Course

from .texts import TemplateError, require_name, text

SNIPPETS = Path("exercise")


def new_exercise(
    course: Course, exercise: str, notebook: str = "", module: str = "", points: float = 1, in_notebook: bool = False
) -> list[Path]:
    """Add an exercise to the course's assignment.

    Parameters
    ----------
    course : Course
    exercise : str
        Its id, and the name of the function that students write.
    notebook : str
        The notebook's name, with or without its ending; needed where the assignment has several.
    module : str
        The module of the package that gets the function, by default the one that is named after the notebook.
    points : float
    in_notebook : bool
        Students answer in a cell of the notebook, which defines a variable of the exercise's name. Such an exercise has
        no function and no known mistakes.

    Returns
    -------
    list of Path
        The files that changed, relative to the course's folder.

    Raises
    ------
    TemplateError
        If a name cannot be used, or the exercise is there already. Nothing is written then.
    """
    require_name(exercise, "an exercise's id")
    part = _part(course, notebook)
    module = module.removesuffix(".py") or file_of(part)
    require_name(module, "a module's name")
    if any(exercise == one.id for other in course.parts for one in other.exercises):
        raise TemplateError(f"There is an exercise {exercise} already: give the new one another id.")
    if not 0 < points < 1000:
        raise TemplateError(f"An exercise cannot have {points:g} points: give a number from 0 to 1000.")
    assignment = course.assignment
    values = {"exercise": exercise, "package": assignment.package, "module": module, "points": f"{points:g}"}
    code = course.source / assignment.package / f"{module}.py"
    hidden = assignment.hidden / f"test_{file_of(part)}.py"
    public = course.source / "tests" / f"test_{file_of(part)}.py"
    mistakes = assignment.folder / "mistakes" / f"{file_of(part)}.py"
    form = "in_notebook/" if in_notebook else ""
    checks = f"{assignment.package}.checks"
    public_check = "as_number" if in_notebook else "assert_close"
    changed = {
        course.source / part.notebook: _with_cells(course.source / part.notebook, values, points, form),
        hidden: _with_test(
            hidden, f'"""Hidden tests of {part.notebook}."""\n', _snippet(f"{form}hidden", values),
            {"assert_close": "autograder.judge", "exercise": "autograder.judge"},
        ),
        public: _with_test(
            public, f'"""Public tests of {part.notebook}."""\n', _snippet(f"{form}public", values),
            {public_check: f"{checks}.compare", "exercise": f"{checks}.exercise"},
        ),
    }  # fmt: skip
    if not in_notebook:
        changed[code] = _with_function(code, exercise, values)
        changed[mistakes] = _with_mistake(mistakes, part, values)
    for path, new in changed.items():
        files.write(path, new.encode())
    return [path.relative_to(course.root) for path in changed]


def _part(course: Course, notebook: str) -> Part:
    name = notebook.removesuffix(".ipynb")
    found = [part for part in course.parts if name in ("", part.name) and not part.framework]
    if len(found) != 1:
        names = ", ".join(part.name for part in course.parts if not part.framework)
        raise TemplateError(f"Say with --notebook which notebook gets the exercise: {names}.")
    return found[0]


def _snippet(name: str, values: dict[str, str]) -> str:
    return text(SNIPPETS / f"{name}.jinja", **values)


def _with_cells(path: Path, values: dict[str, str], points: float, form: str) -> str:
    notebook = nbformat.read(path, as_version=4)
    exercise, newest = values["exercise"], nbformat.v4
    graded = newest.new_code_cell(f'check("{exercise}")', id=_cell_id(f"check-{exercise}"))
    graded.metadata["nbgrader"] = {
        "grade": True, "grade_id": exercise, "locked": True, "points": points if points % 1 else int(points),
        "schema_version": 3, "solution": False, "task": False,
    }  # fmt: skip
    words = newest.new_markdown_cell(_snippet(f"{form}cell.md", values).rstrip(), id=_cell_id(f"text-{exercise}"))
    notebook.cells.append(words)
    if form:
        answer = newest.new_code_cell(_snippet(f"{form}answer", values).rstrip(), id=_cell_id(f"answer-{exercise}"))
        answer.metadata["nbgrader"] = {
            "grade": False, "grade_id": f"{exercise}_answer", "locked": False, "schema_version": 3, "solution": True,
            "task": False,
        }  # fmt: skip
        notebook.cells.append(answer)
    notebook.cells.append(graded)
    return str(nbformat.writes(notebook)).rstrip() + "\n"


def _cell_id(name: str) -> str:
    """Return a valid id of a cell: letters, digits and dashes, at most 64."""
    return re.sub(r"[^a-zA-Z0-9]", "-", name)[:64]


def _with_function(path: Path, function: str, values: dict[str, str]) -> str:
    before = _read(path, f'"""The functions of {path.stem}."""\n\nimport numpy as np\n')
    if function in _names(before, path):
        raise TemplateError(f"{path} has a name {function} already: give the exercise another id, or name --module.")
    return _append(before, _snippet("function", values))


def _with_test(path: Path, otherwise: str, test: str, origins: dict[str, str]) -> str:
    before = _read(path, otherwise)
    (added,) = (node.name for node in ast.parse(test).body if isinstance(node, ast.FunctionDef))
    names = _names(before, path)
    if added in names:
        raise TemplateError(f"{path} has a test {added} already: rename it first.")
    missing: dict[str, list[str]] = {}
    for name, origin in origins.items():
        if name not in names:
            missing.setdefault(origin, []).append(name)
    imports = [f"from {origin} import {', '.join(of)}" for origin, of in missing.items()]
    return _append(_with_imports(before, imports), test)


def _with_mistake(path: Path, part: Part, values: dict[str, str]) -> str:
    first = f'"""Known mistakes of {part.notebook}."""\n\nfrom autograder.catalogue import Mistake, mistake\n\n'
    before = _read(path, first + "MISTAKES: tuple[Mistake, ...] = ()\n")
    entry = _snippet("mistake", values).rstrip()
    listed = _listed(before)
    if listed is None:
        raise TemplateError(f"{path} defines no tuple MISTAKES: write one, and run this again.")
    lines = before.splitlines(keepends=True)
    offset = sum(len(line) for line in lines[: (listed.end_lineno or 1) - 1])
    end = offset + len(lines[(listed.end_lineno or 1) - 1].encode()[: listed.end_col_offset].decode())
    head = before[: end - 1].rstrip()  # up to the tuple's last parenthesis
    comma = "" if head.endswith(("(", ",")) else ","
    return f"{head}{comma}\n{entry}\n{before[end - 1 :]}"


def _listed(module: str) -> ast.Tuple | None:
    """Return the tuple that a module assigns to ``MISTAKES``."""
    for node in ast.parse(module).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(target, ast.Name) and target.id == "MISTAKES" for target in targets):
            value = getattr(node, "value", None)
            return value if isinstance(value, ast.Tuple) else None
    return None


def _read(path: Path, otherwise: str) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else otherwise


def _names(module: str, path: Path) -> set[str]:
    """Return the names that a module defines or imports."""
    try:
        body = ast.parse(module).body
    except SyntaxError as error:
        raise TemplateError(f"{path} is no valid Python ({error}): mend it first.") from None
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names.update(found.id for found in ast.walk(node) if isinstance(found, ast.Name))
    return names


def _with_imports(module: str, imports: list[str]) -> str:
    """Return a module with more imports, below those that it has, or below its docstring."""
    if not imports:
        return module
    body = ast.parse(module).body
    last = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)] or body[:1]
    lines = module.splitlines()
    at = (last[-1].end_lineno or 0) if last else 0
    gap = [] if last and isinstance(last[-1], ast.Import | ast.ImportFrom) else [""]
    return "\n".join([*lines[:at], *gap, *imports, *lines[at:]]) + "\n"


def _append(module: str, more: str) -> str:
    return f"{module.rstrip()}\n\n\n{more.rstrip()}\n"
