"""Find what is weak in an assignment's texts: places left to fill in, points that do not add up, vague hints.

Each function yields one sentence for each problem, with the file in which to solve it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from autograder.assignment import SETTINGS
from autograder.builder.strip import BEGIN, END
from autograder.catalogue import Mistake, file_of, mistakes_of, mistakes_of_part
from autograder.cells import code_cells
from autograder.checks.notebook import read_cells
from autograder.course import Course
from autograder.template.texts import MARKER
from autograder.validate.vague import names_nothing

READ = {".py", ".ipynb", ".md", ".toml", ".pyx"}
"""Endings of files in which an author may have left a place to fill in."""
TOLD = re.compile(r"(?:\*\*|\()(\d+(?:\.\d+)?) points?\b")
"""Points in bold or in brackets in a notebook's text."""
LONG = 14
"""A hint holds the solution if it shares so many characters in a row with it, without spaces, and `SIGNS` of them are
no letters, digits or underscores."""
SIGNS = 2


def unfilled(course: Course) -> Iterator[str]:
    """Yield the places that the author of an exercise still has to fill in."""
    for home in (course.source, course.assignment.folder):
        for path in sorted(home.rglob("*")):
            if path.suffix in READ and path.is_file():
                for place, line in _lines(path):
                    if MARKER in line:
                        what = line[line.index(MARKER) :].strip(' ",\n')
                        yield f"{course.name_of(path)}, {place}, still holds {what!r}."


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line of a file after its place; a notebook's places are its cells."""
    if path.suffix == ".ipynb":
        for number, cell in enumerate(read_cells(path), start=1):
            yield from ((f"cell {number}", line) for line in cell["source"].splitlines())
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        yield from ((f"line {number}", line) for number, line in enumerate(lines, start=1))


def points_differ(course: Course) -> Iterator[str]:
    """Yield exercises without points, and points that differ from the notebook's text or from the settings."""
    for part in course.parts:
        for exercise in part.exercises:
            if exercise.points <= 0:
                yield f"{part.notebook}: {exercise.id} has no points. Set them in its grade cell."
    yield from _points_told(course)
    wanted = course.assignment.settings.points
    found = sum(one.points for part in course.parts for one in part.exercises)
    if wanted is not None and abs(wanted - found) > 1e-9:
        file = course.name_of(course.assignment.folder / SETTINGS)
        yield f"{file} promises {wanted:g} points, and the grade cells add up to {found:g}. Change one of them."


def _points_told(course: Course) -> Iterator[str]:
    """Yield grade cells whose points differ from the points in bold in the text above them."""
    for part in course.parts:
        points = {exercise.id: exercise.points for exercise in part.exercises}
        told: list[str] = []
        for cell in read_cells(course.source / part.notebook):
            exercise = cell["metadata"].get("nbgrader", {}).get("grade_id")
            told += TOLD.findall(cell["source"]) if cell.get("cell_type") == "markdown" else []
            if exercise in points:
                if len(told) == 1 and float(told[0]) != points[exercise]:
                    yield (
                        f"{part.notebook}: the text above {exercise} promises {told[0]} points, and its grade cell has "
                        f"{points[exercise]:g}. Change one of them."
                    )
                told = []


def vague_hints(course: Course) -> Iterator[str]:
    """Yield known mistakes whose hints name nothing, or nothing that tells them from another mistake."""
    said = Counter(_same(one) for one in mistakes_of(course.assignment) if not one.form_of)
    for part in course.parts:
        file = course.name_of(course.assignment.folder / "mistakes" / f"{file_of(part)}.py")
        for one in mistakes_of_part(course.assignment, part):
            if names_nothing(one.explanation):
                yield (
                    f"{file}: the hint of {one.key} names nothing ({one.explanation!r}). Say what the student probably "
                    "did, why it is wrong and where to look."
                )
            elif said[_same(one)] > 1:
                yield f"{file}: the hint of {one.key} is that of another mistake too. Say what differs."
            elif _holds(one.explanation, _changed_file(course, one)):
                yield f"{file}: the hint of {one.key} holds the solution. Describe the mistake in words."


def _same(mistake: Mistake) -> tuple[object, ...]:
    """Return what no two mistakes may share. Alternative notebooks may have the same mistakes."""
    return mistake.exercise, mistake.in_notebook and mistake.file, _words(mistake.explanation)


def _changed_file(course: Course, mistake: Mistake) -> str:
    """Return the text of the module, or of the cells of a notebook, that a mistake changes."""
    if mistake.in_notebook:
        cells = code_cells(course.source / mistake.file).values()
        return "\n".join(cell for cell in cells if any(old in cell for old, _ in mistake.changes))
    return (course.source / course.assignment.settings.package / mistake.file).read_text("utf-8")


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower()))


def _holds(hint: str, text: str) -> bool:
    """Tell whether a hint holds a piece of a text's solution, however its spaces are set."""
    solution = (_closed_up(block) for block in re.findall(f"{BEGIN}\n(.*?){END}", text, re.DOTALL))
    known = {piece for block in solution for piece in _pieces(block)}
    return any(piece in known and len(re.findall(r"\W", piece)) >= SIGNS for piece in _pieces(_closed_up(hint)))


def _closed_up(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + LONG] for start in range(len(text) - LONG + 1))
