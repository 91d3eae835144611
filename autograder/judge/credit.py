"""How a test ends that neither passes nor fails: with a part of the credit, open, or not graded at all."""

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
    """Nothing was handed in that this test could judge: one sentence says why. It costs no points, a person decides."""


class Open(Exception):
    """What this test needs is not here, such as a framework: one sentence says what to do. It is judged again then."""
