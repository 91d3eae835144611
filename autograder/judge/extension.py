"""The Cython extension of a submission: built once for each source, kept, and put where its package finds it.

Where the submitted source does not build, the course's own stands in, so that only ``conv_extension`` suffers; where
the course's own does not build either, the fault is ours. Building is the sandbox's; see ``sandbox.extension``.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import autograder.runner.compile
from autograder.checks.compare import Mismatch
from autograder.course import Course
from autograder.intake.submission import Submission
from autograder.manifest import Part
from autograder.sandbox.client import best_level
from autograder.sandbox.extension import BuildError, NoCompilerError, build, find_compiler

EXERCISE = "conv_extension"
SOURCE = "cs231n/im2col_cython.pyx"
TOOLS = ("cython", "numpy", "setuptools")
MAX_PROBLEM = 1000


class ExtensionFault(Exception):
    """An extension could not be built, and the grader is at fault."""


@dataclass(frozen=True)
class Extension:
    """What became of the submitted source.

    Attributes
    ----------
    problem : str
        Why it did not build, or "".
    fault : str
        Why nothing can be built here, or "".
    """

    problem: str = ""
    fault: str = ""

    def require(self) -> None:
        """Let a test go on only where the submitted source was built.

        Raises
        ------
        Mismatch
            If it is not there or does not build.
        ExtensionFault
            If it is not known whether it does.
        """
        if self.problem:
            raise Mismatch("build", self.problem)
        if self.fault:
            raise ExtensionFault(self.fault)


def provide(course: Course, part: Part, submission: Submission, level: int) -> Extension:
    """Build the extension for a part that needs it, and put it beside its source in our copy of the submission."""
    if all(exercise.id != EXERCISE for exercise in part.automatic):
        return Extension()
    try:
        library, problem = _of_course(course, level), ""
        if SOURCE not in submission.files:
            problem = f"{SOURCE} was not handed in: keep the file that came with the assignment."
        elif not _same(submission.folder / SOURCE, course.source / SOURCE):
            theirs, problem = _of_submission(course, submission.folder / SOURCE, level)
            library = theirs or library
        _put(library, (submission.folder / SOURCE).parent)
    except (BuildError, NoCompilerError, ExtensionFault, OSError) as error:
        return Extension(fault=str(error))
    return Extension(problem)


def own(course: Course) -> Path | None:
    """Return the course's own extension, or None where none can be built."""
    try:
        return _of_course(course, best_level()[0])
    except (BuildError, NoCompilerError, OSError):
        return None


def _of_course(course: Course, level: int) -> Path:
    """The library of the course's own source. Never a submission's, though it were built from the same text."""
    home = course.state / "extensions" / f"own-{_key(course.source / SOURCE)}"
    library = home / _library_name()
    if not library.is_file():
        _keep(home, library.name, build(level, course.source / SOURCE))
    return library


def _of_submission(course: Course, source: Path, level: int) -> tuple[Path | None, str]:
    """The library of a submitted source, or None and why there is none; built only the first time."""
    home = course.state / "extensions" / _key(source)
    library, told = home / _library_name(), home / "problem"
    if not home.is_dir():
        try:
            _keep(home, library.name, _built(level, source))
        except BuildError as error:
            if not error.lasting:
                build(level, course.source / SOURCE)  # where that fails too, it is this machine's doing
                return None, str(error)[:MAX_PROBLEM]
            _keep(home, told.name, str(error)[:MAX_PROBLEM].encode())
    return (library, "") if library.is_file() else (None, told.read_text(encoding="utf-8", errors="replace"))


def _built(level: int, source: Path) -> bytes:
    """Build, and once more where it ran out of time or memory: that may have been this machine's."""
    try:
        return build(level, source)
    except BuildError as error:
        if error.lasting:
            raise
    return build(level, source)


def _keep(home: Path, name: str, content: bytes) -> None:
    """Make a folder with one file, all at once: others may be doing the same."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-", ignore_cleanup_errors=True) as fresh:
        (Path(fresh) / "home").mkdir()
        (Path(fresh) / "home" / name).write_bytes(content)
        try:
            os.rename(Path(fresh) / "home", home)
        except OSError:
            if not home.is_dir():  # else another process was first
                raise


def _put(library: Path, package: Path) -> None:
    """Copy a library into our copy of a submission, in the place of whatever stands in its way."""
    if not package.is_dir():
        return
    if hasattr(os, "ST_NOEXEC") and os.statvfs(package).f_flag & os.ST_NOEXEC:
        raise ExtensionFault("Nothing can be run from the folder for temporary files: set TMPDIR to another one.")
    target = package / library.name
    for other in (target, package / Path(SOURCE).stem):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(other)
    shutil.copyfile(library, target)
    target.chmod(0o644)


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def _library_name() -> str:
    return Path(SOURCE).stem + str(sysconfig.get_config_var("EXT_SUFFIX"))


def _key(source: Path) -> str:
    """A digest of all that decides what comes out of the compiler."""
    tools = [f"{tool} {version(tool)}" for tool in TOOLS]
    total = hashlib.sha256("\n".join([sys.version, sysconfig.get_platform(), find_compiler(), *tools]).encode())
    for path in (Path(str(autograder.runner.compile.__file__)), source):
        total.update(b"\0" + path.read_bytes())
    return total.hexdigest()[:32]
