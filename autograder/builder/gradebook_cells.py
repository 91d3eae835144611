"""Bring an assignment's cells in the gradebook up to date with a release. Scores and comments of hand-ins stay.

nbgrader refuses to add or remove cells when there are hand-ins. Here a new cell is added to every hand-in, and waits to
be graded; the scores and comments of a renamed or moved cell go with it. `Update` first says what changes, then writes
everything in one transaction, which the caller commits.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from nbgrader import utils
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)  # fmt: skip
from nbgrader.preprocessors import SaveCells

from autograder.errors import SetupError

from .written import Written

COLLECTED = "autograder_cells"
"""The key of a converted notebook's resources under which its cells are."""
TYPES = {"GradeCell": GradeCell, "SolutionCell": SolutionCell, "TaskCell": TaskCell}
HOLDS = {"GradeCell": (Grade,), "SolutionCell": (Comment,), "TaskCell": (Grade, Comment)}
"""What each hand-in has for a cell of each type."""
MOST_NAMES = 5
"""Limit on the students that a sentence names."""

Key = tuple[str, str, str]
"""A cell in the gradebook: its notebook, its type and its name."""


class GradebookError(SetupError):
    """The gradebook cannot follow the release without a decision of a person. Nothing has been written."""


@dataclass(frozen=True)
class Cell:
    """A cell that the gradebook knows.

    Attributes
    ----------
    name : str
        The cell's ``grade_id``.
    types : tuple of str
        The gradebook's entries for it: of ``GradeCell``, ``SolutionCell`` and ``TaskCell``.
    points : float
    cell_type, source, checksum : str
    locked : bool
    """

    name: str
    types: tuple[str, ...]
    points: float
    cell_type: str
    source: str
    checksum: str | None
    locked: bool


@dataclass(frozen=True)
class ReleasedNotebook:
    """A notebook's name, its kernel as JSON, and its cells for the gradebook."""

    name: str
    kernel: str
    cells: tuple[Cell, ...]


class CollectCells(SaveCells):  # type: ignore[misc]
    """Collects a notebook's cells in place of nbgrader's preprocessor, which writes them into the gradebook at once."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Put the notebook's cells into the resources, under `COLLECTED`."""
        kernel = json.dumps(nb.metadata.get("kernelspec", {}))
        resources["nbgrader"][COLLECTED] = ReleasedNotebook(
            resources["nbgrader"]["notebook"], kernel, tuple(cells_for_gradebook(nb))
        )
        return nb, resources


def cells_for_gradebook(notebook: Any) -> Iterator[Cell]:
    """Yield the cells of a notebook that the gradebook knows."""
    for cell in notebook.cells:
        types = [
            name
            for name, holds in (
                ("GradeCell", utils.is_grade(cell)),
                ("SolutionCell", utils.is_solution(cell)),
                ("TaskCell", utils.is_task(cell)),
            )
            if holds
        ]
        if types or utils.is_locked(cell):
            said = cell.metadata.nbgrader
            yield Cell(
                said["grade_id"], tuple(types), float(said.get("points") or 0), cell.cell_type, cell.source,
                said.get("checksum"), utils.is_locked(cell),
            )  # fmt: skip


