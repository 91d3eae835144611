"""What hidden tests may ask for by name: the engine's fixtures, from which an assignment's kit may derive more."""

import numpy as np

from autograder.checks import fixtures
from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.definitions import NotebookError, read_cells
from autograder.course import Course

from .context import Context
from .credit import NotGraded


class Fixtures(fixtures.Fixtures):
    """What one run of one hidden test is given.

    Parameters
    ----------
    context : Context
        What is judged, and with what.
    student : CodeUnderTest
        The code that the test is about: the submission's or, where a hint is looked for, a known mistake.
    test : str
        What the test's random numbers are drawn for.
    flags : list of str
        Gets a sentence where something looks odd.
    """

    def __init__(self, context: Context, student: CodeUnderTest, test: str, flags: list[str]) -> None:
        super().__init__(student, context.reference, lambda: self.fresh_rng())
        self.context, self.test, self.flags = context, test, flags

    def fresh_rng(self) -> np.random.Generator:
        """Return the test's generator from its beginning."""
        return self.context.rng(self.test)

    @property
    def notebook(self) -> str:
        """The name of the part's notebook; a test that asks for it is not graded where none can be read."""
        notebook = self.context.part.notebook
        try:
            read_cells(self.context.submission.folder / notebook)
        except NotebookError as error:
            raise NotGraded(str(error)) from None
        return notebook

    @property
    def extension(self) -> None:
        """Nothing; a test that asks for it fails where the submitted extension does not build."""
        self.context.extension.require()


def fixtures_of(course: Course) -> type[Fixtures]:
    """Return what hidden tests of a course may ask for: the kit's fixtures, where it has some."""
    found: type[Fixtures] = course.kit.fixtures() or Fixtures
    return found
