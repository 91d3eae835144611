"""Take in a student's folder or archive: copy the accepted kinds of files, within limits, without links.

The folder or archive is hostile input, and nothing in it is executed. nbgrader collects archives of many students.
"""

import hashlib
import os
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autograder.errors import SubmissionError

from .archive import SUFFIXES, entries_of_archive, is_archive
from .entries import Entry, Unreadable, entries_of_folder

KINDS = {".py": 2 * 2**20, ".pyx": 2 * 2**20, ".ipynb": 64 * 2**20}
"""File endings that every assignment accepts, and the most bytes of each file."""
MAX_FILES = 400
MAX_ENTRIES = 20_000
MAX_TOTAL = 512 * 2**20
"""Bytes of all files that intake reads, accepted or not."""
MAX_DEPTH = 6
MAX_NAME = 240
"""Bytes of a name with its folders, which every file system allows below the store's folder."""
UNIMPORTANT = {".ini", ".toml", ".cfg", ".txt", ".md", ".sh", ".png", ".jpg", ".json", ".csv", ".html"}
"""Files that are left out without a message: honest folders hold them, and grading does not need them."""
LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
"""Files of operating systems, also left out without a message. macOS adds files whose names begin with ``._``."""
COMPILED = {".c", ".so", ".pyd"}
SKIPPED = {"__pycache__", "__MACOSX", ".git", ".ipynb_checkpoints", "build", "checks", "kit", "tests"}
"""Folders that intake skips: not the student's work, or not needed."""
PORTS = {port + number for port in ("com", "lpt") for number in "0123456789"}
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", *PORTS}
"""Names of devices on Windows, with any suffix."""
UNPORTABLE = set('\\:*?"<>|')
"""Characters that Windows does not allow in names. There a backslash or a colon can lead out of the folder."""


