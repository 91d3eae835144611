"""An assignment's known mistakes and accepted solutions, and how to apply them to a copy of its code.

A mistake replaces a few lines of the reference. An accepted solution is a folder of modules that are appended to the
reference's modules, where the last definition of a name wins. See ``validate`` for judging them.
"""

import ast
import functools
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.assignment import Assignment, Part
from autograder.errors import SetupError


class MistakeError(SetupError):
    """A mistake no longer matches the source."""


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
        The module, relative to the package.
    changes : tuple of (str, str)
        Text that occurs exactly once in the reference, and its replacement.
    form_of : str
        The id of the mistake whose form this is, with the same title and explanation; "" for a mistake of its own.
    """

    id: str
    exercise: str
    title: str
    explanation: str
    file: str
    changes: tuple[tuple[str, str], ...]
    form_of: str = ""

    @property
    def key(self) -> str:
        """The mistake's name, which is unique in the catalogue."""
        return f"{self.exercise}/{self.id}"

    def apply(self, package: Path) -> None:
        """Apply the mistake to a copy of the reference.

        Parameters
        ----------
        package : Path
            The package folder of the copy.

        Raises
        ------
        MistakeError
            If a text to replace does not occur exactly once.
        """
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


def mistake(exercise: str, id: str, file: str, title: str, explanation: str, *changes: tuple[str, str]) -> Mistake:
    """Return a mistake. The parameters follow the order of the catalogue's files."""
    return Mistake(id, exercise, title, explanation, file, changes)


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
        The folder of the solution's modules, with the package's layout.
    package : str
        The package's name.
    """

    name: str
    title: str
    folder: Path
    package: str

    @property
    def modules(self) -> tuple[Path, ...]:
        """The modules that hold solutions, relative to the folder."""
        found = sorted(self.folder.rglob("*.py"))
        return tuple(path.relative_to(self.folder) for path in found if path.name != "__init__.py")

    @property
    def neglects(self) -> bool:
        """Whether the solution ignores some special cases, which its docstring names after "Neglects"."""
        return "Neglects" in _docstring(self.folder)

    def defines(self) -> set[str]:
        """Return the names of the functions and classes that the solution defines, including helpers."""
        bodies = (ast.parse((self.folder / path).read_text(encoding="utf-8")).body for path in self.modules)
        return {node.name for body in bodies for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}

    def apply(self, folder: Path) -> None:
        """Append the solution's modules to those of a submission.

        Parameters
        ----------
        folder : Path
            The submission's folder; the modules of its package are changed.
        """
        for path in self.modules:
            with (folder / self.package / path).open("a", encoding="utf-8") as module:
                module.write("\n\n" + (self.folder / path).read_text(encoding="utf-8"))


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


@functools.cache
def accepted_of(assignment: Assignment) -> tuple[Accepted, ...]:
    """Return the accepted solutions, sorted by name."""
    folders = (path.parent for path in sorted((assignment.folder / "accepted").glob("*/__init__.py")))
    return tuple(
        Accepted(folder.name, _docstring(folder).partition("\n")[0].rstrip("."), folder, assignment.package)
        for folder in folders
    )


def _docstring(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""


def copy_package(package: Path, target: Path) -> None:
    """Copy a package without caches and compiled files."""
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyc", "*.c"))
