"""A stored verdict is valid until a file that decides it changes: both directions, file by file."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.judge.digest import ENGINE, judging_digest
from tests.assignment2 import ASSIGNMENT

from ..conftest import ROOT

ALL, NONE = {1, 2, 3, 4, 5}, set[int]()
ROOMS = {
    **dict.fromkeys(("checks", "runner", "sandbox", "intake", "judge"), ALL),
    **dict.fromkeys(("builder", "coach", "collecting", "desk", "grading", "reports", "sample", "template"), NONE),
    **dict.fromkeys(("validate", "__init__.py", "cli.py", "files.py", "interrupts.py", "limited.py"), NONE),
    **dict.fromkeys(("steps.py", "temporary.py"), NONE),
    **dict.fromkeys(
        ("assignment.py", "catalogue.py", "cells.py", "course.py", "errors.py", "kit.py", "verdict.py"), ALL
    ),
}
"""The parts that are judged again when a file of a room of the engine changes."""
GRADER = Path("assignments", ASSIGNMENT)
ROOMS_OF_GRADER = {
    **dict.fromkeys(("__init__.py", "assignment.toml", "kit"), ALL),
    **dict.fromkeys(("accepted", "samples", "steps"), NONE),
}
"""The same for an assignment's grader."""
BESIDE_TESTS = {"hidden/conftest.py": NONE, "mistakes/survivors.toml": NONE}
"""Files in the folders of hidden tests and known mistakes that do not matter for judging a submission."""
PARTS = {
    "fully_connected_nets": {1}, "batch_normalization": {2}, "dropout": {3}, "convolutional_networks": {4}, "py_torch": {5},
}  # fmt: skip


@pytest.fixture
def copied(course: Course, tmp_path: Path) -> tuple[Course, Path]:
    """Return copies of a course and of the engine that a test may change."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ENGINE, tmp_path / "autograder", ignore=ignored)
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets", ignore=ignored)
    shutil.copytree(course.source, tmp_path / "source" / course.source.name, ignore=ignored)
    (tmp_path / ".autograder").mkdir()
    (tmp_path / ".autograder" / "secret").write_text("secret")
    return Course(tmp_path, course.data), tmp_path / "autograder"


def digests(course: Course, engine: Path) -> dict[int, str]:
    return {part.number: judging_digest(course, part, engine) for part in course.parts}


@contextmanager
def changed(path: Path) -> Iterator[None]:
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    yield
    path.write_bytes(before)


def expected(name: Path) -> set[int]:
    """Return the parts that must be judged again when this file of the engine changes."""
    if name.parts[0] in ROOMS:
        return ROOMS[name.parts[0]]
    if name == GRADER.with_name("__init__.py"):
        return NONE
    assert name.is_relative_to(GRADER), f"{name}: say in this test which parts it belongs to"
    own = name.relative_to(GRADER)
    if own.parts[0] in ROOMS_OF_GRADER:
        return ROOMS_OF_GRADER[own.parts[0]]
    assert own.parts[0] in ("hidden", "mistakes"), f"{name}: say in this test which parts it belongs to"
    if own.as_posix() in BESIDE_TESTS:
        return BESIDE_TESTS[own.as_posix()]
    return PARTS.get(name.stem.removeprefix("test_"), ALL)


def test_each_file_of_the_engine(copied: tuple[Course, Path]) -> None:
    course, engine = copied
    before = digests(course, engine)
    kinds = ("*.py", "*.toml", "*.ini")
    for path in sorted(path for kind in kinds for path in engine.rglob(kind)):
        name = path.relative_to(engine)
        with changed(path):
            now = digests(course, engine)
            assert {number for number in before if now[number] != before[number]} == expected(name), name
    assert digests(course, engine) == before


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("cs231n/layers.py", ALL),
        ("cs231n/im2col_cython.pyx", ALL),
        ("Dropout.ipynb", {3}),
        ("PyTorch.ipynb", {5}),
        ("TensorFlow.ipynb", {5}),
        ("pytest.ini", NONE),
    ],
)
def test_files_of_the_source(copied: tuple[Course, Path], name: str, parts: set[int]) -> None:
    course, engine = copied
    before = digests(course, engine)
    with changed(course.source / name):
        now = digests(course, engine)
    assert {number for number in before if now[number] != before[number]} == parts


def test_the_secret_and_the_pictures(copied: tuple[Course, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    course, engine = copied
    before = digests(course, engine)
    monkeypatch.setenv("AUTOGRADER_SECRET", "another")
    assert not set(digests(Course(course.root, course.data), engine).values()) & set(before.values())
    monkeypatch.delenv("AUTOGRADER_SECRET")
    monkeypatch.setitem(course.__dict__, "judged_on", replace(course.judged_on, fingerprint="other"))
    assert not set(digests(course, engine).values()) & set(before.values())