@dataclass(frozen=True)
class Rules:
    """An assignment's rules for its submissions.

    Attributes
    ----------
    package : str
        The students' package: the folder by which intake finds a submission.
    kinds : tuple of (str, int)
        File endings that are accepted besides `KINDS`, and the most bytes of each file.
    skipped : tuple of str
        Names of folders that intake skips besides `SKIPPED`.
    """

    package: str
    kinds: tuple[tuple[str, int], ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def limits(self) -> dict[str, int]:
        """The most bytes of a file, by its ending."""
        return {**KINDS, **dict(self.kinds)}

    def skips(self, folder: str) -> bool:
        """Tell whether intake skips folders of this name."""
        hidden = folder.startswith(".") and folder not in (".", "..")
        return hidden or folder in SKIPPED or folder in self.skipped or folder.endswith(".egg-info")


@dataclass(frozen=True)
class Submission:
    """A submission, as intake has stored it.

    Attributes
    ----------
    folder : Path
        The folder of the copied files.
    digest : str
        SHA-256 over names and contents, which is the same for a folder and for an archive of it.
    files : tuple of str
        Names of the accepted files, relative to ``folder``, sorted.
    left_out : tuple of str
        Names of left-out files, each with the reason; at most a hundred. Unneeded files are not listed.
    hashes : tuple of str
        SHA-256 of each file in ``files``.
    """

    folder: Path
    digest: str
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    hashes: tuple[str, ...] = ()

    def without(self, names: Container[str]) -> "Submission":
        """Return the submission without some of its files, with the digest of the remaining files."""
        kept = {name: own for name, own in zip(self.files, self.hashes, strict=True) if name not in names}
        return replace(self, digest=digest_of(kept), files=tuple(kept), hashes=tuple(kept.values()))


def digest_of(files: Mapping[str, str]) -> str:
    """Return one digest of several files, from their names and SHA-256 hashes."""
    listing = "\n".join(f"{name}\0{own}" for name, own in sorted(files.items()))
    return hashlib.sha256(listing.encode()).hexdigest()


def find_root(handed_in: Path, rules: Rules) -> Path:
    """Return the folder or archive to take in.

    Returns
    -------
    Path
        The folder that holds the package or notebooks: ``handed_in``, or its only subfolder with the package. If there
        is none, the only archive in ``handed_in``. If ``handed_in`` is an archive, the archive: `take_in` finds the
        folder in it.

    Raises
    ------
    SubmissionError
        If there is nothing to grade, or ``handed_in`` cannot be read.
    """
    try:
        if handed_in.is_file() and is_archive(handed_in.name):
            return handed_in
        if not handed_in.is_dir():
            raise SubmissionError(
                f"{handed_in} is neither a folder nor an archive ({', '.join(SUFFIXES)}): "
                f"give the folder that holds the {rules.package} package."
            )
        return _root_of_folder(handed_in, rules)
    except OSError as error:
        raise SubmissionError(f"{_printable(handed_in.name)} cannot be read: {error.strerror}.") from None


def _root_of_folder(folder: Path, rules: Rules) -> Path:
    package = rules.package
    if (folder / package).is_dir() or any(folder.glob("*.ipynb")):
        return folder
    packages = (child for child in sorted(folder.glob(f"*/{package}")) if child.is_dir() and not child.is_symlink())
    below = [child.parent for child in packages if not child.parent.is_symlink() and not rules.skips(child.parent.name)]
    if len(below) == 1:
        return below[0]
    name = _printable(folder.resolve().name)
    if below:
        raise SubmissionError(f"{name} {_several(package, (folder.name for folder in below))}.")
    with os.scandir(folder) as found:
        archives = [entry.path for entry in found if is_archive(entry.name) and entry.is_file(follow_symlinks=False)]
    if len(archives) > 1:
        raise SubmissionError(f"{name} holds {len(archives)} archives and nothing else to grade: hand in one of them.")
    if not archives:
        raise SubmissionError(f"{name} holds no {package} package and no notebook: give the folder that holds them.")
    return Path(archives[0])


def _root_in_archive(names: Iterable[str], rules: Rules) -> str:
    """Do the same as `_root_of_folder` with the names of all entries. Return "" or a folder's name with a slash."""
    package = rules.package
    here, below = False, set()
    for name in names:
        first, _, rest = name.partition("/")
        here |= first.endswith(".ipynb") if name == first else first == package
        if rest.startswith(f"{package}/") and not rules.skips(first):
            below.add(first + "/")
    if not here and len(below) > 1:
        raise Unreadable(_several(package, below))
    if not here and not below:
        raise Unreadable(f"holds no {package} package and no notebook: pack the folder that holds them")
    return "" if here else below.pop()


def _several(package: str, folders: Iterable[str]) -> str:
    names = ", ".join(sorted(_printable(folder.rstrip("/")) for folder in folders)[:5])
    return f"holds several {package} packages ({names}): hand in one of them"


def take_in(source: Path, into: Path, rules: Rules) -> Submission:
    """Copy the accepted files of ``source`` to the empty folder ``into``.

    Parameters
    ----------
    source : Path
        The student's folder or archive, from `find_root`. It is only read, and its links are not followed.
    into : Path
        The target folder, which is created if it does not exist.
    rules : Rules

    Returns
    -------
    Submission
        The submission. If several entries have the same name, the first one counts.

    Raises
    ------
    SubmissionError
        If ``source`` holds more than `MAX_ENTRIES` entries or cannot be read.
    """
    into.mkdir(parents=True, exist_ok=True)
    intake = _Intake(into, rules)
    try:
        entries = (
            _packed(source, rules) if source.is_file() else entries_of_folder(source, intake.goes_on_in, MAX_ENTRIES)
        )
        for entry in entries:
            intake.look_at(entry)
    except Unreadable as why:
        raise SubmissionError(f"{_printable(source.name)} {why}.") from None
    return intake.result()


def _packed(archive: Path, rules: Rules) -> Iterator[Entry]:
    """Yield the entries of an archive, with names relative to its root. A broken archive yields no entry."""
    with closing(entries_of_archive(archive)) as entries:
        root = _root_in_archive((entry.name + "/" * entry.is_folder for entry in entries), rules)
    for entry in entries_of_archive(archive):
        if entry.name.startswith(root):
            yield replace(entry, name=entry.name[len(root) :])
        elif _fault_of(entry.name):  # report hostile names outside the root too
            yield entry


class _Intake:
    """Applies the rules to the entries of a folder or archive, and remembers which files it accepted."""

    def __init__(self, into: Path, rules: Rules) -> None:
        self._into, self._rules, self._limits = into, rules, rules.limits
        self._taken: dict[str, str] = {}
        self._left_out: dict[str, str] = {}
        self._names: dict[str, bool] = {}  # folded name: True for a file, False for a folder
        self._sources: set[str] = set()
        self._entries = self._read = 0

    def goes_on_in(self, folder: str) -> bool:
        """Tell whether intake reads the entries of a folder."""
        parts = folder.split("/")
        return len(parts) <= MAX_DEPTH and not any(map(self._rules.skips, parts)) and not _fault_of(folder)

    def look_at(self, entry: Entry) -> None:
        """Copy an entry, or leave it out."""
        name = entry.name
        folder, _, last = name.rpartition("/")
        parts = name.split("/") if entry.is_folder else folder.split("/") if folder else []
        if any(map(self._rules.skips, parts)):
            return
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise Unreadable(f"holds more than {MAX_ENTRIES:,} files: hand in the course's files only")
        suffix = PurePosixPath(name).suffix
        if suffix == ".pyx" and not entry.trouble:
            self._sources.add(name)
        if fault := _fault_of(name):
            self._leave_out(name, fault)
        elif len(parts) > MAX_DEPTH:
            self._leave_out("/".join(parts[: MAX_DEPTH + 1]), "nested too deeply")
        elif entry.is_folder or (not entry.trouble and _is_unimportant(last, suffix)):
            return
        elif reason := self._reason_against(entry, suffix) or self._copy(entry, self._limits[suffix]):
            self._leave_out(name, reason)

    def _leave_out(self, name: str, reason: str) -> None:
        self._left_out.setdefault(f"{_printable(name)} ({reason})", name)

    def _reason_against(self, entry: Entry, suffix: str) -> str:
        if entry.trouble:
            return entry.trouble
        if is_archive(entry.name):
            return "an archive within the submission"
        if suffix not in self._limits:
            return "not a kind of file that is accepted"
        if entry.name in self._taken:
            return "an earlier file has the same name"
        folded = _fold(entry.name)
        if self._names.get(folded):
            return "its name differs from an earlier file's name only in case"
        if folded in self._names or any(self._names.get(folder) for folder in _folders_above(folded)):
            return "a file and a folder have the same name"
        if len(self._taken) >= MAX_FILES:
            return "too many files"
        return "too large" if entry.size > self._limits[suffix] else ""

    def _copy(self, entry: Entry, limit: int) -> str:
        """Copy a file of at most ``limit`` bytes. Return the reason to leave it out, or ""."""
        target = self._into / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        folded = _fold(entry.name)
        self._names.update(dict.fromkeys(_folders_above(folded), False))
        size, reason = 0, ""
        with target.open("xb") as file:
            try:
                for chunk in entry.chunks():
                    size += len(chunk)
                    self._read += len(chunk)
                    if size > limit or self._read > MAX_TOTAL:
                        reason = "too large"
                        break
                    file.write(chunk)
                    digest.update(chunk)
            except Unreadable as why:
                reason = str(why)
        if reason:
            target.unlink()
            return reason
        self._taken[entry.name] = digest.hexdigest()
        self._names[folded] = True
        return ""

    def result(self) -> Submission:
        """Make the accepted files readable for the runner's user, and return the submission."""
        for path in (self._into, *self._into.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        left_out = sorted(said for said, name in self._left_out.items() if not self._made_from_source(name))
        taken = dict(sorted(self._taken.items()))
        return Submission(self._into, digest_of(taken), tuple(taken), tuple(left_out[:100]), tuple(taken.values()))

    def _made_from_source(self, name: str) -> bool:
        """Tell whether a file is a build output beside a ``.pyx`` file: grading builds its own."""
        path = PurePosixPath(name)
        return path.suffix in COMPILED and str(path.with_name(path.name.partition(".")[0] + ".pyx")) in self._sources


def _is_unimportant(name: str, suffix: str) -> bool:
    return suffix in UNIMPORTANT or name.startswith("._") or name.lower() in LITTER


def _fault_of(name: str) -> str:
    """Return the fault of a name, on this system or another, or ""."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "its path is absolute or has an empty, . or .. part"
    if not name.isprintable():  # bytes that are not UTF-8 are not printable either
        return "its name has characters that cannot be printed"
    if len(name.encode()) > MAX_NAME:
        return "its name is too long"
    if UNPORTABLE & set(name) or any(part[-1] in ". " or _is_device(part) for part in parts):
        return "its name does not work on every system"
    return ""


def _is_device(part: str) -> bool:
    return part.partition(".")[0].rstrip().casefold() in DEVICES


def _fold(name: str) -> str:
    """Return a form that is equal for names that some file system treats as the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _folders_above(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name


def _printable(name: str) -> str:
    return ascii(name)[1:-1][:200]
