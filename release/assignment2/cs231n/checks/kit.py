"""Hooks by which an assignment extends a runner: functions that tests call there, and more random generators.

An assignment's ``kit/runner`` defines a class ``Kit`` that derives from `RunnerKit`. The judge does not trust it,
because it runs beside the submission.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .host import PackageHost


class RunnerKit:
    """The hooks, each with a default that adds nothing.

    Parameters
    ----------
    host : PackageHost
        The submission.
    """

    def __init__(self, host: "PackageHost") -> None:
        self.host = host

    def namespaces(self) -> Mapping[str, Callable[[], Any]]:
        """Return namespaces for tests: each name with a function that returns the object behind the name.

        With ``{"course": lambda: tools}`` a test can call ``student.course.predict(...)``.
        """
        return {}

    def prepare(self, namespace: str) -> None:
        """Prepare a namespace before the first call of its functions. Steps that may fail belong here."""

    def seed(self, number: int) -> None:
        """Seed random generators besides Python's and NumPy's."""

    def advice(self, error: str) -> str:  # noqa: ARG002 (a kit may use it)
        """Return a sentence that says the cure for an error of the student's code, or "".

        Parameters
        ----------
        error : str
            The exception's type and text.
        """
        return ""

    def remember(self) -> Callable[[], None]:
        """Return a function that restores the current state of these generators."""
        return lambda: None
