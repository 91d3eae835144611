"""Whose grade a run changes, from what to what, in which exercise, and why.

A run of grading writes a *journal*: one line for each student whose entry in the gradebook differs after the run. The
journal is the source of the report, and of ``autograder grade --undo``.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from autograder.assignment import Part
from autograder.course import Course
from autograder.verdict import UNDECIDED

from . import facts as kept
from .books import Account, Books, Cell, Entry
from .decisions import Decision
from .facts import Facts
from .spreadsheet import harmless

KEPT = 20
"""Journals that are kept for each assignment."""
DONE, DRY, UNDONE = ".jsonl", ".dry", ".undone"
"""Endings of journals: of runs, of dry runs, and of runs that were undone."""
PENALTY = "late penalty"


class AccountCopy(msgspec.Struct, frozen=True):
    """An `Account` in the form of a journal: JSON has no tuples as keys."""

    entries: tuple[tuple[str, str, Entry], ...]
    penalties: dict[str, float]
    handed_in: datetime | None
    due: datetime | None
    points: float
    lateness: str

    @classmethod
    def of(cls, account: Account) -> "AccountCopy":
        """Return an account in this form."""
        entries = tuple((notebook, cell, entry) for (notebook, cell), entry in account.entries.items())
        penalties = dict(account.penalties)
        return cls(entries, penalties, account.handed_in, account.due, account.points, account.lateness)

    @property
    def account(self) -> Account:
        """The account."""
        entries = {(notebook, cell): entry for notebook, cell, entry in self.entries}
        return Account(entries, self.penalties, self.handed_in, self.due, self.points, self.lateness)


class Step(msgspec.Struct, frozen=True):
    """One line of a journal: what a run found about a student, and what it left."""

    student: str
    account_before: AccountCopy | None
    account_after: AccountCopy
    facts_before: Facts | None
    facts_after: Facts


class Change(msgspec.Struct, frozen=True):
    """A change of one exercise's score, or of the penalty for lateness.

    Attributes
    ----------
    student, exercise : str
    before, after : str
        A number, or ``open``.
    why : str
        What has changed, in a few words.
    """

    student: str
    exercise: str
    before: str
    after: str
    why: str


class Grade(msgspec.Struct, frozen=True):
    """What a run does to one student's grade: the totals as they count, and the changes."""

    student: str
    before: float | None
    after: float
    changes: tuple[Change, ...]


def new_journal(course: Course, dry: bool = False) -> Path:
    """Return the path of a new journal. What a dry run writes is not undone later."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H.%M.%S.%f")
    return _folder(course) / (stamp + (DRY if dry else DONE))


def _folder(course: Course) -> Path:
    return course.state / "runs" / course.assignment.name


def add(path: Path, step: Step) -> None:
    """Add a line to a journal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(step) + b"\n")


def step(student: str, before: tuple[Account | None, Facts | None], after: tuple[Account, Facts]) -> Step | None:
    """Return the line for a student, or None if the gradebook's entry is the same."""
    if before[0] == after[0]:
        return None
    old = None if before[0] is None else AccountCopy.of(before[0])
    return Step(student, old, AccountCopy.of(after[0]), before[1], after[1])


def steps(path: Path) -> list[Step]:
    """Return the lines of a journal. A line that a kill cut off is left out: its transaction did not end either."""
    found = []
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            found.append(msgspec.json.decode(line, type=Step))
        except (msgspec.DecodeError, ValueError):
            continue
    return found


def grades(parts: Iterable[Part], lines: Iterable[Step]) -> list[Grade]:
    """Return what a run did to the students' grades, in the order of the journal."""
    parts = tuple(parts)
    return [grade for line in lines if (grade := _grade(parts, line)) is not None]


def _grade(parts: tuple[Part, ...], line: Step) -> Grade | None:
    after = line.account_after.account
    if line.account_before is None:
        return Grade(line.student, None, after.total, ())
    before = line.account_before.account
    found = tuple(_changes(parts, line, before, after))
    return Grade(line.student, before.total, after.total, found) if found else None


def _changes(parts: tuple[Part, ...], line: Step, before: Account, after: Account) -> Iterator[Change]:
    for part in parts:
        for exercise in part.exercises:
            cells = [(one.name, exercise.id) for one in part.alternatives]
            was, now = _shown(cells, before), _shown(cells, after)
            if was != now:
                yield Change(line.student, exercise.id, was, now, _why(part, cells, line, before))
    if before.penalty != after.penalty:
        yield Change(
            line.student, PENALTY, f"{before.penalty:g}", f"{after.penalty:g}", _why_penalty(line, before, after)
        )


