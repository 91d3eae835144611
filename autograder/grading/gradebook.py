"""nbgrader's ``autograde``, which judges submissions instead of executing notebooks.

``configure`` replaces nbgrader's converter, for the command and for formgrader's button. The new converter grades one
submission after another, writes scores from verdicts only, and never runs or imports code of a submission. The scores
of a submission are written in one transaction. An error in one submission does not stop the others.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import nbgrader.apps.api
import nbgrader.apps.autogradeapp
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Bool, Float, List, Unicode
from traitlets.config.loader import PyFileConfigLoader

from autograder.assignment import Part
from autograder.checks.definitions import NotebookError
from autograder.course import Course, find_course
from autograder.errors import SetupError, SubmissionError
from autograder.intake.submission import Submission
from autograder.sandbox.client import printable
from autograder.verdict import FAILED, GRADED, ExerciseResult, PartVerdict

from . import engine, pages, record, stamps
from .cells import show
from .engine import GradingError
from .execute import Patience, handed_in, shows_own_work
from .export import CsvExport
from .store import has_error, presentation_digest

CODE = (".py", ".pyx")


@dataclass(frozen=True)
class Judged:
    """A judged submission: the content for ``autograded`` and for the gradebook."""

    digest: str
    verdicts: tuple[PartVerdict, ...]
    notebooks: dict[str, Any]
    code: dict[str, bytes]
    executed: bool = False
    """Whether execution was requested, and no notebook failed to execute."""


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
    autograde_preprocessors = List(
        [AssignLatePenalties], help="Preprocessors that run after the scores are in the gradebook."
    ).tag(config=True)

    _level: int | None = None
    _course: Course | None = None

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
            self._level = engine.require_level(self.allow_weak)
            self._require_assignment()
            if self.coursedir.notebook_id != "*":
                self.log.warning("A submission is graded as a whole: --notebook is not used")
            super().start()
        except SetupError as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from None

    def _require_assignment(self) -> None:
        name = self.coursedir.assignment_id
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            if name not in {assignment.name for assignment in gradebook.assignments}:
                raise GradingError(f"The gradebook does not know {name} yet: run `autograder build` first.")

    def init_notebooks(self) -> None:
        """Find the submissions, with or without notebooks."""
        found = engine.submissions(self.course, self.coursedir.student_id)
        excluded = set(self.coursedir.student_id_exclude.split(","))
        self.assignments = {student: [str(folder)] for student, folder in found.items() if student not in excluded}
        if not self.assignments:
            message = f"There are no submissions in {self.course.root / 'submitted'}: collect them there first."
            self.log.error("%s", message)
            raise NbGraderException(message)

    def convert_notebooks(self) -> None:
        """Grade the submissions one by one; one that fails does not stop the others."""
        failed = engine.nameless(self.course, self.coursedir.student_id)
        for name in failed:
            self.log.error(
                "%s in submitted/ is not graded: rename it to a student's id. An id begins with a letter or digit, and "
                "holds only letters, digits, spaces and . @ _ + -", name,
            )  # fmt: skip
        count = len(failed) + len(self.assignments)
        for student, (folder,) in sorted(self.assignments.items()):
            try:
                self.grade(student, Path(folder))
            except Exception as error:
                self.log.error("%s could not be graded (%s: %s)", student, type(error).__name__, printable(str(error)))
                self.log.debug("Where it happened:", exc_info=True)
                shutil.rmtree(self._destination(student), ignore_errors=True)
                failed.append(student)
        if failed:
            message = f"{len(failed)} of {count} submissions could not be graded: {', '.join(failed)}."
            self.log.error("%s", message)
            raise NbGraderException(message)

    def grade(self, student: str, folder: Path) -> bool:
        """Grade one submission. Return False if it was graded before and nothing has changed.

        A fault of the student ends in a verdict. An exception is a fault of the grader.
        """
        destination = self._destination(student)
        of = self.course.root, self.coursedir.assignment_id, student
        kept = record.read(*of).state
        if not self.force and kept is not None and destination.exists() and kept == self._state(folder):
            self.log.info("%s was graded before", student)
            self._carry_notes(student, folder)  # handed in once more, unchanged: the feedback has a new secret
            return False
        record.path_of(*of).unlink(missing_ok=True)
        shutil.rmtree(destination, ignore_errors=True)
        judged = self._judge(folder)
        self._write_scores(student, folder, judged)
        self._write_files(student, judged)
        self._carry_notes(student, folder)
        state = None if any(map(has_error, judged.verdicts)) else self._graded_from(judged.digest, judged.executed)
        record.write(*of, record.Record(state, record.waiting(judged.verdicts)))
        for verdict in judged.verdicts:
            self.log.info("%s: %g of %g points in %s", student, verdict.score, verdict.points, verdict.name)
        return True

    def _carry_notes(self, student: str, folder: Path) -> None:
        own = folder.parent.name.casefold() == student.casefold()  # else another member of the group handed in
        stamps.carry(folder, self._destination(student), own, int(str(self.permissions), 8))

    def _destination(self, student: str) -> Path:
        return Path(
            self.coursedir.format_path(self.coursedir.autograded_directory, student, self.coursedir.assignment_id)
        )

    def _state(self, folder: Path) -> dict[str, Any]:
        """Return the state that the record holds if nothing has changed since the submission was graded."""
        try:
            return self._graded_from(self.course.submissions.take(folder).digest, self.execute)
        except SubmissionError:
            return self._graded_from("", self.execute)

    def _graded_from(self, digest: str, executed: bool) -> dict[str, Any]:
        return {"submission": digest, "tests": presentation_digest(self.course), "executed": executed}

    def _judge(self, folder: Path) -> Judged:
        assert self._level is not None
        try:
            submission = self.course.submissions.take(folder)
            verdicts = tuple(
                engine.verdict_on(self.course, part, submission, self._level) for part in self.course.parts
            )
            code = {
                name: (submission.folder / name).read_bytes()
                for name in submission.files
                if name.endswith(CODE) and ".ipynb/" not in name  # a folder with a notebook's name would be in the way
            }
            notebooks, fresh = {}, []
            for alternative, verdict in self._alternatives(verdicts):
                notebooks[alternative.name], executed = self._notebook(alternative, submission, verdict)
                fresh.append(executed)
            return Judged(submission.digest, verdicts, notebooks, code, self.execute and all(fresh))
        except SubmissionError as error:
            verdicts = tuple(engine.unjudged(self.course, part, str(error)) for part in self.course.parts)
            notebooks = {
                alternative.name: self._blank(alternative, verdict)
                for alternative, verdict in self._alternatives(verdicts)
            }
            return Judged("", verdicts, notebooks, {}, self.execute)

    def _alternatives(self, verdicts: tuple[PartVerdict, ...]) -> Iterator[tuple[Part, PartVerdict]]:
        """Yield every notebook of the course with its verdict, which is empty if another alternative counts."""
        for part, verdict in zip(self.course.parts, verdicts, strict=True):
            for alternative in part.alternatives:
                counts = alternative.name == verdict.name
                aside = PartVerdict(part.number, alternative.name, (), (f"{verdict.name}.ipynb counts for this part.",))
                yield alternative, verdict if counts else aside

    def _notebook(self, part: Part, submission: Submission, verdict: PartVerdict) -> tuple[Any, bool]:
        """Return the student's notebook with the verdict, and False if a requested execution failed, else True."""
        try:
            notebook = handed_in(self.course, part, submission)
        except NotebookError:  # the verdict's problems name this error
            return self._blank(part, verdict), True
        except Exception as error:
            self.log.warning("%s was replaced by the release's notebook (%s)", part.notebook, type(error).__name__)
            return self._blank(part, verdict), True
        shown = self.execute and shows_own_work(self.course, part, submission)
        executed = not shown or self._execute(part, submission, notebook)
        show(notebook, verdict)
        return notebook, executed

    def _blank(self, part: Part, verdict: PartVerdict) -> Any:
        """Return the release's notebook with the verdict. It replaces a student's unreadable notebook."""
        notebook = nbformat.read(self.course.release / part.notebook, as_version=4)
        show(notebook, verdict)
        return notebook

    def _execute(self, part: Part, submission: Submission, notebook: Any) -> bool:
        """Write fresh outputs into a notebook. Return False if execution fails, which is the grader's fault."""
        assert self._level is not None
        patience = Patience(self.execute_cell_seconds, self.execute_seconds)
        try:
            engine.shown_by(self.course, part, submission, notebook, self._level, patience).put_into(notebook)
        except Exception as error:
            self.log.warning(
                "%s was not executed and keeps the submitted outputs (%s: %s)",
                part.notebook, type(error).__name__, error,
            )  # fmt: skip
            return False
        return True

    def _write_scores(self, student: str, folder: Path, judged: Judged) -> None:
        """Write the verdicts into the gradebook, in one transaction."""
        assignment = self.coursedir.assignment_id
        timestamp = _timestamp(folder / "timestamp.txt")
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            gradebook.find_assignment(assignment)
            if not self.create_student:
                gradebook.find_student(student)
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(
                assignment, student, **({"timestamp": timestamp} if timestamp else {})
            )
            for alternative, verdict in self._alternatives(judged.verdicts):
                results = {exercise.id: exercise for exercise in verdict.exercises}
                for cell in judged.notebooks[alternative.name].cells:
                    if utils.is_grade(cell):
                        grade = gradebook.find_grade(
                            cell.metadata.nbgrader.grade_id, alternative.name, assignment, student
                        )
                        if not results:
                            _set_aside(grade, cell)
                        elif alternative.first == alternative.notebook:
                            _set_grade(grade, cell, results.get(cell.metadata.nbgrader.grade_id))
                        else:
                            _set_extra_credit(grade, cell, results.get(cell.metadata.nbgrader.grade_id))
                    if utils.is_solution(cell):
                        comment = gradebook.find_comment(
                            cell.metadata.nbgrader.grade_id, alternative.name, assignment, student
                        )
                        comment.auto_comment = "No response." if _untouched(cell) else None
            gradebook.db.commit()

    def _write_files(self, student: str, judged: Judged) -> None:
        destination = self._destination(student)
        for name, content in judged.code.items():
            path = destination / name
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


