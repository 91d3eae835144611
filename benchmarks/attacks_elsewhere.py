"""Run the attacks of `tests/attacks` against plain pytest, nbgrader 0.9.6 and this autograder. This is not a test.

    python benchmarks/attacks_elsewhere.py [--only NAME] [--every N] [--grader NAME] [--details] [--json FILE]

Every attack whose files suit a grader is handed in to it. Plain pytest gets a package with hidden tests beside it; its
exit status and JUnit file are the verdict. nbgrader gets a notebook whose two grade cells import the package, and
autogrades it together with an honest neighbour's. This autograder runs `judge_part`, as in its tests. The same results
are counted for each grader, and an honest submission must earn all points first. A grader that runs submissions as its
own user runs in a bubblewrap jail: no network, no files of this machine except Python's, limits on memory, processes,
disk and time; all other files inside are made up. The attacks run one after the other: 200 attacks take pytest about
5 minutes, nbgrader 20 and this autograder 10. The benchmark needs root, Linux and bubblewrap.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import dataclasses
import json
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import nbformat
from msgspec import structs
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console
from rich.table import Table

import datasets
from autograder.course import Course, put_tools_on_path
from autograder.errors import SubmissionError
from autograder.judge.session import judge_part, taken_in
from autograder.sample import students
from autograder.sandbox import client
from autograder.verdict import ERROR
from tests.assignment2 import ASSIGNMENT, HIDDEN
from tests.attacks import CLASS_SUITE, SUITE
from tests.attacks.attack import HONEST, Attack, Witness, inherited_by_runners

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = ("affine_forward", "relu_forward")
"""The exercises that every grader here grades, one point each."""
SECONDS = {"pytest": 15, "nbgrader": 40}
"""Seconds after which a grader is ended; an honest run takes 1 and 8 seconds."""
MEMORY = 2**31
"""Bytes that all processes in a jail may use together."""
DISK = 2**28
PROCESSES = 64
USER = 64999
FORGED = 7
SETTLE = 1.0
"""Seconds between the grader's end and the count of processes that still run."""

HIDDEN_TESTS = '''
"""@CANARY@"""
import numpy as np
from numpy.testing import assert_allclose

from cs231n.layers import affine_forward, relu_forward


def test_affine_forward():
    rng = np.random.default_rng(231)
    x, w, b = rng.normal(size=(4, 3, 2)), rng.normal(size=(6, 5)), rng.normal(size=5)
    out, _ = affine_forward(x, w, b)
    assert_allclose(out, x.reshape(4, 6) @ w + b, rtol=1e-6)


def test_relu_forward():
    x = np.random.default_rng(232).normal(size=(4, 5))
    out, _ = relu_forward(x)
    assert_allclose(out, np.maximum(x, 0), rtol=1e-6)
'''

GRADE_CELLS = {
    "affine_forward": """
import numpy as np
from cs231n.layers import affine_forward
### BEGIN HIDDEN TESTS
# @CANARY@
rng = np.random.default_rng(231)
x, w, b = rng.normal(size=(4, 3, 2)), rng.normal(size=(6, 5)), rng.normal(size=5)
out, _ = affine_forward(x, w, b)
assert np.allclose(out, x.reshape(4, 6) @ w + b)
### END HIDDEN TESTS
""",
    "relu_forward": """
import numpy as np
from cs231n.layers import relu_forward
### BEGIN HIDDEN TESTS
x = np.random.default_rng(232).normal(size=(4, 5))
out, _ = relu_forward(x)
assert np.allclose(out, np.maximum(x, 0))
### END HIDDEN TESTS
""",
}

