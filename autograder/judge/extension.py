"""The Cython extension of a submission: built once for each source, kept, and put where its package finds it.

Where the submitted source does not build, the course's own stands in, so that only ``conv_extension`` suffers.
Building is the sandbox's; see ``autograder.sandbox.extension``.
"""

import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from autograder.checks.compare import Mismatch
from autograder.course import Course
from autograder.manifest import Part
from autograder.sandbox.extension import BuildError, NoCompilerError, build
from autograder.sandbox.submission import Submission

EXERCISE = "conv_extension"
SOURCE = "cs231n/im2col_cython.pyx"
TOOLS = ("cython", "numpy", "setuptools")
MAX_PROBLEM = 1000


class ExtensionFault(Exception):
    """An extension could not be built for a reason of ours."""


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
    result = Extension()
    try:
        if SOURCE in submission.files:
            library, problem = _kept(course, submission.folder, level)
            result = Extension(problem)
        else:
            library = None
            result = Extension(f"{SOURCE} was not handed in: keep the file that came with the assignment.")
        if library is None:
            library, _ = _kept(course, course.source, level)
    except NoCompilerError as error:
        return Extension(result.problem, str(error))
    if library is not None and (submission.folder / SOURCE).parent.is_dir():
        target = submission.folder / Path(SOURCE).with_name(library.name)
        shutil.copyfile(library, target)
        target.chmod(0o644)
    return result


def _kept(course: Course, folder: Path, level: int) -> tuple[Path | None, str]:
    """Return the library of a source, or None and why there is none; build it only the first time."""
    home = course.state / "extensions" / _key(folder / SOURCE)
    library = home / (Path(SOURCE).stem + str(sysconfig.get_config_var("EXT_SUFFIX")))
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=home.parent, prefix="new-"))
        try:
            try:
                (fresh / library.name).write_bytes(build(level, folder, SOURCE))
            except BuildError as error:
                if not error.lasting:
                    shutil.rmtree(fresh)
                    return None, str(error)
                (fresh / "problem").write_text(str(error)[:MAX_PROBLEM], encoding="utf-8")
            try:
                os.rename(fresh, home)
            except OSError:  # another process was first
                shutil.rmtree(fresh)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    if library.is_file():
        return library, ""
    return None, (home / "problem").read_text(encoding="utf-8")


def _key(source: Path) -> str:
    """A digest of all that decides what comes out of the compiler."""
    tools = [f"{tool} {version(tool)}" for tool in TOOLS]
    total = hashlib.sha256("\n".join([sys.version, sysconfig.get_platform(), *tools, ""]).encode())
    total.update(source.read_bytes())
    return total.hexdigest()[:32]
