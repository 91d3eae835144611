"""A student's page: the whole result of one hand-in, for its student."""

from datetime import datetime

from autograder.grading.record import Record

from .page import render

MOST = 20
"""Files that intake left out and that are named."""
PAGE = "index.html"


def student_page(record: Record, title: str, reference: str = "", when: datetime | None = None) -> str:
    """Return a student's page.

    Parameters
    ----------
    record : Record
        With details.
    title : str
        The assignment's title.
    reference : str
        What a student tells the instructor so that the same files are judged again.
    when : datetime, optional
        The time that the page shows, in UTC.
    """
    return render(
        "student.html.jinja", record=record, title=title, reference=reference, most=MOST,
        when=when.strftime("%Y-%m-%d %H:%M") if when is not None else "",
    )  # fmt: skip
