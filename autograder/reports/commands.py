"""The commands of ``autograder`` about what people read: they parse options and print. See the modules beside."""

import contextlib
import sys
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

    @app.command()
    def leaderboard() -> None:
        """Write the leaderboard, under pseudonyms: the measured accuracies of the parts that the assignment names."""
        from . import leaderboard as page
        from .decide import records_of

        course = find_course()
        settings = course.assignment.settings
        parts = {part.number: part.name for part in course.parts if part.number in settings.leaderboard}
        if not parts:
            raise page.LeaderboardError("This assignment has no leaderboard: name its parts in assignment.toml.")
        records = records_of(course)
        names = page.pseudonyms([one.student for one in records], course.secret, page.read_names(course.root))
        path = course.root / FOLDER / course.assignment.name / "leaderboard.html"
        files.write(path, page.leaderboard(records, settings.title, parts, names, datetime.now(UTC)).encode())
        say(f"The leaderboard is {path}.")

    @app.command()
    def similarity(
        earlier: Annotated[
            Path | None, typer.Option("--also", help="A folder like `submitted` of another class, such as last year's.")
        ] = None,
        most: Annotated[int, typer.Option(min=1, help="The most pairs on the page.")] = 50,
    ) -> None:
        """Write a page of solutions that are much alike, side by side: evidence for a person to look at."""
        from rich.progress import track

        from autograder.grading import engine

        from . import similarity as page

        course = find_course()
        name, title = course.assignment.name, course.assignment.settings.title
        folders = engine.require_submissions(course)
        others = page.of_another_class(earlier, name) if earlier is not None else {}
        steps = iter(track(range(len(folders) + len(others)), "Reading", console=out, transient=True))
        pairs, unread = page.of_class(course, folders, others, most, lambda: next(steps, None))
        path = course.root / FOLDER / name / "similarity.html"
        number = len(folders) + len(others) - len(unread)
        when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
        files.write(path, page.similarity(pairs, title, number, unread, when).encode())
        say(
            f"{len(pairs)} of {number * (number - 1) // 2} pairs are on {path}. It names students: keep it to yourself."
        )

    @app.command()
    def questions(
        student: Annotated[str, typer.Option(help="Only this student; * and ? stand for anything.")] = "*",
        most: Annotated[int, typer.Option(min=1, help="The most questions for each student.")] = 4,
        quizzes: Annotated[
            Path | None, typer.Option("--quiz", help="A folder for quizzes for an LMS: a QTI package for each student.")
        ] = None,
    ) -> None:
        """Write sheets with questions for the students about their own code, and a page with the right answers."""
        from rich.progress import track

        from autograder.grading import engine

        from .page import render
        from .questions.making import LETTERS, of_class
        from .questions.quiz import write_quiz

        course = find_course()
        name, title = course.assignment.name, course.assignment.settings.title
        folders = engine.require_submissions(course, student)
        steps = iter(track(range(len(folders)), "Asking", console=out, transient=True))
        sheets, unread = of_class(course, folders, engine.require_level(), most, lambda: next(steps, None))
        when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
        for file, key in (("questions", False), ("questions-key", True)):
            page = render("questions.html.jinja", title=title, sheets=sheets, key=key, letters=LETTERS, when=when)
            files.write(course.root / FOLDER / name / f"{file}.html", page.encode())
        for one, found in sheets.items() if quizzes is not None else ():
            assert quizzes is not None
            quizzes.mkdir(parents=True, exist_ok=True)
            write_quiz(found, f"{title}: questions about your own code", quizzes / f"{one}.zip")
        place = course.root / FOLDER / name
        say(
            f"Sheets for {len(sheets)} students are in {place / 'questions.html'}, answers in questions-key.html there."
        )
        for one, why in unread.items():
            say(f"{one}: {why}")

    @app.command()
    def export(
        system: Annotated[str, typer.Argument(help="canvas, moodle, gradescope or github.")],
        to: Annotated[Path, typer.Option(help="The file to write.")],
        exported: Annotated[
            Path | None, typer.Option("--from", help="Canvas, Moodle: the file that it exports, whose ids stay.")
        ] = None,
        each: Annotated[bool, typer.Option("--each", help="A column for each exercise instead of the total.")] = False,
        title: Annotated[str, typer.Option(help="The column's name there. Default: the assignment's title.")] = "",
        allow_weak: Annotated[
            bool, typer.Option("--allow-weak", help="Gradescope: judge also where the sandbox is below level 2.")
        ] = False,
    ) -> None:
        """Write grades for Canvas or Moodle, an autograder for Gradescope, or a workflow for a student's repository."""
        from . import gradescope, lms
        from .page import ENVIRONMENT

        course = find_course()
        name = title or course.assignment.settings.title
        if system == "gradescope":
            say(f"{gradescope.bundle(course, to, allow_weak)} files are in {to}. It holds hidden tests: keep it safe.")
            return
        if system == "github":
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            text = ENVIRONMENT.get_template("checks.yml.jinja").render(title=" ".join(name.split()), python=version)
            files.write(to, f"{text}\n".encode())
            say(f"The workflow is {to}: students put it into .github/workflows/.")
            return
        forms = {"canvas": lms.canvas, "moodle": lms.moodle}
        if system not in forms:
            raise lms.ExportError(f"There is no export for {system}: use {', '.join(forms)}, gradescope or github.")
        if exported is None or not exported.is_file():
            raise lms.ExportError("Give --from with the file that the system exports: the ids of its students stay.")
        from .decide import people_of, records_of

        grades = lms.sheet(records_of(course), name, each)
        made = forms[system](_text(exported), people_of(course), grades)
        files.write(to, made.text.encode())
        say(f"{made.number} of {len(grades.values)} students are in {to}.")
        for note in made.notes:
            say(note)


def _text(path: Path) -> str:
    """Return the text of a file that an LMS or a spreadsheet wrote."""
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "utf-16") if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(encoding)
    return content.decode("cp1252", "replace")
