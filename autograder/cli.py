"""The ``autograder`` command.

This module parses options and prints results. The packages beside it do the work.
"""

import contextlib
import itertools
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from autograder import course as courses
from autograder import files
from autograder.course import Course, put_tools_on_path
from autograder.errors import AutograderError
from autograder.interrupts import Interrupted, raise_on_interrupt
from autograder.reports import commands
from autograder.verdict import FAILED, GRADED, PASSED, ExerciseResult, PartVerdict, to_json

if TYPE_CHECKING:
    from autograder.judge.children.cluster import Cluster
    from autograder.validate.gate import Examined

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
DISTRIBUTION = "autograder"
out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 140)
err = Console(stderr=True, highlight=False)

Data = Annotated[
    Path | None, typer.Option(help="Folder of the data for judging. Default: the one that the assignment's kit finds.")
]
AllowWeak = Annotated[
    bool, typer.Option("--allow-weak", help="Continue although this machine's sandbox is weak (below level 2).")
]


def main() -> None:
    """Run the command, and report each expected error in one sentence."""
    raise_on_interrupt()
    put_tools_on_path()
    logging.getLogger("traitlets").addHandler(logging.StreamHandler())  # nbgrader reports errors there
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    try:
        app()
    except Interrupted as stopped:
        err.print("Stopped. Finished results are kept: run the same command again to continue.")
        sys.exit(128 + stopped.signal)
    except Exception as error:
        sentence = _sentence(error)
        if not sentence:
            raise
        _fail(sentence)


def _sentence(error: Exception) -> str:
    """Return the exception's own sentence, or "" if the exception is a bug in this program."""
    if not isinstance(error, AutograderError):
        return ""
    from autograder.sandbox.levels import LaunchError  # a slow import, needed only after an error

    if isinstance(error, LaunchError):
        return f"A runner could not be started ({error}). Run `autograder doctor` for details."
    return str(error)


def _fail(sentence: str) -> NoReturn:
    err.print(sentence, markup=False, style="red", soft_wrap=True)
    sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        python, nbgrader = sys.version.split()[0], version("nbgrader")
        out.print(f"autograder {version(DISTRIBUTION)}, Python {python}, nbgrader {nbgrader}")
        raise typer.Exit


_assignment = ""


def find_course(data: Path | None = None) -> Course:
    """Return the course of the current folder, with the assignment that ``--assignment`` names."""
    return courses.find_course(data=data, name=_assignment)


