"""Workers of an existing Dask cluster grade a class."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dask.distributed import LocalCluster

from autograder.builder import current
from autograder.course import Course, put_tools_on_path
from autograder.sample import students
from tests.assignment2 import ASSIGNMENT

pytestmark = [pytest.mark.long, pytest.mark.slow]


def test_a_cluster_judges_and_one_process_writes(course: Course, tmp_path: Path, level: int) -> None:
    shutil.copytree(course.root / "source", tmp_path / "source")
    shutil.copy(course.root / "nbgrader_config.py", tmp_path)
    school = Course(tmp_path, course.data)
    put_tools_on_path()
    current.build(school)
    students.blank(school, tmp_path / "submitted" / "one" / ASSIGNMENT)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        command = [sys.executable, "-m", "autograder.cli", "grade", "--no-feedback", "--scheduler", address]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    kept = [json.loads(path.read_text()) for path in (school.state / "verdicts").rglob("*.json")]
    assert {one["verdict"]["sandbox_level"] for one in kept} == {level}
    given = sum(exercise.points for part in school.parts for exercise in part.exercises if exercise.given)
    assert f"{given:g} of " in ended.stdout
