"""An assignment's known mistakes and accepted solutions, and how to apply them to a copy of its code.

A mistake replaces a few lines of the reference, in a module or in a notebook. An accepted solution is a folder of
modules that are appended to the reference's modules, where the last definition of a name wins, and of files with other
texts for a notebook's cells. See ``validate`` for judging them.
"""

import ast
import functools
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.assignment import Assignment, Part
from autograder.cells import code_cells, replace_cells
from autograder.errors import SetupError

NOTEBOOK = ".ipynb"
HEAD = re.compile(r"^# %%(.*)$", re.MULTILINE)
"""Matches the line above a cell's text in the file of an accepted solution; the cell's id ends the line."""


class CatalogueError(SetupError):
    """A mistake or an accepted solution does not fit the source."""


class MistakeError(CatalogueError):
    """A mistake no longer matches the source."""


class AcceptedError(CatalogueError):
    """An accepted solution replaces a cell that its notebook does not have, or its file is not in percent format."""


@dataclass(frozen=True)
class Mistake:
    """A known mistake.

    Attributes
    ----------
    id : str
        Short name, unique within its exercise.
    exercise : str
        The exercise that it breaks.
    title : str
        A few words.
    explanation : str
        The hint for the student: the likely error, why it is wrong and where to look; never a line of the solution.
    file : str
        The module, relative to the package; or a notebook's file name.
    changes : tuple of (str, str)
        Text that occurs exactly once in the module, or in the notebook's code cells that have an id; and its
        replacement.
    named : bool
        Whether the tests must give the explanation as a hint. Only tests of a notebook may catch a mistake and not
        name it: what a net of a framework computes does not always tell the mistake.
    form_of : str
        The id of the mistake whose form this is, with the same title and explanation; "" for a mistake of its own.
    """

    id: str
    exercise: str
    title: str
    explanation: str
    file: str
    changes: tuple[tuple[str, str], ...]
    named: bool = True
    form_of: str = ""

    @property
    def key(self) -> str:
        """The mistake's name, which is unique in the catalogue."""
        return f"{self.exercise}/{self.id}"

    @property
    def in_notebook(self) -> bool:
        """Whether the mistake changes a notebook and no module."""
        return self.file.endswith(NOTEBOOK)

    def apply(self, package: Path) -> None:
        """Apply the mistake to a copy of the reference.

        Parameters
        ----------
        package : Path
            The package folder of the copy. Notebooks lie beside it.

        Raises
        ------
        MistakeError
            If a text to replace does not occur exactly once.
        """
        if self.in_notebook:
            self._apply_to_notebook(package.parent / self.file)
            return
        path = package / self.file
        if not path.is_file():
            raise MistakeError(
                f"{self.key}: the package has no file {self.file}; a mistake changes one of its modules."
            )
        text = path.read_text(encoding="utf-8")
        for old, new in self.changes:
            if text.count(old) != 1:
                raise MistakeError(
                    f"{self.key}: {old!r} occurs {text.count(old)} times in {self.file}; it must occur once."
                )
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def _apply_to_notebook(self, notebook: Path) -> None:
        if not notebook.is_file():
            raise MistakeError(f"{self.key}: there is no notebook {self.file}.")
        texts = code_cells(notebook)
        for old, new in self.changes:
            count = sum(text.count(old) for text in texts.values())
            if count != 1:
                raise MistakeError(
                    f"{self.key}: {old!r} occurs {count} times in the cells of {self.file}; it must occur once."
                )
            texts = {cell: text.replace(old, new) for cell, text in texts.items()}
        replace_cells(notebook, texts)


def mistake(
    exercise: str, id: str, file: str, title: str, explanation: str, *changes: tuple[str, str], named: bool = True
) -> Mistake:
    """Return a mistake. The parameters follow the order of the catalogue's files."""
    return Mistake(id, exercise, title, explanation, file, changes, named)


@dataclass(frozen=True)
class Form:
    """Another way to make a known mistake, which gives other wrong answers. See `another_form`."""

    exercise: str
    of: str
    id: str
    changes: tuple[tuple[str, str], ...]


def another_form(exercise: str, of: str, id: str, *changes: tuple[str, str]) -> Form:
    """Return another form of the mistake ``of`` of an exercise, which stands before it in the same list."""
    return Form(exercise, of, id, changes)