SUPERVISOR = """
import json, os, resource, subprocess, sys, time

job = json.loads(sys.stdin.readline())
report = os.dup(1)
os.set_inheritable(report, False)

def processes():
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            try:
                state = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
            except OSError:
                continue
            if state[0] not in "ZX":
                yield int(name), int(state[21]) * 4096

def disk(folder):
    used = os.statvfs(folder) if folder == "/tmp" else None
    if used:
        return (used.f_blocks - used.f_bfree) * used.f_frsize
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(top, name)).st_blocks * 512
            except OSError:
                pass
    return total

def limit():
    resource.setrlimit(resource.RLIMIT_NPROC, (job["processes"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (job["disk"],) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (2 * job["memory"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

began, ended, status = time.monotonic(), "", None
grader = subprocess.Popen(
    job["command"], cwd=job["cwd"], env=job["env"], user=job["user"], group=job["user"], extra_groups=[],
    preexec_fn=limit,
    stdin=subprocess.DEVNULL, stdout=open("/course/said.txt", "wb"), stderr=subprocess.STDOUT, start_new_session=True,
)
while not ended:
    try:
        status = grader.wait(0.2)
        break
    except subprocess.TimeoutExpired:
        pass
    if time.monotonic() - began > job["seconds"]:
        ended = "time"
    elif sum(size for _, size in processes()) > job["memory"]:
        ended = "memory"
    elif disk("/course") + disk("/tmp") > job["disk"]:
        ended = "disk"
seconds = time.monotonic() - began
left = []
if not ended:
    time.sleep(job["settle"])
    left = [number for number, _ in processes()]
os.write(report, json.dumps({"status": status, "ended": ended, "left": len(left), "seconds": seconds}).encode())
"""
"""A program that runs in the jail, as another user than the grader, and reports the result. Its end ends the jail."""


@dataclasses.dataclass
class Outcome:
    """The result of one attack on one grader.

    Attributes
    ----------
    reached, leaked, got : bool
        The attack's code ran; it reported the canary, which only secrets hold; it reported another forbidden result.
    undeserved : bool
        Wrong code earned points that it should not have earned.
    none : bool
        The grader gave no verdict.
    blocked : bool
        The grader had to be ended, because it exceeded its time, its memory or its disk.
    left, changed : bool
        Processes were left behind; files outside the submission, or other students' grades, were changed.
    seconds : float
        The time that grading took.
    shares : dict
        Exercise to the share of its points.
    """

    reached: bool = False
    undeserved: bool = False
    leaked: bool = False
    got: bool = False
    none: bool = False
    blocked: bool = False
    left: bool = False
    changed: bool = False
    seconds: float = 0.0
    shares: dict[str, float] = dataclasses.field(default_factory=dict)


COLUMNS = {
    "undeserved": "undeserved points", "leaked": "tests, solutions or data read", "got": "other forbidden results",
    "none": "no verdict", "blocked": "had to be ended", "left": "processes left", "changed": "files or grades changed",
}  # fmt: skip


