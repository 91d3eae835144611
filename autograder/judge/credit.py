"""Two ways for a test to end other than passing or failing: with a part of the credit, or not graded at all."""

from autograder.checks.compare import Mismatch


class PartialCredit(Mismatch):
    """A test that earned a part.

    Parameters
    ----------
    credit : float
        Between 0 and 1.
    message : str
        One sentence for the student.
    """

    def __init__(self, credit: float, message: str) -> None:
        super().__init__("values", message)
        self.credit = credit


class NotGraded(Exception):
    """There is nothing that this test could judge: one sentence says why. It costs no points and waits for a person."""
