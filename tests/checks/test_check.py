"""``check`` as a student uses it: in the release, on blank, wrong and right code, always on the files on disk."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.builder.strip import reveal
from autograder.course import Course

PROGRAM = """
import sys, time
import cs231n.layers
from cs231n.checks import check
for name in sys.argv[1:]:
    start = time.time()
    try:
        result = check(name)
        print("RESULT", name, result)
    except Exception as error:
        print("RAISED", name, type(error).__name__, error)
    print("SECONDS", round(time.time() - start, 2))
"""


@pytest.fixture
def folder(course: Course, tmp_path: Path) -> Path:
    target = tmp_path / "assignment2"
    shutil.copytree(course.release, target)
    return target


def run(folder: Path, *exercises: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *exercises], cwd=folder, capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    return result.stdout


def solve(folder: Path, course: Course, module: str) -> Path:
    path = folder / "cs231n" / module
    path.write_text(reveal((course.source / "cs231n" / module).read_text()))
    return path


def test_blank_right_and_wrong(folder: Path, course: Course) -> None:
    text = run(folder, "adam", "no_such_exercise")
    assert "adam.py" not in text
    assert "It is not written yet" in text
    assert "At optim.py, line" in text
    assert "RAISED adam CheckFailed adam: 0 of 1 checks passed." in text
    assert "RAISED no_such_exercise CheckFailed There is no exercise called 'no_such_exercise'" in text

    path = solve(folder, course, "optim.py")
    text = run(folder, "adam", "rmsprop", "sgd_momentum")
    assert text.count("RESULT") == 3
    assert "RESULT adam None" in text

    right = path.read_text()
    path.write_text(right.replace("    m_hat = m / (1 - beta1**t)", "    m_hat = m").replace("print", "print"))
    text = run(folder, "adam")
    assert "w after step 1 is wrong in 12 of 12 values" in text
    path.write_text(
        right.replace("    m_hat = m / (1 - beta1**t)", "    m_hat = m").replace(
            "    v_hat = v / (1 - beta2**t)", "    v_hat = v"
        )
    )
    assert "Perhaps: m and v are used without correction" in run(folder, "adam")


def test_the_cause_is_another_exercise_only_if_its_own_checks_fail(folder: Path, course: Course) -> None:
    path = solve(folder, course, "layers.py")
    right = path.read_text()
    path.write_text(right + "\ndef batchnorm_forward(x, gamma, beta, bn_param):\n    return x + 0.1, None\n")
    assert "It runs on batchnorm_forward, whose own checks do not pass yet" in run(folder, "batchnorm_backward")
    path.write_text(right + "\ndef batchnorm_backward(dout, cache):\n    return dout, dout[0], dout[0]\n")
    text = run(folder, "batchnorm_backward")
    assert "0 of 1 checks passed" in text
    assert "It runs on" not in text


def test_it_sees_what_is_on_disk(folder: Path, course: Course) -> None:
    """The notebook imported the package before an edit; the check must not judge the old code."""
    solved = reveal((course.source / "cs231n" / "layers.py").read_text())
    program = (
        "import cs231n.layers\nfrom pathlib import Path\nfrom cs231n.checks import check\n"
        f"old = cs231n.layers\nPath('cs231n/layers.py').write_text({solved!r})\n"
        "check('affine_forward')\nassert cs231n.layers is old\nimport sys\nassert sys.modules['cs231n.layers'] is old\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, capture_output=True)


def test_prints_and_warnings_are_shown_and_do_no_harm(folder: Path, course: Course) -> None:
    path = solve(folder, course, "layers.py")
    path.write_text(
        path.read_text() + "\nimport sys, warnings\nprint('hello')\nwarnings.warn('old')\nsys.stderr.write('x')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", "from cs231n.checks import check; check('relu_forward')"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout.splitlines() == ["hello", "relu_forward: 1 of 1 checks passed."]
    assert "UserWarning: old" in result.stderr
    assert result.stderr.endswith("x")


def test_pytest_in_the_students_folder(folder: Path, course: Course) -> None:
    solve(folder, course, "optim.py")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-k", "momentum or affine_gradients", "-p", "no:cacheprovider"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 1 passed" in result.stdout
    assert "affine_backward: It is not written yet" in result.stdout or "It is not written yet" in result.stdout
    assert "Traceback" not in result.stdout


def validate(folder: Path, name: str, *cells: str) -> tuple[int, str]:
    """Run ``nbgrader validate`` on the release's notebook, reduced to some cells."""
    path = folder / "FullyConnectedNets.ipynb"
    content = json.loads(path.read_text())
    kept = [cell for cell in content["cells"] if "".join(cell["source"]).startswith(cells)]
    (folder / name).write_text(json.dumps({**content, "cells": kept}))
    environment = {**os.environ, "CS231N_QUICK": "1"}
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "nbgrader", "validate", name],
        cwd=folder, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


@pytest.mark.slow
def test_nbgrader_validate_shows_the_truth(folder: Path, course: Course) -> None:
    """It is right for a blank, a half-done and a complete notebook."""
    start = ("import matplotlib", "import numpy", "from cs231n")
    cells = (*start, 'check("adam")', 'check("affine_forward")')
    _, text = validate(folder, "Blank.ipynb", *cells)
    assert "VALIDATION FAILED ON 2 CELL(S)" in text
    assert "CheckFailed" in text
    solve(folder, course, "optim.py")
    _, text = validate(folder, "Half.ipynb", *cells)
    assert "VALIDATION FAILED ON 1 CELL(S)" in text
    solve(folder, course, "layers.py")
    _, text = validate(folder, "Complete.ipynb", *cells)
    assert "Success! Your notebook passes all the tests." in text