class Elsewhere:
    """A grader that runs submissions as its own user, in a jail.

    Parameters
    ----------
    work : Path
        An empty folder.
    solved : Path
        An honest submission.
    """

    name: str
    key: str

    def __init__(self, work: Path, solved: Path) -> None:
        self.work, self.solved = work, solved
        self.canary = f"canary-{secrets.token_hex(16)}"
        self.template = work / "template"
        other = "submitted/somebody-else/assignment2/cs231n/layers.py"
        for name in (other, "solution/layers.py", "data/test_batch", "secret", "witness/said"):
            path = self.template / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("" if name.startswith("witness") else f"# {self.canary}\n")
        self.prepare()

    def prepare(self) -> None:
        """Set up the course in the template folder."""
        raise NotImplementedError

    def suits(self, attack: Attack) -> bool:
        """Tell whether the attack can be handed in to this grader."""
        raise NotImplementedError

    def lay_out(self, attack: Attack, course: Path, facts: dict[str, Any]) -> tuple[str, list[str]]:
        """Put the attack into a copy of the template; return the working folder and the command."""
        raise NotImplementedError

    def shares(self, course: Path, status: int | None) -> dict[str, float] | None:
        """Return the grader's share of points for each exercise, or None if there is no verdict."""
        raise NotImplementedError

    def others(self, course: Path) -> Any:
        """Return the files that must be the same after grading every submission."""
        found: dict[str, Any] = {}
        for name in ("solution", "data", "submitted/somebody-else", "secret", *self.kept):
            path = course / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if "__pycache__" not in file.parts:
                    found[str(file)] = file.read_bytes() if file.is_file() else str(file.exists())
        return found

    kept: tuple[str, ...] = ()

    def grade(self, attack: Attack) -> Outcome | None:
        """Hand an attack in, grade it and return the outcome, or None if the attack does not suit this grader."""
        if not self.suits(attack):
            return None
        course = self.work / "course"
        shutil.rmtree(course, ignore_errors=True)
        shutil.copytree(self.template, course)
        facts = {
            "root": "/course", "gradebook": "/course/gradebook.db", "solution": "/course/solution/layers.py",
            "other": "/course/submitted/somebody-else/assignment2/cs231n/layers.py", "secret": "/course/secret",
            "labels": "/course/data/test_batch", "hidden": "/course/submission/tests", "judge": 3, "port": 9,
            "level": 0, "fingerprint": "", "daemon": "/course/daemon", "log": "/course/log",
        }  # fmt: skip
        try:
            where, command = self.lay_out(attack, course, facts)
        except (KeyError, FileNotFoundError) as missing:  # the attack needs more of a course than this grader has
            print(f"{attack.name} does not suit {self.name}: {missing}", file=sys.stderr)
            return None
        before = self.others(course)
        report = self._run(course, where, command)
        said = (course / "witness" / "said").read_text(errors="replace")
        told = [line.partition(" ")[2] for line in said.splitlines() if line.startswith("got ")]
        shares = self.shares(course, report["status"])
        if attack.kind == FORGED and "reached" not in said:
            return None  # the attack forges messages on the wire, and this grader has no wire
        try:
            changed = self.others(course) != before
        except (OSError, sqlite3.Error):
            changed = True
        return Outcome(
            reached="reached" in said, leaked=self.canary in said, shares=shares or {}, none=shares is None,
            got=any(self.canary not in text and text.partition(":")[0] not in attack.allowed for text in told),
            undeserved=_undeserved(attack, shares), blocked=bool(report["ended"]), left=report["left"] > 0,
            changed=changed, seconds=report["seconds"],
        )  # fmt: skip

    def _run(self, course: Path, where: str, command: list[str]) -> dict[str, Any]:
        for path in (course, *course.rglob("*")):
            os.chown(path, USER, USER, follow_symlinks=False)
        environment = {
            "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",
            "AUTOGRADER_CANARY": self.canary, "OPENBLAS_NUM_THREADS": "1", "JUPYTER_PLATFORM_DIRS": "1",
            "PYTHONWARNINGS": "ignore", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }  # fmt: skip
        job = {
            "command": command, "cwd": where, "env": environment, "user": USER, "seconds": SECONDS[self.key],
            "memory": MEMORY, "disk": DISK, "processes": PROCESSES, "settle": SETTLE,
        }  # fmt: skip
        jail = [*_jail(course), sys.executable, "-I", "-S", "-c", SUPERVISOR]
        try:
            ended = subprocess.run(
                jail, input=json.dumps(job) + "\n", capture_output=True, text=True, timeout=SECONDS[self.key] + 30
            )
            report: dict[str, Any] = json.loads(ended.stdout)
        except (subprocess.TimeoutExpired, ValueError):
            report = {"status": None, "ended": "with the jail", "left": 0, "seconds": SECONDS[self.key]}
        return report


