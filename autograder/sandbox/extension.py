"""Build a submission's Cython extension in a sandbox of its own: no network, its own limits, thrown away afterwards.

Compilers start processes, which other runners may not; so this one never imports anything of the submission.
What happens inside is in ``compile``; keeping what was built is the judge's.
"""

import importlib.util
import shutil
import sys
import sysconfig
from pathlib import Path

from autograder.checks.subject import SubjectError

from . import launch
from .levels import LaunchError, Limits
from .remote import Remote

SECONDS = 90.0
LIMITS = Limits(disk=256 * 2**20, cpu_seconds=90, processes=128)
TOOLS = ("numpy", "Cython", "setuptools", "_distutils_hack")
COMPILERS = ("gcc", "clang", "cc")
MAX_LIBRARY = 32 * 2**20


class BuildError(Exception):
    """The submitted source does not build: one sentence says why.

    Attributes
    ----------
    lasting : bool
        Whether it would fail again in the same way, rather than having run out of time or memory.
    """

    def __init__(self, sentence: str, lasting: bool) -> None:
        super().__init__(sentence)
        self.lasting = lasting


class NoCompilerError(Exception):
    """This machine cannot build extensions: a fault of ours."""


def build(level: int, folder: Path, file: str) -> bytes:
    """Build an extension.

    Parameters
    ----------
    level : {3, 2, 1}
        Of the sandbox.
    folder : Path
        A taken-in submission.
    file : str
        The ``.pyx`` file in it.

    Returns
    -------
    bytes
        The shared library.

    Raises
    ------
    BuildError
        If the source is at fault.
    NoCompilerError
        If this machine is.
    """
    compiler = find_compiler()
    try:
        process = launch.start(level, folder, (), LIMITS, tuple(tool for tool in TOOLS if _installed(tool)))
    except LaunchError as error:
        raise NoCompilerError(f"The sandbox for building extensions does not start: {error}") from None
    remote = Remote(process, SECONDS)
    try:
        library = remote.ask("build", file=file, compiler=compiler)
        return bytes(library.tobytes()[:MAX_LIBRARY])
    except SubjectError as error:
        lasting = error.kind == "build"
        message = error.message if lasting else f"Building {Path(file).name} did not come to an end. {error.message}"
        raise BuildError(message, lasting) from None
    finally:
        remote.close()


def find_compiler() -> str:
    """Return the path of the C compiler, or "" on Windows, where setuptools finds it.

    Raises
    ------
    NoCompilerError
        If there is none.
    """
    missing = [tool for tool in TOOLS[:3] if not _installed(tool)]
    if missing:
        raise NoCompilerError(f"{missing[0]} is not installed.")
    if sys.platform == "win32":
        return ""
    for name in (*str(sysconfig.get_config_var("CC") or "").split()[:1], *COMPILERS):
        path = shutil.which(name)
        if path is not None:
            return str(Path(path).resolve())  # the sandbox has no /etc/alternatives
    raise NoCompilerError("There is no C compiler: install gcc or clang.")


def _installed(tool: str) -> bool:
    return importlib.util.find_spec(tool) is not None
