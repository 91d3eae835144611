"""Whose fault it is: the one tree of exceptions that say in a sentence what is wrong.

What a command ends with is its sentence; an exception of another kind is a fault in this program and shows where.
"""


class AutograderError(Exception):
    """Something that is told in one sentence."""


class SubmissionError(AutograderError):
    """What was handed in cannot be graded at all: the student's."""


class SetupError(AutograderError):
    """The course, the command or the machine lacks something that a person can add: the instructor's."""


class GraderFault(AutograderError):
    """The grader could not do its work: ours, and never a student's zero."""
