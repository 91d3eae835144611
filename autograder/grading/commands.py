"""nbgrader's other commands, where they would mislead in a course of judged submissions.

See ``docs/nbgrader.md`` for what each command does here.
"""

import glob
import sys
from pathlib import Path
from typing import Any

import nbgrader.apps.updateapp
import nbgrader.apps.validateapp
import nbgrader.validator
from nbgrader import utils
from nbgrader.apps.dbapp import DbGenericImportApp
from nbgrader.apps.validateapp import ValidateApp
from nbgrader.validator import Validator

CONFIGURATION = "nbgrader_config.py"
EXTENSION = "nbgrader.server_extensions.validate_assignment.handlers"
STUDENTS = ("submitted", "autograded", "feedback", "downloaded")
"""Folders of a course that hold students' files."""
_validate = ValidateApp.start
_columns = DbGenericImportApp._preprocess_keys


class TrustedValidator(Validator):  # type: ignore[misc]
    """Executes instructors' notebooks, and students' own on their machines, but no submission outside the sandbox."""

    def validate(self, filename: str) -> Any:
        """Execute a notebook, and return what is wrong with it.

        Raises
        ------
        SystemExit
            If the notebook is a submission's. nbgrader shows any other exception with a traceback.
        """
        path = Path(filename)
        folder = students_folder(path)
        if folder is not None:
            raise SystemExit(
                f"{path.name} in {folder.name}/ is a student's notebook, and `nbgrader validate` would execute it "
                f"outside the sandbox. Use `autograder judge {path.parent}`."
            )
        return super().validate(filename)


def students_folder(path: Path) -> Path | None:
    """Return the folder of students' files in a course that a path lies in, or None."""
    for folder in path.resolve().parents:
        if folder.name in STUDENTS and (folder.parent / CONFIGURATION).is_file():
            return folder
    return None


def own_notebooks(path: str) -> list[str]:
    """Return the notebooks below a folder, without those of students: `nbgrader update` would change submissions."""
    return [name for name in utils.find_all_notebooks(path) if students_folder(Path(path, name)) is None]


def _validate_existing(app: ValidateApp) -> None:
    """Validate notebooks as nbgrader does, but do not pass over a name that nothing has."""
    for name in app.extra_args:
        if not glob.glob(name):
            app.fail("There is no notebook %s: give the path of a notebook.", name)
    _validate(app)


def _without_mark(app: DbGenericImportApp, keys: list[str]) -> Any:
    """Read the names of a table's columns without the byte-order mark that spreadsheets write before the first one."""
    return _columns(app, [name.removeprefix("\ufeff") for name in keys])


def configure(_: Any) -> None:
    """Change the commands of nbgrader, and the extension of JupyterLab that validates.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    nbgrader.validator.Validator = nbgrader.apps.validateapp.Validator = TrustedValidator
    if EXTENSION in sys.modules:  # Jupyter's server has loaded it already; other commands need not wait for it
        sys.modules[EXTENSION].Validator = TrustedValidator  # type: ignore[attr-defined]
    nbgrader.apps.updateapp.find_all_notebooks = own_notebooks
    ValidateApp.start = _validate_existing
    DbGenericImportApp._preprocess_keys = _without_mark
