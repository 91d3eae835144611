"""nbgrader's ``autograde``, which judges submissions instead of executing notebooks.

``configure`` replaces nbgrader's converter, for the command and for formgrader's button. The new converter grades one
submission after another, writes scores from verdicts only, and never runs or imports code of a submission. An error in
one submission does not stop the others. See ``books`` for the gradebook, and ``changes`` for the report and for undo.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import nbgrader.apps.api
import nbgrader.apps.autogradeapp
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbconvert.writers import FilesWriter
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import GetGrades
from traitlets import Bool, Float, List, Unicode

from autograder import files
from autograder.assignment import Part
from autograder.checks.notebook import NotebookError
from autograder.collecting import notes, roster
from autograder.collecting.times import HandedIn
from autograder.course import Course, find_course
from autograder.errors import SetupError, SubmissionError
from autograder.intake.submission import Submission
from autograder.judge.apart import Apart
from autograder.judge.digest import judging_digest
from autograder.judge.session import seen_by
from autograder.sandbox.client import printable
from autograder.verdict import PartVerdict

from . import changes, database, decisions, engine, facts, formgrader, markup, other_files, penalties, ready
from .answers import Answers, missing
from .books import Books
from .cells import as_given, point_out, show
from .decisions import Decision
from .execute import Patience, handed_in, shows_own_work
from .export import CsvExport
from .facts import Facts, PartFacts
from .page_notes import TellRecord
from .store import VerdictStore, has_error, presentation_digest


@dataclass(frozen=True)
class Judged:
    """A judged submission: the facts, and the content for ``autograded``."""

    facts: Facts
    notebooks: dict[str, Any]
    code: dict[str, bytes]


class JudgedAutograde(Autograde):  # type: ignore[misc]
    """Grades by verdicts of the judge. It has the options of `Autograde`, and the options below."""

    allow_weak = Bool(False, help="Grade although this machine cannot confine submissions well (below level 2).").tag(
        config=True
    )
    data = Unicode("", help="Folder of the data for judging. Default: the one that the assignment's kit finds.").tag(
        config=True
    )
    execute = Bool(
        False, help="Execute students' notebooks in the sandbox, so that their readers see fresh outputs."
    ).tag(config=True)
    execute_cell_seconds = Float(Patience().cell, help="Time limit for executing one cell, in seconds.").tag(
        config=True
    )
    execute_seconds = Float(Patience().notebook, help="Time limit for executing one notebook, in seconds.").tag(
        config=True
    )
    dry_run = Bool(False, help="Judge, and report whose grade would change. Change nothing.").tag(config=True)
    undo = Bool(False, help="Restore the automatic scores from before the last run. Judge nothing.").tag(config=True)
    journal = Unicode("", help="File for what the run changes. Default: a new file in the course's state.").tag(
        config=True
    )
    autograde_preprocessors = List([], help="Preprocessors for graded notebooks.").tag(config=True)

    _apart: Apart
    _course: Course | None = None
    _aside: Path | None = None
    _books: Books

    @property
    def course(self) -> Course:
        """The course that nbgrader works in."""
        if self._course is None:
            data = Path(self.data) if self.data else None
            self._course = find_course(Path(self.coursedir.root), data, self.coursedir.assignment_id)
        return self._course

    def start(self) -> None:
        """Grade the submissions. Report an error that prevents all grading in one sentence."""
        try:
            if self.coursedir.notebook_id != "*":
                self.log.warning("A submission is graded as a whole: --notebook is not used")
            folders = engine.submissions(self.course, self.coursedir.student_id)
            for warning in ready.require(self.course, folders.values()):
                self.log.warning("%s", warning)
            with self._opened() as self._books:
                if self.undo:
                    self._undo()
                else:
                    with Apart(self.course, engine.require_level(self.allow_weak)) as self._apart:
                        super().start()
        except SetupError as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from None

    def _opened(self) -> Books:
        rules = penalties.rules_of(self.course.root, self.config)
        return Books(self.coursedir.db_url, self.coursedir.course_id, self.coursedir.assignment_id, rules)

    def init_notebooks(self) -> None:
        """Find the submissions, with or without notebooks."""
        found = engine.submissions(self.course, self.coursedir.student_id)
        excluded = set(self.coursedir.student_id_exclude.split(","))
        self.assignments = {student: [str(folder)] for student, folder in found.items() if student not in excluded}
        if not self.assignments:
            engine.require_submissions(self.course, self.coursedir.student_id)

    def convert_notebooks(self) -> None:
        """Grade the submissions one by one; one that fails does not stop the others."""
        aside = engine.nameless(self.course, self.coursedir.student_id)
        for why in aside.values():
            self.log.error("%s", why)
        failed = list(aside)
        count = len(failed) + len(self.assignments)
        for student, (folder,) in sorted(self.assignments.items()):
            try:
                self.grade(student, Path(folder))
            except SetupError:
                raise
            except Exception as error:
                self.log.error("%s could not be graded (%s: %s)", student, type(error).__name__, printable(str(error)))
                self.log.debug("Where it happened:", exc_info=True)
                failed.append(student)
        if not self.dry_run:
            changes.prune(self.course)
        if failed:
            message = f"{len(failed)} of {count} submissions could not be graded: {', '.join(failed)}."
            self.log.error("%s", message)
            raise NbGraderException(message)

    def grade(self, student: str, folder: Path) -> bool:
        """Grade one submission, and correct the gradebook. Return False if nothing had to be judged or written.

        A fault of the student ends in a verdict. An exception is a fault of the grader.
        """
        of = self.course.root, self.coursedir.assignment_id, student
        before = facts.read(*of)
        judged = None
        if self.force or before is None or not self._destination(student).exists() or not self._holds(before, folder):
            judged = self._judge(folder)
        found = judged.facts if judged is not None else before
        assert found is not None
        changed, found = self._write_scores(student, folder, before, found)
        if not self.dry_run:
            if judged is not None:
                self._write_files(student, judged)
            self._carry_notes(student, folder)  # also after a hand-in of the same files: its feedback has a new secret
            if found != before:
                facts.write(*of, found)
        if judged is None:
            self.log.info("%s was graded before%s", student, "; the gradebook is corrected" if changed else "")
            return changed
        for part in found.parts:
            score = sum(one.score for one in found.decisions if one.notebook == part.notebook)
            self.log.info("%s: %g points in %s", student, score, part.notebook)
        return True

    def _carry_notes(self, student: str, folder: Path) -> None:
        own = roster.key(folder.parent.name) == roster.key(student)  # and not another member of a group
        notes.carry(folder, self._destination(student), own, int(str(self.permissions), 8))

    def _destination(self, student: str) -> Path:
        return Path(
            self.coursedir.format_path(self.coursedir.autograded_directory, student, self.coursedir.assignment_id)
        )

    def _holds(self, before: Facts, folder: Path) -> bool:
        """Tell whether facts are those of a submission as it is now."""
        digest, said = "", (before.notes, before.left_out)
        with suppress(SubmissionError):
            submission = self._taken(folder)
            digest, said = submission.digest, (submission.notes, submission.left_out)
        now = (digest, said, self._pages, self.execute)
        return now == (before.submission, (before.notes, before.left_out), before.pages, before.executed)

    @cached_property
    def _shared(self) -> dict[str, str]:
        """A note on each student for whom another member of the group handed in."""
        return engine.counted(self.course).notes

    @cached_property
    def _pages(self) -> str:
        return presentation_digest(self.course)

    def _taken(self, folder: Path) -> Submission:
        ((_, taken),) = self._apart.taken([(None, folder)])
        return taken()

    def _judge(self, folder: Path) -> Judged:
        try:
            submission = self._taken(folder)
        except SubmissionError as error:
            verdicts = tuple(engine.unjudged(self.course, part, str(error)) for part in self.course.parts)
            shown = {
                alternative.name: self._blank(alternative, verdict, str(error))
                for alternative, verdict in self._alternatives(verdicts)
            }
            return self._judged(None, verdicts, shown, self.execute, {})
        verdicts = tuple(engine.verdict_on(self._apart, part, submission) for part in self.course.parts)
        return self._rendered(submission, verdicts)

    def _rendered(self, submission: Submission, verdicts: tuple[PartVerdict, ...]) -> Judged:
        shown, fresh = {}, []
        for alternative, verdict in self._alternatives(verdicts):
            *shown[alternative.name], executed = self._notebook(alternative, submission, verdict)
            fresh.append(executed)
        code = other_files.laid_out(self.course, submission)
        return self._judged(submission, verdicts, shown, self.execute and all(fresh), code)

    def _judged(
        self,
        submission: Submission | None,
        verdicts: tuple[PartVerdict, ...],
        shown: Mapping[str, Sequence[Any]],
        executed: bool,
        code: dict[str, bytes],
    ) -> Judged:
        """Return a judged submission. ``shown`` maps a notebook's name to the notebook and what was found in it."""
        parts: list[PartFacts] = []
        decided: list[Decision] = []
        for part, verdict in zip(self.course.parts, verdicts, strict=True):
            seen = seen_by(self.course, part, submission).digest if submission is not None else ""
            done: tuple[str, ...] = shown[verdict.name][1].notes  # to find the answers
            parts.append(
                PartFacts(
                    part.number, verdict.name, seen, judging_digest(self.course, part), verdict.sandbox_level,
                    verdict.data, verdict.seconds, (*verdict.problems, *done), verdict.flags,
                )
            )  # fmt: skip
            for alternative in part.alternatives:
                decided += decisions.decisions(part, alternative, verdict, *shown[alternative.name])
        found = Facts(
            submission.digest if submission is not None else "",
            "" if any(map(has_error, verdicts)) else self._pages,
            executed, tuple(parts), tuple(decided),
            {name: decisions.comments(notebook, answers) for name, (notebook, answers) in shown.items()},
            notes=submission.notes if submission is not None else (),
            left_out=submission.left_out if submission is not None else (),
        )  # fmt: skip
        return Judged(found, {name: notebook for name, (notebook, _) in shown.items()}, code)

    def _alternatives(self, verdicts: tuple[PartVerdict, ...]) -> Iterator[tuple[Part, PartVerdict]]:
        """Yield every notebook of the course with its verdict, which is empty if another alternative counts."""
        for part, verdict in zip(self.course.parts, verdicts, strict=True):
            for alternative in part.alternatives:
                counts = alternative.name == verdict.name
                aside = PartVerdict(part.number, alternative.name, (), (f"{verdict.name}.ipynb counts for this part.",))
                yield alternative, verdict if counts else aside

    def _notebook(self, part: Part, submission: Submission, verdict: PartVerdict) -> tuple[Any, Answers, bool]:
        """Return the student's notebook with the verdict, and what was found in it.

        The last value is False if a requested execution failed, else True.
        """
        try:
            notebook, answers = handed_in(self.course, part, submission)
        except NotebookError as error:
            return *self._blank(part, verdict, str(error)), True
        except Exception as error:
            self.log.warning("%s was replaced by the release's notebook (%s)", part.notebook, type(error).__name__)
            return *self._blank(part, verdict, f"{part.notebook} cannot be shown here: read the submitted file."), True
        shown = self.execute and shows_own_work(self.course, part, submission)
        executed = not shown or self._execute(part, submission, notebook)
        point_out(notebook, answers)
        show(notebook, verdict)
        return notebook, answers, executed

    def _blank(self, part: Part, verdict: PartVerdict, why: str) -> tuple[Any, Answers]:
        """Return the release's notebook with the verdict. It replaces a student's unreadable notebook."""
        notebook = nbformat.read(self.course.release / part.notebook, as_version=4)
        notebook.cells = [as_given(cell) for cell in notebook.cells]
        answers = missing(notebook.cells, why)
        show(notebook, verdict)
        return notebook, answers

    def _execute(self, part: Part, submission: Submission, notebook: Any) -> bool:
        """Write fresh outputs into a notebook. Return False if execution fails, which is the grader's fault."""
        patience = Patience(self.execute_cell_seconds, self.execute_seconds)
        try:
            engine.shown_by(self.course, part, submission, notebook, self._apart.level, patience).put_into(notebook)
        except Exception as error:
            self.log.warning(
                "%s was not executed and keeps the submitted outputs (%s: %s)",
                part.notebook, type(error).__name__, error,
            )  # fmt: skip
            return False
        return True

    def _write_scores(self, student: str, folder: Path, before: Facts | None, found: Facts) -> tuple[bool, Facts]:
        """Correct the gradebook in one transaction. Return whether anything had to be corrected, and the facts."""
        comments = {(name, cell): said for name, own in found.comments.items() for cell, said in own.items()}
        handed = {} if before is None else {part.notebook: part.submission for part in before.parts}
        moved = {part.notebook for part in found.parts if handed.get(part.notebook) != part.submission}
        handed_in_at = self._handed_in(student, folder)
        shared = self._shared.get(student)
        extras = {} if before is None else facts.extras_after(before.extras, before.decisions)
        ours = {(name, cell): written for name, own in extras.items() for cell, written in own.items()}
        with self._books.transaction(keep=not self.dry_run):
            was = self._books.account(student)
            self._books.open_hand_in(student, handed_in_at.time, self.create_student)
            self._books.write(student, found.decisions, comments, moved, ours)
            self._books.penalize(student)
            now = self._books.account(student)
            assert now is not None
            found = msgspec.structs.replace(
                found,
                due=now.due,
                flags=(*handed_in_at.flags, *([shared] if shared else ())),
                extras=facts.extras_after(extras, found.decisions),
            )
            step = changes.step(student, (was, before), (now, found))
            if step is not None:
                changes.add(self._journal, step)
        return step is not None, found

    def _handed_in(self, student: str, folder: Path) -> HandedIn:
        due = database.due(self.course.root, self.coursedir.assignment_id)
        name = self.coursedir.assignment_id
        return penalties.handed_in(student, name, folder, due, self._books.rules, datetime.now(UTC))

    @cached_property
    def _journal(self) -> Path:
        return Path(self.journal) if self.journal else changes.new_journal(self.course, self.dry_run)

    def _undo(self) -> None:
        """Undo the last run that changed something, and write the graded notebooks from before it again."""
        journal = changes.last(self.course)
        if journal is None:
            raise SetupError("There is no run to undo.")
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        for student in changes.undo(self.course, self._books, journal):
            before = facts.read(self.course.root, self.coursedir.assignment_id, student)
            judged = self._judged_before(before) if before is not None else None
            if judged is None:
                shutil.rmtree(self._destination(student), ignore_errors=True)
            else:
                self._write_files(student, judged)
            self.log.warning("%s: undone", student)

    def _judged_before(self, before: Facts) -> Judged | None:
        """Return a submission with the verdicts that facts came from, or None if they are not kept any more."""
        store, verdicts = VerdictStore(self.course), []
        by_number = {part.number: part for part in before.parts}
        try:
            submission = self.course.submissions.get(before.submission)
        except (OSError, ValueError, LookupError, TypeError):
            return None
        for part in self.course.parts:
            found = by_number.get(part.number)
            verdict = store.find(found.submission, part, found.tests) if found is not None else None
            if verdict is None:
                return None
            verdicts.append(verdict)
        return self._rendered(submission, tuple(verdicts))

    def _write_files(self, student: str, judged: Judged) -> None:
        """Write the student's folder in ``autograded``. The old one stays until the new one is complete."""
        try:
            with files.swapped_folder(self._destination(student)) as self._aside:
                self._write_into(self._aside, student, judged)
        finally:
            self._aside = None

    def _format_dest(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        """Return the folder that nbgrader writes into: the new one, while it replaces an older one."""
        return str(self._aside or super()._format_dest(assignment_id, student_id, escape))

    def _write_into(self, fresh: Path, student: str, judged: Judged) -> None:
        for name, content in judged.code.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self._sanitizing = False
        self._init_preprocessors()
        for name, notebook in judged.notebooks.items():
            source = str(Path(self._format_source(self.coursedir.assignment_id, student)) / f"{name}.ipynb")
            resources = self._resources(source, student, name)
            output, resources = self.exporter.from_notebook_node(notebook, resources=resources)
            self.write_single_notebook(output, resources)
        self.set_permissions(self.coursedir.assignment_id, student)

    def _resources(self, path: str, student: str, name: str) -> dict[str, Any]:
        """Return the resources that nbgrader's preprocessors expect."""
        details = {"student": student, "assignment": self.coursedir.assignment_id, "notebook": name}
        nbgrader_resources = {**details, "db_url": self.coursedir.db_url}
        return {
            "unique_key": name,
            "output_files_dir": f"{name}_files",
            "nbgrader": nbgrader_resources,
            "metadata": {"path": str(Path(path).parent)},
        }


def books_of(course: Course) -> Books:
    """Return the gradebook of a course, with the settings of its ``nbgrader_config.py``."""
    config = database.configured(course.root)
    coursedir = CourseDirectory(root=str(course.root), config=config)
    rules = penalties.rules_of(course.root, config)
    return Books(coursedir.db_url, coursedir.course_id, course.assignment.name, rules)


def configured_patience(root: Path) -> Patience:
    """Return the time limits for notebooks from a course's ``nbgrader_config.py``, read in nbgrader's way."""
    given = database.configured(root).get("JudgedAutograde", {})
    usual = Patience()
    return Patience(
        float(given.get("execute_cell_seconds", usual.cell)), float(given.get("execute_seconds", usual.notebook))
    )


def configure(config: Any) -> None:
    """Make nbgrader grade with `JudgedAutograde`, in the command and in formgrader.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    nbgrader.apps.autogradeapp.Autograde = JudgedAutograde
    nbgrader.apps.api.Autograde = JudgedAutograde
    config.ExportApp.plugin_class = CsvExport
    config.GenerateFeedback.preprocessors = [TellRecord, GetGrades, CSSHTMLHeaderPreprocessor]
    formgrader.configure()
    # Submissions may hold HTML and scripts, and feedback and formgrader show them to other people.
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = markup.FILTERS
