"""Train the reference's models by the notebooks' own recipes, once, and keep them by digest.

Runs the instructor's notebook definitions in a process of their own; never a student's.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from autograder.course import Course
from autograder.judge import extension
from autograder.manifest import Part
from autograder.sandbox.levels import ONE_THREAD

RECIPE = "train_best_model"
PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import autograder, cs231n, datasets
cs231n.__path__ += [str(Path(autograder.__file__).parent), str(Path(datasets.__file__).parents[1]), *sys.argv[6:]]
import numpy as np
from cs231n.checks.definitions import Definitions
from cs231n.checks.frameworks import PART
from cs231n.checks.saving import save_model
from cs231n.data_utils import get_CIFAR10_data
np.random.seed(231)
notebook = Definitions(Path(sys.argv[1]), (sys.argv[2],))
data = notebook["get_data"]() if int(sys.argv[3]) == PART else get_CIFAR10_data()
save_model(notebook[sys.argv[5]](data), int(sys.argv[3]), sys.argv[4])
"""


class TrainingError(Exception):
    """A reference model could not be trained."""


def trained_model(course: Course, part: Part, quick: bool) -> Path:
    """Return the reference's model of a part, training it if it is not kept yet.

    Parameters
    ----------
    course : Course
    part : Part
    quick : bool
        Use the notebook's quick mode: seconds rather than minutes.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    TrainingError
        If the recipe fails.
    """
    path = _place(course, part, quick)
    with FileLock(path.with_suffix(".lock")):  # who comes second finds it trained
        if not path.exists():
            _train(course, part, quick, path)
    return path


def keep(course: Course, part: Part, model: Path) -> None:
    """Keep the model that a quick run of the notebook itself has trained, so that nobody trains it again."""
    path = _place(course, part, quick=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            shutil.copyfile(model, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)


def _place(course: Course, part: Part, quick: bool) -> Path:
    folder = course.state / "models" / _digest(course, part, quick)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / Path(part.model).name


def _train(course: Course, part: Part, quick: bool, path: Path) -> None:
    environment = {**os.environ, "CS231N_DATA": str(course.pictures.root), "CS231N_QUICK": "1" if quick else "0"}
    environment.pop("NBGRADER_EXECUTION", None)
    for name, number in ONE_THREAD.items() if quick else ():  # several wait for each other on a busy machine
        environment.setdefault(name, number)
    library = extension.own(course)
    arguments = [str(course.source), part.notebook, str(part.number), str(path.parent), RECIPE]
    arguments += [str(library.parent)] if library else []
    result = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0 or not path.exists():
        lines = result.stderr.strip().splitlines() or ["it saved no model"]
        raise TrainingError(f"The recipe {RECIPE} of {part.notebook} failed: {lines[-1]}")


def _digest(course: Course, part: Part, quick: bool) -> str:
    total = hashlib.sha256(f"{course.pictures.fingerprint}/{quick}".encode())
    for path in [course.source / part.notebook, *sorted((course.source / "cs231n").rglob("*.py"))]:
        total.update(path.read_bytes())
    return total.hexdigest()[:24]
