"""Take in what was handed in: copy the kinds of files that count, within limits, following no links.

Reads a folder as hostile data and executes nothing. Not for archives of many students: nbgrader collects those.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

KINDS = {".py": 2 * 2**20, ".pyx": 2 * 2**20, ".ipynb": 64 * 2**20, ".npz": 256 * 2**20}
"""What is taken in, and how many bytes of each at the most."""
MAX_FILES = 400
MAX_ENTRIES = 20_000
MAX_TOTAL = 512 * 2**20
MAX_DEPTH = 6
UNIMPORTANT = {".ini", ".toml", ".cfg", ".txt", ".md", ".sh", ".png", ".jpg", ".json", ".csv", ".html"}
"""Left out without a word: honest folders hold them, and nothing of them is needed."""
COMPILED = {".c", ".so", ".pyd"}
SKIPPED = {"__pycache__", ".git", ".ipynb_checkpoints", "build", "datasets", "cifar-10-batches-py", "checks", "tests"}
"""Folders that are not the student's work, or need not be looked at."""


class SubmissionError(Exception):
    """A folder that cannot be graded at all: one sentence says why."""


@dataclass(frozen=True)
class Submission:
    """A taken-in submission.

    Attributes
    ----------
    folder : Path
        Our copy.
    digest : str
        SHA-256 over names and contents.
    files : tuple of str
        What was taken in, relative, sorted.
    left_out : tuple of str
        What was not, each with the reason; the first hundred.
    """

    folder: Path
    digest: str
    files: tuple[str, ...]
    left_out: tuple[str, ...]


def find_root(folder: Path) -> Path:
    """Return the folder that holds ``cs231n``: this one, or the only one below it that does.

    Raises
    ------
    SubmissionError
        If there is no such folder, or nothing to read.
    """
    if not folder.is_dir():
        raise SubmissionError(f"{folder} is not a folder: give the folder that holds the cs231n package.")
    if (folder / "cs231n").is_dir() or any(folder.glob("*.ipynb")):
        return folder
    below = [child.parent for child in sorted(folder.glob("*/cs231n")) if child.is_dir() and not child.is_symlink()]
    if len(below) == 1 and not below[0].is_symlink():
        return below[0]
    name = folder.resolve().name
    raise SubmissionError(f"{name} holds no cs231n package and no notebook: give the folder that holds them.")


def take_in(source: Path, into: Path) -> Submission:
    """Copy what counts of ``source`` to the empty folder ``into``.

    Parameters
    ----------
    source : Path
        The handed-in folder; only read, links in it are not followed.
    into : Path
        Created if need be.

    Returns
    -------
    Submission

    Raises
    ------
    SubmissionError
        If the folder holds more entries than anyone hands in honestly, or cannot be read.
    """
    into.mkdir(parents=True, exist_ok=True)
    taken: dict[str, str] = {}
    left_out: list[str] = []
    seen_names: set[str] = set()
    total = entries = 0
    pending = [(source, "", 0)]
    while pending:
        folder, prefix, depth = pending.pop()
        for entry in _entries(folder):
            entries += 1
            if entries > MAX_ENTRIES:
                raise SubmissionError(
                    f"{source.name} holds more than {MAX_ENTRIES:,} files: hand in the course's only."
                )
            name = prefix + entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                if entry.name in SKIPPED or entry.name.startswith(".") or entry.name.endswith(".egg-info"):
                    continue
                if depth < MAX_DEPTH:
                    pending.append((Path(entry.path), name + "/", depth + 1))
                else:
                    left_out.append(f"{_printable(name)} (too deep)")
                continue
            reason = _reason_against(name, mode, seen_names, len(taken))
            content = _read(Path(entry.path), KINDS.get(Path(name).suffix, 0)) if not reason else None
            if stat.S_ISREG(mode) and (Path(name).suffix in UNIMPORTANT or _made_from_source(Path(entry.path))):
                continue
            if content is None or total + len(content) > MAX_TOTAL:
                left_out.append(f"{_printable(name)} ({reason or 'too large'})")
                continue
            total += len(content)
            seen_names.add(name.casefold())
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            taken[name] = hashlib.sha256(content).hexdigest()
    for path in (into, *into.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    listing = "\n".join(f"{name}\0{digest}" for name, digest in sorted(taken.items()))
    digest = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
    return Submission(into, digest, tuple(sorted(taken)), tuple(sorted(left_out)[:100]))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise SubmissionError(f"{folder.name} cannot be read: {error.strerror}.") from None


def _reason_against(name: str, mode: int, seen: set[str], count: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if not stat.S_ISREG(mode):
        return "not a plain file"
    if not name.isprintable():
        return "its name has control characters"
    if Path(name).suffix not in KINDS:
        return "not a kind of file that counts"
    if name.casefold() in seen:
        return "its name differs from another in case only"
    if count >= MAX_FILES:
        return "too many files"
    return ""


def _made_from_source(path: Path) -> bool:
    """Whether it is what building an extension leaves beside the source: not needed, since we build our own."""
    return path.suffix in COMPILED and path.with_name(path.name.partition(".")[0] + ".pyx").is_file()


def _read(path: Path, limit: int) -> bytes | None:
    """Read a plain file without following a link, or return None if it is too large or gone."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = file.read(limit + 1)
    return content if len(content) <= limit else None


def _printable(name: str) -> str:
    return ascii(name)[1:-1][:200]
