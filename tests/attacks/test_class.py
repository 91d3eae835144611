"""Hostile students in a class that real nbgrader grades: notebooks, and text in messages and names (classes 14 to 16).

Two honest students, the first and the last in the alphabet, are graded alone, then together with all hostile students, in
one run of autograde and one of feedback. Each hostile student must have the row that the code earns, and pages on which no
script runs. Nothing of the honest students may change. Only two exercises of part 1 are really judged; the rest is a
fixed verdict, because other tests judge whole parts of hostile submissions.
"""

import csv
import dataclasses
import html
import io
import json
import logging
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from contextlib import ExitStack, chdir, suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert.filters import markdown2html
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from autograder import cli, grading
from autograder.assignment import Part
from autograder.course import Course, put_tools_on_path
from autograder.grading import engine
from autograder.grading.export import CsvExport
from autograder.grading.feedback import NewestFeedback
from autograder.grading.gradebook import JudgedAutograde
from autograder.grading.other_files import ENDING, FOLDER
from autograder.grading.pages import Pages
from autograder.intake.submission import Submission
from autograder.judge.apart import Apart
from autograder.judge.session import judge_part
from autograder.sample import students
from autograder.verdict import GRADED, PASSED, ExerciseResult, PartVerdict, TestResult
from tests.assignment2 import ASSIGNMENT

from ..conftest import ROOT, keep_what_is_slow_to_make
from . import CLASS_SUITE
from .attack import Attack, Witness, inherited_by_runners
from .notebooks import LINKS, SCRIPT, SHADOWS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("hostile class"),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives levels 3 and 2, and /proc"),
]
HONEST = ("aaa-honest", "zzz-honest")
JUDGED = ("affine_forward", "relu_forward")
OTHER_PARTS = ("Dropout.ipynb", "ConvolutionalNetworks.ipynb", "PyTorch.ipynb", "TensorFlow.ipynb")
"""Notebooks that this course leaves out to save time. It keeps a second part, which attacks may confuse with the first."""
LONGEST, HANGING = 30, 600
"""Limits in seconds for one student's grading, or one page: of this process's processor time, and of wall-clock time."""
MEMORY = 2**20
"""KiB by which the grader's process may grow."""
GRADED_ONES = [attack for attack in CLASS_SUITE if attack.earns]
REFUSED_ONES = [attack for attack in CLASS_SUITE if not attack.earns]


def named(attacks: list[Attack]) -> Any:
    return pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in attacks])


@dataclasses.dataclass
class School:
    """A course with a class, and the results of grading it twice.

    Attributes
    ----------
    alone, among : dict
        Rows and files of the honest students, without and with the hostile students.
    heard : dict
        Name of an attack to its witness.
    verdicts : list
        The judge's verdicts.
    log : str
        The log of nbgrader and all other loggers.
    grown : int
        KiB by which this process grew while it graded the hostile students.
    exported : str
        The table that nbgrader exports.
    """

    course: Course
    alone: dict[str, Any] = dataclasses.field(default_factory=dict)
    among: dict[str, Any] = dataclasses.field(default_factory=dict)
    heard: dict[str, Witness] = dataclasses.field(default_factory=dict)
    verdicts: list[PartVerdict] = dataclasses.field(default_factory=list)
    log: str = ""
    grown: int = 0
    exported: str = ""

    def rows(self, student: str) -> dict[tuple[str, str], tuple[float | None, float, bool]]:
        """Return score, maximum and "needs a person" of each grade cell, by notebook and name."""
        query = """
            SELECT notebook.name, base_cell.name, grade.auto_score, grade_cells.max_score, grade.needs_manual_grade
            FROM grade JOIN base_cell ON grade.cell_id = base_cell.id JOIN grade_cells ON grade_cells.id = base_cell.id
            JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
            JOIN notebook ON notebook.id = submitted_notebook.notebook_id
            JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
            WHERE submitted_assignment.student_id = ?
        """
        with sqlite3.connect(self.course.root / "gradebook.db") as database:
            found = database.execute(query, (student,)).fetchall()
        rows = {(notebook, name): (score, most, bool(manual)) for notebook, name, score, most, manual in found}
        assert len(rows) == len(found), f"{student} has a cell twice"
        return rows

    def pages(self, student: str) -> dict[str, str]:
        """Return the feedback pages by the name of the notebook."""
        folder = self.course.root / "feedback" / student / ASSIGNMENT
        return {page.stem: page.read_text(encoding="utf-8") for page in folder.glob("*.html")}

    def state(self) -> dict[str, Any]:
        """Return files and rows of the honest students, and the names in the course's folder."""
        files = {
            str(path.relative_to(self.course.root)): path.read_bytes()
            for step in ("autograded", "feedback") for student in HONEST
            for path in (self.course.root / step / student).rglob("*") if path.is_file()
        }  # fmt: skip
        names = sorted(os.listdir(self.course.root))
        return {"files": files, "names": names, "rows": {student: self.rows(student) for student in HONEST}}


