"""Which notebooks of a part are judged, where there are several: those that somebody worked on. The best one counts.

Reads notebooks as hostile data. Not for judging: see ``session``.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autograder.assignment import Part
from autograder.checks.definitions import NotebookError, read_cells
from autograder.course import Course
from autograder.intake.submission import Submission
from autograder.sandbox.profiles import is_installed
from autograder.verdict import PartVerdict


def worked_on(course: Course, part: Part, submission: Submission) -> tuple[Part, ...]:
    """Return the alternatives of a part that were begun.

    Where none was, it is one that was handed in and can be judged here, or else the part.
    """
    handed_in = [
        alternative
        for alternative in part.alternatives
        if alternative.notebook in submission.files or alternative.model in submission.files
    ]
    begun = tuple(alternative for alternative in handed_in if is_begun(course, alternative, submission))
    if begun:
        return begun
    if handed_in:  # untouched: that is seen by any that can be judged here
        return (next((one for one in handed_in if is_installed(course.assignment, one)), handed_in[0]),)
    usable = next((one for one in part.alternatives if is_installed(course.assignment, one)), part)
    return (replace(part, framework=usable.framework, model=usable.model),)


def is_begun(course: Course, alternative: Part, submission: Submission) -> bool:
    """Whether there is a model, or code that is not the release's; what cannot be read counts as begun."""
    if alternative.model in submission.files:
        return True
    try:
        return bool(_code(submission.folder / alternative.notebook) - _code(course.release / alternative.notebook))
    except NotebookError:
        return True


def is_worth_showing(course: Course, alternative: Part, submission: Submission) -> bool:
    """Tell whether a notebook shows the student's own work when it is executed.

    It does if the student began it, or if the part has no other notebook and the student changed the package.
    """
    single = len(next(part for part in course.parts if part.number == alternative.number).alternatives) == 1
    return is_begun(course, alternative, submission) or (single and _changed_package(course, submission))


def _changed_package(course: Course, submission: Submission) -> bool:
    modules = (name for name in submission.files if name.endswith((".py", ".pyx")))
    return any(_bytes(course.release / name) != _bytes(submission.folder / name) for name in modules)


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _code(notebook: Path) -> set[str]:
    """The texts of its cells of code, wherever somebody wrote it."""
    return {cell["source"].strip() for cell in read_cells(notebook) if cell.get("cell_type") == "code"} - {""}


def best(verdicts: Sequence[PartVerdict]) -> PartVerdict:
    """Return the verdict that earns most; of several that earn nothing one that is still open, so that it is looked at.

    What the others came to is named among its problems; one that might have earned more is a flag for the instructor.
    """
    chosen = max(verdicts, key=lambda verdict: (verdict.score, _is_open(verdict)))
    others = [other for other in verdicts if other is not chosen]
    return replace(
        chosen,
        problems=(*chosen.problems, *(_told(other, chosen) for other in others)),
        flags=(*chosen.flags, *(_told(other, chosen) for other in others if _most(other) > _most(chosen))),
        seconds=round(sum(verdict.seconds for verdict in verdicts), 3),
        consulted=tuple(sorted({number for verdict in verdicts for number in verdict.consulted})),
    )


def _told(other: PartVerdict, chosen: PartVerdict) -> str:
    return f"{other.name}.ipynb was handed in too, and {_outcome(other)}; {chosen.name}.ipynb counts."


def _most(verdict: PartVerdict) -> float:
    """What it would earn if all that could not be judged were right."""
    return verdict.score + sum(one.points for one in verdict.undecided)


def _outcome(verdict: PartVerdict) -> str:
    if _is_open(verdict):
        return f"could not be judged in full ({verdict.undecided[0].message.rstrip('.')})"
    return f"earns {verdict.score:g} of {verdict.points:g}"


def _is_open(verdict: PartVerdict) -> bool:
    return bool(verdict.undecided)
