"""Sample students: submission folders that are made from the reference.

An assignment's ``samples`` lists its students. An assignment without it has three. They are examples for grading;
``tests`` checks that grading is right.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograder.assignment import Part
from autograder.builder.strip import reveal
from autograder.course import Course
from autograder.sandbox.profiles import is_installed

from .train import trained_model

Student = Callable[[Course, Path, bool], None]
"""A function that makes a folder. The last argument tells whether models are trained in quick mode."""


def complete(course: Course, folder: Path, quick: bool = True, parts: Sequence[Part] | None = None) -> None:
    """Solve all parts or the given ones, and add their models. A part without its framework here gets no model."""
    parts = chosen_alternatives(course) if parts is None else parts
    solved(course, folder, parts)
    for part in parts:
        if part.model and is_installed(course.assignment, part):
            (folder / part.model).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(trained_model(course, part, quick), folder / part.model)


def chosen_alternatives(course: Course) -> list[Part]:
    """Return one notebook of each part: the first whose framework is installed here, else the part's first."""
    return [
        next((alternative for alternative in part.alternatives if is_installed(course.assignment, alternative)), part)
        for part in course.parts
    ]


def solved(course: Course, folder: Path, parts: Sequence[Part] | None = None) -> None:
    """Solve all modules, and the notebooks of all parts or of the given ones. Train nothing."""
    blank(course, folder)
    for path in course.source.rglob("*.py*"):
        if path.suffix in (".py", ".pyx") and "__pycache__" not in path.parts:
            (folder / path.relative_to(course.source)).write_text(
                reveal(path.read_text(encoding="utf-8")), encoding="utf-8"
            )
    for part in chosen_alternatives(course) if parts is None else parts:
        _solve_notebook(course.source / part.notebook, folder / part.notebook)


def alternatives(course: Course) -> list[Part]:
    """Return all notebooks of the course."""
    return [alternative for part in course.parts for alternative in part.alternatives]


def blank(course: Course, folder: Path, quick: bool = True) -> None:  # noqa: ARG001
    """Copy the untouched release."""
    shutil.copytree(
        course.require_release(), folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "models")
    )


def modules_only(course: Course, folder: Path, quick: bool = True) -> None:  # noqa: ARG001
    """Make only a solved package: no notebooks, no models, no tools of the release."""
    solved(course, folder)
    for child in folder.iterdir():
        if child.name != course.assignment.package:
            shutil.rmtree(child) if child.is_dir() else child.unlink()
    for tool in ("checks", "coach", "desk", "kit", *course.assignment.settings.rooms):
        shutil.rmtree(folder / course.assignment.package / tool, ignore_errors=True)


def corrupted(course: Course, folder: Path, quick: bool = True) -> None:
    """Make a complete submission whose notebooks are cut off in the middle."""
    complete(course, folder, quick)
    for alternative in alternatives(course):
        text = (folder / alternative.notebook).read_text(encoding="utf-8")
        (folder / alternative.notebook).write_text(text[: len(text) // 2], encoding="utf-8")


STUDENTS: dict[str, Student] = {
    "sample-complete": complete,
    "sample-blank": blank,
    "sample-corrupted": corrupted,
}
"""The students of an assignment that lists none."""


def students_of(course: Course) -> dict[str, Student]:
    """Return the sample class of a course, by name."""
    module = course.assignment.module("samples")
    found: dict[str, Student] = getattr(module, "STUDENTS", STUDENTS)
    return found


def make_class(course: Course, into: Path, quick: bool = True) -> list[str]:
    """Make the sample class.

    Parameters
    ----------
    course : Course
        Its release must exist.
    into : Path
        nbgrader's ``submitted`` folder; folders of other students are left alone.
    quick : bool
        Train the reference's models in the notebooks' quick mode.

    Returns
    -------
    list of str
        The students' names.
    """
    students = students_of(course)
    for name, make in students.items():
        folder = into / name / course.assignment.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        make(course, folder, quick)
    return list(students)


def _solve_notebook(source: Path, released: Path) -> None:
    """Put the source's answers into the released notebook's solution cells."""
    answers: dict[str, str] = {}
    for cell in json.loads(source.read_text(encoding="utf-8"))["cells"]:
        nbgrader = cell["metadata"].get("nbgrader", {})
        if nbgrader.get("solution"):
            answers[nbgrader["grade_id"]] = reveal("".join(cell["source"]))
    notebook: dict[str, Any] = json.loads(released.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        identity = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if identity in answers:
            cell["source"] = answers[identity]
    released.write_text(json.dumps(notebook, indent=1) + "\n", encoding="utf-8")
