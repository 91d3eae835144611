"""Keep a class in one file, and bring it back: gradebook, secret, submissions, verdicts, extensions, groups.

A backup is a tar archive with a list of its files and their SHA-256. It holds the course's secret, so only its owner
may read it. What can be made again (autograded notebooks, feedback, models, extensions) and what belongs to version
control (source, release, settings) is not in it.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from autograder.course import STATE, assignments_of
from autograder.errors import SetupError

from . import database

FORMAT = 1
MANIFEST = "manifest.json"
MAX_MANIFEST = 256 * 2**20
BOOKS = database.NAME
OF_STATE = ("secret", "submissions", "verdicts", "executed", "graded", "runs", "releases", "discarded")
"""What the state's folder holds of a class. The rest, such as trained models, can be made again and fits any class."""
KEPT = ("submitted", "extensions.csv", "groups.csv", "leaderboard.csv", *(f"{STATE}/{name}" for name in OF_STATE))
"""What a backup holds besides the gradebook, in the course's folder."""
FILES = (BOOKS, "extensions.csv", "groups.csv", "leaderboard.csv", f"{STATE}/secret")
"""Those of them that are files."""
MADE_AGAIN = ("autograded", "feedback")
"""What grading makes from the rest. After a restore it would belong to another state."""
UNFINISHED = "new-"
"""Begins the names of temporary folders in the stores."""
BESIDES_BOOKS = ("-journal", "-wal", "-shm")
PIECE = 2**20
MARGIN = 64 * 2**20
"""Bytes of the disk that a restore leaves free."""


class BackupError(SetupError):
    """The backup was not made, or not restored. The message says why; nothing is lost."""


@dataclass(frozen=True)
class Restored:
    """What a restore has done.

    Attributes
    ----------
    files : int
        Number of files that came back.
    aside : Path or None
        The folder with the state before; None if there was none.
    """

    files: int
    aside: Path | None


def default_name(root: Path, now: datetime) -> Path:
    """Return the path of a new backup in a course's folder."""
    return root / f"autograder-backup-{now:%Y-%m-%d-%H%M%S}.tar.gz"


def backup(root: Path, file: Path) -> int:
    """Write a course's class into one file. An error leaves no file.

    Parameters
    ----------
    root : Path
        The course's folder.
    file : Path
        The new file.

    Returns
    -------
    int
        Number of files in the backup.

    Raises
    ------
    BackupError
        If there is nothing to keep, the file exists, or it cannot be written.
    """
    if file.exists():
        raise BackupError(f"{file} exists already: give another name, or move it away.")
    names = assignments_of(root)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as scratch:
            fresh = Path(scratch, "backup")
            count = _pack(root, fresh, names, Path(scratch, BOOKS))
            if not count:
                raise BackupError(f"There is nothing to keep in {root}: no gradebook, no submission, no verdict.")
            _verify(fresh)
            fresh.rename(file)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupError(f"The backup {file} was not made ({_why(error)}).") from None
    return count


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _pack(root: Path, fresh: Path, names: list[str], scratch: Path) -> int:
    listed: dict[str, dict[str, Any]] = {}
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3, format=tarfile.PAX_FORMAT) as archive:
            books = database.find(root)
            if books is not None and books.is_file():
                _copy_books(books, scratch)
                _add(archive, scratch, BOOKS, listed)
            for path in _files(root):
                _add(archive, path, path.relative_to(root).as_posix(), listed)
            manifest = {"format": FORMAT, "assignments": names, "files": listed}
            _add_text(archive, MANIFEST, json.dumps(manifest).encode())
        raw.flush()
        os.fsync(raw.fileno())
    return len(listed)


