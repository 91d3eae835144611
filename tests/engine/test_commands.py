"""nbgrader's other commands and its extensions of JupyterLab in a course: each works, or says what to use."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course

from .conftest import NAME
from .test_exchange import SOLVED

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("commands")]
NBGRADER = ["-W", "ignore", "-m", "nbgrader"]
TOKEN = "of-this-test"
LEAVES = """try:
    open({!r}, "w")
except OSError:
    pass

"""


@pytest.fixture(scope="module")
def course(small: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with one submission, which would leave a file if it were executed outside the sandbox."""
    root = tmp_path_factory.mktemp("commands") / "course"
    shutil.copytree(small.root, root)
    work = root / "submitted" / "eve" / NAME
    shutil.copytree(small.release, work)
    (work / NAME / "readings.py").write_text(LEAVES.format(str(root / "executed")) + SOLVED)
    return Course(root)


def run(course: Course, *arguments: str, fails: bool = False, folder: Path | None = None) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=folder or course.root, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    said = ended.stdout + ended.stderr
    assert (ended.returncode != 0) == fails, said
    assert "Traceback" not in said
    return said


def nbgrader(course: Course, *arguments: str, fails: bool = False, folder: Path | None = None) -> str:
    return run(course, *NBGRADER, *arguments, fails=fails, folder=folder)


@pytest.mark.long
def test_validate_executes_a_release_and_a_source(course: Course) -> None:
    assert "failed" in nbgrader(course, "validate", f"release/{NAME}/Readings.ipynb").lower()
    assert "Success!" in nbgrader(course, "validate", f"source/{NAME}/Readings.ipynb")


@pytest.mark.parametrize(
    "path", ["submitted/eve/weather/Readings.ipynb", "./release/../submitted/*/weather/Readings.ipynb"]
)
def test_validate_executes_no_submission(course: Course, path: str) -> None:
    said = nbgrader(course, "validate", path, fails=True)
    assert "Use `autograder judge" in said
    assert not (course.root / "executed").exists()


def test_validate_says_that_a_notebook_is_missing(course: Course) -> None:
    assert "There is no notebook Raedings.ipynb" in nbgrader(course, "validate", "Raedings.ipynb", fails=True)


def test_update_leaves_submissions_alone(course: Course) -> None:
    broken = course.root / "submitted" / "eve" / NAME / "Broken.ipynb"
    broken.write_text("{")
    before = {path: path.read_bytes() for path in (course.root / "submitted").rglob("*.ipynb")}
    said = nbgrader(course, "update", ".")
    assert f"source/{NAME}/Readings.ipynb" in said
    assert "submitted" not in said
    assert {path: path.read_bytes() for path in before} == before
    broken.unlink()


@pytest.mark.long
def test_the_roster(course: Course) -> None:
    """Spreadsheets write a mark before the first column's name, which nbgrader alone takes for part of the name."""
    (course.root / "roster.csv").write_text("id,first_name,last_name\nada,Ada,Lovelace\n", encoding="utf-8-sig")
    nbgrader(course, "db", "student", "import", "roster.csv")
    nbgrader(course, "db", "student", "add", "alan", "--last-name=Turing")
    listed = nbgrader(course, "db", "student", "list")
    assert "ada (Lovelace, Ada)" in listed
    assert "alan (Turing, None)" in listed
    nbgrader(course, "db", "student", "remove", "alan")
    assert "alan" not in nbgrader(course, "db", "student", "list")
    assert "No such student: 'alan'" in nbgrader(course, "db", "student", "remove", "alan", fails=True)


@pytest.mark.long
def test_assignments_in_the_gradebook(course: Course) -> None:
    nbgrader(course, "db", "assignment", "add", NAME, "--duedate=2026-03-01 10:00:00 UTC")
    assert f"{NAME} (due: 2026-03-01 10:00:00" in nbgrader(course, "db", "assignment", "list")
    nbgrader(course, "db", "upgrade")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        assert [one.name for one in gradebook.assignments] == [NAME]


