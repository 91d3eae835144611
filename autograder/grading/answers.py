"""Find a student's answers: the cell of the student's notebook for each cell of the release that has an id.

Only an answer cell that is certainly the student's own, unchanged, counts as no answer. Whatever is not certain waits
for a person, with a reason. See ``cells`` for the notebook that nbgrader gets.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from autograder.checks.notebook import id_of, kind_of

UNTOUCHED, ANSWERED, UNCERTAIN = "untouched", "answered", "uncertain"
UNREAD = "Answers wait for a person to read them."
MISSING = "The answer's cell is missing from the notebook."
EMPTIED = "The answer's cell was emptied."
BESIDE = "The answer's cell is unchanged, but there is text beside it that the release does not have."
AT_END = "The answer's cell is unchanged, but there is text at the end of the notebook that the release does not have."
SEVERAL = "The answer's cell is there {count} times with different texts. All of them are in the notebook."
MOVED = "The answer's cell has lost its id, and its place is not certain: look for the answer in the notebook."
AMONG = "The answer's cell has lost its id, and {count} cells may be the answer: look for them in the notebook."
FOREIGN = "The notebook has none of the release's cells: it belongs to another assignment or to another year."
HOLLOW = "The notebook has no cells with text."
STUBS = ("YOUR ANSWER HERE", "# YOUR CODE HERE\nraise NotImplementedError()")
"""The texts that nbgrader puts in place of a solution, by default."""
DEFINES = re.compile(r"^(?:def |class |\w+ *=[^=])", re.M)
"""Matches the beginning of a definition in a cell."""
MATCHING = 0.2
"""The share of the release's texts that a notebook without its ids must have to be that notebook."""
Cell = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What was found for one cell of the release.

    Attributes
    ----------
    state : {"untouched", "answered", "uncertain"}
        Only an untouched cell is no answer. The others wait for a person.
    why : str
        Why it is uncertain, in one sentence.
    cell : int or None
        The number of the student's cell, counted from 0; None if there is none.
    """

    state: str
    why: str = ""
    cell: int | None = None


@dataclass(frozen=True)
class Answers:
    """What was found for all cells of the release that have an id.

    Attributes
    ----------
    found : dict
        Maps the id of each such cell to its `Answer`.
    places : dict
        Maps numbers of the release's cells to numbers of the student's cells, as far as they are known.
    notes : tuple of str
        A sentence for each thing that was done to find the cells.
    """

    found: dict[str, Answer] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def missing(release: Sequence[Cell], why: str) -> Answers:
    """Return the answers of a notebook that is missing or cannot be read: all of them are uncertain."""
    return Answers({name: Answer(UNCERTAIN, why) for name in _named(release)})


def find(cells: Sequence[Cell], release: Sequence[Cell], known: Collection[str] = ()) -> Answers:
    """Find a student's answers.

    Parameters
    ----------
    cells, release : sequence of dict
        The cells of the student's and of the released notebook.
    known : collection of str
        More texts that are nobody's answer: of cells of earlier releases.

    Returns
    -------
    Answers
        A cell is found by its id. Without an id it is found by its text, or by its place between cells that are found.
    """
    return _Search(cells, release, known).answers()


def normal(text: str) -> str:
    """Return a text without what editors change unasked: line ends, white space at ends, forms of one character."""
    lines = unicodedata.normalize("NFC", text).replace("\u00a0", " ").replace("\ufeff", "").splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def _text_of(cell: Cell) -> str:
    return normal(str(cell.get("source", "")))


def _named(cells: Sequence[Cell]) -> dict[str, int]:
    """Return the numbers of the cells that have an id, by id."""
    return {name: number for number, cell in enumerate(cells) if (name := id_of(cell))}


class _Search:
    """The search for the answers in one notebook."""

    def __init__(self, cells: Sequence[Cell], release: Sequence[Cell], known: Collection[str]) -> None:
        self.cells, self.release = cells, release
        self.named = _named(release)
        self.texts = [_text_of(cell) for cell in cells]
        self.released = [_text_of(cell) for cell in release]
        self.stubs = {normal(text) for text in STUBS}
        self.known = {normal(text) for text in known} | self.stubs
        self.by_id: dict[str, list[int]] = {}
        for number, cell in enumerate(cells):
            name = id_of(cell)
            if name in self.named:
                self.by_id.setdefault(str(name), []).append(number)
        self.notes: list[str] = []

    def answers(self) -> Answers:
        """Return what is found for each cell of the release that has an id."""
        trouble = self._trouble()
        if trouble:
            return Answers(missing(self.release, trouble).found, notes=(trouble,))
        found = {name: self._look(name, number) for name, number in self.named.items()}
        cells = {self.named[name]: answer.cell for name, answer in found.items() if answer.cell is not None}
        return Answers(found, {**self.pairs, **cells}, tuple(self.notes))

    def _trouble(self) -> str:
        """Return why the notebook is not the release's at all, or ""."""
        if not any(self.texts):
            return HOLLOW
        wanted = set(self.released) - self.known - {""}
        if not self.by_id and len(wanted & set(self.texts)) < MATCHING * len(wanted):
            return FOREIGN
        return ""

    @cached_property
    def pairs(self) -> dict[int, int]:
        """The student's cells for the release's cells that have the same id or, in the same order, the same text."""
        ours = [_label(f"release {number}", self._id(cell), text)
                for number, (cell, text) in enumerate(zip(self.release, self.released, strict=True))]  # fmt: skip
        theirs = [_label(f"student {number}", self._id(cell), text)
                  for number, (cell, text) in enumerate(zip(self.cells, self.texts, strict=True))]  # fmt: skip
        blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
        pairs = {one.a + step: one.b + step for one in blocks for step in range(one.size)}
        return pairs | {self.named[name]: numbers[0] for name, numbers in self.by_id.items()}

    def _id(self, cell: Cell) -> str | None:
        """Return the id of a cell if both notebooks have it."""
        name = id_of(cell)
        return name if name in self.by_id else None

    @cached_property
    def certain(self) -> dict[int, int]:
        """Those pairs that cannot be others: the cells have the same id, or a text that each notebook has once."""
        ours, theirs = Counter(self.released), Counter(self.texts)
        return {
            number: cell for number, cell in self.pairs.items()
            if self._id(self.release[number]) or ours[self.released[number]] == 1 == theirs[self.texts[cell]]
        }  # fmt: skip

    @cached_property
    def _own(self) -> list[bool]:
        """Whether each of the student's cells holds text that no cell of the release has, besides its answer cells."""
        theirs = {*self.released, *self.known, ""}
        answers = {
            cell for name, cells in self.by_id.items() if _is_solution(self.release[self.named[name]]) for cell in cells
        }
        return [text not in theirs and number not in answers for number, text in enumerate(self.texts)]

    def _look(self, name: str, number: int) -> Answer:
        numbers = self.by_id.get(name, [])
        if not _is_solution(self.release[number]):
            cell = numbers[-1] if numbers else self.pairs.get(number)
            if cell is not None and self._own[cell]:
                self.notes.append(
                    f"The cell {name} was changed. It is as in the release again, with the change below it."
                )
            return Answer(ANSWERED, cell=cell)
        found = self._by_id(name, number, numbers) if numbers else self._by_place(name, number)
        if found.cell is not None:
            kind, given = kind_of(self.release[number]), self.cells[found.cell].get("cell_type")
            if given != kind:
                self.notes.append(f"The cell {name} is a {kind} cell again; it was handed in as another type of cell.")
        return found

    def _by_id(self, name: str, number: int, numbers: list[int]) -> Answer:
        """Return what is found for a cell whose id one or more of the student's cells have."""
        texts = {self.texts[one]: one for one in numbers if not self._is_blank(one, number)}
        filled = {text: one for text, one in texts.items() if text}
        if len(numbers) > 1 and len(filled) == 1:
            self.notes.append(f"The cell {name} is there {len(numbers)} times, and the one that is filled in counts.")
        if len(filled) > 1 and kind_of(self.release[number]) == "code":
            self.notes.append(f"The cell {name} is there {len(numbers)} times; what any of them defines is judged.")
        if len(filled) == 1 and kind_of(self.release[number]) == "code" and self._goes_on(numbers[-1]):
            self.notes.append(
                f"Below the cell {name} there is more code than in the release; what it defines is judged."
            )
        if len(filled) > 1:
            return Answer(UNCERTAIN, SEVERAL.format(count=len(filled)), list(filled.values())[-1])
        if filled:
            return Answer(ANSWERED, cell=next(iter(filled.values())))
        if texts:
            return Answer(UNCERTAIN, EMPTIED, next(iter(texts.values())))
        return self._unchanged(number, numbers)

    def _goes_on(self, cell: int) -> bool:
        """Tell whether the student's own code directly below a cell defines something: the cell may have been split."""
        return any(kind_of(self.cells[one]) == "code" and DEFINES.search(self.texts[one]) for one in self._run(cell, 1))

    def _unchanged(self, number: int, numbers: list[int]) -> Answer:
        """Return what is found for a cell that is there as the release has it."""
        if any(self._has_own_beside(one, number) for one in numbers):
            return Answer(UNCERTAIN, BESIDE, numbers[0])
        if self._has_own_at_end():
            return Answer(UNCERTAIN, AT_END, numbers[0])
        return Answer(UNTOUCHED, cell=numbers[0])

    def _by_place(self, name: str, number: int) -> Answer:
        """Return what is found for a cell whose id no cell of the student's has."""
        if number in self.pairs:
            cell = self.pairs[number]
            if not self._is_blank(cell, number):  # it has pictures
                return Answer(ANSWERED, cell=cell)
            if number in self.certain or self._is_enclosed(number, cell):
                return self._unchanged(number, [cell])
            return Answer(UNCERTAIN, MOVED, cell)
        rest, own = self._gap(number)
        kind = kind_of(self.release[number])
        same = [one for one in own if kind_of(self.cells[one]) == kind]
        alike = [one for one in rest if kind_of(self.release[one]) == kind]
        if len(own) == len(rest) == 1 or len(same) == len(alike) == 1:
            self.notes.append(f"The cell {name} has lost its id, and was recognised by the cells before and after it.")
            return Answer(ANSWERED, cell=own[0] if len(own) == 1 else same[0])
        if len(same) == len(alike) and same:
            return Answer(UNCERTAIN, MOVED, same[alike.index(number)])
        if own:
            return Answer(UNCERTAIN, AMONG.format(count=len(own)))
        if kind == "code":
            self.notes.append(f"The cell {name} is missing; what the other cells define is judged.")
        return Answer(UNCERTAIN, MISSING)

    def _is_enclosed(self, number: int, cell: int) -> bool:
        """Tell whether a cell stands exactly between the cells that surround it in the release."""
        before, after = number - 1, number + 1
        follows = before < 0 or (before in self.certain and self._next(self.certain[before], 1) == cell)
        precedes = after >= len(self.release) or (after in self.certain and self._next(self.certain[after], -1) == cell)
        return follows and precedes

    def _next(self, cell: int, step: int) -> int | None:
        """Return the nearest cell on one side of a cell that is not the student's own and not empty."""
        others = range(cell + step, len(self.cells) if step > 0 else -1, step)
        return next((one for one in others if self.texts[one] and not self._own[one]), None)

    def _gap(self, number: int) -> tuple[list[int], list[int]]:
        """Return the cells without a pair between the certain cells before and after a cell of the release.

        Returns
        -------
        list of int
            The release's cells, with this one.
        list of int
            The student's own cells, or none if the cells before and after have changed places.
        """
        before = max((one for one in self.certain if one < number), default=None)
        after = min((one for one in self.certain if one > number), default=None)
        first, last = -1 if before is None else before, len(self.release) if after is None else after
        begin = -1 if before is None else self.certain[before]
        end = len(self.cells) if after is None else self.certain[after]
        rest = [one for one in range(first + 1, last) if one not in self.pairs and self.released[one]]
        named = {one for numbers in self.by_id.values() for one in numbers}
        return rest, [one for one in range(begin + 1, end) if self._own[one] and one not in named]

    def _has_own_beside(self, cell: int, number: int) -> bool:
        """Tell whether there is text of the student's between a cell and its neighbours in the release.

        Students change code cells of the release; as many code cells as the release has there are not their answer.
        """
        runs = self._run(cell, 1), self._run(cell, -1)
        rest = self._unpaired(number, 1), self._unpaired(number, -1)
        for run, known in zip(runs, rest, strict=True):
            code = [one for one in run if kind_of(self.cells[one]) == "code"]
            if len(code) < len(run) or len(code) > known:
                return True
        return False

    def _run(self, cell: int, step: int) -> list[int]:
        """Return the student's own cells next to a cell, on one side."""
        found = []
        doubles = set(self.by_id.get(id_of(self.cells[cell]) or "", []))
        for one in range(cell + step, len(self.cells) if step > 0 else -1, step):
            if self._own[one]:
                found.append(one)
            elif self.texts[one] and one not in doubles:
                break
        return found

    def _unpaired(self, number: int, step: int) -> int:
        """Return the number of code cells without a pair next to a cell of the release, on one side."""
        count = 0
        for one in range(number + step, len(self.release) if step > 0 else -1, step):
            if one in self.pairs:
                break
            count += kind_of(self.release[one]) == "code" and not id_of(self.release[one])
        return count

    def _has_own_at_end(self) -> bool:
        """Tell whether there is text of the student's behind all cells of the release."""
        last = max((number for number, own in enumerate(self._own) if not own and self.texts[number]), default=-1)
        behind = range(last + 1, len(self.cells))
        return any(self._own[number] and kind_of(self.cells[number]) != "code" for number in behind)

    def _is_blank(self, cell: int, number: int) -> bool:
        """Tell whether a cell holds what the release's cell holds, or only its stub, or an earlier release's text."""
        if self.cells[cell].get("attachments") and not self.release[number].get("attachments"):
            return False
        return self.texts[cell] == self.released[number] or self.texts[cell] in self.known - {""}


def _label(unique: str, name: str | None, text: str) -> tuple[str, str]:
    """Return what is equal for two cells that are the same: the id, or the text."""
    if name is not None:
        return "id", name
    return ("text", text) if text else ("nothing", unique)


def _is_solution(cell: Cell) -> bool:
    own = cell.get("metadata", {}).get("nbgrader", {})
    return bool(own.get("solution"))
