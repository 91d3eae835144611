"""The sample class of assignment 2."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder.assignment import Part
from autograder.catalogue import mistakes_of
from autograder.course import Course
from autograder.sample.students import Student, alternatives, blank, complete, corrupted, modules_only, solved

MISTAKES = ("two_layer_net/reg_without_half", "rmsprop/old_cache", "adam/no_bias_correction")
"""The three mistakes of ``sample-three-mistakes``."""
HOSTILE = Path(__file__).with_name("hostile.py.txt")


def partly(course: Course, folder: Path, quick: bool = True) -> None:  # noqa: ARG001
    """Submit finished layers and nets; update rules, notebooks and models are as released."""
    solved(course, folder)
    for name in ("cs231n/optim.py", *(alternative.notebook for alternative in alternatives(course))):
        shutil.copyfile(course.release / name, folder / name)


def three_mistakes(course: Course, folder: Path, quick: bool = True, parts: Sequence[Part] | None = None) -> None:
    """Submit complete work, or some parts of it, with three known mistakes."""
    complete(course, folder, quick, parts)
    for mistake in mistakes_of(course.assignment):
        if mistake.key in MISTAKES:
            mistake.apply(folder / "cs231n")


def hostile(course: Course, folder: Path, quick: bool = True) -> None:
    """Submit code that tries to read files, to escape, to forge results and to crash; it solves nothing."""
    blank(course, folder, quick)
    for name in ("layers", "optim", "fast_layers"):
        path = folder / "cs231n" / f"{name}.py"
        path.write_text(path.read_text(encoding="utf-8") + HOSTILE.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "cs231n" / "im2col_cython.pyx").write_text('include "/etc/passwd"\n')
    (folder / "pythran.py").write_text("raise SystemExit(0)\n")  # Cython imports a module of this name if it finds one
    (folder / "conftest.py").write_text("import os; os._exit(0)\n")
    (folder / "numpy.py").write_text("raise SystemExit(0)\n")
    link = folder / "models"
    link.symlink_to(course.state.resolve())


STUDENTS: dict[str, Student] = {
    "sample-complete": complete,
    "sample-partly": partly,
    "sample-blank": blank,
    "sample-three-mistakes": three_mistakes,
    "sample-modules-only": modules_only,
    "sample-corrupted": corrupted,
    "sample-hostile": hostile,
}
