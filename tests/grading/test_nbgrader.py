"""The real nbgrader on a real class: autograde, feedback, export; kills, duplicates and formgrader's buttons."""

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.assignment import Part
from autograder.course import Course
from autograder.sample import make_class
from autograder.sandbox.profiles import is_installed
from tests.assignment2 import ASSIGNMENT

from ..conftest import keep_what_is_slow_to_make

pytestmark = [pytest.mark.xdist_group("class"), pytest.mark.slow]
NBGRADER = [sys.executable, "-W", "ignore", "-m", "nbgrader"]
AUTOGRADER = [sys.executable, "-m", "autograder.cli"]


OTHERS = ("Dropout.ipynb", "ConvolutionalNetworks.ipynb", "PyTorch.ipynb", "TensorFlow.ipynb")
SIZES = [pytest.param(OTHERS, id="two parts"), pytest.param((), id="all parts", marks=pytest.mark.long)]


@pytest.fixture(scope="module", params=SIZES)
def school(
    request: pytest.FixtureRequest, course: Course, tmp_path_factory: pytest.TempPathFactory, level: int
) -> Course:
    """Return a course with its own release and the sample class, graded by `autograder grade`."""
    root = tmp_path_factory.mktemp("school")
    shutil.copytree(course.root / "source", root / "source", ignore=shutil.ignore_patterns(*request.param))
    shutil.copy(course.root / "nbgrader_config.py", root)
    keep_what_is_slow_to_make(root, tmp_path_factory)
    school = Course(root, course.data)
    run(school, *AUTOGRADER, "build")
    make_class(school, root / "submitted")
    duplicate(school, "sample-complete", "double")
    result = run(school, *AUTOGRADER, "grade", "--workers", "2")
    (root / "grade.txt").write_text(result.stdout)
    return school


def run(school: Course, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "160"}
    result = subprocess.run(command, cwd=school.root, capture_output=True, text=True, check=False, env=environment)
    assert not check or result.returncode == 0, result.stdout + result.stderr
    return result


