"""The sample students, one function each: a folder as it would be handed in.

They exist to be graded; the proofs that grading is right are in ``tests``.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograder.builder.strip import reveal
from autograder.course import ASSIGNMENT, Course
from autograder.manifest import Part
from autograder.mistakes import CATALOGUE
from autograder.sandbox.installed import is_installed

from .train import trained_model

MISTAKES = ("two_layer_net/reg_without_half", "rmsprop/old_cache", "adam/no_bias_correction")
"""The three mistakes of ``sample-three-mistakes``."""
HOSTILE = Path(__file__).with_name("hostile.py.txt")


def complete(course: Course, folder: Path, quick: bool = True, parts: Sequence[Part] | None = None) -> None:
    """Everything solved, or some parts, and their models saved; of what is not installed here there are none."""
    parts = chosen_alternatives(course) if parts is None else parts
    solved(course, folder, parts)
    (folder / "models").mkdir(exist_ok=True)
    for part in parts:
        if is_installed(part.framework):
            shutil.copyfile(trained_model(course, part, quick), folder / part.model)


def chosen_alternatives(course: Course) -> list[Part]:
    """A notebook of each part, as most students do them: the first whose framework is installed here."""
    return [
        next((alternative for alternative in part.alternatives if is_installed(alternative.framework)), part)
        for part in course.parts
    ]


def solved(course: Course, folder: Path, parts: Sequence[Part] | None = None) -> None:
    """All modules solved, and the notebooks of all parts, or of some; nothing trained."""
    blank(course, folder)
    for path in course.source.rglob("*.py*"):
        if path.suffix in (".py", ".pyx") and "__pycache__" not in path.parts:
            (folder / path.relative_to(course.source)).write_text(
                reveal(path.read_text(encoding="utf-8")), encoding="utf-8"
            )
    for part in chosen_alternatives(course) if parts is None else parts:
        _solve_notebook(course.source / part.notebook, folder / part.notebook)


def alternatives(course: Course) -> list[Part]:
    """All notebooks of the course."""
    return [alternative for part in course.parts for alternative in part.alternatives]


def partly(course: Course, folder: Path, quick: bool = True) -> None:  # noqa: ARG001
    """Layers and nets done; update rules, notebook and model not begun."""
    solved(course, folder)
    for name in ("cs231n/optim.py", *(alternative.notebook for alternative in alternatives(course))):
        shutil.copyfile(course.release / name, folder / name)


def blank(course: Course, folder: Path, quick: bool = True) -> None:  # noqa: ARG001
    """The release, untouched."""
    shutil.copytree(course.release, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "models"))


def three_mistakes(course: Course, folder: Path, quick: bool = True, parts: Sequence[Part] | None = None) -> None:
    """Complete, or some parts of it, but wrong in three places."""
    complete(course, folder, quick, parts)
    for mistake in CATALOGUE:
        if mistake.key in MISTAKES:
            mistake.apply(folder / "cs231n")


def modules_only(course: Course, folder: Path, quick: bool = True) -> None:  # noqa: ARG001
    """Only the package: no notebooks, no models, nothing of the release's tools."""
    solved(course, folder)
    for child in folder.iterdir():
        if child.name != "cs231n":
            shutil.rmtree(child) if child.is_dir() else child.unlink()
    for tool in ("checks", "datasets"):
        shutil.rmtree(folder / "cs231n" / tool)


def corrupted(course: Course, folder: Path, quick: bool = True) -> None:
    """Complete, but the notebooks were cut off when they were saved."""
    complete(course, folder, quick)
    for alternative in alternatives(course):
        text = (folder / alternative.notebook).read_text(encoding="utf-8")
        (folder / alternative.notebook).write_text(text[: len(text) // 2], encoding="utf-8")


def hostile(course: Course, folder: Path, quick: bool = True) -> None:
    """Tries to read, to escape, to lie and to break; solves nothing."""
    blank(course, folder, quick)
    for name in ("layers", "optim", "fast_layers"):
        path = folder / "cs231n" / f"{name}.py"
        path.write_text(path.read_text(encoding="utf-8") + HOSTILE.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "cs231n" / "im2col_cython.pyx").write_text('include "/etc/passwd"\n')
    (folder / "pythran.py").write_text("raise SystemExit(0)\n")  # which Cython would import, if it found it
    (folder / "conftest.py").write_text("import os; os._exit(0)\n")
    (folder / "numpy.py").write_text("raise SystemExit(0)\n")
    link = folder / "models"
    link.symlink_to(course.state.resolve())


STUDENTS: dict[str, Callable[[Course, Path, bool], None]] = {
    "sample-complete": complete,
    "sample-partly": partly,
    "sample-blank": blank,
    "sample-three-mistakes": three_mistakes,
    "sample-modules-only": modules_only,
    "sample-corrupted": corrupted,
    "sample-hostile": hostile,
}


def make_class(course: Course, into: Path, quick: bool = True) -> list[str]:
    """Make the sample class.

    Parameters
    ----------
    course : Course
        Its release must be there.
    into : Path
        nbgrader's ``submitted`` folder; folders of other students are left alone.
    quick : bool
        Train the reference's models in the notebooks' quick mode.

    Returns
    -------
    list of str
        The students' names.
    """
    for name, make in STUDENTS.items():
        folder = into / name / ASSIGNMENT
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        make(course, folder, quick)
    return list(STUDENTS)


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
