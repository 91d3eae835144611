"""Compile a submission's Cython extension, inside a runner that only builds.

The build uses the tools that the judge provides, never the submission's ``setup.py``. Only other runners load the
compiled library. See ``judge.extension`` for the decision to build.
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

TOO_LARGE = "File size limit exceeded"
"""What compilers say when the system stops them at that limit."""
WHOLE_DIVISION = "Cannot assign type 'double' to"
"""Part of Cython 3's error for ``/`` between whole numbers, which Cython 0.29 accepts."""


OLDER = {"language_level": "2", "legacy_implicit_noexcept": True}
"""Directives by which Cython 3 understands most files that were written for Cython 0.29."""


def compile_extension(source: Path, compiler: str, older: bool = False) -> np.ndarray:
    """Build one ``.pyx`` file.

    Parameters
    ----------
    source : Path
        The submission's file, which is only read.
    compiler : str
        Path of the C compiler, or "" for the one that setuptools finds.
    older : bool
        Whether to compile by the rules of Cython 0.29 and Python 2: ``/`` divides whole numbers, for example.

    Returns
    -------
    ndarray, uint8, (bytes,)
        The content of the shared library.

    Raises
    ------
    CodeError
        Of kind ``build``, with the first error in the source; of kind ``crash`` if Cython or the compiler failed for
        another reason.
    """
    if compiler:
        os.environ["CC"] = compiler
        if sys.platform == "linux":
            os.environ["LDSHARED"] = f"{compiler} -shared"
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        shutil.copyfile(source, source.name)
        if older:
            _forget_language_level(Path(source.name))
        name, log = source.stem, Path("log")
        try:
            with _written_to(log):
                _build(name, source.name, OLDER if older else {"language_level": "3"})
            (library,) = Path().glob(f"{name}.*{'.pyd' if sys.platform == 'win32' else '.so'}")
            return np.frombuffer(library.read_bytes(), dtype=np.uint8)
        except (Exception, SystemExit) as error:
            gave_up = CodeError("crash", f"The compiler failed ({str(error)[-100:]}).")
            raise _refusal(source.name, log, error) or gave_up from None


def _forget_language_level(file: Path) -> None:
    """Remove the language level from a file's first comments, which take precedence over other directives."""
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    comments = re.match(r"(?:[ \t]*#[^\n]*\n|\s*\n)*", text)
    end = comments.end() if comments else 0
    head = re.sub(r"\blanguage_level\s*=\s*\w+", "language_level=2", text[:end])
    file.write_text(head + text[end:], encoding="utf-8", errors="surrogateescape")


def _build(name: str, file: str, directives: dict[str, object]) -> None:
    # setuptools vendors its dependencies; a runner may not have other copies of them
    spec = importlib.util.find_spec("setuptools")
    sys.path[:0] = [f"{home}/_vendor" for home in (spec.submodule_search_locations or [] if spec else [])]
    sys.modules.setdefault("cython", importlib.import_module("Cython.Shadow"))  # cython.py itself is not mounted
    setuptools, cython = importlib.import_module("setuptools"), importlib.import_module("Cython.Build")
    extension = setuptools.Extension(name, [file], include_dirs=[np.get_include()])
    modules = cython.cythonize([extension], compiler_directives=directives, quiet=True)
    # ignore `# distutils: ...` comments of the file: they could add sources, options or libraries
    options = [] if sys.platform == "win32" else ["-g0"]
    plain = setuptools.Extension(name, modules[0].sources[:1], [np.get_include()], extra_compile_args=options)
    setuptools.setup(name=name, ext_modules=[plain], script_args=["-q", "build_ext", "--build-lib", "."])


def _refusal(file: str, log: Path, error: BaseException) -> CodeError | None:
    """Return the first error in the source, from the tools' log or exception. Return None if they found no error."""
    said = log.read_text(encoding="utf-8", errors="replace")[:200_000]
    if TOO_LARGE in said:  # a limit that no busy machine reaches
        return CodeError("build", f"Building {file} did not finish: it writes a file of more than the allowed size.")
    found = re.search(rf"^{re.escape(file)}:(\d+):\d+: (?!.*cimported)(.*)$", said, re.MULTILINE)
    if found:
        advice = " Cython 3 divides as Python 3 does: write // for whole numbers." if WHOLE_DIVISION in said else ""
        reason = f"line {found[1]}: {found[2].strip().rstrip('.')}.{advice}"
        return CodeError("build", f"{file} does not compile under Cython 3: {reason}")
    if type(error).__module__.startswith("Cython"):
        return CodeError("build", f"{file} does not compile under Cython 3: {str(error)[:300]}.")
    found = re.search(rf"^[^\n]*{re.escape(Path(file).stem)}[^\n]*?(?:fatal )?[Ee]rror: ([^\n]+)", said, re.MULTILINE)
    if found:
        return CodeError("build", f"The C compiler does not accept Cython's C code for {file}: {found[1][:300]}")
    if isinstance(error, PermissionError):
        return CodeError("build", f"{file} does not compile: it uses a file that the course does not provide.")
    if re.search(r"exit (code|status) 1\b", str(error)):  # other codes: the compiler was ended
        said = next((line for line in said.splitlines() if "rror" in line), "the compiler gives no reason")
        return CodeError("build", f"The C compiler does not accept Cython's C code for {file}: {said[:300]}")
    return None


@contextlib.contextmanager
def _written_to(log: Path) -> Iterator[None]:
    """Redirect all output of this process and its children: Cython writes to ``sys.stderr``, compilers to 1 and 2."""
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