@pytest.fixture(scope="module")
def school(synthetic: Path, tmp_path_factory: pytest.TempPathFactory, level: int) -> School:
    root = tmp_path_factory.mktemp("hostile-class")
    ignored = shutil.ignore_patterns(
        "__pycache__", "models", ".ipynb_checkpoints", "build", "*.so", "*.c", *OTHER_PARTS
    )
    for step in ("source", "release"):
        shutil.copytree(ROOT / step / ASSIGNMENT, root / step / ASSIGNMENT, ignore=ignored)
    keep_what_is_slow_to_make(root, tmp_path_factory)
    course = Course(root, synthetic)
    school = School(course)
    honest = tmp_path_factory.mktemp("honest") / ASSIGNMENT
    students.solved(course, honest)
    for student in HONEST:
        shutil.copytree(honest, root / "submitted" / student / ASSIGNMENT)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.environ["PATH"])
        put_tools_on_path()
        patch.setattr(engine, "verdict_on", lambda *job: _verdict(school, *job))
        for converter, name in ((JudgedAutograde, "grade"), (NewestFeedback, "convert_single_notebook")):
            patch.setattr(converter, name, _within(LONGEST, getattr(converter, name)))
        _declare(course)
        _grade(school)
        school.alone = school.state()
        descriptors = []
        for number, attack in enumerate(CLASS_SUITE):
            folder = root / "submitted" / f"hostile-{number:02}-{attack.name}" / ASSIGNMENT
            shutil.copytree(honest, folder)
            witness = stack.enter_context(Witness())
            school.heard[attack.name] = witness
            descriptors.append(witness.descriptor)
            attack.hand_in(folder, witness.descriptor, {"gradebook": str(root / "gradebook.db"), "own": str(folder)})
        stack.enter_context(inherited_by_runners(*descriptors))
        school.verdicts.clear()
        Path("/proc/self/clear_refs").write_text("5")  # reset the kernel's record of the peak memory
        before = _held_at_most()
        school.log = _grade(school)
        school.grown = _held_at_most() - before
        school.among = school.state()
        school.exported = _export(course)
    return school


def _held_at_most() -> int:
    """Return this process's peak memory in KiB."""
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return int(peak[1])


def student_of(attack: Attack) -> str:
    """Return the student who hands in an attack."""
    return f"hostile-{CLASS_SUITE.index(attack):02}-{attack.name}"


def _verdict(school: School, apart: Apart, part: Part, submission: Submission) -> PartVerdict:
    """Return a verdict: two exercises of part 1 are judged, all others have full points."""
    passed = (TestResult("fixed", "A fixed verdict", "core", PASSED, credit=1.0),)
    exercises = {one.id: ExerciseResult(one.id, one.points, one.points, GRADED, passed) for one in part.automatic}
    verdict = PartVerdict(
        part.number, part.name, (), sandbox_level=apart.level, data="synthetic", submission=submission.digest
    )
    if part.number == 1:
        two = dataclasses.replace(part, exercises=tuple(one for one in part.exercises if one.id in JUDGED))
        verdict = judge_part(apart.course, two, submission, apart.level)
        exercises |= {exercise.id: exercise for exercise in verdict.exercises}
    verdict = dataclasses.replace(verdict, exercises=tuple(exercises.values()))
    school.verdicts.append(verdict)
    return verdict


