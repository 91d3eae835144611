"""The command line: its output, and one sentence for each error."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from autograder.course import Course
from autograder.sample import students
from autograder.verdict import schema


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_judge_prints_json_alone(course: Course, tmp_path: Path, level: int) -> None:
    folder = tmp_path / "handed in"
    students.blank(course, folder)
    (folder / "cs231n" / "optim.py").write_text("print('noise')\nimport sys\nsys.stderr.write('more')\n")
    result = run(course.root, "judge", str(folder), "--json", "--part", "1")
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    jsonschema.validate(content, schema())
    assert content["sandbox_level"] == level
    assert content["data"] == "synthetic"
    (part,) = content["parts"]
    assert [exercise["id"] for exercise in part["exercises"]] == [e.id for e in course.parts[0].automatic]
    assert {test["outcome"] for e in part["exercises"] for test in e["tests"]} <= {"passed", "failed", "not_graded"}


@pytest.mark.long
def test_a_bare_package_of_2018_is_judged(course: Course, tmp_path: Path) -> None:
    """It has no notebooks and no __init__.py, the imports of 2018, and one function."""
    package = tmp_path / "old" / "cs231n"
    package.mkdir(parents=True)
    (package / "layers.py").write_text(
        "from builtins import range\nimport numpy as np\nimport matplotlib.pyplot as plt\n"
        "def relu_forward(x):\n    out = np.maximum(0, x)\n    cache = x\n    return out, cache\n"
    )
    content = json.loads(run(course.root, "judge", str(tmp_path / "old"), "--json", "--part", "1").stdout)
    found = {exercise["id"]: exercise for exercise in content["parts"][0]["exercises"]}
    assert found["relu_forward"]["score"] == found["relu_forward"]["points"]
    assert found["affine_forward"]["outcome"] == "failed"
    assert "affine_forward is not defined in cs231n/layers.py" in found["affine_forward"]["tests"][0]["message"]
    assert found["adam"]["score"] == 0
    assert found["overfit_three_layer"]["outcome"] == "not_graded"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["judge", "/nowhere"], "neither a folder nor an archive"),
        (["judge", ".", "--part", "9"], "no part [9]"),
        (["judge", ".", "--level", "7"], "level must be"),
        (["grade"], "no submissions"),
    ],
)
def test_what_is_wrong_is_one_sentence(course: Course, tmp_path: Path, arguments: list[str], words: str) -> None:
    root = tmp_path / "course"
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns(".autograder"))
    result = run(root, *arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_outside_a_course(tmp_path: Path) -> None:
    result = run(tmp_path, "grade")
    assert result.returncode == 1
    assert "is not a course's folder" in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_data_is_one_sentence(course: Course, tmp_path: Path) -> None:
    result = run(course.root, "judge", str(course.release), "--data", str(tmp_path))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_doctor(tmp_path: Path, level: int) -> None:
    result = run(tmp_path, "doctor")
    assert f"level {level} of 3" in result.stdout
    assert result.returncode == 0


def test_version(tmp_path: Path) -> None:
    """It works outside a course too."""
    result = run(tmp_path, "--version")
    assert result.returncode == 0
    assert result.stdout.startswith("autograder 0.")
