"""nbgrader's ``generate_feedback`` and ``release_feedback``, for students of the gradebook, always the newest pages.

nbgrader itself keeps old pages after a regrade, and stops at the first student that has been removed or whose hand-in
did not come through the exchange.
"""

import glob
import shutil
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbgrader.apps.api
import nbgrader.apps.generatefeedbackapp
from nbconvert.exporters import Exporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.exchange.default import ExchangeReleaseFeedback
from traitlets import Type

from autograder.collecting import notes

from .pages import Pages

ASIDE = ".before-"
"""Begins the name of the folder in which the old pages lie until the new ones are complete."""


class NewestFeedback(GenerateFeedback):  # type: ignore[misc]
    """Writes the pages of each graded student anew. The old pages stay if that fails."""

    exporter_class = Type(Pages, klass=Exporter).tag(config=True)

    def init_notebooks(self) -> None:
        """Find the graded notebooks of the students that the gradebook knows.

        Raises
        ------
        NbGraderException
            If there are none.
        """
        super().init_notebooks()
        for folder in sorted(self.assignments):
            student = Path(folder).parent.name
            if not _is_graded(self.coursedir, student):
                self.log.warning(
                    "No feedback is written for %s, who is not in the gradebook: grade again, or delete autograded/%s",
                    student, student,
                )  # fmt: skip
                del self.assignments[folder]
        if not self.assignments:
            message = "No graded submission belongs to a student of the gradebook: grade first."
            self.log.error("%s", message)
            raise NbGraderException(message)

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Put the student's old pages aside, and return whether to write new ones."""
        if student_id in (self.coursedir.student_id_exclude or "").split(","):
            return False
        if self.coursedir.notebook_id != "*":
            self.force = True
            return bool(super().init_destination(assignment_id, student_id))
        pages = Path(self._format_dest(assignment_id, student_id))
        aside = _aside(pages)
        if aside.exists() and pages.exists():  # a run was killed between the two steps below
            shutil.rmtree(pages)
        elif pages.exists():
            pages.rename(aside)
        return True

    def convert_notebooks(self) -> None:
        """Write the pages. Put a student's old pages back if the new ones could not be written.

        Raises
        ------
        NbGraderException
            If a student's pages could not be written.
        """
        try:
            super().convert_notebooks()
        finally:
            for folder in self.assignments:
                student = Path(folder).parent.name
                pages = Path(self._format_dest(self.coursedir.assignment_id, student))
                aside = _aside(pages)
                if pages.exists():
                    shutil.rmtree(aside, ignore_errors=True)
                elif aside.exists():
                    with suppress(OSError):
                        aside.rename(pages)


class ReleaseNewestFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """Releases the pages of all students that can fetch them, and names the others."""

    def copy_files(self) -> None:
        """Copy the pages into the exchange."""
        given = self.coursedir.student_id_exclude
        students = sorted(Path(folder).parent.name for folder in glob.glob(self.src_path))
        holders = self._holders()
        left = [student for student in students if not self._can_fetch(student, holders)]
        self.coursedir.student_id_exclude = ",".join(filter(None, [given, *left]))
        try:
            super().copy_files()
        finally:
            self.coursedir.student_id_exclude = given

    def _pages(self, student: str) -> Path:
        of = self.coursedir.feedback_directory, student, self.coursedir.assignment_id
        return Path(self.coursedir.format_path(*of))

    def _holders(self) -> dict[str, list[str]]:
        """Return the students of each secret: whoever copies a submitted folder copies its secret."""
        holders: dict[str, list[str]] = defaultdict(list)
        for folder in map(Path, sorted(glob.glob(str(self._pages("*"))))):
            holders[notes.secret_of(folder)].append(folder.parent.name)
        return holders

    def _can_fetch(self, student: str, holders: Mapping[str, list[str]]) -> bool:
        if not _is_graded(self.coursedir, student):
            self.log.warning("The feedback of %s is not released: the gradebook does not know this student", student)
            return False
        pages = self._pages(student)
        secret = notes.secret_of(pages)
        if not secret:
            self.log.warning(
                "The feedback of %s is not released: the submission did not come through nbgrader's exchange, or from "
                "another member of the group. Send the pages in %s yourself", student, pages,
            )  # fmt: skip
        elif len(holders[secret]) > 1:
            self.log.warning(
                "The feedback of %s is not released: the submissions of %s hold one secret, so each would fetch "
                "the pages of the last. Send the pages in %s yourself", student, " and ".join(holders[secret]), pages,
            )  # fmt: skip
        elif self._is_older(student, pages):
            self.log.warning(
                "The feedback of %s is not released: it was written before the last grading. Run `nbgrader "
                "generate_feedback %s` first", student, self.coursedir.assignment_id,
            )  # fmt: skip
        else:
            return True
        return False

    def _is_older(self, student: str, pages: Path) -> bool:
        of = self.coursedir.autograded_directory, student, self.coursedir.assignment_id
        graded = Path(self.coursedir.format_path(*of)).glob("*.ipynb")
        return max(map(_written, graded), default=0) > min(map(_written, pages.glob("*.html")), default=0)


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns


def _aside(pages: Path) -> Path:
    return pages.with_name(ASIDE + pages.name)


def _is_graded(coursedir: Any, student: str) -> bool:
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        try:
            gradebook.find_submission(coursedir.assignment_id, student)
        except MissingEntry:
            return False
    return True


def configure(config: Any) -> None:
    """Make nbgrader write and release feedback with these classes, in the commands and in formgrader.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    nbgrader.apps.generatefeedbackapp.GenerateFeedback = NewestFeedback
    nbgrader.apps.api.GenerateFeedback = NewestFeedback
    config.ExchangeFactory.release_feedback = ReleaseNewestFeedback
