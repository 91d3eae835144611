"""Grading of a class: judge in parallel, store verdicts by digest, write nbgrader's gradebook from one process."""

from typing import Any

from autograder import collecting

from . import collect, commands, feedback, gradebook

__all__ = ["configure"]


def configure(config: Any) -> None:
    """Make nbgrader's commands and formgrader work on judged submissions.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    for module in (gradebook, feedback, collecting, collect, commands):
        module.configure(config)