def _copy_books(books: Path, target: Path) -> None:
    """Copy the gradebook as one consistent state, also while another program writes."""
    with database.reading(books) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _files(root: Path) -> Iterator[Path]:
    """Yield the plain files to keep. Links are left out: they lead to what a student or a test has put elsewhere."""
    for name in KEPT:
        top = root / name
        if stat.S_ISREG(_mode(top)):
            yield top
        for folder, below, names in os.walk(top):
            below[:] = sorted(one for one in below if name == "submitted" or not one.startswith(UNFINISHED))
            for one in sorted(names):
                path = Path(folder, one)
                if stat.S_ISREG(_mode(path)) and (name == "submitted" or not one.endswith((".tmp", ".lock"))):
                    yield path


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _add(archive: tarfile.TarFile, path: Path, name: str, listed: dict[str, dict[str, Any]]) -> None:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = status.st_size, status.st_mtime, 0o600
        reader = _Hashing(file)
        archive.addfile(info, reader)
        listed[name] = {"size": info.size, "sha256": reader.digest.hexdigest()}


def _add_text(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    archive.addfile(info, io.BytesIO(content))


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _verify(file: Path) -> None:
    """Read a backup again, as a restore does, without writing anything."""
    _read(file, lambda *_: None)


def restore(root: Path, file: Path, now: datetime) -> Restored:
    """Bring a class back from a backup. The state before is moved aside, not deleted.

    Parameters
    ----------
    root : Path
        The course's folder.
    file : Path
        The backup.
    now : datetime
        Names the folder with the state before.

    Raises
    ------
    BackupError
        If the backup is damaged, hostile, or of another course, or if the gradebook is in use. Nothing changes
        then.
    """
    names = assignments_of(root)
    if not file.is_file():
        raise BackupError(f"There is no file {file}.")
    books = database.find(root)
    if books is not None and books.is_file():
        _require_idle(books)
    scratch = Path(tempfile.mkdtemp(dir=root, prefix=".autograder-restore-"))
    try:
        fresh = scratch / "fresh"
        fresh.mkdir()
        free = shutil.disk_usage(root).free - MARGIN
        try:
            known, count = _read(file, lambda name, piece, time: _lay(fresh, name, piece, time), free)
        except OSError as error:
            raise BackupError(f"{file} was not restored ({_why(error)}): nothing has changed.") from None
        if not set(names) & set(known):
            raise BackupError(f"{file.name} is the backup of another course, with {', '.join(known[:3])}.")
        _require_whole(fresh / BOOKS, file)
        aside = _swap(root, fresh, books or root / BOOKS, _unused(root / f"before-restore-{now:%Y-%m-%d-%H%M%S}"))
        return Restored(count, aside)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _require_idle(books: Path) -> None:
    try:
        with closing(sqlite3.connect(books, timeout=1.0, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupError(
                f"{books.name} is in use by another program (`fuser {books}` names it): end it first."
            ) from None
    except sqlite3.DatabaseError:
        pass  # it is damaged, which is a reason to restore


def _require_whole(books: Path, file: Path) -> None:
    if not books.exists():
        return
    try:
        with database.reading(books) as connection:
            (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        health = str(error)
    if health != "ok":
        raise BackupError(f"The gradebook in {file.name} is damaged ({health}): nothing has changed.")


def _lay(fresh: Path, name: str, piece: bytes, time: float) -> None:
    """Append a piece of a file; an empty piece ends it."""
    path = fresh / name
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = name in (BOOKS, f"{STATE}/secret")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with os.fdopen(os.open(path, flags, 0o600 if secret else 0o666), "ab") as file:
        file.write(piece)
    if not piece:
        os.utime(path, (time, time))


def _read(file: Path, lay: Callable[[str, bytes, float], None], limit: int = 2**63) -> tuple[list[str], int]:
    """Read a backup from start to end, and compare each file with the manifest.

    Parameters
    ----------
    file : Path
    lay : callable
        Takes the name, each piece, and the time of each file. An empty piece ends a file.
    limit : int
        The most bytes that all files may have.

    Returns
    -------
    list of str
        The course's assignments.
    int
        Number of files.

    Raises
    ------
    BackupError
        If anything differs from the manifest, or a name is not one that a backup has.
    """
    found: dict[str, dict[str, Any]] = {}
    text, total = b"", 0
    try:
        with gzip.open(file) as raw, tarfile.open(fileobj=raw, mode="r|") as archive:
            for member in archive:
                if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or (
                    member.name != MANIFEST and not _is_kept(member.name)
                ):
                    raise BackupError(f"{file.name} holds {ascii(member.name)[:80]}, which no backup holds.")
                if member.name in found or text:
                    raise BackupError(f"{file.name} holds {ascii(member.name)[:80]} twice, or after its list of files.")
                total += member.size
                if total > limit:
                    raise BackupError(f"{file.name} holds more than the disk has room for: free some room.")
                content = archive.extractfile(member)
                assert content is not None
                if member.name == MANIFEST:
                    text = content.read(MAX_MANIFEST)
                    continue
                digest = hashlib.sha256()
                while piece := content.read(PIECE):
                    digest.update(piece)
                    lay(member.name, piece, member.mtime)
                lay(member.name, b"", member.mtime)
                found[member.name] = {"size": member.size, "sha256": digest.hexdigest()}
            if len(raw.read(PIECE)) == PIECE:  # reading to the end checks gzip's own checksum
                raise BackupError(f"{file.name} does not end where a backup ends: nothing has changed.")
        manifest = json.loads(text)
        listed, form = dict(manifest["files"]), manifest["format"]
        names = list(map(str, manifest["assignments"]))
    except (tarfile.TarError, EOFError, zlib.error, ValueError, LookupError, TypeError):
        raise BackupError(f"{file.name} is no backup, or is damaged: nothing has changed.") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise BackupError(f"{file.name} is no backup, or is damaged: nothing has changed.") from None  # gzip's errors
    if form != FORMAT:
        raise BackupError(f"{file.name} has the format {form!r}, and this version reads {FORMAT}: use a newer version.")
    if found != listed:
        wrong = sorted(name for name in {*found, *listed} if found.get(name) != listed.get(name))
        more = f" ({', '.join(ascii(name)[:80] for name in wrong[:3])})"
        raise BackupError(f"{file.name} is damaged{more}: nothing has changed.")
    return names, len(found)


def _is_kept(name: str) -> bool:
    """Tell whether a name is one that a backup has: below one of its folders, or one of its files."""
    parts = PurePosixPath(name).parts
    plain = name == "/".join(parts) and not {"..", "."} & set(parts) and "\0" not in name and name[:1] != "/"
    if os.name == "nt":
        plain = plain and not set("\\:") & set(name)
    if not plain:
        return False
    return name in FILES or any(name.startswith(f"{one}/") for one in KEPT if one not in FILES)


def _unused(path: Path) -> Path:
    number, unused = 1, path
    while unused.exists():
        number += 1
        unused = path.with_name(f"{path.name}-{number}")
    return unused


def _swap(root: Path, fresh: Path, books: Path, aside: Path) -> Path | None:
    """Move the present state aside and the new one in. After an error, move everything back."""
    moves: list[tuple[Path, Path]] = []
    for name in (*KEPT, *MADE_AGAIN):
        if (root / name).exists() or (root / name).is_symlink():
            moves.append((root / name, aside / name))
    for end in ("", *BESIDES_BOOKS):
        path = books.with_name(books.name + end)
        if path.exists():
            moves.append((path, aside / path.name))
    before = bool(moves)
    moves += [(fresh / name, root / name) for name in KEPT if (fresh / name).exists()]
    if (fresh / BOOKS).exists():
        moves.append((fresh / BOOKS, books))
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)
            done.append((source, target))
    except BaseException as error:
        for source, target in reversed(done):
            source.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(target, source)
        if isinstance(error, OSError):
            raise BackupError(f"The backup was not restored ({_why(error)}): everything is as before.") from None
        raise
    return aside if before else None
