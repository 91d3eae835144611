"""``python -m PACKAGE.doctor``: says what is missing on this machine, and the command that mends it.

It installs nothing, changes nothing and needs no network. It uses only the standard library, because NumPy may be what
is missing.
"""

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import extension, jupyter, packages
from .findings import BETTER, MISSING, OK, Finding
from .wanted import DESCRIPTION, Wanted, read

HOOK = "kit.student.doctor"
"""The module of an assignment that may define ``findings()``: about its data, for example."""


def findings(folder: Path, wanted: Wanted) -> Iterator[Finding]:
    """Yield what is there and what is missing.

    Parameters
    ----------
    folder : Path
        The student's folder.
    wanted : Wanted
    """
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(OK, f"Python {version} ({sys.prefix})")
    yield from _complete(folder, wanted)
    yield from packages.findings(folder, wanted)
    yield from extension.findings(folder, wanted)
    yield from jupyter.findings(wanted)
    yield from _of_the_course()


def _complete(folder: Path, wanted: Wanted) -> Iterator[Finding]:
    """Yield whether the release's files are all there."""
    public = [
        *wanted.modules,
        *(one.name for one in wanted.notebooks),
        "tests/recorded/answers.npz",
        "tests/conftest.py",
    ]
    lost = [name for name in public if not (folder / name).is_file()]
    if lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        yield Finding(
            MISSING,
            f"Files of the assignment are missing here: {', '.join(lost[:3])}{more}.",
            "Unpack the assignment again beside this folder, then run: "
            f"python -m {wanted.package}.checks.update PATH_OF_THE_UNPACKED_FOLDER",
        )
    else:
        yield Finding(OK, f"The files of the assignment ({folder})")
    if Path.cwd() != folder:
        yield Finding(BETTER, "This is another folder than the assignment's.", f"cd {_quoted(folder)}")


def _of_the_course() -> Iterator[Finding]:
    """Yield the findings of the assignment's own code, which may need what is missing."""
    home = (__package__ or "").rpartition(".")[0]
    if not Path(__file__).parents[1].joinpath(*HOOK.split(".")).with_suffix(".py").is_file():
        return
    try:
        yield from importlib.import_module(f"{home}.{HOOK}").findings()
    except ImportError as error:
        yield Finding(
            MISSING, f"The rest cannot be checked yet ({error}).", "Install what is missing, and run this again."
        )


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)


def told(found: Sequence[Finding]) -> str:
    """Return the findings as text for a terminal: what is fine first, then what to do, each thing once."""
    lines = [f"{'ok':8} {one.what}" for one in found if one.state == OK]
    for state in (MISSING, BETTER):
        for one in (one for one in found if one.state == state):
            lines += ["", f"{state if state == MISSING else 'better':8} {one.what}"]
            lines += [f"{'':8} {one.cure}"] if one.cure else []
    missing = sum(one.state == MISSING for one in found)
    ending = "You can begin." if not missing else f"{missing} thing{'s are' if missing > 1 else ' is'} missing."
    return "\n".join([*lines, "", ending])


def main(arguments: Sequence[str] | None = None, folder: Path | None = None) -> int:
    """Print the findings. Return 1 if something is missing, else 0."""
    described = "Say what is missing on this machine, and the command that mends it."
    argparse.ArgumentParser(prog="doctor", description=described).parse_args(arguments)
    folder = folder or Path(__file__).resolve().parents[2]
    try:
        wanted = read(folder)
    except (OSError, ValueError, KeyError, TypeError):
        print(f"{folder / DESCRIPTION} is missing or damaged: unpack the assignment again.", file=sys.stderr)
        return 1
    print(f"{wanted.title}\n")
    found = list(findings(folder, wanted))
    print(told(found))
    return int(any(one.state == MISSING for one in found))
