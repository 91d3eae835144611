"""Record what the public tests need to know: the reference's answers, and those of each known mistake.

The release holds these numbers in place of code: a mistaken solution is nearly a solution.
"""

import contextlib
import inspect
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.public import PublicTest, PublicTests, rng_for, seed_for
from autograder.checks.record import Log, Recorded, write_logs
from autograder.judge.reference import mistaken, reference
from autograder.mistakes import of_exercise

RECORDED_KINDS = ("core", "edge")
MOST_NUMBERS = 1000
"""A mistake that shows in more numbers than these shows in random ones: the student's would be others."""


class RecordError(Exception):
    """A public test does not pass on the reference."""


def record(source: Path, release: Path) -> None:
    """Write ``tests/recorded`` of a release.

    Parameters
    ----------
    source : Path
        The instructor's assignment.
    release : Path
        The release, which holds the public tests already.

    Raises
    ------
    RecordError
        If the reference fails a public test.
    """
    logs: dict[str, Log] = {}
    named: dict[str, dict[str, str]] = {}
    for test in PublicTests(source).tests:
        if test.claim.kind not in RECORDED_KINDS or "framework" in inspect.signature(test.function).parameters:
            continue
        right = Recorded(reference(source))
        error = _run(test, CodeUnderTest(reference(source)), CodeUnderTest(right))
        if error is not None:
            raise RecordError(f"The public test {test.name} does not pass on the reference: {error}")
        logs[f"reference/{test.name}"] = right.log
        for mistake in of_exercise(test.claim.exercise):
            answers = Recorded(mistaken(source, mistake))
            failed = _run(test, CodeUnderTest(answers), CodeUnderTest(reference(source))) is not None
            if failed and _count(answers.log) <= MOST_NUMBERS:
                logs[f"mistake/{test.name}/{mistake.id}"] = answers.log
                named[mistake.key] = {"title": mistake.title, "explanation": mistake.explanation}
    write_logs(release / "tests" / "recorded" / "answers.npz", logs)
    text = json.dumps(named, indent=1, sort_keys=True, ensure_ascii=False)
    (release / "tests" / "recorded" / "mistakes.json").write_text(text + "\n", encoding="utf-8")


def _run(test: PublicTest, student: CodeUnderTest, known: CodeUnderTest) -> Exception | None:
    for side in (student, known):
        base = side.backend.backend if isinstance(side.backend, Recorded) else side.backend
        base.call("course.seed", (seed_for(test.name),), {})
    offers: dict[str, Any] = {"student": student, "reference": known, "rng": rng_for(test.name)}
    names = test.function.__code__.co_varnames[: test.function.__code__.co_argcount]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            test.function(**{name: offers[name] for name in names})
    except Exception as error:
        return error
    return None


def _count(answer: Any) -> int:
    if isinstance(answer, np.ndarray):
        return answer.size
    return sum(map(_count, answer)) if isinstance(answer, list | tuple) else 1
