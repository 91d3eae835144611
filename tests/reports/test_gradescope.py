"""The zip for Gradescope, run as Gradescope runs it: its folders, its script, its results; and its own secret."""

import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from autograder.course import Course
from autograder.reports.gradescope import bundle, results
from autograder.reports.page import ENVIRONMENT
from autograder.sample import students

from .made import verdict_of, with_error

pytestmark = pytest.mark.slow


def laid_out(school: Course, root: Path) -> None:
    """Lay the zip out in the folders that Gradescope makes."""
    bundle(school, root / "autograder.zip")
    with zipfile.ZipFile(root / "autograder.zip") as archive:
        archive.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    (root / "results").mkdir()


@pytest.mark.long
def test_it_judges_there(small: Course, reachable: Path, level: int) -> None:
    root = reachable / "autograder"
    root.mkdir()
    laid_out(small, root)
    students.solved(small, root / "submission")
    path = root / "submission" / "weather" / "readings.py"
    path.write_text(path.read_text().replace("* 5 / 9", "* 5 / 8"))
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(root)}
    ran = subprocess.run(["bash", str(root / "run_autograder")], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    found = json.loads((root / "results" / "results.json").read_text())
    scores = {one["name"]: (one.get("score"), one.get("max_score")) for one in found["tests"]}
    assert scores == {"to_celsius": (0.0, 2.0), "running_mean": (0.0, 3.0), "forecast": (1.0, 1.0)}
    assert found["score"] == 1.0
    assert "readings.py, line" in found["tests"][0]["output"]
    assert {one["visibility"] for one in found["tests"]} == {"visible"}
    assert ran.stdout == ""


def test_the_secret_is_its_own_and_too_weak_a_sandbox_scores_nothing(small: Course, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        laid_out(small, tmp_path / name)
    mine, other = ((tmp_path / name / "source" / "secret").read_bytes() for name in ("one", "two"))
    assert len({mine, other, small.secret}) == 3
    course = small.secret.strip()
    assert not any(course in path.read_bytes() for path in (tmp_path / "one" / "source").rglob("*") if path.is_file())
    assert not (tmp_path / "one" / "source" / "course" / ".autograder").exists()
    assert not (tmp_path / "one" / "source" / "engine" / "autograder" / "assignments").exists()
    said = json.loads((tmp_path / "one" / "source" / "settings.json").read_text())
    assert said == {"assignment": "weather", "allow_weak": False}


def test_undecided_exercises_have_no_score(small: Course) -> None:
    verdict = with_error(verdict_of(small.parts[0], 1, "accepted", random.Random(1)))
    found = results(small, [replace(verdict, problems=("A \x1b[31mnote",))])
    first = found["tests"][0]
    assert "score" not in first
    assert "status" not in first
    assert found["score"] == sum(one.get("score", 0) for one in found["tests"]) == 4
    assert found["output"] == "2 points are open: a person decides them.\nA ?[31mnote"
    assert set(found) <= {
        "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility",
        "stdout_visibility", "extra_data", "tests", "leaderboard",
    }  # fmt: skip


def test_the_workflow_is_valid() -> None:
    text = ENVIRONMENT.get_template("checks.yml.jinja").render(title="Weather: a <title>", python="3.12")
    content = yaml.safe_load(text)
    steps = content["jobs"]["checks"]["steps"]
    assert steps[1]["with"]["python-version"] == "3.12"
    assert [one["run"] for one in steps if "run" in one] == [
        "python -m pip install --editable .",
        "python -m pytest -q",
    ]
    assert content["permissions"] == {"contents": "read"}
