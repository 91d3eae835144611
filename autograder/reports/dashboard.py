"""The instructor's page about a class: who needs a person first, figures about exercises, and common mistakes."""

from collections.abc import Sequence
from datetime import datetime

from autograder.grading.changes import Grade
from autograder.grading.record import Record

from .figures import BINS, Distribution, errors, figures
from .page import render

WIDTH, HEIGHT, BASE = 640, 200, 160
"""Pixels of the chart, and the height of its axis."""


def dashboard(
    records: Sequence[Record], title: str, assignment: str, changed: Sequence[Grade] = (), when: datetime | None = None
) -> str:
    """Return the page.

    Parameters
    ----------
    records : sequence of Record
        With details.
    title, assignment : str
    changed : sequence of Grade
        What the last run changed.
    when : datetime, optional
        The time that the page shows, in UTC.
    """
    found = figures(records)
    return render(
        "dashboard.html.jinja", script=True, title=title, assignment=assignment, figures=found,
        bars=_bars(found.distribution), errors=errors, changed=[one for one in changed if one.changes],
        levels=sorted({part.level for one in records for part in one.parts if part.level}),
        data=sorted({part.data for one in records for part in one.parts if part.data}),
        when=when.strftime("%Y-%m-%d %H:%M") if when is not None else "",
    )  # fmt: skip


def _bars(distribution: Distribution) -> list[dict[str, float | int | str]]:
    """Return the bars of the chart of totals."""
    most = max(*distribution.counts, 1)
    step = WIDTH / BINS
    return [
        {
            "x": round(number * step + 4, 1), "width": round(step - 8, 1), "middle": round((number + 0.5) * step, 1),
            "height": round(130 * count / most, 1), "y": round(BASE - 130 * count / most, 1), "count": count,
            "label": f"{100 * number // BINS}–{100 * (number + 1) // BINS} %",
        }
        for number, count in enumerate(distribution.counts)
    ]  # fmt: skip
