"""Grading of a class: judge in parallel, store verdicts by digest, write nbgrader's gradebook from one process."""

from .gradebook import configure

__all__ = ["configure"]