def _jail(course: Path) -> list[str]:
    """Return bubblewrap's command line: Python, the system's programs, and a writable course."""
    jail = [str(shutil.which("bwrap")), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    jail += ["--die-with-parent", "--new-session", "--hostname", "grader", "--cap-drop", "ALL"]
    for power in ("SETUID", "SETGID", "KILL", "DAC_OVERRIDE"):  # for the supervisor; the grader is another user
        jail += ["--cap-add", f"CAP_{power}"]
    jail += ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc/alternatives", "/etc/alternatives"]
    for name in ("/bin", "/lib", "/lib64", "/sbin"):
        jail += ["--symlink", os.readlink(name), name] if os.path.islink(name) else ["--ro-bind-try", name, name]
    jail += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(DISK), "--tmpfs", "/tmp"]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        for parent in reversed(Path(prefix).parents):
            if str(parent) not in ("/", "/tmp", "/usr"):
                jail += ["--perms", "0755", "--dir", str(parent)]
        jail += ["--ro-bind", prefix, prefix]
    return [*jail, "--bind", str(course), "/course", "--remount-ro", "/", "--chdir", "/course", "--clearenv"]


def _undeserved(attack: Attack, shares: dict[str, float] | None) -> bool:
    """Tell whether the attacked exercise earned more than it should; the exercise beside it is honest code."""
    return (shares or {}).get(EXERCISES[0], 0.0) > attack.earns.get(EXERCISES[0], 1.0)


def _only(folder: Path, attack: Attack, facts: dict[str, Any]) -> None:
    """Hand in an attack whose witness is a file."""
    witness: Any = "_os.open('/course/witness/said', 1025)"
    attack.hand_in(folder, witness, {**facts, "own": "/course/submission"})


class PlainPytest(Elsewhere):
    """pytest on hidden tests that import the student's code; its exit status and JUnit file are the verdict."""

    name, key = "plain pytest", "pytest"
    kept = ("submission/tests/test_hidden.py", "gradebook.db")

    def prepare(self) -> None:
        shutil.copytree(self.solved / "cs231n", self.template / "submission" / "cs231n")
        (self.template / "gradebook.db").write_text(self.canary)
        (self.template / "report").mkdir()

    def suits(self, attack: Attack) -> bool:
        return attack in (HONEST, *SUITE) and bool(attack.module or attack.files) and _graded_here(attack)

    def lay_out(self, attack: Attack, course: Path, facts: dict[str, Any]) -> tuple[str, list[str]]:
        folder = course / "submission"
        _only(folder, attack, facts)
        (folder / "tests").mkdir(exist_ok=True)
        (folder / "tests" / "test_hidden.py").write_text(HIDDEN_TESTS.replace("@CANARY@", self.canary))
        options = ["-q", "--junitxml=/course/report/verdict.xml", "tests/test_hidden.py"]
        return "/course/submission", [sys.executable, "-m", "pytest", *options]

    def shares(self, course: Path, status: int | None) -> dict[str, float] | None:
        if status == 0:
            return dict.fromkeys(EXERCISES, 1.0)
        try:
            cases = xml.etree.ElementTree.parse(course / "report" / "verdict.xml").getroot().iter("testcase")
            passed = {case.get("name", "").removeprefix("test_") for case in cases if len(case) == 0}
        except (OSError, xml.etree.ElementTree.ParseError):
            return None
        return {exercise: float(exercise in passed) for exercise in EXERCISES}


