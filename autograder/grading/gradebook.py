"""nbgrader's ``autograde``, with the judge in the place of execution: a submission at a time, each all or nothing.

Its converter is replaced, for the command and for formgrader's button; see ``configure``. It writes scores from
verdicts only, never runs or imports anything of a submission, and goes on after whatever one submission does.
"""

import json
import shutil
from dataclasses import dataclass
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
from traitlets import Bool, List, Unicode

from autograder.checks.definitions import NotebookError
from autograder.course import Course, CourseError, find_course
from autograder.judge.session import taken_in
from autograder.sandbox.submission import SubmissionError
from autograder.verdict import FAILED, GRADED, ExerciseResult, PartVerdict

from . import engine
from .cells import read_notebook, restore, show
from .engine import GradingError
from .store import write_atomically

CODE = (".py", ".pyx")


@dataclass(frozen=True)
class Judged:
    """A judged submission: what is written into ``autograded`` and into the gradebook."""

    digest: str
    verdicts: tuple[PartVerdict, ...]
    notebooks: dict[str, Any]
    code: dict[str, bytes]


class JudgedAutograde(Autograde):  # type: ignore[misc]
    """Grades by verdicts of the judge. It takes the options of `Autograde`, and those below."""

    allow_weak = Bool(False, help="Grade although this machine cannot confine submissions well (below level 2).").tag(
        config=True
    )
    data = Unicode("", help="Folder of the pictures to judge on; by default CIFAR-10, else the synthetic ones.").tag(
        config=True
    )
    autograde_preprocessors = List(
        [AssignLatePenalties], help="Preprocessors that run once the scores are in the gradebook."
    ).tag(config=True)

    _level: int | None = None
    _course: Course | None = None

    @property
    def course(self) -> Course:
        """The course that nbgrader works in."""
        if self._course is None:
            self._course = find_course(Path(self.coursedir.root), Path(self.data) if self.data else None)
        return self._course

    def start(self) -> None:
        """Grade; what stops all of it is said in one sentence."""
        try:
            self._level = engine.require_level(self.allow_weak)
            super().start()
        except (GradingError, CourseError) as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from None

    def init_notebooks(self) -> None:
        """Find the submissions, with or without notebooks."""
        found = engine.submissions(self.course, self.coursedir.student_id)
        excluded = set(self.coursedir.student_id_exclude.split(","))
        self.assignments = {str(folder): [student] for student, folder in found.items() if student not in excluded}
        if not self.assignments:
            message = f"There are no submissions in {self.course.root / 'submitted'}: collect them there first."
            self.log.error("%s", message)
            raise NbGraderException(message)

    def convert_notebooks(self) -> None:
        """Grade the submissions one by one; one that fails does not stop the others."""
        failed = []
        for folder, (student,) in sorted(self.assignments.items()):
            try:
                self.grade(student, Path(folder))
            except Exception as error:
                self.log.error("%s could not be graded (%s: %s)", student, type(error).__name__, error)
                self.log.debug("Where it happened:", exc_info=True)
                shutil.rmtree(self._destination(student), ignore_errors=True)
                failed.append(student)
        if failed:
            message = f"{len(failed)} of {len(self.assignments)} submissions could not be graded: {', '.join(failed)}."
            self.log.error("%s", message)
            raise NbGraderException(message)

    def grade(self, student: str, folder: Path) -> bool:
        """Grade one submission; return False if it was graded before and nothing has changed.

        All that a student did wrong ends in a verdict; an exception is a fault of ours.
        """
        record = self.course.state / "graded" / f"{student}.json"
        destination = self._destination(student)
        state = None if self.force else self._state(folder)
        if state is not None and destination.exists() and _read_json(record) == state:
            self.log.info("%s was graded before", student)
            return False
        record.unlink(missing_ok=True)
        shutil.rmtree(destination, ignore_errors=True)
        judged = self._judge(folder)
        self._write_scores(student, folder, judged)
        self._write_files(student, judged)
        write_atomically(record, {"submission": judged.digest, "tests": self.course.tests_digest})
        for verdict in judged.verdicts:
            self.log.info("%s: %g of %g points in %s", student, verdict.score, verdict.points, verdict.name)
        return True

    def _destination(self, student: str) -> Path:
        return Path(
            self.coursedir.format_path(self.coursedir.autograded_directory, student, self.coursedir.assignment_id)
        )

    def _state(self, folder: Path) -> dict[str, str]:
        try:
            with taken_in(folder) as submission:
                return {"submission": submission.digest, "tests": self.course.tests_digest}
        except SubmissionError:
            return {"submission": "", "tests": self.course.tests_digest}

    def _judge(self, folder: Path) -> Judged:
        assert self._level is not None
        try:
            with taken_in(folder) as submission:
                verdicts = tuple(
                    engine.verdict_on(self.course, part, submission, self._level) for part in self.course.parts
                )
                notebooks = {verdict.name: self._notebook(submission.folder, verdict) for verdict in verdicts}
                code = {
                    name: (submission.folder / name).read_bytes() for name in submission.files if name.endswith(CODE)
                }
                return Judged(submission.digest, verdicts, notebooks, code)
        except SubmissionError as error:
            verdicts = tuple(engine.unjudged(self.course, part, str(error)) for part in self.course.parts)
            return Judged("", verdicts, {verdict.name: self._notebook(None, verdict) for verdict in verdicts}, {})

    def _notebook(self, folder: Path | None, verdict: PartVerdict) -> Any:
        """The student's notebook, or the blank one of the release where there is none to read; with the verdict."""
        name = f"{verdict.name}.ipynb"
        release = nbformat.read(self.course.release / name, as_version=4)
        notebook = release
        if folder is not None:
            try:
                notebook = restore(read_notebook(folder / name), release)
            except NotebookError:
                pass  # the verdict's problems say it
            except Exception as error:
                self.log.warning("%s was replaced by the blank one (%s)", name, type(error).__name__)
        show(notebook, verdict)
        return notebook

    def _write_scores(self, student: str, folder: Path, judged: Judged) -> None:
        """Let the gradebook hold what the verdicts say, in one transaction."""
        assignment = self.coursedir.assignment_id
        try:
            timestamp = self.coursedir.get_existing_timestamp(str(folder))
        except SystemExit:  # nbgrader's way of saying that timestamp.txt cannot be read
            timestamp = None
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            gradebook.find_assignment(assignment)
            if not self.create_student:
                gradebook.find_student(student)
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(
                assignment, student, **({"timestamp": timestamp} if timestamp else {})
            )
            for verdict in judged.verdicts:
                results = {exercise.id: exercise for exercise in verdict.exercises}
                for cell in judged.notebooks[verdict.name].cells:
                    if utils.is_grade(cell):
                        grade = gradebook.find_grade(cell.metadata.nbgrader.grade_id, verdict.name, assignment, student)
                        _set_grade(grade, cell, results.get(cell.metadata.nbgrader.grade_id))
                    if utils.is_solution(cell):
                        comment = gradebook.find_comment(
                            cell.metadata.nbgrader.grade_id, verdict.name, assignment, student
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
        """What nbgrader's preprocessors expect to be told."""
        details = {"student": student, "assignment": self.coursedir.assignment_id, "notebook": name}
        nbgrader_resources = {**details, "db_url": self.coursedir.db_url}
        return {
            "unique_key": name,
            "output_files_dir": f"{name}_files",
            "nbgrader": nbgrader_resources,
            "metadata": {"path": str(Path(path).parent)},
        }


def _set_grade(grade: Any, cell: Any, result: ExerciseResult | None) -> None:
    """Write a score only from a verdict; everything else waits for a person."""
    if result is not None and result.outcome in (GRADED, FAILED):
        grade.auto_score = min(max(float(result.score), 0.0), float(grade.max_score))
        grade.needs_manual_grade = grade.manual_score is not None
    elif result is None and utils.is_solution(cell) and _untouched(cell):
        grade.auto_score = 0.0
        grade.needs_manual_grade = grade.manual_score is not None
    else:
        grade.auto_score = None
        grade.needs_manual_grade = True


def _untouched(cell: Any) -> bool:
    return bool(cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def configure(config: Any) -> None:
    """Let nbgrader grade with `JudgedAutograde`: the command, and formgrader's button.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    nbgrader.apps.autogradeapp.Autograde = JudgedAutograde
    nbgrader.apps.api.Autograde = JudgedAutograde
    # What students hand in may hold HTML and script; feedback and formgrader show it to others.
    config.HTMLExporter.sanitize_html = True
