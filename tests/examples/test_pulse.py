"""The second course: built, examined, graded and read by the same commands, without a line in the engine about it."""

import csv
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from autograder.catalogue import mistakes_of
from autograder.course import Course
from autograder.judge.plugin import claimed
from autograder.judge.session import judge_part, taken_in
from autograder.sample import students
from autograder.validate import lenient
from autograder.validate.trusted import ReferenceCopy
from tests.conftest import ROOT

NAME = "pulse"
HOME = ROOT / "examples" / NAME
AUTOGRADER = (sys.executable, "-m", "autograder.cli")


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The course in a folder of its own."""
    root = tmp_path_factory.mktemp("examples") / NAME
    left = shutil.ignore_patterns("__pycache__", ".autograder", "submitted", "autograded", "feedback", "gradebook.db*")
    shutil.copytree(HOME, root, ignore=left)
    return Course(root)


def run(course: Course, *arguments: str) -> str:
    ran = subprocess.run([*AUTOGRADER, *arguments], cwd=course.root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_its_points_and_exercises(pulse: Course) -> None:
    exercises = [exercise for part in pulse.parts for exercise in part.exercises]
    assert [part.name for part in pulse.parts] == ["Filtering", "Rhythm"]
    assert sum(exercise.points for exercise in exercises) == pulse.assignment.settings.points == 20
    assert [exercise.id for exercise in exercises if exercise.manual] == ["aliasing"]
    assert len(exercises) == 8


def test_the_engine_does_not_name_it() -> None:
    listed = subprocess.run(
        ["grep", "-rliw", "--include=*.py", NAME, "autograder"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert listed.stdout == ""


def test_the_recordings_are_what_their_program_makes(pulse: Course, tmp_path: Path) -> None:
    program = pulse.assignment.folder / "recordings" / "make.py"
    copy = tmp_path / "autograder" / "assignments" / NAME / "recordings" / program.name
    (tmp_path / "source" / NAME / "data").mkdir(parents=True)
    copy.parent.mkdir(parents=True)
    shutil.copy(program, copy)
    runpy.run_path(str(copy), run_name="__main__")
    for name in ("recordings/judged.csv", "practice.csv"):
        home = tmp_path / "source" / NAME / "data" if name == "practice.csv" else copy.parents[1]
        kept = pulse.source / "data" if name == "practice.csv" else pulse.assignment.folder
        made, committed = (np.loadtxt(folder / name, delimiter=",") for folder in (home, kept))
        assert np.array_equal(made, committed)


def test_no_judged_recording_is_released(pulse: Course) -> None:
    def signals(path: Path) -> set[tuple[str, ...]]:
        return {tuple(row[1:]) for row in csv.reader(path.read_text().splitlines())}

    assert not list(pulse.release.rglob("judged*"))
    judged = signals(pulse.assignment.folder / "recordings" / "judged.csv")
    assert not judged & signals(pulse.release / "data" / "practice.csv")


@pytest.mark.parametrize(("code", "score"), [("True", 0), ("0", 0), ("None", 0), ("signal", 0), ("np.bool_(1)", 0)])
def test_an_answer_of_another_form_earns_nothing(
    pulse: Course, tmp_path: Path, level: int, code: str, score: float
) -> None:
    students.solved(pulse, tmp_path / NAME)
    with (tmp_path / NAME / NAME / "rhythm.py").open("a") as module:
        module.write(f"\n\ndef is_irregular(signal, rate):\n    return {code}\n")
    with taken_in(tmp_path / NAME, pulse.assignment) as submission:
        verdict = judge_part(pulse, pulse.parts[1], submission, level)
    assert {exercise.id: exercise.score for exercise in verdict.exercises} == {
        "find_peaks": 3, "heart_rate": 2, "rhythm_accuracy": score,
    }  # fmt: skip


def test_its_hidden_tests_accept_no_constant(pulse: Course) -> None:
    assert [sentence for part in pulse.parts for sentence in lenient.degenerate_pass(pulse, part)] == []


@pytest.mark.parametrize("key", ["moving_average/median", "detrend/mean_only", "find_peaks/too_far"])
def test_a_mistake_that_no_hint_names_is_shown_in_its_smallest_case(
    pulse: Course, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    (mistake,) = (one for one in mistakes_of(pulse.assignment) if one.key == key)
    monkeypatch.setattr("autograder.judge.explain.hints", lambda *_: {})
    (part,) = (part for part in pulse.parts if mistake.exercise in {one.id for one in part.exercises})
    with ReferenceCopy(pulse, lambda folder: mistake.apply(folder / NAME)) as trusted:
        results = trusted.results(part, lambda test: claimed(test).exercise == mistake.exercise, examples=True)
    (example,) = (one.example for one in results if one.example)
    assert example.startswith(f"The smallest case that goes wrong: {mistake.exercise} with signal = [")
    assert len(re.findall(r"\d+", example)) <= 25


@pytest.mark.long
def test_it_passes_the_gate(pulse: Course, level: int) -> None:
    run(pulse, "build")
    said = run(pulse, "validate")
    rows = re.findall(r"│ (.+?) +│ +(\d+) │ +(\d+) │", said)
    assert len(rows) >= 12
    assert {wrong for _, _, wrong in rows} == {"0"}


@pytest.mark.long
def test_its_class_is_graded(pulse: Course, level: int) -> None:
    run(pulse, "build")
    run(pulse, "sample")
    said = run(pulse, "grade", "--execute")
    # two of the 20 points are a person's
    scores = dict(re.findall(r"(sample-[\w-]+) +│.* +([\d.]+) of 20 +│", said))
    assert 14 < float(scores.pop("sample-two-mistakes")) < 16  # a steady pulse has nearly the same mean and median
    assert scores == {
        "sample-blank": "0", "sample-complete": "18", "sample-corrupted": "18", "sample-guessing": "14",
    }  # fmt: skip
    notebook = nbformat.read(pulse.root / "autograded" / "sample-complete" / NAME / "Rhythm.ipynb", as_version=4)
    assert "none of 4 cells ended in an error" in notebook.cells[0].source
    page = (pulse.root / "feedback" / "sample-two-mistakes" / NAME / "Filtering.html").read_text()
    assert "Every sum is divided by the full width" in page


@pytest.mark.long
def test_mutants_of_it_are_noticed(pulse: Course) -> None:
    from autograder.validate import mutants

    chosen = mutants.mutants(pulse)
    fates = mutants.judge(pulse, chosen, 2)
    assert mutants.problems(fates, mutants.known(pulse.assignment)) == []
    assert len(chosen) > 50


def test_the_json_of_a_verdict_names_its_data(pulse: Course, tmp_path: Path, level: int) -> None:
    students.solved(pulse, tmp_path / NAME)
    content = json.loads(run(pulse, "judge", str(tmp_path / NAME), "--part", "2", "--json"))
    assert content["parts"][0]["data"] == "recordings"
