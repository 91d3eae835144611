"""What an assignment may add beside a submission, as hooks: functions that tests call there, seeds of more generators.

An assignment's ``kit/runner`` defines a class ``Kit`` that derives from `RunnerKit`. It is trusted with nothing.
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
        """Return names below which tests find functions, each with what gives the object that has them.

        ``{"course": lambda: tools}`` lets a test call ``student.course.predict(...)``.
        """
        return {}

    def prepare(self, namespace: str) -> None:
        """Do what the functions of a namespace need and what may fail, before the first of them is called."""

    def seed(self, number: int) -> None:
        """Seed generators besides Python's and NumPy's."""

    def remember(self) -> Callable[[], None]:
        """Return what puts these generators back to where they are now."""
        return lambda: None
