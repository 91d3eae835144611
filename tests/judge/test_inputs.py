"""Public checks accept the reference. Hidden tests send inputs of their own, which are drawn for the submission."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.assignment import Part
from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.public import PublicTests, rng_for
from autograder.checks.record import Recorded
from autograder.course import Course
from autograder.judge.reference import reference
from autograder.runner.wire import Wire
from autograder.sandbox.profiles import is_installed
from autograder.validate.calibration import QUICK
from tests.assignment2 import ASSIGNED

from .conftest import Judge

pytestmark = pytest.mark.xdist_group("verdicts")
EXERCISES = (
    "affine_forward", "relu_backward", "adam", "batchnorm_backward", "dropout_forward", "conv_forward_naive",
    "spatial_batchnorm_forward",
)  # fmt: skip


def drawn(value: Any) -> set[str]:
    """Return digests of the arrays in a value that look random; small constants and ranges may be the same anyway."""
    if isinstance(value, np.ndarray):
        kept = value.dtype.kind == "f" and len(np.unique(value)) >= 8 and len(np.unique(np.diff(value.ravel()))) > 4
        return {hashlib.sha256(np.ascontiguousarray(value, dtype=np.float64).tobytes()).hexdigest()} if kept else set()
    if isinstance(value, dict):
        value = list(value.values())
    return set().union(*map(drawn, value)) if isinstance(value, list | tuple) else set()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return digests of the random arrays that the judge sends to runners."""
    seen: set[str] = set()
    usual = Wire.send

    def send(self: Wire, message: dict[str, Any], arrays: list[np.ndarray], timeout: float | None = None) -> None:
        seen.update(drawn(arrays))
        usual(self, message, arrays, timeout)

    monkeypatch.setattr(Wire, "send", send)
    return seen


def public_inputs(course: Course, exercise: str) -> set[str]:
    """Return digests of the random arrays that the public checks of an exercise send."""
    seen: set[str] = set()
    backend = reference(course.assignment)

    class Listening:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def asked(*args: Any) -> Any:
                seen.update(drawn(list(args)))
                return getattr(backend, name)(*args)

            return asked

    for test in PublicTests(course.source).of(exercise):
        offers = {"student": CodeUnderTest(Listening()), "reference": CodeUnderTest(backend), "rng": rng_for(test.name)}  # type: ignore[arg-type]
        names = test.function.__code__.co_varnames[: test.function.__code__.co_argcount]
        test.function(**{name: offers[name] for name in names})
    return seen


@pytest.mark.parametrize("exercise", EXERCISES)
def test_public_checks_never_reuse_hidden_inputs(judge: Judge, course: Course, sent: set[str], exercise: str) -> None:
    verdict = judge(lambda folder: None, exercise)
    assert verdict.score == verdict.points
    public = public_inputs(course, exercise)
    assert sent, "the judge sent no array that looks random"
    assert public, "the public checks sent no array that looks random"
    assert not sent & public


@pytest.mark.parametrize(
    "part", [one for part in ASSIGNED.parts for one in part.alternatives], ids=lambda one: one.name
)
def test_public_checks_accept_the_reference(course: Course, part: Part) -> None:
    """Tests that train, or need a trained model, run with the notebooks."""
    if not is_installed(ASSIGNED, part):
        pytest.skip(f"the framework of {part.name} is not installed")
    public = PublicTests(course.source, course.assignment.facts)
    right = Recorded(reference(course.assignment, part))
    tests = [test for exercise in part.automatic for test in public.of(exercise.id) if test.claim.kind in QUICK]
    assert len(tests) >= len(part.automatic) / 2
    failures = {test.name: public.run(test, right) for test in tests}
    assert {name: failure for name, failure in failures.items() if failure is not None} == {}


def test_another_submission_gets_other_inputs(judge: Judge, sent: set[str]) -> None:
    """One more line anywhere changes all drawn inputs; the same files give the same inputs."""
    judge(lambda folder: None, "affine_forward")
    first = set(sent)
    sent.clear()
    judge(lambda folder: None, "affine_forward")
    assert sent == first
    sent.clear()
    judge(lambda folder: (folder / "cs231n" / "notes.py").write_text("# mine\n"), "affine_forward")  # type: ignore[arg-type, return-value]
    assert sent
    assert not sent & first
