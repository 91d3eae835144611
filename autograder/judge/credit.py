"""Exceptions for tests that do not simply pass or fail: partial credit, open, not graded."""

from autograder.checks.compare import Mismatch


class PartialCredit(Mismatch):
    """A test earned a part of its credit.

    Parameters
    ----------
    credit : float
        The share that the test earned, between 0 and 1.
    message : str
        One sentence for the student.
    """

    def __init__(self, credit: float, message: str) -> None:
        super().__init__("values", message)
        self.credit = credit


class NotGraded(Exception):
    """The submission has nothing for this test: one sentence says why. No points are lost; a person decides."""


class Open(Exception):
    """The machine lacks something that this test needs, such as a framework.

    One sentence says what to do; then the test is judged again.
    """