class PlainNbgrader(Elsewhere):
    """nbgrader with its default settings; its gradebook is the verdict."""

    name, key = "nbgrader 0.9.6", "nbgrader"
    kept = ("source", "release")
    neighbour = "neighbour"

    def prepare(self) -> None:
        cells = [new_markdown_cell("# Layers")]
        for exercise, source in GRADE_CELLS.items():
            nbgrader = {"grade_id": exercise, "points": 1, "grade": True, "locked": True, "solution": False}
            metadata = {"nbgrader": {**nbgrader, "task": False, "schema_version": 3}}
            cells.append(new_code_cell(source.strip().replace("@CANARY@", self.canary), metadata=metadata))
        folder = self.template / "source" / ASSIGNMENT
        folder.mkdir(parents=True)
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "FullyConnectedNets.ipynb")
        (self.template / "nbgrader_config.py").write_text(
            "c = get_config()\nc.CourseDirectory.course_id = 'cs231n'\nc.ExecutePreprocessor.timeout = 8\n"
            "c.ClearSolutions.code_stub = {'python': 'pass'}\n"
        )
        command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "generate_assignment", ASSIGNMENT, "--create"]
        subprocess.run(command, cwd=self.template, check=True, capture_output=True)
        released = self.template / "release" / ASSIGNMENT
        for student in (self.neighbour, "attacker"):
            target = self.template / "submitted" / student / ASSIGNMENT
            shutil.copytree(released, target)
            shutil.copytree(self.solved / "cs231n", target / "cs231n")
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.template / 'gradebook.db'}", "cs231n") as gradebook:
            gradebook.add_student("graded-before", first_name=self.canary)
            gradebook.add_submission(ASSIGNMENT, "graded-before")
            grade = gradebook.find_grade("relu_forward", "FullyConnectedNets", ASSIGNMENT, "graded-before")
            grade.auto_score, grade.manual_score, grade.needs_manual_grade = 0.0, 0.5, False
            gradebook.db.commit()

    def suits(self, attack: Attack) -> bool:
        return attack in (HONEST, *SUITE, *CLASS_SUITE) and bool(attack.earns) and _graded_here(attack)

    def lay_out(self, attack: Attack, course: Path, facts: dict[str, Any]) -> tuple[str, list[str]]:
        _only(course / "submitted" / "attacker" / ASSIGNMENT, attack, {**facts, "hidden": "/course/source"})
        return "/course", [sys.executable, "-W", "ignore", "-m", "nbgrader", "autograde", ASSIGNMENT]

    def shares(self, course: Path, status: int | None) -> dict[str, float] | None:  # noqa: ARG002
        try:
            found = self._grades(course, "attacker")
        except sqlite3.Error:
            return None
        graded = {name: score for name, (score, _, waits) in found.items() if score is not None and not waits}
        return {name: graded.get(name, 0.0) for name in EXERCISES} if graded else None

    def others(self, course: Path) -> Any:
        """Return files, earlier grades, and whether the neighbour has full grades (or nbgrader has not run yet)."""
        neighbour = self._grades(course, self.neighbour)
        full = dict.fromkeys(EXERCISES, (1.0, None, 0))
        kept = {"before": self._grades(course, "graded-before"), "neighbour": not self.ran(course) or neighbour == full}
        return {**super().others(course), **kept}

    @staticmethod
    def ran(course: Path) -> bool:
        """Tell whether nbgrader was started."""
        return (course / "said.txt").exists()

    @staticmethod
    def _grades(course: Path, student: str) -> dict[str, tuple[Any, ...]]:
        query = """
            SELECT base_cell.name, grade.auto_score, grade.manual_score, grade.needs_manual_grade
            FROM grade JOIN base_cell ON grade.cell_id = base_cell.id
            JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
            JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
            WHERE submitted_assignment.student_id = ?
        """
        database = sqlite3.connect(f"file:{course / 'gradebook.db'}?mode=ro", uri=True)
        try:
            return {name: tuple(rest) for name, *rest in database.execute(query, (student,))}
        finally:
            database.close()


def _graded_here(attack: Attack) -> bool:
    """Tell whether the attack concerns an exercise that is graded here."""
    return bool(set(attack.earns) & set(EXERCISES))


def _impatient(course: Course) -> Course:
    """Return the course with a shorter time limit for each answer."""
    settings = course.assignment.settings
    quick = structs.replace(settings, seconds=structs.replace(settings.seconds, call=3.0))
    course.__dict__["assignment"] = dataclasses.replace(course.assignment, settings=quick)
    return course