def _within(seconds: int, usual: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises ``TimeoutError`` after ``seconds`` of processor time, or `HANGING` seconds in all."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"not done within {seconds} s")

    def limited(*args: Any, **kwargs: Any) -> Any:
        alarms = {signal.SIGPROF: (signal.ITIMER_PROF, seconds), signal.SIGALRM: (signal.ITIMER_REAL, HANGING)}
        before = {number: signal.signal(number, give_up) for number in alarms}
        for timer, most in alarms.values():
            signal.setitimer(timer, most)
        try:
            return usual(*args, **kwargs)
        finally:
            for number, (timer, _) in alarms.items():
                signal.setitimer(timer, 0)
                signal.signal(number, before[number])

    return limited


def _database(course: Course) -> str:
    return f"sqlite:///{course.root / 'gradebook.db'}"


def _declare(course: Course) -> None:
    """Add the assignment to the gradebook as ``nbgrader generate_assignment`` does."""
    with Gradebook(_database(course), "cs231n") as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT)
    for part in course.parts:
        notebook = nbformat.read(course.release / part.notebook, as_version=4)
        known = {"notebook": part.name, "assignment": ASSIGNMENT, "db_url": _database(course)}
        SaveCells().preprocess(notebook, {"nbgrader": known})


def _grade(school: School) -> str:
    """Grade the class with nbgrader, write the feedback, and return the log."""
    root = school.course.root
    config = Config()
    grading.configure(config)
    config.JudgedAutograde.data = str(school.course.data)
    coursedir = CourseDirectory(config=config, root=str(root), assignment_id=ASSIGNMENT, course_id="cs231n")
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    try:
        for converter in (JudgedAutograde, NewestFeedback):
            with suppress(NbGraderException):
                converter(coursedir=coursedir, config=config, log=logging.getLogger("class"), force=True).start()
    finally:
        logging.getLogger().removeHandler(handler)
    return said.getvalue()


def _export(course: Course) -> str:
    path = course.root / "grades.csv"
    with chdir(course.root), Gradebook(_database(course), "cs231n") as gradebook:
        CsvExport(to=str(path)).export(gradebook)
    return path.read_text(encoding="utf-8")


def test_the_honest_are_as_they_were(school: School) -> None:
    """Rows, notebooks and pages are the same, byte by byte."""
    assert school.alone["rows"] == school.among["rows"]
    for student in HONEST:
        automatic = {one.id for part in school.course.parts for one in part.automatic}
        rows = school.among["rows"][student]
        assert {name for (_, name), (score, most, _) in rows.items() if score == most} == automatic
        assert len(school.pages(student)) == len(school.course.parts)
    assert school.alone["names"] == school.among["names"]
    assert school.alone["files"].keys() == school.among["files"].keys()
    changed = [name for name, content in school.alone["files"].items() if school.among["files"][name] != content]
    assert changed == []


@named(GRADED_ONES)
def test_the_row_is_what_the_code_earns(school: School, attack: Attack) -> None:
    rows, honest = school.rows(student_of(attack)), school.among["rows"][HONEST[0]]
    assert rows.keys() == honest.keys(), school.log[-3000:]
    automatic = {(part.name, one.id) for part in school.course.parts for one in part.automatic}
    for cell, (score, most, manual) in rows.items():
        assert most == honest[cell][1]
        if cell not in automatic:
            assert (score, manual) in ((None, True), (0.0, False))
        else:
            assert (score, manual) == (pytest.approx(most * attack.earns.get(cell[1], 1.0)), False), cell


