"""What an accepted solution is: a folder of modules that take the place of the reference's.

Not for judging: see ``validate``.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "cs231n"


@dataclass(frozen=True)
class Accepted:
    """Correct solutions in the hand of one imaginary student.

    Attributes
    ----------
    name : str
        The folder's name.
    title : str
        A few words.
    folder : Path
        Its modules, laid out as in ``cs231n``.
    """

    name: str
    title: str
    folder: Path

    @property
    def modules(self) -> tuple[Path, ...]:
        """The modules that hold solutions, relative to the folder."""
        found = sorted(self.folder.rglob("*.py"))
        return tuple(path.relative_to(self.folder) for path in found if path.name != "__init__.py")

    @property
    def neglects(self) -> bool:
        """Whether it does not care about some special cases: its docstring says about which."""
        return "Neglects" in _docstring(self.folder)

    def defines(self) -> set[str]:
        """Return the names of the functions and classes that it solves, helpers included."""
        bodies = (ast.parse((self.folder / path).read_text(encoding="utf-8")).body for path in self.modules)
        return {node.name for body in bodies for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}

    def apply(self, folder: Path) -> None:
        """Solve a submission in this hand.

        Parameters
        ----------
        folder : Path
            Holds ``cs231n``, whose modules are changed.
        """
        for path in self.modules:
            with (folder / PACKAGE / path).open("a", encoding="utf-8") as module:
                module.write("\n\n" + (self.folder / path).read_text(encoding="utf-8"))


def _docstring(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""


def _read(folder: Path) -> Accepted:
    return Accepted(folder.name, _docstring(folder).partition("\n")[0].rstrip("."), folder)


ACCEPTED: tuple[Accepted, ...] = tuple(
    _read(path.parent) for path in sorted(Path(__file__).parent.glob("*/__init__.py"))
)
