"""Under which names a student's code lies in ``autograded``, where instructors start Jupyter, an editor or pytest.

Modules of the package keep their names. Every other file, and every module whose name a program imports or obeys, lies
in a folder of its own with another ending. Files that the release has besides the package are the release's.
"""

import functools
import re
import site
import sys
import sysconfig
from importlib import metadata
from pathlib import Path, PurePosixPath

from autograder.course import Course
from autograder.intake.submission import Submission

FOLDER, ENDING = "other-files", ".txt"
"""``conftest.py`` becomes ``other-files/conftest.py.txt``. The folder's name is none that Python can import."""
CODE = (".py", ".pyx")
OBEYED = re.compile(
    r"__main__|conftest|test_.*|.*_test|tests?|(?:site|user)customize|setup|versioneer|noxfile|tasks|fabfile|dodo|manage"
    r"|hubconf|wsgi|asgi|.*_config|profile_.*",
    re.IGNORECASE,
)
"""Names of modules and folders that Python, pytest, Jupyter and tools for builds look for."""


def laid_out(course: Course, submission: Submission) -> dict[str, bytes]:
    """Return the code of a submission for ``autograded``.

    Parameters
    ----------
    course : Course
    submission : Submission

    Returns
    -------
    dict
        Maps each file's name in ``autograded`` to its content.
    """
    found: dict[str, bytes] = {}
    for name in submission.files:
        if not name.endswith(CODE):
            continue
        content = (submission.folder / name).read_bytes()
        released = course.release / name
        if keeps_its_name(name, course.assignment.package, released.is_file()):
            found[name] = content
            continue
        if released.is_file():
            found[name] = released.read_bytes()
        if found.get(name) != content:
            found[f"{FOLDER}/{name}{ENDING}"] = content
    return found


def keeps_its_name(name: str, package: str, released: bool) -> bool:
    """Tell whether a student's file lies in ``autograded`` under its own name.

    Parameters
    ----------
    name : str
        The file's name in the submission, with its folders.
    package : str
        The students' package.
    released : bool
        Whether the release has a file of this name.
    """
    above, *inner = PurePosixPath(name).parts
    if above != package or not inner or any(part.endswith(".ipynb") for part in inner):
        return False
    return released or not any(is_taken(Path(part).stem) for part in inner)


def is_taken(name: str) -> bool:
    """Tell whether a program imports or obeys a module or folder of this name, on any file system."""
    low = name.casefold()
    return low != "__init__" and (low in _importable() or OBEYED.fullmatch(low) is not None or low.startswith("."))


@functools.cache
def _importable() -> frozenset[str]:
    """Return the names, in lower case, of Python's modules and of what is installed beside it."""
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages()}
    installed = [
        path.name.partition(".")[0] for place in places if Path(place).is_dir() for path in Path(place).iterdir()
    ]
    known = (*sys.stdlib_module_names, *installed, *metadata.packages_distributions())
    return frozenset(name.casefold() for name in known if name)
