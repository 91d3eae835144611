"""Formgrader shows the instructor's answer beside a student's; feedback and `autograded` never hold it."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from autograder.builder import current
from autograder.course import Course
from autograder.grading import formgrader
from autograder.grading.cells import restore
from autograder.grading.formgrader import BesideModelAnswers, with_model_answers
from autograder.grading.pages import Pages
from tests.browser import browser
from tests.engine.conftest import NAME, copied

pytestmark = pytest.mark.xdist_group("formgrader")
ANSWER = "Because of the inversion."
OWN = "It is **warm** up there."


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course with a graded hand-in whose written answer waits for its reader."""
    course = copied(tmp_path_factory.mktemp("formgrader"))
    current.build(course)
    home = course.root / "autograded" / "ada" / NAME
    shutil.copytree(course.release, home)
    notebook = nbformat.read(home / "Readings.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "explain":
            cell.source = OWN
    nbformat.write(notebook, home / "Readings.ipynb")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "weather") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(NAME, "ada")
    return course


def autograded(course: Course) -> Path:
    return course.root / "autograded" / "ada" / NAME / "Readings.ipynb"


def resources() -> dict[str, object]:
    return {
        "assignment_id": NAME, "notebook_id": "Readings", "submission_id": "x", "index": 0, "total": 1, "base_url": "",
        "student": "ada", "last_name": "", "first_name": "", "notebook_path": "",
    }  # fmt: skip


def page(course: Course) -> str:
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    config.Exporter.default_preprocessors = []
    html, _ = BesideModelAnswers(Pages(config=config), course.root).from_filename(
        str(autograded(course)), resources=resources()
    )
    return str(html)


def test_the_page_shows_both_answers_and_the_points(course: Course) -> None:
    before = autograded(course).read_bytes()
    html = page(course)
    assert html.index("It is <strong>warm</strong> up there.") < html.index("Model answer") < html.index(ANSWER)
    assert "Model answer</strong> (1 point)" in html
    assert "BEGIN SOLUTION" not in html
    assert html.count("model-answer") == 1  # nothing below cells that tests judge
    assert "FORECAST = 21.5" not in html
    assert autograded(course).read_bytes() == before


def test_only_written_answers_and_tasks_get_one(course: Course) -> None:
    shown = with_model_answers(course, "Readings", nbformat.read(autograded(course), as_version=4))
    plain = nbformat.read(autograded(course), as_version=4)
    assert len(shown.cells) == len(plain.cells) + 1


def test_a_written_answer_in_a_code_cell(course: Course, tmp_path: Path) -> None:
    shutil.copytree(course.root, tmp_path / "own")
    own = Course(tmp_path / "own")
    for path in (own.source / "Readings.ipynb", autograded(own)):
        notebook = nbformat.read(path, as_version=4)
        for number, cell in enumerate(notebook.cells):
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "explain":
                notebook.cells[number] = nbformat.v4.new_code_cell(
                    "### BEGIN SOLUTION\nright = 1\n### END SOLUTION", metadata=cell.metadata
                )
        nbformat.write(notebook, path)
    shown = with_model_answers(own, "Readings", nbformat.read(autograded(own), as_version=4))
    assert shown.cells[-1].source == "right = 1"
    assert "Model answer" in shown.cells[-2].source


@pytest.mark.parametrize("break_it", ["source", "notebook", "assignment"])
def test_a_page_without_its_source_is_shown_as_before(course: Course, tmp_path: Path, break_it: str) -> None:
    shutil.copytree(course.root, tmp_path / "own")
    own = Course(tmp_path / "own")
    if break_it == "source":
        (own.source / "Readings.ipynb").unlink()
    elif break_it == "notebook":
        (own.source / "Readings.ipynb").write_text("{")
    else:
        shutil.rmtree(own.root / "source")
    html = page(own)
    assert "It is <strong>warm</strong>" in html
    assert "Model answer" not in html


def test_other_programs_of_nbgrader_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, formgrader.HANDLERS, None)  # type: ignore[arg-type]
    formgrader.configure()


