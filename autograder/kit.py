"""Hooks by which an assignment extends the judge: its data, its fixtures, and how its models are trained.

An assignment's ``kit/judge`` defines a class ``Kit`` that derives from `JudgeKit`. See ``checks.kit`` for the hooks of
``kit/runner``, which run beside a submission, and ``judge`` for judging.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.assignment import Part
    from autograder.course import Course


@dataclass(frozen=True)
class Data:
    """The data that submissions are judged on, besides random numbers.

    Attributes
    ----------
    kind : str
        A word for people, which each verdict records; "" if an assignment has no data.
    fingerprint : str
        An identifier of exactly these data.
    root : Path or None
        The folder of the data.
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
        """Return the class of the hidden tests' fixtures, which derives from `judge.fixtures.Fixtures`, or None."""
        return None

    def data(self) -> Data:
        """Return the data to judge on.

        Raises
        ------
        SetupError
            If the folder that the user gave does not hold the data.
        """
        return Data()

    def practice_data(self) -> Path | None:
        """Return a folder of data for executed notebooks. The folder must not reveal the data for judging."""
        return None

    def possible(self, function: str, arguments: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Tell whether a function's arguments make sense. A smallest case with other arguments is not shown.

        Parameters
        ----------
        function : str
            The function's dotted name below the package.
        arguments : dict
            The arguments by name. Objects that the reference returned earlier are among them.
        """
        return True

    def training(self, part: "Part", folder: Path) -> Sequence[str]:  # noqa: ARG002
        """Return the command that trains the reference's model of a part and saves it in a folder."""
        return ()

    def tool(self, arguments: Sequence[str]) -> int:  # noqa: ARG002
        """Run the tool that fetches the data. Return its exit status."""
        return 0
