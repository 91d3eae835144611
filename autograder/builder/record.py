"""Record the numbers that the public tests need: the answers of the reference and of each known mistake.

The release holds these numbers instead of code, because the code of a mistake is nearly a solution.
"""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from autograder import steps
from autograder.assignment import Assignment, Part
from autograder.catalogue import mistakes_in_package
from autograder.checks.causes import same_log
from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.fixtures import Fixtures, asks_only_for
from autograder.checks.public import PublicTest, PublicTests, rng_for, seed_for
from autograder.checks.record import Log, Recorded, write_logs
from autograder.errors import SetupError
from autograder.judge.reference import mistaken, reference

RECORDED_KINDS = ("core", "edge")
MOST_NUMBERS = 1000
"""Limit on a mistake's recorded numbers. A longer log holds random numbers, which a student's code does not repeat."""


class RecordError(SetupError):
    """A public test does not pass on the reference."""


def record(assignment: Assignment, release: Path) -> None:
    """Write ``tests/recorded`` of a release.

    Parameters
    ----------
    assignment : Assignment
    release : Path
        The release's folder, which already holds the public tests.

    Raises
    ------
    RecordError
        If a file of public tests cannot be imported, or the reference fails a public test.
    """
    logs: dict[str, Log] = {}
    named: dict[str, dict[str, Any]] = {}
    for test in public_tests(assignment):
        if test.claim.kind not in RECORDED_KINDS or not asks_only_for(test.function, Fixtures):
            continue
        own = reference(assignment, _part_of(assignment, test))
        right, asked = Recorded(own), Recorded(own)
        error = _run(test, CodeUnderTest(asked), CodeUnderTest(right))
        if error is not None:
            raise RecordError(f"The public test {test.name} does not pass on the reference: {error}")
        logs[f"reference/{test.name}"] = right.log
        if _count(asked.log) <= MOST_NUMBERS and not same_log(asked.log, right.log):
            logs[f"right/{test.name}"] = asked.log
        for mistake in mistakes_in_package(assignment, test.claim.exercise):
            answers = Recorded(mistaken(assignment, mistake))
            with np.errstate(all="ignore"):  # a mistake may divide by zero
                failed = _run(test, CodeUnderTest(answers), CodeUnderTest(own)) is not None
            if failed and _count(answers.log) <= MOST_NUMBERS:
                logs[f"mistake/{test.name}/{mistake.id}"] = answers.log
                named[mistake.key] = {
                    "title": mistake.title,
                    "explanation": mistake.explanation,
                    "steps": steps.of_mistake(assignment, mistake),
                }
    recorded = release / "tests" / "recorded"
    write_logs(recorded / "answers.npz", logs)
    _write(recorded / "mistakes.json", named)
    exercises = [one.id for part in assignment.parts for one in part.automatic]
    led = {name: found for name in exercises if (found := steps.of_exercise(assignment, name))}
    _write(recorded / "steps.json", led)


def _write(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def public_tests(assignment: Assignment) -> list[PublicTest]:
    """Return the public tests of an assignment.

    Raises
    ------
    RecordError
        If their files cannot be imported.
    """
    try:
        return PublicTests(assignment.source, assignment.facts).tests
    except Exception as error:
        raise RecordError(
            f"The public tests in {assignment.source / 'tests'} cannot be imported ({type(error).__name__}: {error}). "
            f"They may import {assignment.package}.checks and installed packages, and must ask `student` for the rest."
        ) from None


def _part_of(assignment: Assignment, test: PublicTest) -> Part | None:
    """Return the part that a test's exercise belongs to, or None."""
    return next((part for part in assignment.parts if test.claim.exercise in {one.id for one in part.exercises}), None)


def _run(test: PublicTest, student: CodeUnderTest, known: CodeUnderTest) -> Exception | None:
    for side in (student, known):
        side.backend.seed(seed_for(test.name))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            Fixtures(student, lambda: known, lambda: rng_for(test.name)).run(test.function)
    except Exception as error:
        return error
    return None


def _count(answer: Any) -> int:
    if isinstance(answer, np.ndarray):
        return answer.size
    return sum(map(_count, answer)) if isinstance(answer, list | tuple) else 1
