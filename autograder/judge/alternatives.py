"""Choose the alternatives of a part to judge: the notebooks that the student worked on. The best verdict counts.

Notebooks are hostile input here. See ``session`` for judging.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autograder.assignment import Part
from autograder.checks.notebook import NotebookError, kind_of, read_cells
from autograder.course import Course
from autograder.intake.submission import Submission
from autograder.sandbox.profiles import is_installed
from autograder.verdict import PartVerdict


def worked_on(course: Course, part: Part, submission: Submission) -> tuple[Part, ...]:
    """Return the alternatives of a part that the student began.

    If there are none, return one that was handed in, if possible one whose framework is installed. If none was handed
    in, return the part itself, if possible with an installed framework.
    """
    handed_in = [
        alternative
        for alternative in part.alternatives
        if alternative.notebook in submission.files or alternative.model in submission.files
    ]
    begun = tuple(alternative for alternative in handed_in if is_begun(course, alternative, submission))
    if begun:
        return begun
    if handed_in:  # untouched: any installed framework shows this
        return (next((one for one in handed_in if is_installed(course.assignment, one)), handed_in[0]),)
    usable = next((one for one in part.alternatives if is_installed(course.assignment, one)), part)
    return (replace(part, framework=usable.framework, model=usable.model),)


def is_begun(course: Course, alternative: Part, submission: Submission) -> bool:
    """Tell whether the student began: a model, or code that the release does not have.

    An unreadable notebook counts as begun.
    """
    if alternative.model in submission.files:
        return True
    try:
        return bool(_code(submission.folder / alternative.notebook) - _code(course.release / alternative.notebook))
    except NotebookError:
        return True


def _code(notebook: Path) -> set[str]:
    """Return the set of texts of a notebook's code cells."""
    return {cell["source"].strip() for cell in read_cells(notebook) if kind_of(cell) == "code"} - {""}


def best(verdicts: Sequence[PartVerdict]) -> PartVerdict:
    """Return the verdict with the highest score; of equal ones an open verdict, so that a person looks at it.

    Its problems name the results of the other verdicts. One that might still earn more is a flag for the instructor.
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
    """Return the score that a verdict has if every undecided exercise is right."""
    return verdict.score + sum(one.points for one in verdict.undecided)


def _outcome(verdict: PartVerdict) -> str:
    if _is_open(verdict):
        return f"could not be judged in full ({verdict.undecided[0].message.rstrip('.')})"
    return f"earns {verdict.score:g} of {verdict.points:g}"


def _is_open(verdict: PartVerdict) -> bool:
    return bool(verdict.undecided)