def duplicate(school: Course, student: str, name: str) -> None:
    """Make another student's copy, with one grade cell twice and one deleted."""
    target = school.root / "submitted" / name
    shutil.copytree(school.root / "submitted" / student, target)
    path = target / ASSIGNMENT / "FullyConnectedNets.ipynb"
    content = json.loads(path.read_text())
    graded = [cell for cell in content["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    content["cells"] += [graded[0], graded[0]]
    content["cells"].remove(graded[-1])
    path.write_text(json.dumps(content))


def scores(school: Course) -> dict[str, float]:
    """Return the scores that ``nbgrader export`` writes."""
    run(school, *NBGRADER, "export", "--to", "grades.csv")
    with open(school.root / "grades.csv", newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def given(school: Course) -> float:
    """Return the points of an untouched release."""
    return sum(exercise.points for part in school.parts for exercise in part.exercises if exercise.given)


def judged(school: Course) -> list[Part]:
    """Return the parts that this machine can judge."""
    return [
        part
        for part in school.parts
        if any(is_installed(school.assignment, alternative) for alternative in part.alternatives)
    ]


def grades(school: Course, student: str) -> dict[str, tuple[float | None, bool]]:
    """Return score and "needs a person" of each grade cell of a student, in the first notebook of each part."""
    query = """
        SELECT base_cell.name, grade.auto_score, grade.needs_manual_grade FROM grade
        JOIN base_cell ON grade.cell_id = base_cell.id
        JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
        JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
        JOIN notebook ON submitted_notebook.notebook_id = notebook.id
        WHERE submitted_assignment.student_id = ? AND notebook.name != 'TensorFlow'
    """
    with sqlite3.connect(school.root / "gradebook.db") as database:
        return {name: (score, bool(manual)) for name, score, manual in database.execute(query, (student,))}


def test_the_table_and_the_gradebook_agree(school: Course) -> None:
    text = (school.root / "grade.txt").read_text()
    found = scores(school)
    for student in ("sample-complete", "sample-partly", "sample-blank", "sample-hostile"):
        assert student in text
    points = sum(exercise.points for part in judged(school) for exercise in part.automatic)
    assert found["sample-complete"] == points
    assert found["double"] == points
    assert found["sample-blank"] == given(school)
    assert found["sample-hostile"] == 0
    assert 0 < found["sample-partly"] < points
    assert found["sample-three-mistakes"] < points
    assert f"{points:g} of {sum(exercise.points for part in school.parts for exercise in part.exercises):g}" in text
    assert "is not a readable notebook (its JSON is broken" in " ".join(text.replace("│", " ").split())


def test_manual_cells_and_ungraded_ones_wait_for_a_person(school: Course) -> None:
    manual = {exercise.id for part in school.parts for exercise in part.exercises if exercise.manual}
    complete = grades(school, "sample-complete")
    elsewhere = {exercise.id for part in school.parts if part not in judged(school) for exercise in part.automatic}
    assert {name for name, (score, waits) in complete.items() if waits} == manual | elsewhere
    assert all(complete[name][0] is None for name in manual)
    modules = grades(school, "sample-modules-only")
    waiting = {name for name, (score, waits) in modules.items() if waits}
    accuracies = {f"accuracy_part{part.number}" for part in school.parts}
    in_notebooks = {exercise.id for part in school.parts if part.framework for exercise in part.automatic}
    assert waiting == {"overfit_three_layer", "overfit_five_layer", *accuracies, *in_notebooks, *manual}
    assert all(modules[name][0] is None for name in waiting)
    untouched = grades(school, "sample-blank")
    assert all(untouched[name] == (0.0, False) for name in manual)


def test_feedback_says_what_is_wrong(school: Course) -> None:
    page = school.root / "feedback" / "sample-three-mistakes" / ASSIGNMENT / "FullyConnectedNets.html"
    text = page.read_text()
    assert "The L2 term of the loss lacks the factor 0.5" in text
    assert "too small at first" in text
    broken = school.root / "feedback" / "sample-corrupted" / ASSIGNMENT / "FullyConnectedNets.html"
    assert "its JSON is broken" in broken.read_text()


def test_students_modules_are_kept(school: Course) -> None:
    """nbgrader alone would replace them by the instructor's modules."""
    autograded = school.root / "autograded" / "sample-blank" / ASSIGNMENT / "cs231n" / "layers.py"
    assert "YOUR CODE HERE" in autograded.read_text()
    hostile = school.root / "autograded" / "sample-hostile" / ASSIGNMENT
    assert not (hostile / "models").exists()


def test_grading_again_does_nothing_and_plain_nbgrader_does_the_same(school: Course) -> None:
    before = scores(school)
    stamps = {path: path.stat().st_mtime_ns for path in (school.root / "autograded").rglob("*.ipynb")}
    result = run(school, *NBGRADER, "autograde", ASSIGNMENT)
    assert "was graded before" in result.stderr
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    run(school, *NBGRADER, "autograde", ASSIGNMENT, "--force", "--student", "sample-three-mistakes")
    assert scores(school) == before


def test_a_changed_submission_is_graded_again(school: Course) -> None:
    target = school.root / "submitted" / "changing" / ASSIGNMENT
    shutil.copytree(school.root / "submitted" / "sample-blank" / ASSIGNMENT, target)
    run(school, *NBGRADER, "autograde", ASSIGNMENT, "--student", "changing")
    assert scores(school)["changing"] == given(school)
    solved = school.root / "submitted" / "sample-complete" / ASSIGNMENT / "cs231n" / "optim.py"
    shutil.copy(solved, target / "cs231n" / "optim.py")
    run(school, *NBGRADER, "autograde", ASSIGNMENT, "--student", "changing")
    assert scores(school)["changing"] == given(school) + 3  # the three update rules


def test_a_kill_loses_nothing(school: Course) -> None:
    """After a kill during writing, the next run finishes with the same scores."""
    before = scores(school)
    for student in ("sample-complete", "sample-partly"):
        (school.root / ".autograder" / "graded" / ASSIGNMENT / f"{student}.json").unlink()
    for delay in (2.0, 2.6, 3.2):
        process = subprocess.Popen(
            [*NBGRADER, "autograde", ASSIGNMENT, "--force"], cwd=school.root, stderr=subprocess.DEVNULL
        )
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    run(school, *NBGRADER, "autograde", ASSIGNMENT)
    assert scores(school) == before


def test_a_persons_grade_survives_grading_again(school: Course) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("hyperparameter_search", "FullyConnectedNets", ASSIGNMENT, "sample-complete")
        grade.manual_score = 0.5
        grade.needs_manual_grade = False
        gradebook.db.commit()
    before = scores(school)["sample-complete"]
    run(school, *NBGRADER, "autograde", ASSIGNMENT, "--force", "--student", "sample-complete")
    assert scores(school)["sample-complete"] == before


def test_formgraders_autograde_button_does_the_same(school: Course) -> None:
    program = (
        "import json, os\nfrom traitlets.config.loader import PyFileConfigLoader\n"
        "config = PyFileConfigLoader('nbgrader_config.py', path=os.getcwd()).load_config()\n"
        "from nbgrader.coursedir import CourseDirectory\nfrom nbgrader.apps.api import NbGraderAPI\n"
        "api = NbGraderAPI(CourseDirectory(config=config, root=os.getcwd()), config=config)\n"
        f"print(json.dumps(api.autograde({ASSIGNMENT!r}, 'sample-three-mistakes')))\n"
    )
    before = scores(school)
    result = run(school, sys.executable, "-W", "ignore", "-c", program)
    assert json.loads(result.stdout.splitlines()[-1])["success"] is True
    assert scores(school) == before


def test_a_folder_that_cannot_be_read_stops_nobody(school: Course) -> None:
    (school.root / "submitted" / "empty" / ASSIGNMENT).mkdir(parents=True)
    text = run(school, *AUTOGRADER, "grade", "--student", "empty", "--no-feedback").stdout
    assert "holds no cs231n package" in " ".join(text.replace("│", " ").split())
    assert all(waits for score, waits in grades(school, "empty").values() if score is None)
    assert scores(school)["empty"] == 0


def test_a_page_does_not_run_what_a_student_wrote(school: Course, tmp_path: Path) -> None:
    """In a real browser, scripts in answers, outputs and names stay text, and the verdict can be read."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: install it, as .ci/run does")
    target = school.root / "submitted" / "scripted"
    shutil.copytree(school.root / "submitted" / "sample-blank", target)
    path = target / ASSIGNMENT / "FullyConnectedNets.ipynb"
    content = json.loads(path.read_text())
    attack = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='taken over'</script>"
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": attack, "text/plain": attack}}
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [output]
        elif cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = attack
    content["cells"].append({"cell_type": "markdown", "id": "x", "metadata": {}, "source": attack})
    path.write_text(json.dumps(content))
    run(school, *NBGRADER, "autograde", ASSIGNMENT, "--student", "scripted")
    run(school, *NBGRADER, "generate_feedback", ASSIGNMENT, "--student", "scripted")
    page = school.root / "feedback" / "scripted" / ASSIGNMENT / "FullyConnectedNets.html"
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += (
        f" --disable-component-update --disable-sync --user-data-dir={tmp_path} --virtual-time-budget=3000 --dump-dom"
    )
    shown = subprocess.run([chromium, *flags.split(), page.as_uri()], capture_output=True, text=True, check=True).stdout
    assert "<title>taken over</title>" not in shown
    assert "onerror=" not in shown.replace("&lt;img src=x onerror=", "")
    assert "It is not written yet" in shown
