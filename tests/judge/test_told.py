"""What a verdict tells about a failure: the line that sets the wrong value, and how it fails."""

import re
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.compare import Mismatch
from autograder.judge.fingerprint import fingerprint
from tests.mistaken import Program
from tests.mistaken.programs import PROGRAMS

from .conftest import Judge, append, lost

pytestmark = pytest.mark.xdist_group("verdicts")


def programs(key: str) -> list[Program]:
    return [one for one in PROGRAMS if one.key == key]


def test_the_line_of_a_wrong_value_is_named(judge: Judge) -> None:
    """Whether a hint is known or not."""
    for factor, hinted in (("1 / len(dout)", True), ("1.37", False)):
        written = f"\ndef affine_backward(dout, cache):\n    x, w, b = cache\n    rows = x.reshape(len(x), -1)\n    dw = rows.T @ dout\n    db = dout.sum(axis=0) * ({factor})\n    return (dout @ w.T).reshape(x.shape), dw, db\n"
        (exercise,) = judge(append("layers.py", written), "affine_backward").exercises
        (test, *_) = [test for test in exercise.tests if test.outcome == "failed"]
        assert bool(test.hint) is hinted
        assert re.search(r"See layers\.py, line \d+: db = dout\.sum\(axis=0\) \* ", test.message), test.message


def test_the_lines_of_a_net_are_found_by_their_key(judge: Judge) -> None:
    def change(folder: Path) -> None:
        path = folder / "cs231n" / "classifiers" / "fc_net.py"
        before, loss, after = path.read_text().partition("    def loss(self, X, y=None):")
        path.write_text(
            before
            + loss
            + after.replace(
                "        return loss, grads", '        grads["b2"] = grads["b2"] * 1.37\n        return loss, grads', 1
            )
        )

    message = lost(judge(change, "two_layer_net"))["two_layer_net"].message
    found = re.search(r"See fc_net\.py, lines? ([\d, and]+)", message)
    assert found, message
    assert len(re.findall(r"\d+", found[1])) == 2


def test_what_another_exercise_causes_has_no_line_of_its_own(judge: Judge) -> None:
    wrong = "\ndef affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w, (x, w, b)\n"
    message = lost(judge(append("layers.py", wrong), "affine_forward", "two_layer_net"))["two_layer_net"].message
    assert "runs on affine_forward" in message
    assert "See " not in message


def test_equal_failures_have_equal_fingerprints(judge: Judge) -> None:
    """Of students who write in other forms, and whose hidden inputs differ."""
    found = {}
    for key in ("affine_backward/db_mean", "affine_backward/dw_mean"):
        found[key] = {judge(one.apply, "affine_backward").exercises[0].fingerprint for one in programs(key)}
    assert [len(one) for one in found.values()] == [1, 1]
    assert len(set.union(*found.values())) == 2
    assert "" not in set.union(*found.values())


def test_a_vast_answer_is_not_computed_with() -> None:
    vast, right = np.broadcast_to(np.float64(1.0), (10**6, 10**6)), np.ones(3)
    assert len(fingerprint("one", Mismatch("shape", "no"), [vast], [right])) == 16


def test_what_is_right_has_no_fingerprint(judge: Judge) -> None:
    assert judge(lambda folder: None, "affine_backward").exercises[0].fingerprint == ""


def test_what_the_judge_runs_itself_leaves_no_files(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference and known mistakes repeat the calls of a failed test, and solvers write checkpoints."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert list(lost(judge(append("solver.py", "\nSolver._save_checkpoint = lambda self: None\n"), "solver"))) == [
        "solver"
    ]
    assert list(here.iterdir()) == []
    assert Path.cwd() == here
