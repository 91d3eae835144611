"""Inside the sandbox: translate a submission's Cython extension and compile it. Used by a runner that builds.

It works with the tools that the judge lays out for it, never with a ``setup.py`` of the submission; the code that it
makes is loaded by other runners only. Not for deciding whether to build: see ``extension``.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autograder.checks.code_under_test import CodeError

WHOLE_DIVISION = "Cannot assign type 'double' to"
"""What Cython 3 says of code for Cython 0.29 that divides whole numbers with ``/``."""


def compile_extension(source: Path, compiler: str) -> np.ndarray:
    """Build one ``.pyx`` file.

    Parameters
    ----------
    source : Path
        The submission's file, which is only read.
    compiler : str
        Path of the C compiler, or "" for the one that setuptools finds.

    Returns
    -------
    ndarray, uint8, (bytes,)
        The shared library.

    Raises
    ------
    CodeError
        Of kind ``build``, with the first thing that Cython or the compiler did not like; of kind ``crash`` where they
        could not do their work.
    """
    if compiler:
        os.environ["CC"] = compiler
        if sys.platform == "linux":
            os.environ["LDSHARED"] = f"{compiler} -shared"
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        shutil.copyfile(source, source.name)
        name, log = source.stem, Path("log")
        try:
            with _written_to(log):
                _build(name, source.name)
            (library,) = Path().glob(f"{name}.*{'.pyd' if sys.platform == 'win32' else '.so'}")
            return np.frombuffer(library.read_bytes(), dtype=np.uint8)
        except (Exception, SystemExit) as error:
            gave_up = CodeError("crash", f"The compiler gave up ({str(error)[-100:]}).")
            raise _refusal(source.name, log, error) or gave_up from None


def _build(name: str, file: str) -> None:
    # what setuptools needs lies in it; other copies of that may be out of reach
    spec = importlib.util.find_spec("setuptools")
    sys.path[:0] = [f"{home}/_vendor" for home in (spec.submodule_search_locations or [] if spec else [])]
    sys.modules.setdefault("cython", importlib.import_module("Cython.Shadow"))  # a single file, which is not mounted
    setuptools, cython = importlib.import_module("setuptools"), importlib.import_module("Cython.Build")
    extension = setuptools.Extension(name, [file], include_dirs=[np.get_include()])
    modules = cython.cythonize([extension], compiler_directives={"language_level": "3"}, quiet=True)
    # what a file says of its own compilation (`# distutils: ...`) is not followed: no sources, options or libraries
    options = [] if sys.platform == "win32" else ["-g0"]
    plain = setuptools.Extension(name, modules[0].sources[:1], [np.get_include()], extra_compile_args=options)
    setuptools.setup(name=name, ext_modules=[plain], script_args=["-q", "build_ext", "--build-lib", "."])


def _refusal(file: str, log: Path, error: BaseException) -> CodeError | None:
    """One sentence about what is wrong with the source, from what the tools wrote; None where they found nothing."""
    said = log.read_text(encoding="utf-8", errors="replace")[:200_000]
    found = re.search(rf"^{re.escape(file)}:(\d+):\d+: (?!.*cimported)(.*)$", said, re.MULTILINE)
    if found:
        advice = " Cython 3 divides as Python 3 does: write // for whole numbers." if WHOLE_DIVISION in said else ""
        reason = f"line {found[1]}: {found[2].strip().rstrip('.')}.{advice}"
        return CodeError("build", f"{file} does not compile under Cython 3: {reason}")
    if type(error).__module__.startswith("Cython"):
        return CodeError("build", f"{file} does not compile under Cython 3: {str(error)[:300]}.")
    found = re.search(rf"^[^\n]*{re.escape(Path(file).stem)}[^\n]*?(?:fatal )?[Ee]rror: ([^\n]+)", said, re.MULTILINE)
    if found:
        return CodeError("build", f"The C compiler does not accept what Cython made of {file}: {found[1][:300]}")
    if isinstance(error, PermissionError):
        return CodeError("build", f"{file} does not compile: it asks for a file that is not the course's.")
    if re.search(r"exit (code|status) 1\b", str(error)):  # it is a larger one where something ended the compiler
        said = next((line for line in said.splitlines() if "rror" in line), "it does not say why")
        return CodeError("build", f"The C compiler does not accept what Cython made of {file}: {said[:300]}")
    return None


@contextlib.contextmanager
def _written_to(log: Path) -> Iterator[None]:
    """Send what this process and its children write to a file; Cython looks for ``sys.stderr``, compilers do not."""
    kept = os.dup(1), os.dup(2), sys.stdout, sys.stderr
    with log.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = file
        try:
            yield
        finally:
            sys.stdout, sys.stderr = kept[2:]
            for number, descriptor in enumerate(kept[:2], start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
