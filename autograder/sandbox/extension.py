"""Build a submission's Cython extension in a separate sandbox: no network, its own limits, used only once.

Compilers start processes, which other runners may not do. So this runner sees only one file of the submission and
imports none of its code. See ``runner.compile`` for the work inside, and ``judge.extension`` for keeping the result.
"""

import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import numpy as np

from autograder import temporary
from autograder.checks.code_under_test import CodeError
from autograder.errors import SetupError, SubmissionError

from . import launch
from .client import Remote
from .levels import LaunchError, Limits, Profile

SECONDS = 45.0
LIMITS = Limits(disk=256 * 2**20, file_size=64 * 2**20, cpu_seconds=45, processes=128, removes=True)
BUILDING = Profile(LIMITS, ("numpy", "Cython", "setuptools", "_distutils_hack"))
"""Profile of a runner that builds. Other runners do not get these build tools."""
COMPILERS = ("gcc", "clang", "cc")
SYSTEM = "/usr/bin:/usr/local/bin:/bin"
"""Folders in which the sandbox has compilers on Linux. It cannot reach ccache or conda's compilers elsewhere."""
MAX_LIBRARY = 32 * 2**20


class BuildError(SubmissionError):
    """The submitted source does not build: one sentence says why.

    Attributes
    ----------
    lasting : bool
        True if the build would fail again in the same way; False if it may have run out of time or memory.
    """

    def __init__(self, sentence: str, lasting: bool) -> None:
        super().__init__(sentence)
        self.lasting = lasting


class NoCompilerError(SetupError):
    """This machine cannot build extensions: the grader's fault."""


def build(level: int, file: Path, older: bool = False) -> bytes:
    """Build an extension.

    Parameters
    ----------
    level : {3, 2, 1}
        Level of the sandbox.
    file : Path
        The ``.pyx`` file. The sandbox gets a copy of this file and no other file of its folder.
    older : bool
        Whether to compile by the rules of Cython 0.29.

    Returns
    -------
    bytes
        The content of the shared library.

    Raises
    ------
    BuildError
        If the source is at fault.
    NoCompilerError
        If this machine is at fault.
    """
    compiler = find_compiler()
    with temporary.folder("build") as alone:
        source = Path(alone, file.name)
        shutil.copyfile(file, source)
        os.chmod(alone, 0o755)
        source.chmod(0o644)
        try:
            process = launch.start(level, Path(alone), BUILDING)
        except LaunchError as error:
            raise NoCompilerError(f"The sandbox for building extensions does not start: {error}") from None
        remote = Remote(process, SECONDS)
        try:
            library = remote.ask("build", file=file.name, compiler=compiler, older=older)
        except CodeError as error:
            if error.kind == "build":
                raise BuildError(error.message, lasting=True) from None
            raise BuildError(f"Building {file.name} did not finish. {error.message}", lasting=False) from None
        finally:
            remote.close()
    if not isinstance(library, np.ndarray) or library.dtype != np.uint8 or library.nbytes > MAX_LIBRARY:
        raise BuildError(f"Building {file.name} gave no library of at most {MAX_LIBRARY >> 20} MB.", lasting=True)
    return library.tobytes()


def try_out(level: int) -> str:
    """Build an extension of two lines; return "" or the reason why this fails on this machine."""
    with temporary.folder("build") as folder:
        file = Path(folder, "tiny.pyx")
        file.write_text("def double(int x):\n    return 2 * x\n")
        try:
            build(level, file)
        except (BuildError, NoCompilerError) as error:
            return str(error)
    return ""


def find_compiler() -> str:
    """Return the path of the C compiler, or "" on Windows, where setuptools finds it.

    Raises
    ------
    NoCompilerError
        If there is no compiler, or if Cython or setuptools is not installed.
    """
    missing = [tool for tool in ("Cython", "setuptools") if importlib.util.find_spec(tool) is None]
    if missing:
        raise NoCompilerError(f"{missing[0]} is not installed.")
    if sys.platform == "win32":
        return ""
    usual = str(sysconfig.get_config_var("CC") or "").split()[:1]
    for name in (*(Path(part).name for part in usual), *COMPILERS):
        path = shutil.which(name, path=SYSTEM if sys.platform == "linux" else None)
        if path is not None:
            return str(Path(path).resolve())  # the sandbox has no /etc/alternatives
    raise NoCompilerError("There is no C compiler in the system's folders: install gcc or clang.")
