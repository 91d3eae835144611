"""Take in what was handed in, a folder or an archive: copy the kinds of files that count, within limits, no links.

Reads it as hostile data and executes nothing. Not for archives of many students: nbgrader collects those.
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
"""What is taken in of every assignment, and how many bytes of each at the most."""
MAX_FILES = 400
MAX_ENTRIES = 20_000
MAX_TOTAL = 512 * 2**20
"""Of all that is read, taken in or not."""
MAX_DEPTH = 6
MAX_NAME = 240
"""Bytes of a name with its folders: fits every file system, below our own folder."""
UNIMPORTANT = {".ini", ".toml", ".cfg", ".txt", ".md", ".sh", ".png", ".jpg", ".json", ".csv", ".html"}
"""Left out without a word: honest folders hold them, and nothing of them is needed."""
LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
"""What systems leave in folders; likewise, as is what macOS keeps under a name that begins with ``._``."""
COMPILED = {".c", ".so", ".pyd"}
SKIPPED = {"__pycache__", "__MACOSX", ".git", ".ipynb_checkpoints", "build", "checks", "kit", "tests"}
"""Folders that are not the student's work, or need not be looked at."""
PORTS = {port + number for port in ("com", "lpt") for number in "0123456789"}
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", *PORTS}
"""Names that stand for devices on Windows, whatever follows a dot."""
UNPORTABLE = set('\\:*?"<>|')
"""Characters that names on Windows cannot have, where a backslash or a colon can lead elsewhere."""


