"""What a mistake is: a few replaced lines that turn the reference into the mistaken version.

The catalogue lists them; here is only how one is applied.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path


class MistakeError(Exception):
    """A mistake does not fit the source any more."""


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
        What a student reads: what was probably done, why it is wrong, where to look; never the solution's line.
    file : str
        The module, relative to the package.
    changes : tuple of (str, str)
        Text of the reference, which occurs once, and what stands there instead.
    """

    id: str
    exercise: str
    title: str
    explanation: str
    file: str
    changes: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """Unique in the catalogue."""
        return f"{self.exercise}/{self.id}"

    def apply(self, package: Path) -> None:
        """Put the mistake into a copy of the reference.

        Parameters
        ----------
        package : Path
            The copy's ``cs231n`` folder.

        Raises
        ------
        MistakeError
            If a text to replace does not occur exactly once.
        """
        path = package / self.file
        text = path.read_text(encoding="utf-8")
        for old, new in self.changes:
            if text.count(old) != 1:
                raise MistakeError(
                    f"{self.key}: {old!r} occurs {text.count(old)} times in {self.file}; it must occur once."
                )
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def mistake(exercise: str, id: str, file: str, title: str, explanation: str, *changes: tuple[str, str]) -> Mistake:
    """Return a mistake; in the order in which the catalogue is written."""
    return Mistake(id, exercise, title, explanation, file, changes)


def copy_package(package: Path, target: Path) -> None:
    """Copy a package's modules, without caches and compiled files."""
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyc", "*.c"))
