"""Accepted solutions into which a known mistake was written once more, by hand: other text, the same mistake.

Each must get the hint of its own mistake. `python -m tests.mistaken [WORD ...]` judges the programs whose names hold a
word, and prints what each is told.
"""

from dataclasses import dataclass
from pathlib import Path

from autograder.catalogue import Accepted, Mistake, accepted_of, mistakes_of
from tests.assignment2 import ASSIGNED


@dataclass(frozen=True)
class Program:
    """A mistaken program.

    Attributes
    ----------
    key : str
        The known mistake that it makes: ``exercise/id``.
    solution : str
        The accepted solution into which the mistake is written.
    file : str
        The module, relative to the package.
    changes : tuple of (str, str)
        Text that occurs exactly once in the accepted solution's module, and its replacement.
    """

    key: str
    solution: str
    file: str
    changes: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.key} in {self.solution}"

    @property
    def mistake(self) -> Mistake:
        """The known mistake."""
        (found,) = (one for one in mistakes_of(ASSIGNED) if one.key == self.key)
        return found

    def apply(self, folder: Path) -> None:
        """Write the program into a copy of the reference."""
        (accepted,) = (one for one in accepted_of(ASSIGNED) if one.name == self.solution)
        accepted.apply(folder)
        path = folder / ASSIGNED.package / self.file
        path.write_text(_changed(self, accepted, path.read_text(encoding="utf-8")), encoding="utf-8")


def program(key: str, solution: str, file: str, *changes: tuple[str, str]) -> Program:
    """Return a program. The parameters follow the order of the lists."""
    return Program(key, solution, file, changes)


def _changed(program: Program, accepted: Accepted, text: str) -> str:
    own = (accepted.folder / program.file).read_text(encoding="utf-8")
    assert text.endswith(own)
    changed = own
    for old, new in program.changes:
        assert own.count(old) == 1, f"{program}: {old!r} occurs {own.count(old)} times in {program.file}"
        changed = changed.replace(old, new)
    return text.removesuffix(own) + changed