@dataclass(frozen=True)
class Accepted:
    """An accepted solution: correct code for exercises, as one student might write it.

    Attributes
    ----------
    name : str
        The folder's name.
    title : str
        A few words: the first line of the folder's docstring.
    folder : Path
        The folder of the solution's modules, with the package's layout, and of its files for notebooks.
    package : str
        The package's name.
    notebooks : tuple of str
        The file names of the assignment's notebooks.
    """

    name: str
    title: str
    folder: Path
    package: str
    notebooks: tuple[str, ...] = ()

    @property
    def modules(self) -> tuple[Path, ...]:
        """The modules that hold solutions, relative to the folder."""
        found = sorted(self.folder.rglob("*.py"))
        of_notebooks = set(map(self._file, self.notebooks))
        return tuple(
            path.relative_to(self.folder) for path in found if path.name != "__init__.py" and path not in of_notebooks
        )

    @property
    def answered(self) -> tuple[str, ...]:
        """The file names of the notebooks whose cells the solution replaces."""
        return tuple(notebook for notebook in self.notebooks if self._file(notebook).is_file())

    def cells(self, notebook: str) -> dict[str, str]:
        """Return the solution's texts of a notebook's cells, by id.

        Raises
        ------
        AcceptedError
            If the file has no cell, a cell without an id, or two with the same id.
        """
        path = self._file(notebook)
        _, *pieces = HEAD.split(path.read_text(encoding="utf-8"))
        ids = [said.strip() for said in pieces[::2]]
        if not ids or not all(ids) or len(set(ids)) < len(ids):
            raise AcceptedError(
                f"{self.name}: {path.name} needs a line such as `# %% ID` above each cell's text, with another id each."
            )
        return {id: text.strip("\n") for id, text in zip(ids, pieces[1::2], strict=True)}

    def _file(self, notebook: str) -> Path:
        return self.folder / f"{notebook.removesuffix(NOTEBOOK)}.py"

    @property
    def neglects(self) -> bool:
        """Whether the solution ignores some special cases, which its docstring names after "Neglects"."""
        return "Neglects" in _docstring(self.folder)

    def defines(self) -> set[str]:
        """Return the names of the functions and classes that the solution defines, including helpers."""
        bodies = (ast.parse((self.folder / path).read_text(encoding="utf-8")).body for path in self.modules)
        return {node.name for body in bodies for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}

    def apply(self, folder: Path) -> None:
        """Append the solution's modules to those of a submission, and replace the cells of the notebooks that it has.

        Parameters
        ----------
        folder : Path
            The submission's folder; its notebooks and the modules of its package are changed.

        Raises
        ------
        AcceptedError
            If a notebook has no code cell with an id that the solution names.
        """
        for path in self.modules:
            with (folder / self.package / path).open("a", encoding="utf-8") as module:
                module.write("\n\n" + (self.folder / path).read_text(encoding="utf-8"))
        for notebook in self.answered:
            if (folder / notebook).is_file():
                texts = self.cells(notebook)
                absent = sorted(texts.keys() - code_cells(folder / notebook).keys())
                if absent:
                    raise AcceptedError(
                        f"{self.name}: {notebook} has no code cell {', '.join(absent)}; correct the id."
                    )
                replace_cells(folder / notebook, texts)


def file_of(part: Part) -> str:
    """Return the name, without suffix, of a part's files: its first notebook's name in snake case."""
    name = part.first.removesuffix(".ipynb")
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).removeprefix("_")


@functools.cache
def mistakes_of(assignment: Assignment) -> tuple[Mistake, ...]:
    """Return all known mistakes of an assignment, in the order of its parts. Raises as `mistakes_of_part` does."""
    return tuple(one for part in assignment.parts for one in mistakes_of_part(assignment, part))


def mistakes_of_part(assignment: Assignment, part: Part) -> tuple[Mistake, ...]:
    """Return the known mistakes in the file that belongs to a part.

    Raises
    ------
    AssignmentError
        If the file cannot be imported.
    MistakeError
        If the file defines no tuple ``MISTAKES`` of mistakes and forms, or a form's mistake does not stand before it.
    """
    module = assignment.module(f"mistakes.{file_of(part)}")
    if module is None:
        return ()
    listed = getattr(module, "MISTAKES", None)
    if not isinstance(listed, tuple) or not all(isinstance(one, Mistake | Form) for one in listed):
        raise MistakeError(f"{module.__file__} defines no tuple MISTAKES of mistakes: correct it.")
    found: list[Mistake] = []
    for one in listed:
        found.append(one if isinstance(one, Mistake) else _form(one, found))
    return tuple(found)


def _form(form: Form, before: list[Mistake]) -> Mistake:
    own = [one for one in before if (one.exercise, one.id) == (form.exercise, form.of)]
    if not own:
        raise MistakeError(f"{form.exercise}/{form.id}: no mistake {form.exercise}/{form.of} stands before this form.")
    return replace(own[0], id=form.id, changes=form.changes, form_of=form.of)


def mistakes_in(assignment: Assignment, exercise: str) -> tuple[Mistake, ...]:
    """Return the known mistakes of an exercise."""
    return tuple(one for one in mistakes_of(assignment) if one.exercise == exercise)


def mistakes_in_package(assignment: Assignment, exercise: str) -> tuple[Mistake, ...]:
    """Return the known mistakes of an exercise that change a module. Failed tests are run again on them alone."""
    return tuple(one for one in mistakes_in(assignment, exercise) if not one.in_notebook)


@functools.cache
def accepted_of(assignment: Assignment) -> tuple[Accepted, ...]:
    """Return the accepted solutions, sorted by name."""
    folders = (path.parent for path in sorted((assignment.folder / "accepted").glob("*/__init__.py")))
    notebooks = tuple(one.notebook for part in assignment.parts for one in part.alternatives)
    return tuple(
        Accepted(folder.name, _docstring(folder).partition("\n")[0].rstrip("."), folder, assignment.package, notebooks)
        for folder in folders
    )


def _docstring(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""


def copy_package(package: Path, target: Path) -> None:
    """Copy a package without caches and compiled files."""
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyc", "*.c"))
