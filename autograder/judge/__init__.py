"""The judge: hidden tests, asked of a submission in a runner, become a verdict. What hidden tests import is here."""

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import (
    Mismatch,
    as_array,
    as_number,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    require,
)
from autograder.checks.exercise import exercise
from autograder.checks.numeric import numeric_gradient

from .credit import NotGraded, Open, PartialCredit

__all__ = [
    "CodeError", "CodeUnderTest", "Mismatch", "NotGraded", "Open", "PartialCredit", "as_array", "as_number",
    "assert_close", "assert_dtype", "assert_gradients", "assert_unchanged", "exercise", "numeric_gradient", "require",
]  # fmt: skip
