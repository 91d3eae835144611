"""Train the reference's models once, with the notebooks' own code, and cache them by digest.

The instructor's notebook definitions run in a separate process. Student code never runs here.
"""

import hashlib
import os
import subprocess
from pathlib import Path

from filelock import FileLock

from autograder import files
from autograder.assignment import Part
from autograder.course import Course
from autograder.errors import SetupError
from autograder.judge import extension
from autograder.sandbox.levels import ONE_THREAD


class TrainingError(SetupError):
    """A reference model could not be trained."""


def trained_model(course: Course, part: Part, quick: bool) -> Path:
    """Return the reference's model of a part. Train it if it is not cached yet.

    Parameters
    ----------
    course : Course
    part : Part
    quick : bool
        Use the notebook's quick mode, which takes seconds instead of minutes.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    TrainingError
        If the training fails.
    """
    path = _place(course, part, quick)
    with FileLock(path.with_suffix(".lock")):  # a second process finds the trained model
        if not path.exists():
            _train(course, part, quick, path)
    return path


def keep(course: Course, part: Part, model: Path) -> None:
    """Cache the model that a quick run of the notebook has trained."""
    path = _place(course, part, quick=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            files.write(path, model.read_bytes())


def _place(course: Course, part: Part, quick: bool) -> Path:
    folder = course.state / "models" / _digest(course, part, quick)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / Path(part.model).name


def _train(course: Course, part: Part, quick: bool, path: Path) -> None:
    environment = {**os.environ, **variables(course, quick)}
    environment.pop("NBGRADER_EXECUTION", None)
    if quick:  # several threads wait for each other on a busy machine
        environment = {**one_thread(course, part), **environment}
    library = extension.own(course)
    command = [*course.kit.training(part, path.parent), *([str(library.parent)] if library else [])]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0 or not path.exists():
        lines = result.stderr.strip().splitlines() or ["it saved no model"]
        raise TrainingError(f"Training the model of {part.notebook} failed: {lines[-1]}")


def one_thread(course: Course, part: Part) -> dict[str, str]:
    """Return environment variables that limit a part's packages to one thread."""
    framework = course.assignment.framework_of(part)
    return {**ONE_THREAD, **(framework.environment if framework else {})}


def variables(course: Course, quick: bool) -> dict[str, str]:
    """Return the environment variables that tell a notebook its data folder and whether quick mode is on."""
    settings, root = course.assignment.settings, course.judged_on.root
    said = {settings.data_variable: str(root) if root else "", settings.quick_variable: "1" if quick else "0"}
    return {name: value for name, value in said.items() if name and value}


def _digest(course: Course, part: Part, quick: bool) -> str:
    total = hashlib.sha256(f"{course.judged_on.fingerprint}/{quick}".encode())
    for path in [course.source / part.notebook, *sorted((course.source / course.assignment.package).rglob("*.py"))]:
        total.update(path.read_bytes())
    return total.hexdigest()[:24]
