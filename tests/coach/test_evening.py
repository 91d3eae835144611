"""An evening: ten exercises are solved in their order, each after two typical mistakes, beside the watch.

After each save the watch, `check` and pytest must say the right next thing.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from autograder.builder.strip import reveal
from autograder.catalogue import Mistake, mistakes_of
from autograder.course import Course

from .watching import FOOTER, Watching

pytestmark = [pytest.mark.slow, pytest.mark.long]
SOLVED = {
    "affine_forward": ("layers.py", "affine_forward"),
    "affine_backward": ("layers.py", "affine_backward"),
    "relu_forward": ("layers.py", "relu_forward"),
    "relu_backward": ("layers.py", "relu_backward"),
    "two_layer_net": ("classifiers/fc_net.py", "TwoLayerNet"),
    "fully_connected_net": ("classifiers/fc_net.py", "FullyConnectedNet"),
    "sgd_momentum": ("optim.py", "sgd_momentum"),
    "rmsprop": ("optim.py", "rmsprop"),
    "adam": ("optim.py", "adam"),
    "batchnorm_forward": ("layers.py", "batchnorm_forward"),
}
"""The first ten exercises that need neither pictures nor a notebook: the module and the name of each one's code."""
PACKAGE = "cs231n"


class Student:
    """A student's folder, in which exercises are solved one by one."""

    def __init__(self, folder: Path, course: Course) -> None:
        self.folder, self._course = folder, course
        self._environment = {key: value for key, value in os.environ.items() if key != "CS231N_DATA"}
        self._environment |= {"CS231N_CACHE": str(folder / "no pictures"), "COLUMNS": "200"}

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a student without pictures."""
        return self._environment

    def save(self, exercise: str, mistake: Mistake | None = None) -> None:
        """Write the code of an exercise, right or with a mistake, as an editor does: into the module, at its place."""
        module, name = SOLVED[exercise]
        path = self.folder / PACKAGE / module
        text = path.read_text()
        path.write_text(text.replace(_code(text, name), self.code(exercise, mistake)))

    def code(self, exercise: str, mistake: Mistake | None = None) -> str:
        """Return the code of an exercise."""
        module, name = SOLVED[exercise]
        text = (self._course.source / PACKAGE / module).read_text()
        for old, new in mistake.changes if mistake else ():
            text = text.replace(old, new)
        return _code(reveal(text), name)

    def typical(self, exercise: str) -> Iterator[Mistake]:
        """Yield the known mistakes of an exercise that its public tests recognise."""
        told = json.loads((self.folder / "tests" / "recorded" / "mistakes.json").read_text())
        for one in mistakes_of(self._course.assignment):
            known = one.key in told and one.exercise == exercise and not one.form_of
            if known and one.file == SOLVED[exercise][0] and self.code(exercise, one) != self.code(exercise):
                yield one

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Python in the folder."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, env=self._environment
        )


def _code(text: str, name: str) -> str:
    """Return the text of a function or a class in a module."""
    node = next(one for one in ast.parse(text).body if getattr(one, "name", "") == name)
    return "\n".join(text.split("\n")[node.lineno - 1 : node.end_lineno])


@pytest.fixture
def student(course: Course, tmp_path: Path) -> Student:
    target = tmp_path / "assignment2"
    shutil.copytree(course.release, target)
    return Student(target, course)


def test_an_evening(student: Student) -> None:
    watch = Watching(student.folder, PACKAGE, student.environment)
    seconds: list[float] = []
    told = {one.key: one for exercise in SOLVED for one in student.typical(exercise)}
    names = list(SOLVED)
    try:
        assert f"{names[0]}: not written" in watch.until(FOOTER)
        for number, exercise in enumerate(names):
            for mistake in [one for one in told.values() if one.exercise == exercise][:2]:
                seconds.append(_saved(student, watch, exercise, mistake))
            start = time.monotonic()
            student.save(exercise)
            said = watch.until(FOOTER)
            seconds.append(time.monotonic() - start)
            assert f"{exercise} is right." in said
            following = names[number + 1] if number + 1 < len(names) else "batchnorm_backward"
            assert f"{following}: not written" in said
            assert student.run("-m", f"{PACKAGE}.check", exercise).returncode == 0
            assert student.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", exercise).stdout
        assert watch.end() == 0
    finally:
        watch.kill()
    print(f"\n{len(seconds)} saves; the watch answered after {sorted(seconds)[len(seconds) // 2]:.2f} s (median), "
          f"{max(seconds):.2f} s (longest)")  # fmt: skip
    assert len(seconds) == 3 * len(SOLVED)
    flat = " ".join(student.run("-m", f"{PACKAGE}.check").stdout.split())
    assert "Next: batchnorm_backward is not written yet" in flat
    assert "No CIFAR-10" in flat


def _saved(student: Student, watch: Watching, exercise: str, mistake: Mistake) -> float:
    """Save code with a mistake; return the seconds until the watch has said what is wrong."""
    start = time.monotonic()
    student.save(exercise, mistake)
    said = watch.until(FOOTER)
    seconds = time.monotonic() - start
    assert f"{exercise}: wrong" in said, mistake.key
    assert f"Perhaps: {mistake.explanation}" in said.replace("\n", " "), mistake.key
    watch.press("h")
    watch.press("h")
    steps = watch.until(r"step 2 of 3.*\n")
    assert steps.count("?") >= 1
    checked = student.run("-m", f"{PACKAGE}.check", exercise)
    assert checked.returncode == 1
    assert mistake.explanation in checked.stdout
    tested = student.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", exercise).stdout
    assert mistake.explanation in tested, mistake.key
    return seconds