def _shown(cells: list[Cell], account: Account) -> str:
    entries = [account.entries[cell] for cell in cells if cell in account.entries]
    if any(entry.waits and entry.manual is None for entry in entries):
        return "open"
    return f"{round(sum(entry.score for entry in entries), 4):g}"


def _why(part: Part, cells: list[Cell], line: Step, before: Account) -> str:
    """Return what has changed, as far as it is known."""
    if line.facts_before is None:
        return "graded before without a record"
    old, new = _decisions(cells, line.facts_before), _decisions(cells, line.facts_after)
    if any(_expected(one) != _found(one, before) for one in old):
        return "the gradebook was changed or restored"
    was, now = _part(part, line.facts_before), _part(part, line.facts_after)
    moved = [one.points for one in old] != [one.points for one in new]
    if moved and [_share(one) for one in old] == [_share(one) for one in new]:
        return "points changed"
    reasons = ["points changed"] if moved else []
    if was is None or now is None or was.submission != now.submission:
        reasons.append("submission changed")
    if was is None or now is None or was.tests != now.tests:
        reasons.append("tests or grader changed")
    if not reasons and any(one.outcome in UNDECIDED for one in old):
        reasons.append("judged again after a fault" if old[0].outcome == "error" else "set-up changed")
    return ", ".join(reasons) or "judged again"


def _decisions(cells: list[Cell], facts: Facts) -> list[Decision]:
    return [one for one in facts.decisions if (one.notebook, one.cell) in cells]


def _part(part: Part, facts: Facts) -> kept.PartFacts | None:
    return next((one for one in facts.parts if one.number == part.number), None)


def _share(decision: Decision) -> float:
    return round(decision.score / decision.points, 6) if decision.points else 0.0


def _expected(decision: Decision) -> float | None:
    """Return the automatic score that a decision writes."""
    if decision.role == "first":
        return None if decision.waits else decision.score
    return None if decision.waits and not decision.written else 0.0


def _found(decision: Decision, account: Account) -> float | None:
    entry = account.entries.get((decision.notebook, decision.cell))
    return entry.auto if entry is not None else None


def _why_penalty(line: Step, before: Account, after: Account) -> str:
    old = line.facts_before
    reasons = ["due date or extension changed"] if old is not None and old.due != line.facts_after.due else []
    reasons += ["time of the hand-in changed"] if before.handed_in != after.handed_in else []
    reasons += ["score changed"] if not reasons and before.raw != after.raw else []
    return ", ".join(reasons) or "the policy for late work changed"


def to_csv(found: Iterable[Grade]) -> str:
    """Return changes as CSV: one row for each exercise, and one for each student's total."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("student", "exercise", "before", "after", "why"))
    for grade in found:
        for one in grade.changes:
            table.writerow(map(harmless, (one.student, one.exercise, one.before, one.after, one.why)))
        before = "" if grade.before is None else f"{grade.before:g}"
        why = "graded for the first time" if grade.before is None else ""
        table.writerow(map(harmless, (grade.student, "total", before, f"{grade.after:g}", why)))
    return text.getvalue()


def last(course: Course) -> Path | None:
    """Return the journal of the last run that changed something and was not undone."""
    return max(_folder(course).glob(f"*{DONE}"), default=None)


def undo(course: Course, books: Books, path: Path) -> list[str]:
    """Restore the automatic scores and facts that a run found, one student a transaction. Return the students.

    What people entered since stays. The journal gets another name afterwards, so that it is undone once.
    """
    name = course.assignment.name
    undone = []
    for line in reversed(steps(path)):
        with books.transaction():
            before = None if line.account_before is None else line.account_before.account
            books.restore(line.student, before, line.account_after.account)
        home = kept.path_of(course.root, name, line.student)
        if line.facts_before is None:
            home.unlink(missing_ok=True)
        else:
            kept.write(course.root, name, line.student, msgspec.structs.replace(line.facts_before, pages=""))
        undone.append(line.student)
    path.rename(path.with_suffix(UNDONE))
    return sorted(set(undone))


def prune(course: Course) -> None:
    """Remove all journals but the newest."""
    for suffix in (DONE, DRY, UNDONE, ".csv"):
        for path in sorted(_folder(course).glob(f"*{suffix}"))[:-KEPT]:
            path.unlink(missing_ok=True)
