"""Add an exercise to an assignment: notebook cells, hidden and public test, and a function with a known mistake.

All of it works at once. ``FILL IN:`` marks each place that the author must replace.
"""

import ast
import re
from pathlib import Path

import nbformat

from autograder import files
from autograder.assignment import Part
from autograder.catalogue import file_of
from autograder.course import Course

from .edits import append, names_of, with_element, with_imports
from .texts import TemplateError, require_name, text

MOST_POINTS = 1000


def new_exercise(
    course: Course, exercise: str, notebook: str = "", module: str = "", points: float = 1, in_notebook: bool = False
) -> list[Path]:
    """Add an exercise to the course's assignment.

    Parameters
    ----------
    course : Course
    exercise : str
        The exercise's id, and the name of the function or variable that students write.
    notebook : str
        The notebook's name, with or without its ending; needed if the assignment has several.
    module : str
        The module of the package that gets the function. Default: the module that is named after the notebook.
    points : float
    in_notebook : bool
        Students answer in a cell of the notebook, which defines a variable. Such an exercise has no function and no
        known mistakes.

    Returns
    -------
    list of Path
        The changed files, relative to the course's folder.

    Raises
    ------
    TemplateError
        If a name cannot be used, or the exercise exists. Then nothing is written.
    """
    part = _part(course, notebook)
    module = module.removesuffix(".py") or file_of(part)
    _require(course, exercise, module, points)
    assignment, name = course.assignment, file_of(part)
    package, checks = assignment.package, f"{assignment.package}.checks"
    form = "notebook" if in_notebook else "package"
    values = {
        "exercise": exercise, "package": package, "module": module, "notebook": part.notebook, "points": f"{points:g}",
    }  # fmt: skip
    cells = course.source / part.notebook
    hidden, public = assignment.hidden / f"test_{name}.py", course.source / "tests" / f"test_{name}.py"
    from_judge = dict.fromkeys(("as_number", "assert_close", "exercise"), "autograder.judge")
    from_checks = {**dict.fromkeys(from_judge, f"{checks}.compare"), "exercise": f"{checks}.exercise"}
    texts = {
        cells: _with_cells(cells, form, values),
        hidden: _with_test(hidden, "Hidden", from_judge, form, values),
        public: _with_test(public, "Public", from_checks, form, values),
    }
    if not in_notebook:
        code, mistakes = course.source / package / f"{module}.py", assignment.folder / "mistakes" / f"{name}.py"
        texts[code] = _with_function(code, values)
        texts[mistakes] = _with_mistake(mistakes, values)
    for path, new in texts.items():
        files.write(path, new.encode())
    return [path.relative_to(course.root) for path in texts]


def _part(course: Course, notebook: str) -> Part:
    name = notebook.removesuffix(".ipynb")
    found = [part for part in course.parts if name in ("", part.name) and not part.framework]
    if len(found) != 1:
        names = ", ".join(part.name for part in course.parts if not part.framework)
        raise TemplateError(f"Say with --notebook which notebook gets the exercise: {names}.")
    return found[0]


def _require(course: Course, exercise: str, module: str, points: float) -> None:
    require_name(exercise, "an exercise's id")
    require_name(module, "a module's name")
    if any(exercise == one.id for part in course.parts for one in part.exercises):
        raise TemplateError(f"There is an exercise {exercise} already: give the new one another id.")
    if not 0 < points < MOST_POINTS:
        raise TemplateError(f"An exercise cannot have {points:g} points: give a number from 0 to {MOST_POINTS}.")


def _snippet(form: str, name: str, values: dict[str, str]) -> str:
    return text(Path("exercise", form, f"{name}.jinja"), **values).rstrip()


def _with_cells(path: Path, form: str, values: dict[str, str]) -> str:
    """Return a notebook with the exercise's text and grade cell, and with a solution cell for an answer in it."""
    notebook, exercise, points = nbformat.read(path, as_version=4), values["exercise"], float(values["points"])
    notebook.cells.append(
        nbformat.v4.new_markdown_cell(_snippet(form, "cell.md", values), id=_cell_id("text", exercise))
    )
    if form == "notebook":
        answer = nbformat.v4.new_code_cell(_snippet(form, "answer", values), id=_cell_id("answer", exercise))
        answer.metadata["nbgrader"] = _nbgrader(f"{exercise}_answer", solution=True)
        notebook.cells.append(answer)
    graded = nbformat.v4.new_code_cell(f'check("{exercise}")', id=_cell_id("check", exercise))
    graded.metadata["nbgrader"] = _nbgrader(exercise, grade=True, locked=True)
    graded.metadata["nbgrader"]["points"] = points if points % 1 else int(points)
    notebook.cells.append(graded)
    return str(nbformat.writes(notebook)).rstrip() + "\n"


def _nbgrader(grade_id: str, grade: bool = False, solution: bool = False, locked: bool = False) -> dict[str, object]:
    """Return nbgrader's metadata of a cell."""
    said = {"grade": grade, "solution": solution, "locked": locked, "task": False}
    return {"grade_id": grade_id, "schema_version": 3, **said}


def _cell_id(kind: str, exercise: str) -> str:
    """Return a valid id of a cell: letters, digits and dashes, at most 64."""
    return re.sub(r"[^a-zA-Z0-9]", "-", f"{kind}-{exercise}")[:64]


def _with_function(path: Path, values: dict[str, str]) -> str:
    before = _read(path, f"The functions of {path.stem}", "import numpy as np")
    if values["exercise"] in names_of(before, path):
        raise TemplateError(
            f"{path} has a name {values['exercise']} already: give the exercise another id, or name another --module."
        )
    return append(before, _snippet("package", "function", values))


def _with_test(path: Path, kind: str, origins: dict[str, str], form: str, values: dict[str, str]) -> str:
    """Return a file of tests with one more test, and with the imports that the test needs.

    Parameters
    ----------
    origins : dict
        For each name that a test may need, the module to import it from.
    """
    before = _read(path, f"{kind} tests of {values['notebook']}")
    test = ast.parse(added := _snippet(form, kind.lower(), values))
    names = names_of(before, path)
    if names_of(added, path) & names:
        raise TemplateError(f"{path} has a test of this name already: rename it first.")
    needed = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)} - names
    imports = [f"from {origins[name]} import {name}" for name in sorted(needed & set(origins))]
    return append(with_imports(before, imports), added)


def _with_mistake(path: Path, values: dict[str, str]) -> str:
    beginning = "from autograder.catalogue import Mistake, mistake\n\nMISTAKES: tuple[Mistake, ...] = ()"
    before = _read(path, f"Known mistakes of {values['notebook']}", beginning)
    return with_element(before, "MISTAKES", _snippet("package", "mistake", values), path)


def _read(path: Path, title: str, beginning: str = "") -> str:
    """Return the text of a module, or the beginning of a new one."""
    if path.exists():
        return path.read_text(encoding="utf-8")
    return f'"""{title}."""\n' + (f"\n{beginning}\n" if beginning else "")
