"""The tree of exceptions with a one-sentence message. The class says whose fault it is.

A command that fails with one of these prints the sentence. Any other exception is a bug in this program and shows a
traceback.
"""


class AutograderError(Exception):
    """An error that one sentence explains."""


class SubmissionError(AutograderError):
    """The submission cannot be graded at all: the student's fault."""


class SetupError(AutograderError):
    """The course, the command or the machine lacks something that a person can add: the instructor's fault."""


class GraderFault(AutograderError):
    """The grader could not do its work: the grader's fault, and never a student's zero."""