class Update:
    """The change of an assignment's cells in the gradebook that a release asks for.

    Parameters
    ----------
    gradebook : Gradebook
    assignment : str
        The assignment's name.
    notebooks : iterable of ReleasedNotebook
    whole : bool
        Whether these are all notebooks of the assignment. If so, all others leave the gradebook.
    renamed : mapping of str
        New names of cells, by their old names.
    written : mapping
        The extra credit that grading wrote.

    Raises
    ------
    GradebookError
        If ``renamed`` names a cell that does not go, or a new name that does not come.
    """

    def __init__(
        self,
        gradebook: Gradebook,
        assignment: str,
        notebooks: Iterable[ReleasedNotebook],
        whole: bool = True,
        renamed: Mapping[str, str] | None = None,
        written: Written = MappingProxyType({}),
    ) -> None:
        self._gradebook, self._db = gradebook, gradebook.db
        self._name = assignment
        self._new = {notebook.name: notebook for notebook in notebooks}
        self._whole = whole
        self._renamed = dict(renamed or {})
        self._written = written
        self._wanted: dict[Key, Cell] = {
            (notebook.name, kind, cell.name): cell
            for notebook in self._new.values()
            for cell in notebook.cells
            for kind in cell.types
        }
        self._entry = self._db.query(Assignment).filter(Assignment.name == assignment).one_or_none()
        self._check_renamed()

    @cached_property
    def _old(self) -> dict[Key, Any]:
        """The gradebook's cells of the notebooks that change."""
        if self._entry is None:
            return {}
        cells = self._db.query(BaseCell).join(Notebook).filter(Notebook.assignment_id == self._entry.id)
        return {
            (cell.notebook.name, cell.type, cell.name): cell
            for cell in cells
            if self._whole or cell.notebook.name in self._new
        }

    @property
    def _gone(self) -> list[Key]:
        return [key for key in self._old if key not in self._wanted]

    @property
    def _come(self) -> list[Key]:
        return [key for key in self._wanted if key not in self._old]

    def _check_renamed(self) -> None:
        gone, come = {name for *_, name in self._gone}, {name for *_, name in self._come}
        for old, new in self._renamed.items():
            if old not in gone:
                raise GradebookError(f"{old} cannot be renamed: it is no cell of the gradebook that the release lacks.")
            if new not in come:
                raise GradebookError(f"{old} cannot be renamed to {new}: the release has no new cell of this name.")
        twice = [name for name, count in Counter(self._renamed.values()).items() if count > 1]
        if twice:
            raise GradebookError(f"Two cells cannot both be renamed to {twice[0]}.")

    @cached_property
    def _heirs(self) -> dict[tuple[Key, Any], Key]:
        """The new cell, for each cell that goes and each kind of thing that hand-ins have for it."""
        found: dict[tuple[Key, Any], Key] = {}
        for gone in self._gone:
            name = self._renamed.get(gone[2], gone[2])
            for kind in HOLDS[gone[1]]:
                fitting = [key for key in self._come if key[2] == name and kind in HOLDS[key[1]]]
                here = [key for key in fitting if key[0] == gone[0]] or fitting
                if len(here) == 1:
                    found[gone, kind] = here[0]
        return found

    @property
    def hand_ins(self) -> int:
        """The number of hand-ins in the gradebook."""
        return 0 if self._entry is None else len(self._entry.submissions)

    def sentences(self) -> list[str]:
        """Return one sentence for each exercise that changes in hand-ins; none if there are no hand-ins."""
        if not self.hand_ins:
            return []
        handed_in = f"{self.hand_ins} hand-in{'s' if self.hand_ins > 1 else ''}"
        inherited = {heir for (_, kind), heir in self._heirs.items() if kind is Grade}
        said = [
            f"{key[2]} is new: it waits to be graded in {handed_in}."
            for key in self._come
            if Grade in HOLDS[key[1]] and key not in inherited
        ]
        for key in self._gone:
            if Grade not in HOLDS[key[1]]:
                continue
            heir = self._heirs.get((key, Grade))
            if heir is None:
                said.append(f"{key[2]} goes: its scores are removed from {handed_in}.")
            elif heir[2] != key[2]:
                said.append(f"{key[2]} is now {heir[2]}: its scores and comments stay.")
            elif heir[0] != key[0]:
                said.append(f"{key[2]} moves from {key[0]} to {heir[0]}: its scores and comments stay.")
        for old, new in self._graded():
            before, now = self._old[old].max_score, self._wanted[new].points
            if before != now:
                over = self._students(
                    grade for grade in self._rows(Grade, self._old[old]) if (grade.manual_score or 0.0) > now
                )
                more = f" A person entered more than that for {over}." if over else ""
                said.append(f"{new[2]} is worth {now:g} points instead of {before:g}.{more}")
        return said

    def _graded(self) -> Iterator[tuple[Key, Key]]:
        """Yield the old and the new key of each graded cell that stays, perhaps under another name."""
        for key in self._old:
            new = key if key in self._wanted else self._heirs.get((key, Grade))
            if new is not None and Grade in HOLDS[key[1]]:
                yield key, new

    def lost(self) -> list[str]:
        """Return one sentence for each cell that goes and for which a person entered scores or comments."""
        said = []
        for key in self._gone:
            entered = [row for row in self._left(key) if self._is_entered(row)]
            if entered:
                said.append(
                    f"{key[2]} is not in the new release, and people entered {_counted(entered)} for it "
                    f"({self._students(entered)})."
                )
        return said

    def entered(self) -> list[dict[str, Any]]:
        """Return what people entered and what would be removed, a dictionary for each score or comment."""
        left = ((key[2], row) for key in self._gone for row in self._left(key))
        return [{"exercise": name, **row.to_dict()} for name, row in left if self._is_entered(row)]

    def _is_entered(self, row: Any) -> bool:
        """Tell whether a person entered something."""
        if isinstance(row, Comment):
            return bool(row.manual_comment)
        ours = self._written.get((row.student.id, row.notebook.name, row.name), ())
        return row.manual_score is not None or (bool(row.extra_credit) and row.extra_credit not in ours)

    def _left(self, key: Key) -> list[Any]:
        """Return what hand-ins have for a cell that goes, and no new cell takes over."""
        kinds = [kind for kind in HOLDS[key[1]] if (key, kind) not in self._heirs]
        if Grade in kinds and Comment not in HOLDS[key[1]]:
            kinds.append(Comment)
        return [row for kind in kinds for row in self._rows(kind, self._old[key])]

    def _rows(self, kind: Any, cell: Any) -> list[Any]:
        rows: list[Any] = self._db.query(kind).filter(kind.cell_id == cell.id).all()
        return rows

    def _students(self, rows: Iterable[Any]) -> str:
        names = sorted({str(row.student.id) for row in rows})
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return ", ".join(names[:MOST_NAMES]) + more

    def write(self) -> None:
        """Write the change into the gradebook's session, and flush it. The caller commits or rolls back."""
        heirs, gone, old = dict(self._heirs), list(self._gone), dict(self._old)
        if self._entry is None:
            self._entry = Assignment(name=self._name, course_id=self._gradebook.course_id)
            self._db.add(self._entry)
            self._db.flush()
        notebooks = self._write_notebooks()
        cells = self._write_cells(notebooks, old)
        submitted = self._write_submitted_notebooks()
        for key in gone:
            for kind in HOLDS[key[1]]:
                heir = heirs.get((key, kind))
                for row in self._rows(kind, old[key]):
                    if heir is None:
                        self._db.delete(row)
                    else:
                        row.notebook_id = submitted[notebooks[heir[0]].id, row.notebook.assignment_id]
                        row.cell_id = cells[heir].id
            self._take_along(key, heirs.get((key, Grade)), old, cells, notebooks, submitted)
        self._db.flush()
        self._db.expire_all()
        for key in gone:
            self._db.delete(old[key])
        if self._whole:
            self._remove_other_notebooks()
        self._db.flush()
        self._db.expire_all()
        self._complete()
        self._db.flush()

    def _take_along(
        self,
        key: Key,
        heir: Key | None,
        old: dict[Key, Any],
        cells: dict[Key, Any],
        notebooks: dict[str, Any],
        submitted: dict[tuple[str, str], str],
    ) -> None:
        """Take comments on a graded cell without an answer, which ``autograder decide`` enters, with its scores."""
        for row in self._rows(Comment, old[key]) if Comment not in HOLDS[key[1]] else ():
            if heir is None:
                self._db.delete(row)
            else:
                row.notebook_id = submitted[notebooks[heir[0]].id, row.notebook.assignment_id]
                row.cell_id = cells[heir].id

    def _write_notebooks(self) -> dict[str, Any]:
        found = {notebook.name: notebook for notebook in self._entry.notebooks}
        for notebook in self._new.values():
            if notebook.name not in found:
                found[notebook.name] = Notebook(name=notebook.name, assignment_id=self._entry.id)
                self._db.add(found[notebook.name])
            found[notebook.name].kernelspec = notebook.kernel
        self._db.flush()
        return found

    def _write_cells(self, notebooks: dict[str, Any], old: dict[Key, Any]) -> dict[Key, Any]:
        cells = {}
        for key, cell in self._wanted.items():
            entry = old.get(key)
            if entry is None:
                graded = {"max_score": cell.points, "cell_type": cell.cell_type} if Grade in HOLDS[key[1]] else {}
                entry = TYPES[key[1]](name=cell.name, notebook_id=notebooks[key[0]].id, **graded)
                self._db.add(entry)
            elif Grade in HOLDS[key[1]]:
                entry.max_score, entry.cell_type = cell.points, cell.cell_type
            cells[key] = entry
        for notebook in self._new.values():
            known = {source.name: source for source in notebooks[notebook.name].source_cells}
            for cell in notebook.cells:
                source = known.pop(cell.name, None)
                if source is None:
                    source = SourceCell(name=cell.name, notebook_id=notebooks[notebook.name].id)
                    self._db.add(source)
                source.cell_type, source.locked = cell.cell_type, cell.locked
                source.source, source.checksum = cell.source, cell.checksum
            for source in known.values():
                self._db.delete(source)
        self._db.flush()
        return cells

    def _write_submitted_notebooks(self) -> dict[tuple[str, str], str]:
        """Give every hand-in all notebooks. Return their ids, by the ids of the notebook and of the hand-in."""
        query = self._db.query(SubmittedNotebook).join(SubmittedAssignment)
        rows = query.filter(SubmittedAssignment.assignment_id == self._entry.id)
        found = {(row.notebook_id, row.assignment_id): row for row in rows}
        for submission in self._entry.submissions:
            for notebook in self._db.query(Notebook).filter(Notebook.assignment_id == self._entry.id):
                if (notebook.id, submission.id) not in found:
                    row = SubmittedNotebook(notebook_id=notebook.id, assignment_id=submission.id)
                    self._db.add(row)
                    found[notebook.id, submission.id] = row
        self._db.flush()
        return {key: row.id for key, row in found.items()}

    def _remove_other_notebooks(self) -> None:
        for notebook in self._db.query(Notebook).filter(Notebook.assignment_id == self._entry.id).all():
            if notebook.name not in self._new:
                for part in (*notebook.submissions, *notebook.source_cells):
                    self._db.delete(part)
                self._db.flush()
                self._db.expire_all()
                self._db.delete(notebook)

    def _complete(self) -> None:
        """Give every hand-in an entry for each cell. A new score waits for a person or the judge."""
        query = self._db.query(SubmittedNotebook).join(SubmittedAssignment)
        rows = query.filter(SubmittedAssignment.assignment_id == self._entry.id).all()
        cells: dict[str, list[Any]] = {}
        for cell in self._db.query(BaseCell).join(Notebook).filter(Notebook.assignment_id == self._entry.id):
            cells.setdefault(cell.notebook_id, []).append(cell)
        for kind in (Grade, Comment):
            have = {tuple(row) for row in self._db.query(kind.cell_id, kind.notebook_id)}
            for row in rows:
                for cell in cells.get(row.notebook_id, []):
                    if kind in HOLDS[cell.type] and (cell.id, row.id) not in have:
                        self._db.add(kind(cell_id=cell.id, notebook_id=row.id))


def _counted(rows: list[Any]) -> str:
    counts = Counter("score" if isinstance(row, Grade) else "comment" for row in rows)
    return " and ".join(f"{count} {word}{'s' if count > 1 else ''}" for word, count in sorted(counts.items()))
