"""Whether the assignment's compiled extension is built for this Python, from the source as it is now."""

import importlib.machinery
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from .findings import BETTER, OK, Finding
from .wanted import Wanted

COMPILERS = {
    "Linux": "Install one (Debian, Ubuntu: sudo apt install gcc libc6-dev; Fedora: sudo dnf install gcc), then run: ",
    "Darwin": "Install one: xcode-select --install, then run: ",
    "Windows": "Install Visual Studio Build Tools (its C++ workload), then run: ",
}
WITHOUT = "NumPy does its work, more slowly, and every check passes without it."


def findings(folder: Path, wanted: Wanted) -> Iterator[Finding]:
    """Yield whether the extension is built, stale, or built for another Python."""
    if not wanted.extension:
        return
    source = folder / wanted.extension
    if not source.is_file():
        return  # the list of missing files names it
    build = f"{Path(sys.executable).stem} -m Cython.Build.Cythonize -i {wanted.extension}"
    built = [path for end in importlib.machinery.EXTENSION_SUFFIXES if (path := source.with_suffix(end)).is_file()]
    if not built:
        others = [path for path in source.parent.glob(f"{source.stem}.*") if path.suffix in (".so", ".pyd")]
        why = "is built for another Python" if others else "is not built"
        cure = f"Run: {build}" if has_compiler() else f"There is no C compiler. {_compiler()}{build}"
        yield Finding(BETTER, f"The extension {wanted.extension} {why}. {WITHOUT}", cure)
    elif max(path.stat().st_mtime for path in built) < source.stat().st_mtime:
        yield Finding(
            BETTER, f"The extension is older than {wanted.extension}: your changes do not count yet.", f"Run: {build}"
        )
    else:
        yield Finding(OK, f"The extension {built[0].name}")


def has_compiler() -> bool:
    """Tell whether a C compiler is found: the one that Python names, a usual one, or Visual Studio."""
    if sys.platform == "win32":
        programs = os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)")
        return (
            bool(shutil.which("cl")) or Path(programs, "Microsoft Visual Studio", "Installer", "vswhere.exe").is_file()
        )
    named = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()
    return any(shutil.which(name) for name in (*named[:1], "cc", "gcc", "clang"))


def _compiler() -> str:
    return COMPILERS.get(platform.system(), "Install one, then run: ")
