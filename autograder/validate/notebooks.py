"""Check that the source notebooks run from top to bottom, in quick mode, under nbval."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from autograder import temporary
from autograder.assignment import SETTINGS, Part
from autograder.course import GRADERS, Course
from autograder.judge import extension
from autograder.sample.train import keep, one_thread, variables

CELL_SECONDS = 300


def breaks_off(course: Course, part: Part) -> list[str]:
    """Run a copy of a part's notebook. Return a sentence if cells raise errors or no model is saved.

    The model that the notebook trains is cached.
    """
    with temporary.folder("notebook") as scratch:
        folder = Path(scratch) / "source" / course.assignment.name
        ignored = shutil.ignore_patterns("__pycache__", "models", ".ipynb_checkpoints", "build", "*.so", "*.c")
        shutil.copytree(course.source, folder, ignore=ignored)
        recorded = Path("tests") / "recorded"  # a checkout has it only in the release
        shutil.copytree(course.release / recorded, folder / recorded)
        library = extension.own(course)
        if library is not None:
            shutil.copyfile(library, folder / course.assignment.package / library.name)
        grader = Path(scratch) / GRADERS / course.assignment.name  # where the notebook looks for the tools
        grader.mkdir(parents=True)
        shutil.copyfile(course.assignment.folder / SETTINGS, grader / SETTINGS)
        if course.assignment.kit.is_dir():
            shutil.copytree(course.assignment.kit, grader / course.assignment.kit.name, ignore=ignored)
        for room in course.assignment.settings.rooms:  # where the instructor's package looks for them
            shutil.copytree(course.room(room), Path(scratch) / room, ignore=ignored)
        settings = Path(scratch) / "pytest.ini"
        settings.write_text("[pytest]\n")
        options = ["-c", str(settings), "--rootdir", str(folder), "-p", "no:cacheprovider", "-q", "--tb=line", "-rf"]
        nbval = [sys.executable, "-m", "pytest", "--nbval-lax", f"--nbval-cell-timeout={CELL_SECONDS}"]
        ended = subprocess.run(
            [*nbval, *options, part.notebook], cwd=folder, env=_environment(course, part), capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if ended.returncode == 0:
            if part.model and not (folder / part.model).exists():
                return [f"{part.notebook} runs without errors but does not save {part.model}."]
            if part.model:
                keep(course, part, folder / part.model)
            return []
    said = re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout.strip() or ended.stderr.strip())
    cells = re.findall(r"FAILED \S+::(Cell \d+)", said)
    return [f"{part.notebook} does not run in quick mode ({', '.join(cells) or 'it did not start'}):\n{said[-1500:]}"]


def plain_environment() -> dict[str, str]:
    """Return the environment without the user's own settings for pytest."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}


def _environment(course: Course, part: Part) -> dict[str, str]:
    return {**plain_environment(), "MPLBACKEND": "Agg", **variables(course, quick=True), **one_thread(course, part)}
