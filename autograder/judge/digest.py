"""A digest of all that decides a part's verdicts besides the submission: while it is the same, a kept verdict is valid.

A change to a page, a command or another part's tests judges nothing again. See ``grading.store`` for keeping verdicts.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from autograder.assignment import SETTINGS, Part
from autograder.catalogue import file_of
from autograder.course import Course
from autograder.sandbox.profiles import is_installed

from .session import hidden_file

ENGINE = Path(__file__).resolve().parents[1]
ROOMS = ("checks", "runner", "sandbox", "intake", "judge")
"""Folders of the engine whose code affects verdicts."""
SINGLE = ("assignment.py", "catalogue.py", "cells.py", "course.py", "errors.py", "kit.py", "verdict.py")
"""Other files of the engine that affect verdicts."""
COMMON = (SETTINGS, "__init__.py", "hidden/__init__.py", "mistakes/__init__.py")
"""Files of an assignment's grader that affect verdicts on all parts, besides its kit."""


def judging_digest(course: Course, part: Part, engine: Path = ENGINE) -> str:
    """Return a digest of all that decides a part's verdict besides the submission.

    Parameters
    ----------
    course : Course
    part : Part
    engine : Path
        The folder of this package.

    Returns
    -------
    str
        SHA-256 over the secret, the data's fingerprint, which alternatives have their framework here, and names and
        contents of files: those of `ROOMS` and `SINGLE`, the assignment's settings and kit, the part's hidden
        tests and mistakes, the reference's package and the part's notebooks.
    """
    total = hashlib.sha256(course.judged_on.fingerprint.encode() + b"\0" + course.secret)
    usable = [one.name for one in part.alternatives if is_installed(course.assignment, one)]
    total.update(repr(usable).encode())
    for root, path in _files(course, part, engine):
        content = hashlib.sha256(path.read_bytes()).digest()
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + content)
    return total.hexdigest()


def _files(course: Course, part: Part, engine: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each file that affects verdicts, after the folder to which its name is relative."""
    assignment = course.assignment
    names = [*COMMON, f"hidden/{hidden_file(assignment, part).name}", f"mistakes/{file_of(part)}.py"]
    ours = [path for room in ROOMS for path in (engine / room).rglob("*.py")]
    ours += [engine / name for name in (*SINGLE, "judge/pytest.ini")]
    graders = [path for name in names if (path := assignment.folder / name).is_file()]
    graders += assignment.kit.rglob("*.py")
    theirs = [path for pattern in ("*.py", "*.pyx") for path in course.source.rglob(pattern)]
    theirs += [course.source / alternative.notebook for alternative in part.alternatives]
    for root, paths in ((engine, ours), (assignment.folder, graders), (course.source, theirs)):
        for path in sorted(set(paths)):
            yield root, path