@dataclass(frozen=True)
class Rules:
    """What an assignment says of its submissions.

    Attributes
    ----------
    package : str
        The students' package: the folder by which a submission is known.
    kinds : tuple of (str, int)
        Endings of files that are taken in besides `KINDS`, and the most bytes of each.
    skipped : tuple of str
        Names of folders that are not looked at besides `SKIPPED`.
    """

    package: str
    kinds: tuple[tuple[str, int], ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def limits(self) -> dict[str, int]:
        """The most bytes of a file by its ending."""
        return {**KINDS, **dict(self.kinds)}

    def skips(self, folder: str) -> bool:
        """Whether a folder of this name is not looked at."""
        hidden = folder.startswith(".") and folder not in (".", "..")
        return hidden or folder in SKIPPED or folder in self.skipped or folder.endswith(".egg-info")


@dataclass(frozen=True)
class Submission:
    """A taken-in submission.

    Attributes
    ----------
    folder : Path
        Our copy.
    digest : str
        SHA-256 over names and contents, the same whether they came in a folder or in an archive.
    files : tuple of str
        What was taken in, relative, sorted.
    left_out : tuple of str
        What was not, each with the reason; the first hundred.
    hashes : tuple of str
        SHA-256 of each of the files.
    """

    folder: Path
    digest: str
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    hashes: tuple[str, ...] = ()

    def without(self, names: Container[str]) -> "Submission":
        """Return what is seen of it by those who do not see some of its files, with a digest of just that."""
        kept = {name: own for name, own in zip(self.files, self.hashes, strict=True) if name not in names}
        return replace(self, digest=digest_of(kept), files=tuple(kept), hashes=tuple(kept.values()))


def digest_of(files: Mapping[str, str]) -> str:
    """Return a digest of files, given by name and SHA-256."""
    listing = "\n".join(f"{name}\0{own}" for name, own in sorted(files.items()))
    return hashlib.sha256(listing.encode()).hexdigest()


def find_root(handed_in: Path, rules: Rules) -> Path:
    """Return what of a folder or archive is to be taken in.

    Returns
    -------
    Path
        The folder that holds the package: this one, or the only one below it that does. Where there is none, the only
        archive in it. An archive is returned as it is: `take_in` looks for the folder in it.

    Raises
    ------
    SubmissionError
        If there is nothing to grade, or it cannot be read.
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
    """As `_root_of_folder`, by the names of all entries: "", or a folder with its slash."""
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
    """Copy what counts of ``source`` to the empty folder ``into``.

    Parameters
    ----------
    source : Path
        The handed-in folder or archive, from `find_root`; only read, links in it are not followed.
    into : Path
        Created if need be.
    rules : Rules

    Returns
    -------
    Submission
        Of several entries with one name the first counts.

    Raises
    ------
    SubmissionError
        If it holds more entries than anyone hands in honestly, or cannot be read.
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
    """Yield the entries of an archive, named from its root on. One that is broken yields nothing."""
    with closing(entries_of_archive(archive)) as entries:
        root = _root_in_archive((entry.name + "/" * entry.is_folder for entry in entries), rules)
    for entry in entries_of_archive(archive):
        if entry.name.startswith(root):
            yield replace(entry, name=entry.name[len(root) :])
        elif _fault_of(entry.name):  # what tried to get out is named, wherever it stands
            yield entry


class _Intake:
    """The rules, and what they have let in so far; the same for whatever source the entries come from."""

    def __init__(self, into: Path, rules: Rules) -> None:
        self._into, self._rules, self._limits = into, rules, rules.limits
        self._taken: dict[str, str] = {}
        self._left_out: dict[str, str] = {}
        self._names: dict[str, bool] = {}  # folded; whether it is a file's, not a folder's
        self._sources: set[str] = set()
        self._entries = self._read = 0

    def goes_on_in(self, folder: str) -> bool:
        """Whether what lies in a folder is worth looking at."""
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
            raise Unreadable(f"holds more than {MAX_ENTRIES:,} files: hand in the course's only")
        suffix = PurePosixPath(name).suffix
        if suffix == ".pyx" and not entry.trouble:
            self._sources.add(name)
        if fault := _fault_of(name):
            self._leave_out(name, fault)
        elif len(parts) > MAX_DEPTH:
            self._leave_out("/".join(parts[: MAX_DEPTH + 1]), "too deep")
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
            return "an archive within what was handed in"
        if suffix not in self._limits:
            return "not a kind of file that counts"
        if entry.name in self._taken:
            return "there is one of that name already"
        folded = _fold(entry.name)
        if self._names.get(folded):
            return "its name differs from another in case only"
        if folded in self._names or any(self._names.get(folder) for folder in _folders_above(folded)):
            return "its name is that of a file and of a folder"
        if len(self._taken) >= MAX_FILES:
            return "too many files"
        return "too large" if entry.size > self._limits[suffix] else ""

    def _copy(self, entry: Entry, limit: int) -> str:
        """Copy a file, however much of it there is; return what is against it."""
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
        """What was taken in, made readable for the runner's user, and what was not."""
        for path in (self._into, *self._into.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        left_out = sorted(said for said, name in self._left_out.items() if not self._made_from_source(name))
        taken = dict(sorted(self._taken.items()))
        return Submission(self._into, digest_of(taken), tuple(taken), tuple(left_out[:100]), tuple(taken.values()))

    def _made_from_source(self, name: str) -> bool:
        """Whether building an extension leaves it beside the source: not needed, since we build our own."""
        path = PurePosixPath(name)
        return path.suffix in COMPILED and str(path.with_name(path.name.partition(".")[0] + ".pyx")) in self._sources


def _is_unimportant(name: str, suffix: str) -> bool:
    return suffix in UNIMPORTANT or name.startswith("._") or name.lower() in LITTER


def _fault_of(name: str) -> str:
    """What is wrong with a name as such, on this system or another, or ""."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "its path leads elsewhere"
    if not name.isprintable():  # nor are bytes that are no UTF-8
        return "its name has control characters"
    if len(name.encode()) > MAX_NAME:
        return "its name is too long"
    if UNPORTABLE & set(name) or any(part[-1] in ". " or _is_device(part) for part in parts):
        return "its name does not work on every system"
    return ""


def _is_device(part: str) -> bool:
    return part.partition(".")[0].rstrip().casefold() in DEVICES


def _fold(name: str) -> str:
    """What names have in common that are the same on some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _folders_above(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name


def _printable(name: str) -> str:
    return ascii(name)[1:-1][:200]