@app.callback()
def options(
    assignment: Annotated[str, typer.Option(help="The assignment. Required if the course has several.")] = "",
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Build, grade and examine an auto-graded course."""
    global _assignment
    _assignment = assignment


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The new assignment's name; or the word `exercise`.")],
    exercise: Annotated[str, typer.Argument(help="After `exercise`: the new exercise's id.")] = "",
    package: Annotated[str, typer.Option(help="The students' package, by default of the assignment's name.")] = "",
    title: Annotated[str, typer.Option(help="The assignment's title, by default its name.")] = "",
    repository: Annotated[
        bool, typer.Option("--repository", help="Make this folder a course, with the assignment in it.")
    ] = False,
    notebook: Annotated[str, typer.Option(help="The notebook that gets the exercise.")] = "",
    module: Annotated[str, typer.Option(help="The package's module that gets the exercise's function.")] = "",
    points: Annotated[float, typer.Option(help="The exercise's points.")] = 1,
    in_notebook: Annotated[
        bool, typer.Option("--in-notebook", help="Students answer in a cell of the notebook, not in the package.")
    ] = False,
) -> None:
    """Lay out a new assignment (autograder new NAME), or add an exercise to one (autograder new exercise ID)."""
    from autograder import template

    if name != "exercise":
        if exercise or notebook or module or in_notebook:
            _fail("An assignment has one name and takes --package, --title and --repository only.")
        paths = template.new_assignment(Path.cwd(), name, package, title, repository)
        following = "Next: `autograder build`, then `autograder validate`."
    elif not exercise:
        _fail("Give the new exercise's id: autograder new exercise ID")
    elif package or title or repository:
        _fail("An exercise has one id and takes --notebook, --module, --points and --in-notebook only.")
    else:
        paths = template.new_exercise(find_course(), exercise, notebook, module, points, in_notebook)
        following = (
            "Next: fill in each place that is marked FILL IN. `autograder validate` lists the places that are left."
        )
    for path in paths:
        out.print(path.as_posix(), markup=False, soft_wrap=True)
    out.print(following, markup=False, soft_wrap=True)


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="Only check whether the release is current.")] = False,
    rename: Annotated[
        list[str] | None, typer.Option(help="OLD=NEW: an exercise's new id; its scores stay. Repeat for more.")
    ] = None,
    discard_scores: Annotated[
        bool, typer.Option("--discard-scores", help="Remove exercises although people entered scores for them.")
    ] = False,
) -> None:
    """Build the students' release from the source, with nbgrader."""
    from autograder.builder import current

    course = find_course()
    if not check:
        renamed = dict(one.partition("=")[::2] for one in rename or [])
        current.build(course, renamed, discard_scores, lambda said: out.print(said, markup=False, soft_wrap=True))
        out.print(f"The release is in {course.release}.")
        return
    stale = current.differences(course)
    if stale:
        _fail("\n".join([*stale, "The release is not current: run `autograder build` and commit the changes."]))
    out.print("The release is current.")


@app.command()
def sample(
    full: Annotated[bool, typer.Option("--full", help="Train the reference's models at full length.")] = False,
    data: Data = None,
) -> None:
    """Make a sample class in submitted/."""
    from autograder.sample import make_class

    course = find_course(data=data)
    names = make_class(course, course.root / "submitted", quick=not full)
    out.print(f"{len(names)} sample students are in {course.root / 'submitted'}.")


@app.command()
def judge(
    folder: Annotated[
        Path,
        typer.Argument(
            help="A folder with the student's package, with or without notebooks; or a zip or tar of it. "
            "With --replay: a student's id."
        ),
    ],
    part: Annotated[list[int] | None, typer.Option(help="Judge only this part. Repeat for more parts.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON and nothing else.")] = False,
    data: Data = None,
    level: Annotated[int | None, typer.Option(help="Sandbox level. Default: the best of this machine.")] = None,
    allow_weak: AllowWeak = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Judge a graded hand-in again, and compare with the kept verdict.")
    ] = False,
) -> None:
    """Judge any folder or archive, or a graded hand-in again."""
    from autograder.grading.engine import require_level
    from autograder.judge.apart import Apart
    from autograder.judge.session import taken_in

    course = find_course(data=data)
    parts = [one for one in course.parts if part is None or one.number in part]
    if not parts:
        _fail(f"There is no part {part}: the course has {', '.join(str(one.number) for one in course.parts)}.")
    if level is not None and (level not in (1, 2, 3) or (level == 1 and not allow_weak)):
        _fail("The level must be 3 or 2. Level 1 requires --allow-weak.")
    used = level or require_level(allow_weak)
    if replay:
        _replay(course, str(folder), used, [one.number for one in parts])
        return
    with taken_in(folder, course.assignment) as submission, Apart(course, used) as apart:
        found = dict(apart.verdicts((number, one, submission) for number, one in enumerate(parts)))
        verdicts = [found[number]() for number in range(len(parts))]
    if as_json:
        print(json.dumps(to_json(verdicts)))
    else:
        for verdict in verdicts:
            _print_verdict(verdict)


def _replay(course: Course, student: str, level: int, parts: list[int]) -> None:
    from autograder.grading.replay import replay

    different = False
    for one in replay(course, student, level, parts):
        changed = "" if one.same_tests else " The tests or the grader have changed since."
        found = one.differences
        said = "\n".join(found) if found else f"{one.again.score:g} of {one.again.points:g}, the same as then."
        out.print(f"Part {one.kept.id}: {said}{changed}", markup=False, soft_wrap=True)
        different = different or bool(found)
    if different:
        _fail("The kept verdict was not repeated.")


