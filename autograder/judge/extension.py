"""The Cython extension of a submission: built once for each source, kept, and copied to the submission's package.

A source that was written for Cython 0.29 is built by its rules, and judged by what it does. If the submitted source
does not build, the course's own extension replaces it, so that only the extension's exercise fails. If that does not
build either, the grader is at fault. See ``sandbox.extension`` for building.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import autograder.runner.compile
from autograder.assignment import Part
from autograder.checks.compare import Mismatch
from autograder.course import Course
from autograder.errors import GraderFault
from autograder.files import new_folder
from autograder.intake.submission import Submission
from autograder.sandbox.client import best_level
from autograder.sandbox.extension import BuildError, NoCompilerError, build, find_compiler

from .credit import NotGraded

TOOLS = ("cython", "numpy", "setuptools")
MAX_PROBLEM = 1000
OLDER = "older"
"""The file beside a library that was built by the rules of Cython 0.29."""


class ExtensionFault(GraderFault):
    """An extension could not be built, and the grader is at fault."""


@dataclass(frozen=True)
class Extension:
    """The result of building the submitted source.

    Attributes
    ----------
    problem : str
        Why the submitted source did not build, or "".
    fault : str
        Why nothing can be built here, or "".
    note : str
        What the student should know although it costs nothing, or "".
    handed_in : bool
        Whether there is a submitted source.
    """

    problem: str = ""
    fault: str = ""
    note: str = ""
    handed_in: bool = True

    def require(self) -> None:
        """Raise an exception unless the submitted source was built.

        Raises
        ------
        NotGraded
            If the source was not handed in.
        Mismatch
            If the source does not build.
        ExtensionFault
            If nothing can be built here.
        """
        if not self.handed_in:
            raise NotGraded(self.problem)
        if self.problem:
            raise Mismatch("build", self.problem)
        if self.fault:
            raise ExtensionFault(self.fault)


def provide(course: Course, part: Part, submission: Submission, level: int) -> Extension:
    """Copy the extension beside its source in the judge's copy of the submission.

    The part with the extension's exercise gets the submitted one, if it builds. Every other part gets the course's own,
    if it can be built here: a module may import the extension at its top, and no other exercise may fail for that.
    """
    described = course.assignment.settings.extension
    if described is None:
        return Extension()
    source = described.source
    if all(exercise.id != described.exercise for exercise in part.automatic):
        with contextlib.suppress(BuildError, NoCompilerError, ExtensionFault, OSError):
            _put(_of_course(course, source, level), submission.folder / source)
        return Extension()
    note = ""
    try:
        library, problem = _of_course(course, source, level), ""
        if source not in submission.files:
            problem = f"{source} was not handed in: keep the file that came with the assignment."
        elif not _same(submission.folder / source, course.source / source):
            theirs, problem = _of_submission(course, source, submission.folder / source, level)
            library = theirs or library
            if theirs is not None and (library.parent / OLDER).exists():
                note = f"{source} was built by the rules of Cython 0.29: Cython 3 needs // for whole numbers."
        if problem:
            note = f"This course's own extension stands in for {source} in the other tests of this part."
        _put(library, submission.folder / source)
    except (BuildError, NoCompilerError, ExtensionFault, OSError) as error:
        return Extension(fault=str(error))
    return Extension(problem, note=note, handed_in=source in submission.files)


def own(course: Course) -> Path | None:
    """Return the course's own extension, or None if the course has none or it cannot be built."""
    described = course.assignment.settings.extension
    if described is None:
        return None
    try:
        return _of_course(course, described.source, best_level()[0])
    except (BuildError, NoCompilerError, OSError):
        return None


def _of_course(course: Course, source: str, level: int) -> Path:
    """Return the library that was built from the course's file, never one that was built from a submission's file."""
    home = course.state / "extensions" / f"own-{_key(course.source / source)}"
    library = home / _library_name(source)
    if not library.is_file():
        _keep(home, {library.name: build(level, course.source / source)})
    return library


def _of_submission(course: Course, source: str, submitted: Path, level: int) -> tuple[Path | None, str]:
    """Return the library of a submitted source and "", or None and the problem. Build only the first time."""
    home = course.state / "extensions" / _key(submitted)
    library, told = home / _library_name(source), home / "problem"
    if not home.is_dir():
        try:
            _keep(home, {library.name: _built(level, submitted)})
        except BuildError as error:
            if not error.lasting:
                build(level, course.source / source)  # if this fails too, the machine is at fault
                return None, str(error)[:MAX_PROBLEM]
            try:
                _keep(home, {library.name: build(level, submitted, older=True), OLDER: b""})
            except BuildError:
                _keep(home, {told.name: str(error)[:MAX_PROBLEM].encode()})
    return (library, "") if library.is_file() else (None, told.read_text(encoding="utf-8", errors="replace"))


def _built(level: int, source: Path) -> bytes:
    """Build; try a second time if the build ran out of time or memory, because the machine may be the cause."""
    try:
        return build(level, source)
    except BuildError as error:
        if error.lasting:
            raise
    return build(level, source)


def _keep(home: Path, files: dict[str, bytes]) -> None:
    """Make a folder with some files atomically: other processes may make the same folder."""
    with new_folder(home) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)


def _put(library: Path, source: Path) -> None:
    """Copy a library into the judge's copy of a submission; remove files and folders that take its place."""
    package = source.parent
    if not package.is_dir():
        return
    if hasattr(os, "ST_NOEXEC") and os.statvfs(package).f_flag & os.ST_NOEXEC:
        raise ExtensionFault("The folder for temporary files is mounted noexec: set TMPDIR to another folder.")
    target = package / library.name
    for other in (target, package / source.stem):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(other)
    target.unlink(missing_ok=True)
    shutil.copyfile(library, target)
    target.chmod(0o644)


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def _library_name(source: str) -> str:
    return Path(source).stem + str(sysconfig.get_config_var("EXT_SUFFIX"))


def _key(source: Path) -> str:
    """Return a digest of all that decides the compiler's result: tools, platform and source."""
    tools = [f"{tool} {version(tool)}" for tool in TOOLS]
    total = hashlib.sha256("\n".join([sys.version, sysconfig.get_platform(), find_compiler(), *tools]).encode())
    for path in (Path(str(autograder.runner.compile.__file__)), source):
        total.update(b"\0" + path.read_bytes())
    return total.hexdigest()[:32]
