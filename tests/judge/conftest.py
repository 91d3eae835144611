"""Submissions made from the reference: complete, blank, or with a change."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.judge.session import judge_part, taken_in
from autograder.sample import students
from autograder.sample.train import trained_model
from autograder.verdict import ExerciseResult, PartVerdict
from tests.assignment2 import ASSIGNED

Change = Callable[[Path], None]
Judge = Callable[..., PartVerdict]


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