def _print_verdict(verdict: PartVerdict) -> None:
    table = Table(
        title=f"Part {verdict.id}, {verdict.name}: {verdict.score:g} of {verdict.points:g}", title_justify="left"
    )
    table.add_column("exercise", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("problem")
    for exercise in verdict.exercises:
        table.add_row(exercise.id, f"{exercise.score:g} of {exercise.points:g}", _explain(exercise))
    out.print(table)
    for sentence in (*verdict.problems, *verdict.flags, *(f"Left out: {name}" for name in verdict.left_out)):
        out.print(sentence, markup=False, soft_wrap=True)
    data = f"data: {verdict.data}, " if verdict.data else ""
    out.print(f"Sandbox level {verdict.sandbox_level}, {data}{verdict.seconds:.1f} s.")


def _explain(exercise: ExerciseResult) -> str:
    wrong = next((test for test in exercise.tests if test.outcome != PASSED), None)
    if wrong is None:
        return ""
    prefix = "" if exercise.outcome in (GRADED, FAILED) else exercise.outcome.replace("_", " ") + ": "
    more = (f" Perhaps: {wrong.hint}" if wrong.hint else "") + (f" {wrong.example}" if wrong.example else "")
    return escape(prefix + wrong.message + more)


@app.command()
def grade(
    student: Annotated[str, typer.Option(help="Grade only this student. The wildcards * and ? work.")] = "*",
    workers: Annotated[
        int | None, typer.Option(help="Most parts to judge at a time. Default: one for each core.", min=1)
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Judge on the Dask cluster with this scheduler: tls://HOST:PORT.")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="Folder of the cluster's keys. Default: .autograder/cluster."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--allow-insecure-scheduler", help="Use the cluster although it is not reached over TLS.")
    ] = False,
    data: Data = None,
    allow_weak: AllowWeak = False,
    execute: Annotated[
        bool, typer.Option("--execute", help="Also execute the notebooks, so that their readers see fresh outputs.")
    ] = False,
    feedback: Annotated[bool, typer.Option(help="Also write the students' feedback pages.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge, and show whose grade would change. Write no grade.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Restore the automatic scores from before the last run. Judge nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print problems only.")] = False,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Print one JSON object for each student, and nothing else.")
    ] = False,
) -> None:
    """Judge every submission in submitted/, record the scores with nbgrader, write feedback."""
    from autograder.grading import changes, engine, ready, remarks
    from autograder.judge.children.cluster import Cluster

    course = find_course(data=data)
    course.require_release()
    cluster = Cluster(scheduler, keys or course.state / "cluster", insecure) if scheduler else None
    if cluster is not None:
        cluster.require_safe()
    folders = engine.require_submissions(course, student)
    student = student if set("*?") & set(student) else next(iter(folders))  # in the gradebook's spelling
    for warning in ready.require(course, folders.values()):
        err.print(warning, markup=False, style="yellow", soft_wrap=True)
    journal = changes.new_journal(course, dry_run)
    options = [f"--JudgedAutograde.journal={journal}", f"--JudgedAutograde.data={data or ''}"]
    options += [f"--JudgedAutograde.{name}=True" for name, on in (("undo", undo), ("dry_run", dry_run)) if on]
    options += [f"--JudgedAutograde.allow_weak={allow_weak}", *(["--JudgedAutograde.execute=True"] if execute else [])]
    if not undo:
        level = engine.require_level(allow_weak)
        _judge_with_progress(course, folders, level, workers, cluster, execute)
    with _named("Restoring scores" if undo else "Writing scores", quiet or json_lines):
        trouble = _nbgrader(course, "autograde", student, options)
    if feedback and not dry_run:
        with _named("Writing feedback", quiet or json_lines):
            trouble += _nbgrader(course, "generate_feedback", student, ["--force"])
    if json_lines:
        _print_records(course, list(folders))
    elif not quiet:
        _print_class(course, list(folders), journal, dry_run)
        for remark in remarks.on_class(course, folders):
            out.print(remark, markup=False, soft_wrap=True)
        if feedback and not dry_run:
            out.print(
                f"Feedback pages are in {course.root / 'feedback'}; scores are in {course.root / 'gradebook.db'}."
            )
    if trouble:
        _fail("\n".join(trouble))


def _judge_with_progress(
    course: Course, folders: dict[str, Path], level: int, workers: int | None, cluster: "Cluster | None", execute: bool
) -> None:
    from autograder.grading.engine import judge_all
    from autograder.grading.gradebook import configured_patience

    total, done = len(folders) * len(course.parts), itertools.count(1)
    patience = configured_patience(course.root) if execute else None
    pool = {} if cluster is None else {"make": cluster.pool}
    with _steps("Judging") as step:
        judge_all(course, folders, level, workers, lambda *_: step(next(done), total), patience, **pool)


@contextlib.contextmanager
def _named(step: str, silent: bool) -> Iterator[None]:
    """Name a step that takes a while and has no progress bar."""
    with contextlib.nullcontext() if silent else err.status(f"{step} …"):
        yield


def _nbgrader(course: Course, command: str, student: str, options: list[str]) -> list[str]:
    """Run a command of nbgrader on the course. Return a list with a message if it fails, else an empty list."""
    arguments = [command, course.assignment.name, f"--student={student}", "--log-level=ERROR", *options]
    quiet = [sys.executable, "-W", "ignore", "-m", "nbgrader"]  # SQLAlchemy warns about nbgrader's own models
    # nbgrader gets a new session: Ctrl-C reaches only this process, which then ends nbgrader without a traceback.
    with subprocess.Popen([*quiet, *arguments], cwd=course.root, start_new_session=True) as process:
        try:
            process.wait()
        except BaseException:
            process.terminate()
            raise
    return [] if process.returncode == 0 else [f"nbgrader {command} failed. Its messages are above."]


def _print_class(course: Course, students: list[str], journal: Path, dry: bool) -> None:
    from autograder.grading import changes, record
    from autograder.grading.gradebook import books_of
    from autograder.reports import terminal

    with books_of(course) as books:
        out.print(terminal.class_table(record.of_class(course, books, students)))
    found = changes.grades(course.parts, changes.steps(journal))
    if found:
        path = journal.with_suffix(".csv")
        files.write(path, changes.to_csv(found).encode())
        out.print(terminal.changes_table(found, dry))
        out.print(f"All changes are in {path}.", markup=False, soft_wrap=True)