def test_autograde_takes_its_options_and_executes_nothing(course: Course) -> None:
    said = nbgrader(course, "autograde", NAME, "--create", "--no-execute", "--notebook=Readings", "--student=eve")
    assert "--notebook is not used" in said
    assert not (course.root / "executed").exists()
    nbgrader(course, "export")
    with (course.root / "grades.csv").open(newline="") as file:
        assert {row["student_id"]: row["score"] for row in csv.DictReader(file)}["eve"] == "5.0"
    assert "--notebook is not used" in nbgrader(
        course, "autograde", NAME, "--JudgedAutograde.execute=True", "--notebook=R"
    )


@pytest.mark.long
def test_solutions_and_configurations(course: Course) -> None:
    nbgrader(course, "generate_solution", NAME)
    assert "Because of the inversion." in (course.root / "solution" / NAME / "Readings.ipynb").read_text()
    assert "already exists" in nbgrader(course, "generate_config", fails=True)
    with_mistyped = nbgrader(course, "generate_feedback", "wether", fails=True)
    assert "No notebooks were matched" in with_mistyped
    nbgrader(course, "quickstart", "example")
    assert (course.root / "example" / "nbgrader_config.py").is_file()
    shutil.rmtree(course.root / "example")


def test_list_without_an_exchange_is_a_sentence(course: Course) -> None:
    said = nbgrader(course, "list", f"--Exchange.root={course.root / 'no'}", fails=True)
    assert "contact your instructor" in said or "Unwritable directory" in said


def test_extensions_load(course: Course) -> None:
    listed = run(course, "-m", "jupyter", "server", "extension", "list")
    for extension in ("assignment_list", "course_list", "formgrader", "validate_assignment"):
        assert re.search(rf"nbgrader\.server_extensions\.{extension}\s.*OK", listed), listed


@pytest.fixture(scope="module")
def server(course: Course) -> Iterator[str]:
    """Start Jupyter in the course's folder, and yield its address."""
    nb = subprocess.Popen(
        [
            sys.executable, "-m", "jupyter", "server", "--no-browser", "--port=0", f"--IdentityProvider.token={TOKEN}",
            "--allow-root", "--ServerApp.disable_check_xsrf=True",
        ],
        cwd=course.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(course.root / "runtime")},
    )  # fmt: skip
    try:
        address = ""
        while not address:
            found = [json.loads(path.read_text()) for path in (course.root / "runtime").glob("jpserver-*.json")]
            address = found[0]["url"] if found else ""
            assert nb.poll() is None, nb.stderr.read() if nb.stderr else ""
            time.sleep(0.1)
        yield address
    finally:
        nb.terminate()
        nb.wait()


def ask(address: str, path: str, content: dict[str, str] | None = None) -> str:
    request = urllib.request.Request(
        address + path, headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        data=json.dumps(content).encode() if content is not None else None,
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(answer.read().decode())


@pytest.mark.long
def test_formgrader_and_the_other_extensions_answer(course: Course, server: str) -> None:
    nbgrader(course, "autograde", NAME, "--student=eve")
    assert "Manage Assignments" in ask(server, "formgrader/manage_assignments")
    assert "eve" in ask(server, f"formgrader/api/submissions/{NAME}")
    graded = json.loads(ask(server, f"formgrader/api/submission/{NAME}/eve/autograde", {}))
    assert graded["success"], graded
    fed = json.loads(ask(server, f"formgrader/api/assignment/{NAME}/generate_feedback", {}))
    assert fed["success"], fed
    identity = json.loads(ask(server, f"formgrader/api/submitted_notebooks/{NAME}/Readings"))[0]["id"]
    page = ask(server, f"formgrader/submissions/{identity}/")
    assert "Model answer</strong> (1 point)" in page
    assert "Because of the inversion." in page
    for folder in ("autograded", "feedback"):
        for path in (course.root / folder).rglob("Readings.*"):
            assert "inversion" not in path.read_text()
    refused = json.loads(ask(server, "assignments/validate", {"path": f"submitted/eve/{NAME}/Readings.ipynb"}))
    assert not refused["success"]
    assert "Use `autograder judge" in refused["value"]
    assert not (course.root / "executed").exists()
    assert "success" in json.loads(ask(server, "assignments?course_id=weather"))
