"""Releases are current, complete and free of leaks; a build that fails leaves no solution behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.builder import current
from autograder.builder.current import differences
from autograder.builder.leaks import scan
from autograder.builder.release import ReleaseError
from autograder.course import Course
from tests.assignment2 import ASSIGNED, ASSIGNMENT, HIDDEN

from ..conftest import ROOT

pytestmark = pytest.mark.xdist_group("release")


@pytest.fixture
def own(course: Course, tmp_path: Path) -> Course:
    """Return a course that a test may break."""
    root = tmp_path / "own"
    shutil.copytree(course.root / "source", root / "source")
    shutil.copy(course.root / "nbgrader_config.py", root)
    return Course(root, course.data)


def generate(own: Course, *options: str, setup: str = "") -> subprocess.CompletedProcess[str]:
    """Run the real nbgrader command."""
    if setup:
        path = own.root / "nbgrader_config.py"
        path.write_text(path.read_text() + setup)
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "generate_assignment", ASSIGNMENT, *options]
    return subprocess.run(command, cwd=own.root, capture_output=True, text=True, check=False)


def leaks(own: Course) -> list[str]:
    return [] if not own.release.exists() else scan(own.release, own.assignment)


def test_the_committed_release_is_current() -> None:
    assert differences(Course(ROOT)) == []


def test_the_committed_release_is_clean() -> None:
    assert scan(ROOT / "release" / ASSIGNMENT, ASSIGNED) == []


def test_nbgrader_builds_it(own: Course, course: Course) -> None:
    result = generate(own, "--force")
    assert result.returncode == 0, result.stderr
    assert leaks(own) == []
    names = {path.relative_to(own.release).as_posix() for path in own.release.rglob("*") if path.is_file()}
    assert {
        "FullyConnectedNets.ipynb", "cs231n/layers.py", "cs231n/checks/check.py", "cs231n/datasets/get_datasets.sh",
        "cs231n/kernel.py", "tests/test_fully_connected_nets.py", "tests/recorded/answers.npz", "pytest.ini",
    } <= names  # fmt: skip
    kept_back = ("hidden", "mistakes/", "accepted")
    assert not any(name.endswith(".pyc") or any(word in name for word in kept_back) for name in names)


Plant = Callable[[Path], None]


def write(name: str, text: str) -> Plant:
    def plant(release: Path) -> None:
        path = release / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    return plant


def unstrip(release: Path) -> None:
    shutil.copy(ROOT / "source" / ASSIGNMENT / "cs231n" / "layers.py", release / "cs231n" / "layers.py")


def in_a_cell(release: Path) -> None:
    path = release / "FullyConnectedNets.ipynb"
    content = json.loads(path.read_text())
    cell = {"cell_type": "code", "id": "x", "metadata": {}, "outputs": [], "execution_count": None}
    cell["source"] = ["dw = x.reshape(len(x), -1).T @ dout\n"]
    content["cells"].append(cell)
    path.write_text(json.dumps(content))


def hidden_test(release: Path) -> None:
    shutil.copy(HIDDEN / "test_fully_connected_nets.py", release / "tests" / "test_more.py")


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (unstrip, "BEGIN SOLUTION"),
        (write("cs231n/extra.py", "    dx = (dout @ w.T).reshape(x.shape)\n"), "line of a solution"),
        (write("notes.md", "next_w = w + velocity # or: velocity = config[\"momentum\"] * config[\"velocity\"] - config[\"learning_rate\"] * dw\n"), ""),
        (in_a_cell, "line of a solution"),
        (hidden_test, "hidden test"),
        (write("tests/test_x.py", "def test_adam_given(student):\n    pass\n"), "hidden test test_adam_given"),
        (write("cs231n/layers.pyc", "x"), "kind of file"),
        (write("models/part1.npz", "x"), "kind of file"),
    ],
)  # fmt: skip
def test_what_is_planted_is_found(tmp_path: Path, plant: Plant, words: str) -> None:
    release = tmp_path / "release"
    shutil.copytree(ROOT / "release" / ASSIGNMENT, release)
    plant(release)
    found = scan(release, ASSIGNED)
    assert any(words in leak for leak in found) if words else found == []


def test_a_release_that_leaks_is_not_made(own: Course) -> None:
    """A hidden test was copied among the public ones."""
    path = own.source / "tests" / "test_fully_connected_nets.py"
    path.write_text(path.read_text() + "\n\ndef test_adam_given(student):\n    pass\n")
    result = generate(own, "--force")
    assert result.returncode != 0
    assert "The release leaks" in result.stderr
    assert "hidden test test_adam_given" in result.stderr
    assert "Traceback" not in result.stderr
    assert not own.release.exists()


def test_an_unclosed_region_stops_the_build(own: Course) -> None:
    path = own.source / "cs231n" / "optim.py"
    path.write_text(path.read_text() + "\n### BEGIN SOLUTION\nx = 1\n")
    result = generate(own, "--force")
    assert result.returncode != 0
    assert "this region has no end marker" in result.stderr
    assert not own.release.exists()


def test_one_notebook_leaves_no_solution(own: Course) -> None:
    result = generate(own, "--notebook", "FullyConnectedNets")
    assert result.returncode == 0, result.stderr
    assert own.release.exists()
    assert leaks(own) == []


@pytest.mark.parametrize("options", [["--force"], ["--notebook", "FullyConnectedNets"]])
def test_a_raising_preprocessor_leaves_no_solution(own: Course, options: list[str]) -> None:
    setup = (
        "\nfrom nbgrader.preprocessors import NbGraderPreprocessor\n"
        "class Raising(NbGraderPreprocessor):\n"
        "    def preprocess(self, nb, resources):\n        raise RuntimeError('broken on purpose')\n"
        "c.GenerateAssignment.preprocessors = [Raising]\n"
    )
    result = generate(own, *options, setup=setup)
    assert result.returncode != 0
    assert leaks(own) == []
    assert not list(own.release.rglob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.long
def test_a_kill_at_any_moment_leaves_no_solution(own: Course) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "generate_assignment", ASSIGNMENT, "--force"]
    generate(own, "--force")
    started = time.monotonic()
    generate(own, "--force")
    whole = time.monotonic() - started
    for share in (0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97):
        process = subprocess.Popen(command, cwd=own.root, stderr=subprocess.DEVNULL)
        time.sleep(whole * share)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [leak for leak in leaks(own) if "stubs" not in leak] == [], share


def test_formgraders_button_is_safe(own: Course) -> None:
    """formgrader uses another application, which does not know the command's settings."""
    program = (
        "import json, os\nfrom traitlets.config import Config\nfrom traitlets.config.loader import PyFileConfigLoader\n"
        "config = PyFileConfigLoader('nbgrader_config.py', path=os.getcwd()).load_config()\n"
        "from nbgrader.coursedir import CourseDirectory\nfrom nbgrader.auth import Authenticator\n"
        "from nbgrader.apps.api import NbGraderAPI\n"
        "api = NbGraderAPI(CourseDirectory(config=config, root=os.getcwd()), config=config)\n"
        f"print(json.dumps(api.generate_assignment({ASSIGNMENT!r})))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    result = subprocess.run(command, cwd=own.root, capture_output=True, text=True, check=True, env={**os.environ})
    assert json.loads(result.stdout.splitlines()[-1])["success"] is True
    assert own.release.exists()
    assert leaks(own) == []


BROKEN = """
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == 'autograder.grading':
            raise {error}
import sys; sys.meta_path.insert(0, Broken())
"""


@pytest.mark.parametrize("command", ["generate_assignment", "autograde"])
@pytest.mark.parametrize(
    "error", ["ImportError('gone')", "SyntaxError('half edited')", "KeyError('a')", "RecursionError"]
)
def test_nbgrader_without_the_autograder_refuses(own: Course, command: str, error: str) -> None:
    """Without the autograder, nbgrader would release solutions and run submitted code."""
    program = BROKEN.format(error=error) + "from nbgrader.apps.nbgraderapp import main\nmain()\n"
    cell = nbformat.v4.new_code_cell("open('ran', 'w').close()")
    handed_in = own.root / "submitted" / "somebody" / ASSIGNMENT
    handed_in.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), handed_in / "FullyConnectedNets.ipynb")
    words = [sys.executable, "-W", "ignore", "-c", program, command, ASSIGNMENT]
    result = subprocess.run(words, cwd=own.root, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "lacks the autograder" in result.stderr
    assert not own.release.exists()
    assert not list(own.root.rglob("ran"))
    assert not (own.root / "autograded").exists()


def test_a_build_that_fails_leaves_the_old_release(own: Course) -> None:
    """See `tests/engine/test_builds.py` for nbgrader's command, formgrader's button and the gradebook."""
    current.build(own)
    before = {path: path.read_bytes() for path in own.release.rglob("*") if path.is_file()}
    module = own.source / "cs231n" / "optim.py"
    module.write_text(module.read_text().replace("### END SOLUTION", "", 1))
    with pytest.raises(ReleaseError):
        current.build(own)
    assert {path: path.read_bytes() for path in own.release.rglob("*") if path.is_file()} == before
    assert [path.name for path in own.state.iterdir() if ".new-" in path.name] == []
