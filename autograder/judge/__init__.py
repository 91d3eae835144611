"""The judge: it runs hidden tests on a submission in a runner and gives a verdict. Hidden tests import from here."""

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import (
    Mismatch,
    as_array,
    as_number,
    as_numbers,
    as_text,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    equals,
    require,
)
from autograder.checks.exercise import exercise
from autograder.checks.numeric import numeric_gradient

from .credit import NotGraded, Open, PartialCredit
from .ways import way

__all__ = [
    "CodeError", "CodeUnderTest", "Mismatch", "NotGraded", "Open", "PartialCredit", "as_array", "as_number",
    "as_numbers", "as_text", "assert_close", "assert_dtype", "assert_gradients", "assert_unchanged", "equals",
    "exercise", "numeric_gradient", "require", "way",
]  # fmt: skip