def _timestamp(path: Path) -> datetime | None:
    """Return the time of the submission, or None. The file is the student's: it may be a symlink, a pipe or garbage."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            time: datetime = utils.parse_utc(file.read(100).decode().strip())
            return time
    except Exception:
        return None


def _set_grade(grade: Any, cell: Any, result: ExerciseResult | None) -> None:
    """Set a score from a result, or 0 for an untouched answer. Every other grade waits for a person."""
    if result is not None and result.outcome in (GRADED, FAILED):
        grade.auto_score = min(max(float(result.score), 0.0), float(grade.max_score))
        grade.needs_manual_grade = grade.manual_score is not None
    elif result is None and utils.is_solution(cell) and _untouched(cell):
        grade.auto_score = 0.0
        grade.needs_manual_grade = grade.manual_score is not None
    else:
        grade.auto_score = None
        grade.needs_manual_grade = True


def _set_extra_credit(grade: Any, cell: Any, result: ExerciseResult | None) -> None:
    """Set extra credit from a result, in a notebook whose cells have no points: the part's first notebook has them.

    nbgrader counts extra credit only beside a score. Therefore a cell that a person reads gets the score 0.
    """
    if result is None:
        grade.auto_score = 0.0
        grade.needs_manual_grade = not _untouched(cell) and not grade.extra_credit
    elif result.outcome in (GRADED, FAILED):
        grade.auto_score, grade.extra_credit = 0.0, min(max(float(result.score), 0.0), result.points)
        grade.needs_manual_grade = grade.manual_score is not None
    else:
        grade.auto_score = grade.extra_credit = None
        grade.needs_manual_grade = True


def _set_aside(grade: Any, cell: Any) -> None:
    """Give no points to a cell of a notebook that does not count. Only a person removes points that a person gave."""
    grade.auto_score = 0.0
    if not utils.is_solution(cell):
        grade.extra_credit = None
    grade.needs_manual_grade = grade.manual_score is not None or bool(grade.extra_credit)


def _untouched(cell: Any) -> bool:
    return bool(cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell))


def configured_patience(root: Path) -> Patience:
    """Return the time limits for notebooks from a course's ``nbgrader_config.py``, read in nbgrader's way."""
    given = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config().get("JudgedAutograde", {})
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
    # Submissions may hold HTML and scripts, and feedback and formgrader show them to other people.
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = {"markdown2html": pages.markdown, "highlight_code": pages.code}