def _print_records(course: Course, students: list[str]) -> None:
    from autograder.grading import facts, record
    from autograder.grading.gradebook import books_of

    with books_of(course) as books:
        for one in record.of_class(course, books, students):
            print(json.dumps(facts.plain(one)))


@app.command()
def status() -> None:
    """Show what waits: hand-ins to judge, answers to read, feedback to write and to release."""
    from autograder.grading.waiting import waiting
    from autograder.reports import terminal

    out.print(terminal.status_table(waiting(find_course())))


@app.command()
def validate(
    mutated: Annotated[
        bool, typer.Option("--mutants", help="Also judge mutants of the reference. Takes some minutes.")
    ] = False,
    attacked: Annotated[bool, typer.Option("--attacks", help="Also run the attack suite. Takes long.")] = False,
    seeds: Annotated[int, typer.Option(help="Number of seeds for each accepted solution.", min=1)] = 3,
    workers: Annotated[int | None, typer.Option(help="Number of processes. Default: one for each core.", min=1)] = None,
    data: Data = None,
) -> None:
    """Check the course: its exercises are complete, correct code is accepted, known mistakes are caught and named."""
    from autograder.grading.engine import require_level
    from autograder.validate import gate

    course = find_course(data=data)
    level = require_level()
    with _steps("Examining") as step:
        found = gate.examine(course, level, seeds, workers, step)
    if mutated:
        with _steps("Mutating") as step:
            found.append(gate.examine_mutants(course, workers, step))
    if attacked:
        found.append(gate.examine_attacks(course))
    _print_examined(found)
    for sentence in gate.left_out(course):
        out.print(sentence)
    wrong = [sentence for one in found for sentence in one.wrong]
    if wrong:
        _fail("\n".join(wrong))
    out.print("No problems found.")


@contextlib.contextmanager
def _steps(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar, and yield a function that takes the number of finished steps and of all steps."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def _print_examined(found: "list[Examined]") -> None:
    from autograder.validate.gate import TITLES

    table = Table(title="The course", title_justify="left")
    table.add_column("requirement")
    for name in ("checked", "problems", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        style = "red" if one.wrong else None
        table.add_row(TITLES[one.name], str(one.things), str(len(one.wrong)), f"{one.seconds:.1f}", style=style)
    out.print(table)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def data(context: typer.Context) -> None:
    """Fetch, check or make the data with the assignment's own tool (add --help for its options)."""
    sys.exit(find_course().kit.tool(context.args))


@app.command()
def doctor() -> None:
    """Show this machine's sandbox level, what a higher level requires, and commands that help."""
    from autograder.sandbox.doctor import examine

    found = examine()
    out.print(f"This machine confines submissions at level {found.level} of 3.")
    for finding in found.findings:
        out.print(finding.what, markup=False, soft_wrap=True)
        if finding.command:
            out.print(f"  This would help: {finding.command}", markup=False, soft_wrap=True)
    if not found.findings:
        out.print("Nothing is missing.")
    if found.level < 2:
        sys.exit(1)


@app.command()
def backup(
    file: Annotated[Path | None, typer.Argument(help="The new file. Default: one with the time in its name.")] = None,
) -> None:
    """Write gradebook, secret, submissions, verdicts and extensions into one file, which only its owner may read."""
    from autograder.grading import backup as backups

    root = Path.cwd().resolve()
    path = file or backups.default_name(root, datetime.now())
    out.print(
        f"{backups.backup(root, path)} files are in {path}. It holds the course's secret: keep it in a safe place."
    )


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `autograder backup` has written.")]) -> None:
    """Bring a class back from a backup, after checking all of it. The present state is moved aside."""
    from autograder.grading import backup as backups

    done = backups.restore(Path.cwd().resolve(), file, datetime.now())
    aside = f" The state before is in {done.aside}." if done.aside else ""
    out.print(f"{done.files} files are back.{aside} Next: `autograder grade`, which uses the stored verdicts.")


@app.command()
def forget() -> None:
    """Delete all submissions and all grading results, after a confirmation."""
    from autograder.grading import engine, forgetting

    course = find_course()
    doomed = forgetting.belongings(course)
    if not doomed:
        out.print("There is nothing to delete.")
        return
    students = len(engine.submissions(course)) + len(engine.nameless(course))
    out.print(f"This deletes the submissions of {students} students and every grade: {', '.join(doomed)}.")
    answer = typer.prompt("To continue, type the number of students", default="", show_default=False)
    if answer != str(students):
        _fail("Nothing was deleted.")
    forgetting.forget(course)
    out.print("Done.")


commands.add_to(app, find_course, out)

if __name__ == "__main__":
    main()
