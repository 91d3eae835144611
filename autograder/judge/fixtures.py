"""The fixtures that hidden tests may ask for by name. An assignment's kit may derive more from them."""

from collections.abc import Callable

import numpy as np

from autograder.checks import fixtures
from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.notebook import NotebookError, read_cells
from autograder.course import Course
from autograder.verdict import Measured

from .context import Context
from .credit import NotGraded


class Fixtures(fixtures.Fixtures):
    """The fixtures for one run of one hidden test.

    Parameters
    ----------
    context : Context
        The judging context.
    student : CodeUnderTest
        The code under test: the submission's or, in the search for a hint, a known mistake.
    test : str
        The name from which the test's random numbers are derived.
    flags : list of str
        Collects a sentence for each thing that looks odd.
    """

    def __init__(self, context: Context, student: CodeUnderTest, test: str, flags: list[str]) -> None:
        super().__init__(student, context.reference, lambda: self.fresh_rng())
        self.context, self.test, self.flags = context, test, flags

    def fresh_rng(self) -> np.random.Generator:
        """Return a new random generator with the test's seed."""
        return self.context.rng(self.test)

    @property
    def notebook(self) -> str:
        """The name of the part's notebook. A test that asks for it is not graded if the notebook is unreadable."""
        notebook = self.context.part.notebook
        try:
            read_cells(self.context.submission.folder / notebook)
        except NotebookError as error:
            raise NotGraded(str(error)) from None
        return notebook

    @property
    def worked(self) -> Callable[[], float]:
        """A function that returns the processor time of the runner in seconds."""
        return self.context.worked

    @property
    def waited(self) -> Callable[[], float]:
        """A function that returns the seconds that the runner waited for a core that others used."""
        return self.context.waited

    @property
    def measure(self) -> Callable[..., None]:
        """A function that keeps what the test measures: the share that was reached, and the share for full credit.

        Pages show both. With ``practice=True``, the data only stand in for the real ones.
        """

        def keep(reached: float, mark: float, practice: bool = False) -> None:
            self.context.measured = Measured(reached, mark, practice)

        return keep

    @property
    def extension(self) -> None:
        """None. A test that asks for this fixture fails if the submitted extension does not build."""
        self.context.extension.require()


def fixtures_of(course: Course) -> type[Fixtures]:
    """Return the class of a course's fixtures: the kit's if there is one, else the engine's."""
    found: type[Fixtures] = course.kit.fixtures() or Fixtures
    return found
