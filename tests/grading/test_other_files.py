"""Nothing that a student hands in is imported or obeyed by a program that an instructor starts in a graded folder."""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.manager import KernelManager

from autograder.course import Course
from autograder.grading import other_files
from autograder.intake.submission import Submission
from tests.engine.conftest import copied

PACKAGE = "weather"
TOOLS = [
    "conftest", "sitecustomize", "usercustomize", "setup", "noxfile", "tasks", "jupyter_server_config", "test_x", "x_test",
    "jupyter_notebook_config", "ipython_config", "ipython_kernel_config", "nbgrader_config", "ipykernel_launcher", "random",
    "numpy", "Random", "__main__", "_pytest", "site", "os", "zmq", "traitlets", "profile_default",
]  # fmt: skip
INSTALLED = [
    name for name in importlib.metadata.packages_distributions()
    if (spec := importlib.util.find_spec(name)) is not None and "_vendor" not in str(spec)
]  # fmt: skip
"""Packages that Python finds; setuptools brings more for its own use."""
IMPORTABLE = sorted({*sys.stdlib_module_names, *INSTALLED})


@pytest.mark.quick
@pytest.mark.parametrize(
    "place", ["{}.py", "{}/__init__.py", "weather/{}.py", "weather/{}/__init__.py", "weather/{}.pyx"]
)
def test_names_that_programs_know_are_no_students(place: str) -> None:
    kept = [name for name in (*TOOLS, *IMPORTABLE) if other_files.keeps_its_name(place.format(name), PACKAGE, False)]
    assert kept == []


@pytest.mark.quick
@pytest.mark.parametrize("name", ["__init__", "readings", "my_layers", "utils", "classifiers/cnn", "helpers/__init__"])
def test_modules_of_the_package_keep_theirs(name: str) -> None:
    assert other_files.keeps_its_name(f"weather/{name}.py", PACKAGE, False)
    assert not other_files.keeps_its_name(f"{name}.py", PACKAGE, False)
    assert other_files.keeps_its_name("weather/random.py", PACKAGE, True)  # the instructor chose it


@given(st.lists(st.text("abc._-/ é", min_size=1, max_size=12).filter(lambda name: name.strip("/. ")), max_size=4))
def test_other_names_end_in_what_no_program_reads(parts: list[str]) -> None:
    name = "/".join([*parts, "x.py"])
    if not other_files.keeps_its_name(name, PACKAGE, False):
        moved = f"{other_files.FOLDER}/{name}{other_files.ENDING}"
        assert not other_files.FOLDER.isidentifier()
        assert Path(moved).suffix == ".txt"
    else:
        assert name.startswith("weather/")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Return the small course with a release that has a file for pytest."""
    course: Course = copied(tmp_path / "course")
    for name in ("weather/__init__.py", "weather/readings.py", "conftest.py"):
        path = course.release / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# the release's\n")
    return course


def handed_in(folder: Path, files: dict[str, str]) -> Submission:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Submission(folder, "0", tuple(sorted(files)), ())


@pytest.mark.quick
def test_tool_files_are_the_releases(course: Course, tmp_path: Path) -> None:
    files = {
        "weather/readings.py": "mine",
        "conftest.py": "mine",
        "helpers.py": "mine",
        "weather/notes.txt": "x",
        "AGENTS.md": "x",
    }
    found = other_files.laid_out(course, handed_in(tmp_path / "work", files))
    assert found == {
        "weather/readings.py": b"mine", "conftest.py": b"# the release's\n", "other-files/conftest.py.txt": b"mine",
        "other-files/helpers.py.txt": b"mine",
    }  # fmt: skip
    same = other_files.laid_out(course, handed_in(tmp_path / "same", {"conftest.py": "# the release's\n"}))
    assert list(same) == ["conftest.py"]


@pytest.mark.slow
def test_a_kernel_in_a_graded_folder_runs_no_students_module(course: Course, tmp_path: Path) -> None:
    """A control shows that the same files, under their own names, run as soon as a kernel starts."""
    marker = tmp_path / "marker"
    evil = f"open({str(marker)!r}, 'a').write(__file__ + '\\n')\n"
    names = [name for name in TOOLS if name.isidentifier() and name != "site"]
    files = {f"{name}.py": evil for name in names} | {f"weather/{name}.py": evil for name in names}
    files |= {f"{name}/__init__.py": evil for name in ("IPython", "jupyter_client", "tornado", "debugpy", "comm")}
    submission = handed_in(
        tmp_path / "as-handed-in", {**files, "weather/__init__.py": "", "weather/readings.py": "SEEN = 1\n"}
    )
    graded = tmp_path / "graded"
    for name, content in other_files.laid_out(course, submission).items():
        (graded / name).parent.mkdir(parents=True, exist_ok=True)
        (graded / name).write_bytes(content)
    assert _answer_of_a_kernel(graded, "import random, weather.readings as r; print(r.SEEN)") == "1\n"
    assert not marker.exists()
    _answer_of_a_kernel(submission.folder, "")
    assert "ipykernel_launcher.py" in marker.read_text()


def _answer_of_a_kernel(folder: Path, code: str) -> str:
    """Start a kernel in a folder as Jupyter does, and return what it prints, or "" if it does not start."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder))
    client = manager.blocking_client()
    said: list[str] = []
    try:
        client.start_channels()
        if code:
            client.wait_for_ready(timeout=300)
            client.execute_interactive(
                code, timeout=300, output_hook=lambda told: said.append(told["content"].get("text", ""))
            )
        else:
            manager.provisioner.process.wait(300)  # a launcher that is the student's ends at once
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said)
