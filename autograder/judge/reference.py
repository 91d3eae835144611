"""The reference, and its mistaken versions, in the judge's own process: the instructor's code, which is trusted.

Not for submissions: those never come here.
"""

import functools
import itertools
import tempfile
from pathlib import Path

from autograder.checks.host import Local, PackageHost, load_package
from autograder.mistakes import Mistake
from autograder.mistakes.mistake import copy_package

PACKAGE = "cs231n"


@functools.cache
def reference(source: Path, notebook: str = "", framework: str = "") -> Local:
    """Return the reference solution in ``source`` as a backend, with what one of its notebooks defines."""
    return _local(source, "reference", (notebook,) if notebook else (), framework)


@functools.cache
def mistaken(source: Path, mistake: Mistake) -> Local:
    """Return the reference with one known mistake as a backend."""
    folder = Path(tempfile.mkdtemp(dir=_scratch().name))
    copy_package(source / PACKAGE, folder / PACKAGE)
    # the instructor's lines point at other rooms by this file's place; modules need none of them
    (folder / PACKAGE / "__init__.py").write_text("")
    mistake.apply(folder / PACKAGE)
    return _local(folder, "mistaken")


_numbers = itertools.count()


@functools.cache
def _scratch() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="autograder-mistakes-")


def _local(folder: Path, kind: str, notebooks: tuple[str, ...] = (), framework: str = "") -> Local:
    name = f"autograder_{kind}_{next(_numbers)}"  # a process may know several courses
    load_package(folder / PACKAGE, name)
    return Local(PackageHost(name, folder, notebooks, framework))
