"""What people read about grades: everything here renders records; figures about a class are sums over its records."""

from typing import Any

__all__ = ["configure"]


def configure(_: Any) -> None:
    """Make nbgrader's commands and formgrader write the students' whole results beside the notebooks' pages.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    from . import feedback

    feedback.configure()
