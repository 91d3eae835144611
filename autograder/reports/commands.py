"""The commands of ``autograder`` about what people read: they parse options and print. See the modules beside."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder import files
from autograder.course import Course

FOLDER = "report"
"""The folder in the course's for pages about a class."""


def add_to(app: typer.Typer, find_course: Callable[[], Course], out: Console) -> None:
    """Add the commands.

    Parameters
    ----------
    app : Typer
        The ``autograder`` command.
    find_course : callable
        Returns the course of the current folder.
    out : Console
    """

    def say(sentence: str) -> None:
        out.print(sentence, markup=False, soft_wrap=True)

    @app.command()
    def report(
        csv: Annotated[
            Path | None, typer.Option("--csv", help="Write a table with a row for each student and test instead.")
        ] = None,
        parquet: Annotated[Path | None, typer.Option("--parquet", help="The same as Parquet; needs pyarrow.")] = None,
    ) -> None:
        """Write the class's page: who needs a person, how the exercises did, which mistakes are common."""
        from autograder.grading import changes

        from . import rows
        from .dashboard import dashboard
        from .decide import records_of

        course = find_course()
        records = records_of(course)
        for path, write in ((csv, rows.write_csv), (parquet, rows.write_parquet)):
            if path is not None:
                say(f"{write(records, path)} rows are in {path}.")
        if csv is None and parquet is None:
            name = course.assignment.name
            last = changes.last(course)
            changed = changes.grades(course.parts, changes.steps(last)) if last is not None else []
            path = course.root / FOLDER / name / "index.html"
            title = course.assignment.settings.title
            files.write(path, dashboard(records, title, name, changed, datetime.now(UTC)).encode())
            say(f"The page about {len(records)} students is {path}. It names them: keep it to yourself.")

    @app.command()
    def decide(
        group: Annotated[str, typer.Argument(help="The group's name, as `autograder report` prints it.")],
        score: Annotated[float | None, typer.Option(help="The score in the group's exercise.")] = None,
        comment: Annotated[str, typer.Option(help="A comment, which each of them reads.")] = "",
    ) -> None:
        """Enter one score or comment for all students who lost points in the same way. No later run changes it."""
        from .decide import DecisionError
        from .decide import decide as enter

        found, left = enter(find_course(), group, score, comment)
        done = len(found.students) - len(left)
        say(f"{done} of {len(found.students)} students have it: {', '.join(found.students)}.")
        if left:
            raise DecisionError("\n".join(left))
        say("Next: `nbgrader generate_feedback` writes it into their pages.")
