"""Train the reference's models by the notebooks' own recipes, once, and keep them by digest.

Runs the instructor's notebook definitions in a process of their own; never a student's.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from autograder.course import Course
from autograder.judge import extension
from autograder.manifest import Part

RECIPE = "train_best_model"
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"
)
"""Of NumPy, PyTorch and TensorFlow: several wait for each other where other work is going on."""
PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import autograder, cs231n, datasets
cs231n.__path__ += [str(Path(autograder.__file__).parent), str(Path(datasets.__file__).parents[1]), *sys.argv[6:]]
import numpy as np
from cs231n.checks.definitions import Definitions
from cs231n.checks.saving import save_model
from cs231n.data_utils import get_CIFAR10_data
np.random.seed(231)
notebook = Definitions(Path(sys.argv[1]), (sys.argv[2],))
data = notebook["get_data"]() if int(sys.argv[3]) == 5 else get_CIFAR10_data()
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
    folder = course.state / "models" / _digest(course, part, quick)
    path = folder / Path(part.model).name
    if path.exists():
        return path
    environment = {**os.environ, "CS231N_DATA": str(course.pictures.root), "CS231N_QUICK": "1" if quick else "0"}
    environment.pop("NBGRADER_EXECUTION", None)
    for name, number in ONE_THREAD.items() if quick else ():
        environment.setdefault(name, number)
    library = extension.own(course)
    arguments = [str(course.source), part.notebook, str(part.number), str(folder), RECIPE]
    arguments += [str(library.parent)] if library else []
    result = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0 or not path.exists():
        lines = result.stderr.strip().splitlines() or ["it saved no model"]
        raise TrainingError(f"The recipe {RECIPE} of {part.notebook} failed: {lines[-1]}")
    return path


def _digest(course: Course, part: Part, quick: bool) -> str:
    total = hashlib.sha256(f"{course.pictures.fingerprint}/{quick}".encode())
    for path in [course.source / part.notebook, *sorted((course.source / "cs231n").rglob("*.py"))]:
        total.update(path.read_bytes())
    return total.hexdigest()[:24]