class Ours:
    """This autograder, at one level of its sandbox and in no other jail."""

    def __init__(self, work: Path, solved: Path, level: int) -> None:
        self.name = f"this autograder, level {level}"
        self.work, self.solved, self.level = work, solved, level
        self.canary = f"canary-{secrets.token_hex(16)}"
        for step in ("source", "release"):
            ignored = shutil.ignore_patterns("__pycache__", "models", "build", "*.so", "*.c")
            shutil.copytree(ROOT / step / ASSIGNMENT, work / step / ASSIGNMENT, ignore=ignored)
        self.course = _impatient(Course(work, datasets.synthetic_root()))
        self.other = work / "submitted" / "somebody-else" / ASSIGNMENT / "cs231n" / "layers.py"
        self.other.parent.mkdir(parents=True)
        self.solution = work / "source" / ASSIGNMENT / "cs231n" / "layers.py"
        self.kept = (self.other, work / "gradebook.db")
        for path in self.kept:
            path.write_text(f"# {self.canary}\n")
        self.solution.write_text(f"{self.solution.read_text()}\n# {self.canary}\n")
        for folder in (work, *work.parents[:1]):
            folder.chmod(0o755)  # so that permissions alone stop no attack
        _ = self.course.secret

    def grade(self, attack: Attack) -> Outcome | None:
        if attack not in (HONEST, *SUITE) or self.level not in attack.levels:
            return None
        folder = self.work / "handed-in" / ASSIGNMENT
        shutil.rmtree(folder.parent, ignore_errors=True)
        shutil.copytree(self.solved, folder)
        part = next(part for part in self.course.parts if set(attack.earns) & {one.id for one in part.exercises})
        part = dataclasses.replace(part, exercises=tuple(one for one in part.exercises if one.id in attack.earns))
        before, began, shares = self._state(), time.monotonic(), None
        with Witness() as witness:
            attack.hand_in(folder, witness.descriptor, {**self._facts(), "own": str(folder)})
            with ExitStack() as stack:
                stack.enter_context(inherited_by_runners(witness.descriptor))
                stack.enter_context(mock.patch.dict(os.environ, AUTOGRADER_CANARY=self.canary))
                stack.enter_context(mock.patch.object(client, "IMPORT_SECONDS", 3.0))
                try:
                    submission = stack.enter_context(taken_in(folder, self.course.assignment))
                    verdict = judge_part(self.course, part, submission, self.level)
                    shares = {one.id: one.score / one.points for one in verdict.exercises if one.outcome != ERROR}
                except SubmissionError:
                    shares = dict.fromkeys(attack.earns, 0.0)  # a refusal is a verdict too, and waits for a person
                except Exception as error:
                    print(f"{attack.name} at level {self.level}: {type(error).__name__}: {error}", file=sys.stderr)
        heard = "\n".join(witness.lines)
        told = [text for text in witness.said("got") if text.partition(":")[0] not in attack.allowed]
        seconds, most = time.monotonic() - began, self.course.assignment.settings.seconds.part
        return Outcome(
            reached=bool(witness.said("reached")), leaked=self.canary in heard, none=not shares, shares=shares or {},
            got=any(self.canary not in text for text in told), undeserved=_undeserved(attack, shares),
            blocked=seconds > 2 * most, left=witness.survived, changed=self._state() != before,
            seconds=seconds,
        )  # fmt: skip

    def _facts(self) -> dict[str, Any]:
        return {
            "root": str(self.work), "gradebook": str(self.kept[1]), "solution": str(self.solution),
            "other": str(self.other), "secret": str(self.course.state / "secret"),
            "labels": str(datasets.synthetic_root() / "test_batch"), "hidden": str(HIDDEN),
            "judge": os.getpid(), "port": 9, "level": self.level, "fingerprint": self.course.kit.pictures.fingerprint,
            "daemon": str(self.work / "daemon"), "log": str(self.work / "log"),
        }  # fmt: skip

    def _state(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in (*self.kept, self.solution)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="this attack only; may be given again")
    graders = ["pytest", "nbgrader", "level-3", "level-2"]
    parser.add_argument("--grader", action="append", choices=graders, help="this grader only; may be given again")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th attack only, for a quicker table")
    parser.add_argument("--details", action="store_true", help="also print a line for each attack")
    parser.add_argument("--json", type=Path, help="write all outcomes to this file")
    asked = parser.parse_args()
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("bwrap") is None:
        sys.exit("This needs Linux, root and bubblewrap: without them nothing confines the attacks.")
    put_tools_on_path()
    with tempfile.TemporaryDirectory(prefix="attacks-elsewhere-", ignore_cleanup_errors=True) as scratch:
        found = compare(Path(scratch), asked.only, asked.grader, asked.every)
    show(found, asked.details)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1, default=dataclasses.asdict) + "\n")


