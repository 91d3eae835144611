"""The parts of the fuzzer: seeds are valid, mutations vary, and the exit code reports a finding."""

import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.checks.notebook import read_cells
from autograder.grading.cells import read_notebook
from autograder.intake.submission import Submission, take_in

from ..conftest import ROOT
from . import __main__ as command
from . import targets
from .mutators import MUTATORS
from .seeds import seeds


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_seeds_hold(name: str) -> None:
    found = list(seeds(name))
    assert len(found) >= 8
    assert len(set(found)) == len(found)
    for seed in found:
        targets.TARGETS[name](seed)


def test_the_seeds_get_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that the first check refuses fuzzes nothing."""
    for number, seed in enumerate(seeds("notebook")):
        path = tmp_path / f"{number}.ipynb"
        path.write_bytes(seed)
        assert read_notebook(path).cells == read_cells(path)
    taken: list[Submission] = []
    monkeypatch.setattr(targets, "take_in", lambda *given: taken.append(take_in(*given)) or taken[-1])
    for seed in seeds("intake"):
        taken.clear()
        targets.intake(seed)
        assert {"A.ipynb", "models/part1.npz"} <= set(taken[0].files)
        assert len(taken[0].left_out) >= 4


@pytest.mark.parametrize("name", targets.TARGETS)
def test_changes_are_many_and_repeatable(name: str) -> None:
    for seed in seeds(name):
        changed = {MUTATORS[name](seed, random.Random(number), lambda part: part[::-1]) for number in range(30)}
        assert len(changed) > 5 or name == "intake"
        assert MUTATORS[name](seed, random.Random(3), bytes) == MUTATORS[name](seed, random.Random(3), bytes)


def test_without_atheris_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert command.main(["wire"]) == 2
    assert "install it with" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.long
def test_a_finding_is_kept_and_told(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="the fuzz extra is not installed")
    fuzz = [sys.executable, "-m", "tests.fuzz", "wire"]  # a separate process, because this one's memory would count
    assert subprocess.run([*fuzz, "--seconds", "2"], cwd=ROOT, check=False).returncode == 0
    tight = ["--seconds", "20", "--memory", "1", "--keep", str(tmp_path / "found")]
    assert subprocess.run([*fuzz, *tight], cwd=ROOT, check=False).returncode == 1
    assert list((tmp_path / "found").iterdir())
