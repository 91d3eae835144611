"""``generate_feedback`` with a page of the whole result: ``index.html``, and within each notebook's page.

The exchange hands out pages of notebooks only, so each of them holds the whole result too. See ``student`` for what it
says, and ``grading.feedback`` for nbgrader's own pages.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import nbgrader.apps.api
import nbgrader.apps.generatefeedbackapp
from nbgrader.api import Gradebook
from traitlets.config import Config

from autograder import files
from autograder.assignment import Part
from autograder.course import find_course
from autograder.errors import SetupError
from autograder.grading import facts, penalties, record
from autograder.grading.books import Books
from autograder.grading.feedback import NewestFeedback

from .student import PAGE, student_page

BODY = "<body>"
MARK = "<!-- the whole result -->"
"""It stands in each page that holds the result: pages of an earlier run come back if a run fails."""
FRAME = """
{mark}
<details style="margin: 1em"><summary style="display: list-item; cursor: pointer">
<b>{title}: {total} of {points} points, all parts</b></summary>
<iframe sandbox="" title="The whole result" srcdoc="{page}" style="width: 100%; height: 80vh; border: 1px solid #888">
</iframe></details>
"""
TEMPLATES = Path(__file__).with_name("notebook")


class FeedbackWithResult(NewestFeedback):
    """Writes nbgrader's pages with headings by exercise, and the student's whole result."""

    def __init__(self, coursedir: Any = None, **settings: Any) -> None:
        super().__init__(coursedir=coursedir, **settings)
        own = Config()
        own.HTMLExporter.template_name = "by_exercise"
        theirs = self.config.HTMLExporter
        own.HTMLExporter.extra_template_basedirs = [str(TEMPLATES), *theirs.extra_template_basedirs]
        own.HTMLExporter.extra_template_paths = [*theirs.extra_template_paths, *theirs.extra_template_basedirs]
        self.update_config(own)

    def convert_notebooks(self) -> None:
        """Write the pages of notebooks, then those of students.

        Raises
        ------
        NbGraderException
            If a student's pages could not be written.
        """
        try:
            super().convert_notebooks()
        finally:
            self._write_results()

    def _write_results(self) -> None:
        name, root = self.coursedir.assignment_id, Path(self.coursedir.root)
        parts, title = _assignment(root, name)
        with self._books(root) as books:
            for student in sorted(Path(folder).parent.name for folder in self.assignments):
                pages = Path(self._format_dest(name, student))
                written = (page for page in pages.glob("*.html") if page.name != PAGE)
                fresh = [page for page in written if MARK not in page.read_text(encoding="utf-8")]
                if fresh:
                    found = record.of_student(parts, root, name, books, student, detailed=True)
                    known = facts.read(root, name, student)
                    reference = known.submission[:12] if known is not None else ""
                    page = student_page(found, title, reference, datetime.now(UTC))
                    for notebook in fresh:
                        _insert(notebook, title, found, page)
                    files.write(pages / PAGE, page.encode())
                    self.set_permissions(name, student)

    @contextmanager
    def _books(self, root: Path) -> Iterator[Books]:
        with Gradebook(self.coursedir.db_url) as gradebook:
            yield Books.of(gradebook, self.coursedir.assignment_id, penalties.rules_of(root, self.config))


def _assignment(root: Path, name: str) -> tuple[tuple[Part, ...], str]:
    """Return an assignment's parts and title. One without a grader has no parts: its points are nbgrader's."""
    try:
        assignment = find_course(root, name=name).assignment
    except SetupError:
        return (), name
    return assignment.parts, assignment.settings.title


def _insert(path: Path, title: str, found: record.Record, page: str) -> None:
    """Put the whole result at the top of a notebook's page, closed."""
    text = path.read_text(encoding="utf-8")
    before, body, after = text.partition(BODY)
    if body:
        frame = FRAME.format(
            mark=MARK, title=escape(title), total=f"{found.total:g}", points=f"{found.points:g}", page=escape(page)
        )
        files.write(path, (before + body + frame + after).encode())


def configure() -> None:
    """Make nbgrader write feedback with this class, in the command and in formgrader."""
    nbgrader.apps.generatefeedbackapp.GenerateFeedback = FeedbackWithResult
    nbgrader.apps.api.GenerateFeedback = FeedbackWithResult