def compare(
    scratch: Path, only: list[str] | None, graders: list[str] | None, every: int = 1
) -> dict[str, dict[str, Outcome]]:
    """Hand every attack in to every grader; return the outcomes by grader, and by class and name of the attack."""
    scratch.chmod(0o755)
    solved = scratch / "solved" / ASSIGNMENT
    students.solved(Course(ROOT, datasets.synthetic_root()), solved)
    makers: dict[str, Callable[[Path], Elsewhere | Ours]] = {
        "pytest": lambda work: PlainPytest(work, solved), "nbgrader": lambda work: PlainNbgrader(work, solved),
        "level-3": lambda work: Ours(work, solved, 3), "level-2": lambda work: Ours(work, solved, 2),
    }  # fmt: skip
    attacks = [attack for attack in (*SUITE, *CLASS_SUITE) if not only or attack.name in only][::every]
    found: dict[str, dict[str, Outcome]] = {}
    for key, make in makers.items():
        if graders and key not in graders:
            continue
        work = scratch / key
        work.mkdir()
        grader = make(work)
        control = grader.grade(HONEST)
        everything = dict.fromkeys(EXERCISES, 1.0)
        if control != Outcome(reached=True, shares=everything, seconds=control.seconds if control else 0.0):
            sys.exit(f"{grader.name} does not grade honest work here, so nothing can be compared: {control}")
        outcomes = found[grader.name] = {}
        for attack in attacks:
            outcome = grader.grade(attack)
            if outcome is not None:
                outcomes[f"{attack.kind} {attack.name}"] = outcome
                print(f"{grader.name}: {attack.name} ({outcome.seconds:.1f} s)", file=sys.stderr)
    return found


def show(found: dict[str, dict[str, Outcome]], details: bool) -> None:
    """Print the counts, and with ``details`` the outcome of each attack."""
    console = Console(width=None if sys.stdout.isatty() else 170, highlight=False)
    table = Table(title="Number of attacks by result", title_justify="left")
    for column in ("grader", "handed in", "seen at work", *COLUMNS.values(), "seconds"):
        table.add_column(column, justify="left" if column == "grader" else "right")
    for name, outcomes in found.items():
        counts = [str(sum(getattr(one, column) for one in outcomes.values())) for column in ("reached", *COLUMNS)]
        table.add_row(name, str(len(outcomes)), *counts, f"{sum(one.seconds for one in outcomes.values()):.0f}")
    console.print(table)
    if details:
        each = Table()
        each.add_column("attack")
        for name in found:
            each.add_column(name)
        for attack in dict.fromkeys(attack for outcomes in found.values() for attack in outcomes):
            each.add_row(attack, *(_told(outcomes.get(attack)) for outcomes in found.values()))
        console.print(each)


def _told(outcome: Outcome | None) -> str:
    if outcome is None:
        return "–"
    words = [words for column, words in COLUMNS.items() if getattr(outcome, column)]
    return ", ".join(words) or ("nothing" if outcome.reached else "nothing, not seen at work")


if __name__ == "__main__":
    main()
