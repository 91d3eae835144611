"""Do the source notebooks run from top to bottom, in quick mode, under nbval?"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import autograder.checks
import datasets
from autograder.course import ASSIGNMENT, Course
from autograder.judge import extension
from autograder.manifest import Part
from autograder.sample.train import keep
from autograder.sandbox.levels import ONE_THREAD

CELL_SECONDS = 300
CHECKS, DATASETS = Path(str(autograder.checks.__file__)).parent, Path(str(datasets.__file__)).parent


def breaks_off(course: Course, part: Part) -> list[str]:
    """Which cells of a part's notebook raise; run in a copy, whose package finds the autograder's rooms beside it.

    The model that it trains is kept.
    """
    with tempfile.TemporaryDirectory(prefix="autograder-notebook-") as scratch:
        folder = Path(scratch) / "source" / ASSIGNMENT
        ignored = shutil.ignore_patterns("__pycache__", "models", ".ipynb_checkpoints", "build", "*.so", "*.c")
        shutil.copytree(course.source, folder, ignore=ignored)
        recorded = Path("tests") / "recorded"  # which the instructor's checkout keeps in the release only
        shutil.copytree(course.release / recorded, folder / recorded)
        library = extension.own(course)
        if library is not None:
            shutil.copyfile(library, folder / "cs231n" / library.name)
        for room in (CHECKS, DATASETS):  # where the instructor's package looks for its tools
            shutil.copytree(room, Path(scratch) / room.relative_to(CHECKS.parents[1]), ignore=ignored)
        settings = Path(scratch) / "pytest.ini"
        settings.write_text("[pytest]\n")
        options = ["-c", str(settings), "--rootdir", str(folder), "-p", "no:cacheprovider", "-q", "--tb=line", "-rf"]
        nbval = [sys.executable, "-m", "pytest", "--nbval-lax", f"--nbval-cell-timeout={CELL_SECONDS}"]
        ended = subprocess.run(
            [*nbval, *options, part.notebook], cwd=folder, env=_environment(course), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if ended.returncode == 0:
            if not (folder / part.model).exists():
                return [f"{part.notebook} runs through and does not save {part.model}."]
            keep(course, part, folder / part.model)
            return []
    said = re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout.strip() or ended.stderr.strip())
    cells = re.findall(r"FAILED \S+::(Cell \d+)", said)
    return [f"{part.notebook} does not run in quick mode ({', '.join(cells) or 'it did not start'}):\n{said[-1500:]}"]


def plain_environment() -> dict[str, str]:
    """The environment without a user's own settings for pytest, which have no say here."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}


def _environment(course: Course) -> dict[str, str]:
    environment = {**plain_environment(), "CS231N_QUICK": "1", "MPLBACKEND": "Agg"}
    environment["CS231N_DATA"] = str(course.pictures.root)
    return {**environment, **ONE_THREAD}
