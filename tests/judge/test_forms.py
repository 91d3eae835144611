"""Which form an answer has, and which one is expected."""

from typing import Any

import numpy as np
import pytest

from autograder.checks.record import Recorded
from autograder.judge.forms import form_of, other_form
from autograder.judge.reference import reference
from tests.assignment2 import ASSIGNED

from .conftest import Judge, append, lost

X = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        (None, "None"),
        (X, "an array of shape (2, 3)"),
        (1.5, "a number"),
        ("relu", "a text"),
        ([1.0], "a list"),
        ({"handle": "TwoLayerNet"}, "a TwoLayerNet"),
        ((X, None), "a tuple of an array of shape (2, 3) and None"),
        ((X,), "a tuple of 1"),
        ({"a": 1.0}, "a dict"),
    ],
)
def test_forms(answer: Any, form: str) -> None:
    assert form_of(answer) == form


@pytest.mark.parametrize(
    ("answers", "source", "right", "said"),
    [
        ([X], ["layers.f"], [(X, X)], "f returns an array of shape (2, 3); a tuple of an array of shape (2, 3) and an "
                                      "array of shape (2, 3) is expected."),
        ([{"handle": "net"}, {"handle": "dict"}], [".loss", "[W1]"], [{"handle": "net"}, X],
         "At 'W1' there is a dict; an array of shape (2, 3) is expected."),
        ([{"handle": "method"}, None], [".loss", ""], [{"handle": "method"}, 1.0],
         "loss returns None; a number is expected."),
        ([(X, {"handle": "tuple"})], ["layers.f"], [(X, {"handle": "dict"})], ""),  # a cache
        ([X], ["layers.f"], [X], ""),
    ],
)  # fmt: skip
def test_the_first_other_form_is_said(answers: list[Any], source: list[str], right: list[Any], said: str) -> None:
    student = Recorded(reference(ASSIGNED))
    student.log, student.answered = answers, source
    assert other_form(student, right) == said


@pytest.mark.xdist_group("verdicts")
def test_a_verdict_says_it(judge: Judge) -> None:
    verdict = judge(append("layers.py", "\ndef relu_forward(x):\n    return x * (x > 0)\n"), "relu_forward")
    message = lost(verdict)["relu_forward"].message
    assert "relu_forward returns an array of shape" in message
    assert "a tuple of an array of shape" in message