@pytest.fixture(scope="module")
def served(course: Course) -> Iterator[str]:
    """Serve formgrader, and yield its address."""
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--ServerApp.port=0", "--IdentityProvider.token=t",
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}", "--allow-root",
        f"--ServerApp.root_dir={course.root}", "--ServerApp.ip=127.0.0.1",
    ]  # fmt: skip
    home = course.root / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home), "JUPYTER_CONFIG_DIR": str(home)}
    process = subprocess.Popen(command, cwd=course.root, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        if found:
            break
    else:
        pytest.fail("".join(lines))
    try:
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        process.communicate()


def fetch(url: str) -> str:
    for _ in range(50):
        try:
            with urllib.request.urlopen(f"{url}?token=t") as answer:
                return str(answer.read().decode())
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.2)
    raise AssertionError("no answer")


@pytest.mark.slow
def test_a_real_server_shows_it(served: str, course: Course) -> None:
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", "weather") as gradebook:
        submission = gradebook.find_submission_notebook("Readings", NAME, "ada").id
    html = fetch(f"{served}/formgrader/submissions/{submission}/")
    assert "It is <strong>warm</strong> up there." in html
    assert "Model answer</strong> (1 point)" in html
    assert ANSWER in html


def heads_like(names: list[str]) -> str:
    """Return an answer whose headings would have the ids of other cells' score boxes."""
    return OWN + "".join(f"\n\n# {name}\n\n<a name={name} id={name}>{name}</a>" for name in names)


@pytest.mark.slow
def test_a_click_changes_its_own_cell_only(served: str, course: Course, tmp_path: Path) -> None:
    """The answer stands first in the notebook, under headings that are the names of the cells that tests judge."""
    release = nbformat.read(course.release / "Readings.ipynb", as_version=4)
    student = nbformat.from_dict({"cells": [release.cells[-1], *release.cells[:-1]]})
    names = [cell.metadata.nbgrader.grade_id for cell in release.cells if "nbgrader" in cell.metadata]
    student.cells[0].source = heads_like(names)
    before = autograded(course).read_bytes()
    nbformat.write(restore(student, release), autograded(course))
    database = f"sqlite:///{course.root / 'gradebook.db'}"
    try:
        with Gradebook(database, "weather") as gradebook:
            submission = gradebook.find_submission_notebook("Readings", NAME, "ada").id
        with browser(tmp_path) as window:
            window.open(f"{served}/login?token=t")  # sets the cookie
            window.open(f"{served}/formgrader/submissions/{submission}/")
            wait_until(lambda: window.run("return formgrader.grades && formgrader.grades.loaded"))
            assert window.run("return $('[id=to_celsius]').length") == 1
            window.run("$('#explain').parents('.nbgrader_cell').find('.full-credit').click()")
            wait_until(lambda: scores(database).get("explain") is not None)
            window.run("$('#to_celsius').parents('.nbgrader_cell').find('.no-credit').click()")
            wait_until(lambda: scores(database).get("to_celsius") is not None)
        assert scores(database) == {"explain": 1.0, "to_celsius": 0.0, "running_mean": None, "forecast": None}
    finally:
        autograded(course).write_bytes(before)


def wait_until(holds: Callable[[], Any]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it never holds")


def scores(database: str) -> dict[str, float | None]:
    with Gradebook(database, "weather") as gradebook:
        found = gradebook.find_submission_notebook("Readings", NAME, "ada").grades
        return {grade.name: grade.manual_score for grade in found}


@pytest.mark.slow
def test_feedback_holds_no_model_answer(served: str, course: Course) -> None:
    """Also after formgrader has shown the page."""
    test_a_real_server_shows_it(served, course)
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "generate_feedback", NAME]
    ran = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    html = (course.root / "feedback" / "ada" / NAME / "Readings.html").read_text()
    assert "It is <strong>warm</strong> up there." in html
    for page in (html, autograded(course).read_text()):
        assert ANSWER not in page
        assert "Model answer" not in page