@named(GRADED_ONES)
def test_the_page_tells_it(school: School, attack: Attack) -> None:
    pages = school.pages(student_of(attack))
    assert set(pages) == {part.name for part in school.course.parts}, school.log[-3000:]
    assert max(map(len, pages.values())) < 100 * 2**20
    page = html.unescape(re.sub(r"<(/?[a-z][^>]*)>", "", pages["FullyConnectedNets"]))
    if attack.shows:
        assert re.search(attack.shows, page)
    if attack.name.endswith("-message"):
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert "49 " not in page or "7*7" not in attack.module


@named(CLASS_SUITE)
def test_it_was_at_work_and_got_nothing(school: School, attack: Attack) -> None:
    witness = school.heard[attack.name]
    assert bool(witness.said("reached")) == attack.runs
    assert not witness.not_really_tried()
    assert witness.said("got") == []
    assert not witness.survived


@named(REFUSED_ONES)
def test_a_name_that_is_none_has_no_row(school: School, attack: Attack) -> None:
    """The log says so, in printable characters."""
    lines = [line for line in school.log.splitlines() if attack.shows in line]
    assert len(lines) == len(REFUSED_ONES)
    assert all(line.isprintable() for line in school.log.splitlines())


def test_nothing_said_commands_a_terminal(school: School) -> None:
    lines = school.log.split("\n")
    assert [line for line in lines if not line.isprintable()] == []
    for verdict in school.verdicts:
        with cli.out.capture() as captured:
            cli._print_verdict(verdict)
        assert [line for line in captured.get().split("\n") if not line.isprintable()] == []


def test_an_exported_table_has_a_row_for_each_and_no_formula(school: School) -> None:
    rows = list(csv.DictReader(io.StringIO(school.exported), strict=True))
    assert sorted(row["student_id"] for row in rows) == sorted([*HONEST, *map(student_of, GRADED_ONES)])
    assert len(school.exported.splitlines()) == len(rows) + 1
    for row in rows:
        assert None not in row
        assert not any(str(value)[:1] in ("=", "+", "-", "@", "\t", "\r") for value in row.values() if value)
    points = sum(exercise.points for part in school.course.parts for exercise in part.automatic)
    assert {row["score"] for row in rows if row["student_id"] in HONEST} == {f"{points:.1f}"}


def test_grading_stayed_within_bounds(school: School) -> None:
    assert "not done within" not in school.log
    assert school.grown < MEMORY


def test_graded_folders_hold_no_module_that_a_program_looks_for(school: School) -> None:
    given = {str(path.relative_to(school.course.release)) for path in school.course.release.rglob("*.py")}
    for attack in GRADED_ONES:
        home = school.course.root / "autograded" / student_of(attack) / ASSIGNMENT
        names = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
        code = {name for name in names if name.endswith((".py", ".pyx"))} - given
        assert not {Path(part).stem for name in code for part in Path(name).parts} & {
            Path(name).stem for name in SHADOWS if "/" not in name
        }
        if attack.name == "modules-for-the-graders-kernel":
            assert {f"{FOLDER}/{name}{ENDING}" for name in SHADOWS} <= names


def _ids(page: str) -> list[str]:
    """Return the ids and names of elements, without those that number the cells."""
    return sorted(
        one for one in re.findall(r"<[^>]*\s(?:id|name)=\"([^\"]*)\"", page) if not one.startswith("cell-id=")
    )


def test_no_page_has_an_id_or_an_address_of_a_students(school: School) -> None:
    """nbconvert's own filter shows that the attacks were at work."""
    assert _ids(markdown2html("# affine_forward")) == ["affine_forward"]
    for attack in GRADED_ONES:
        found, honest = school.pages(student_of(attack)), school.pages(HONEST[0])
        assert {name: _ids(page) for name, page in found.items()} == {name: _ids(page) for name, page in honest.items()}
        elements = re.findall(r"<[^>]*>", found["FullyConnectedNets"])
        assert not [element for element in elements if "tracker.invalid" in element]
    for name in ("headings-like-scores", "pictures-from-elsewhere"):
        attack = next(one for one in GRADED_ONES if one.name == name)
        assert _ids(_formgraders_page(school, student_of(attack))) == _ids(_formgraders_page(school, HONEST[0]))


