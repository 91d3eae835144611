"""The source notebooks run from top to bottom in quick mode, under nbval."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course

from ..conftest import ROOT

NOTEBOOKS = sorted((ROOT / "source").glob("*/*.ipynb"))


@pytest.mark.slow
@pytest.mark.xdist_group("notebooks")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_source_notebook_runs_in_quick_mode(notebook: Path, course: Course, tmp_path: Path) -> None:
    """In the checkout, where models/ is ignored: the instructor's package finds its other rooms there."""
    environment = {**os.environ, "CS231N_QUICK": "1", "MPLBACKEND": "Agg", "CS231N_DATA": str(course.pictures.root)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-cell-timeout=300",
        "-p",
        "no:cacheprovider",
        "-c",
    ]
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\n")
    kept = notebook.parent / "models"
    before = kept.exists()
    result = subprocess.run(
        [*command, str(settings), "--rootdir", str(notebook.parent), str(notebook)],
        cwd=notebook.parent, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not before:
        shutil.rmtree(kept, ignore_errors=True)
    assert result.returncode == 0, result.stdout[-3000:]
