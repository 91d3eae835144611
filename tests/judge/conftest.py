"""Submissions made from the reference: complete, blank, or with a change."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import Part
from autograder.course import Course
from autograder.judge.session import judge_alternative, judge_part, taken_in
from autograder.sample import students
from autograder.sample.train import trained_model
from autograder.verdict import ExerciseResult, PartVerdict
from tests.assignment2 import ASSIGNED

from ..conftest import needs

Change = Callable[[Path], None]
Judge = Callable[..., PartVerdict]
FRAMEWORKS_QUICK = ("barebones_convnet", "module_convnet", "sequential_convnet")
"""The exercises of part 5 that are judged in a few seconds."""
ALTERNATIVES = [pytest.param(number, id=name, marks=needs(name)) for number, name in enumerate(("torch", "tensorflow"))]
"""The notebooks of part 5."""


@pytest.fixture(scope="session")
def complete(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a submission with all exercises solved, and no model trained yet."""
    folder = tmp_path_factory.mktemp("complete") / "assignment2"
    students.solved(course, folder)
    return folder


@pytest.fixture
def judge(course: Course, complete: Path, tmp_path: Path, level: int) -> Judge:
    """Return a function that judges the complete submission with changes, on a part (by default 1) or some exercises.

    The model is trained in quick mode, unless the change makes the model useless.
    """

    def judge(
        change: Change = lambda folder: None,
        *exercises: str,
        course: Course = course,
        number: int = 1,
        trained: bool = True,
    ) -> PartVerdict:
        folder = tmp_path / "submission"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(complete, folder)
        wanted = set(exercises)
        fits = (part for part in course.parts if wanted & {exercise.id for exercise in part.exercises})
        part = next(fits) if exercises else course.parts[number - 1]
        if exercises:
            chosen = tuple(exercise for exercise in part.exercises if exercise.id in exercises)
            part = dataclasses.replace(part, exercises=chosen)
        if trained and any(exercise.id.startswith("accuracy") for exercise in part.exercises):
            (folder / part.model).parent.mkdir()
            shutil.copyfile(trained_model(course, part, quick=True), folder / part.model)
        change(folder)
        with taken_in(folder, ASSIGNED) as submission:
            return judge_part(course, part, submission, level)

    return judge


def lost(verdict: PartVerdict) -> dict[str, ExerciseResult]:
    """Return the exercises that lost points, by id."""
    return {exercise.id: exercise for exercise in verdict.exercises if exercise.score < exercise.points}


def append(module: str, text: str) -> Change:
    """Return a change that appends lines to a module."""

    def change(folder: Path) -> None:
        path = folder / "cs231n" / module
        path.write_text(path.read_text() + text)

    return change


@pytest.fixture(scope="module", params=ALTERNATIVES)
def alternative(request: pytest.FixtureRequest, course: Course) -> Part:
    """Return each notebook of part 5 in turn."""
    part: Part = course.parts[4].alternatives[request.param]
    return part


@pytest.fixture(scope="module")
def solved(course: Course, alternative: Part, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a submission with the notebook solved and no saved model."""
    folder = tmp_path_factory.mktemp("solved") / "assignment2"
    students.solved(course, folder, [alternative])
    edited(alternative, "challenge_model", ('size="full"', 'size="quick"'))(folder)
    return folder


@pytest.fixture
def judge_notebook(
    course: Course, alternative: Part, solved: Path, tmp_path: Path, level: int
) -> Callable[..., PartVerdict]:
    """Return a function that judges the notebook of part 5 with a change, on some exercises."""

    def judge(change: Change = lambda folder: None, *exercises: str, level: int = level) -> PartVerdict:
        folder = tmp_path / "submission"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(solved, folder)
        change(folder)
        chosen = tuple(exercise for exercise in alternative.exercises if exercise.id in (exercises or FRAMEWORKS_QUICK))
        with taken_in(folder, ASSIGNED) as submission:
            return judge_alternative(course, dataclasses.replace(alternative, exercises=chosen), submission, level)

    return judge


def edited(alternative: Part, cell: str, *changes: tuple[str, str]) -> Change:
    """Return a change that replaces texts of a cell."""

    def change(folder: Path) -> None:
        path = folder / alternative.notebook
        content = json.loads(path.read_text())
        (found,) = [one for one in content["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == cell]
        text = "".join(found["source"])
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        found["source"] = text
        path.write_text(json.dumps(content))

    return change


def with_cell(alternative: Part, source: str, before: str = "") -> Change:
    """Return a change that adds a cell before the cell with an id, or at the end."""

    def change(folder: Path) -> None:
        path = folder / alternative.notebook
        content = json.loads(path.read_text())
        ids = [one["metadata"].get("nbgrader", {}).get("grade_id") for one in content["cells"]]
        cell = {"cell_type": "code", "metadata": {}, "id": "added", "outputs": [], "execution_count": None}
        content["cells"].insert(ids.index(before) if before else len(ids), {**cell, "source": source})
        path.write_text(json.dumps(content))

    return change


def without_cell(alternative: Part, grade_id: str) -> Change:
    """Return a change that removes the cell with an id."""

    def change(folder: Path) -> None:
        path = folder / alternative.notebook
        content = json.loads(path.read_text())
        kept = [one for one in content["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") != grade_id]
        assert len(kept) < len(content["cells"])
        path.write_text(json.dumps({**content, "cells": kept}))

    return change


def all_of(*changes: Change) -> Change:
    """Return the change that makes all changes, in their order."""

    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change


def messages(verdict: PartVerdict, exercise: str) -> str:
    (found,) = [one for one in verdict.exercises if one.id == exercise]
    return " ".join(test.message for test in found.tests)