def _formgraders_page(school: School, student: str) -> str:
    """Return the page that formgrader shows to a person who grades by hand."""
    config = Config()
    grading.configure(config)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    path = school.course.root / "autograded" / student / ASSIGNMENT / "FullyConnectedNets.ipynb"
    known = dict.fromkeys(("assignment_id", "notebook_id", "submission_id", "base_url", "student", "last_name"), "a")
    told = {**known, "first_name": "a", "notebook_path": "a", "index": 0, "total": 1}
    return str(Pages(config=config).from_filename(str(path), resources=told)[0])


INSPECT = """
<!DOCTYPE html><title>inspector</title><body>@FRAMES@<script>
const links = ["href", "src", "action", "formaction", "xlink:href", "data", "srcdoc", "poster"];
addEventListener("load", () => {
  const found = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, odd = [];
    if (page.title === "taken over" || document.title === "taken over") odd.push("script ran");
    for (const element of page.querySelectorAll("*")) {
      const name = element.localName;
      if (["iframe", "object", "embed", "form", "svg", "base", "frame", "math"].includes(name)) odd.push(name);
      if (name === "script") odd.push("script " + element.src + element.textContent);
      if (name === "meta" || name === "link") odd.push(element.outerHTML);
      for (const {name, value} of element.attributes) {
        if (name.startsWith("on")) odd.push(name);
        if (links.includes(name) && !/^(https?:|#|data:image\\/(png|jpeg);base64,|[^:]*$)/i.test(value)) odd.push(name + "=" + value.slice(0, 80));
      }
    }
    found[frame.name] = odd;
  }
  document.title = "inspected";
  document.body.textContent = encodeURIComponent(JSON.stringify(found));
});
</script>
"""


@pytest.mark.long
def test_no_page_runs_what_a_student_wrote(school: School, tmp_path: Path) -> None:
    """The pages open in a real browser; a control page that does run its script proves that the test would see it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: install it, as .ci/run does")
    control = tmp_path / "control.html"
    control.write_text(f"<title>control</title>{SCRIPT}{markdown2html(LINKS)}")
    pages = {"control": control}
    for student in (HONEST[0], *map(student_of, GRADED_ONES)):
        pages[student] = school.course.root / "feedback" / student / ASSIGNMENT / "FullyConnectedNets.html"
    for student in (HONEST[0], *(student_of(attack) for attack in GRADED_ONES if attack.name.startswith("script"))):
        pages[f"formgrader-{student}"] = tmp_path / f"{student}.html"
        pages[f"formgrader-{student}"].write_text(_formgraders_page(school, student), encoding="utf-8")
    frames = "".join(f'<iframe name="{name}" src="{path.as_uri()}"></iframe>' for name, path in pages.items())
    inspector = tmp_path / "inspector.html"
    inspector.write_text(INSPECT.replace("@FRAMES@", frames))
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
    flags += f" --disable-component-update --allow-file-access-from-files --user-data-dir={tmp_path / 'profile'}"
    command = [chromium, *flags.split(), "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", inspector.as_uri()]
    dump = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    found = json.loads(urllib.parse.unquote(re.findall(r"<body>([^<]*)", dump)[0]))
    assert {"script ran", "onerror", "svg", "iframe"} <= set(found["control"])
    assert any(odd.startswith("href=javascript:") for odd in found["control"])
    assert set(found) == set(pages)
    usual = {*found[HONEST[0]], *found[f"formgrader-{HONEST[0]}"]}
    assert {name: set(odd) - usual for name, odd in found.items() if name != "control" and set(odd) - usual} == {}
