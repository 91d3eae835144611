"""What an assignment may add to the trusted side, as hooks: its data, its fixtures, how its models are trained.

An assignment's ``kit/judge`` defines a class ``Kit`` that derives from `JudgeKit`. What runs beside a submission is
added in ``kit/runner``, by ``checks.kit``. Not for judging: see ``judge``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.assignment import Part
    from autograder.course import Course


@dataclass(frozen=True)
class Data:
    """What submissions are judged on, besides random numbers.

    Attributes
    ----------
    kind : str
        A word for people, which each verdict records; "" where an assignment has no data.
    fingerprint : str
        Names exactly these data.
    root : Path or None
        Their folder.
    """

    kind: str = ""
    fingerprint: str = ""
    root: Path | None = None


class JudgeKit:
    """The hooks, each with a default that adds nothing.

    Parameters
    ----------
    course : Course
    """

    def __init__(self, course: "Course") -> None:
        self.course = course

    def fixtures(self) -> Any:
        """Return the class of what hidden tests may ask for, which derives from `judge.fixtures.Fixtures`, or None."""
        return None

    def data(self) -> Data:
        """Return the data to judge on.

        Raises
        ------
        SetupError
            If the folder that was named does not hold them.
        """
        return Data()

    def practice_data(self) -> Path | None:
        """Return a folder of data as executed notebooks may see them: nothing in it may tell what is judged."""
        return None

    def training(self, part: "Part", folder: Path) -> Sequence[str]:  # noqa: ARG002
        """Return the command that trains the reference's model of a part and saves it in a folder."""
        return ()

    def tool(self, arguments: Sequence[str]) -> int:  # noqa: ARG002
        """Run the tool that gets the data; return its exit status."""
        return 0
