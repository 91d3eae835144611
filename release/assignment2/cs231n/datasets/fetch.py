"""Gets the real CIFAR-10: download, verify, extract, put in place; or the same from a local folder or archive.
See layout for reading it, and synthetic for the synthetic pictures.
"""

import errno
import os
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from . import layout, pickles
from .layout import FILES, FOLDER, MARKER, DatasetError
from .transfer import OR_ELSE, transfer

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
ARCHIVE = "cifar-10-python.tar.gz"
PACKED, UNPACKED = 165 * 2**20, 180 * 2**20
FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
MAX_MEMBERS = 64
CHUNK = 2**20
ABANDONED = 24 * 3600  # seconds after which an unchanged temporary folder counts as left behind


def fetch(dest: str | Path | None = None, source: str | Path | None = None, progress: bool = True) -> Path:
    """Put CIFAR-10 into ``dest/cifar-10-batches-py``, unless it is already there and valid.

    Parameters
    ----------
    dest : path, optional
        The parent folder; by default the user's cache, where `layout.locate` looks. Data that a former version put
        into this package's own folder move to the cache.
    source : path, optional
        A folder or a ``.tar.gz`` archive in the official layout, instead of the download.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    Path
        The folder with the seven files. It appears complete and validated, or not at all.

    Raises
    ------
    DatasetError
        If the download or the source fails or is not CIFAR-10, or ``dest`` cannot be written.
    """
    parent = Path(dest).expanduser() if dest is not None else layout.default_root()
    final = parent / FOLDER
    before = layout.old_root() / FOLDER
    if is_valid(final) and layout.kind(final) == "cifar10":
        print(f"CIFAR-10 is already in {final}: nothing to do.")
    else:
        if dest is None and source is None and is_valid(before) and layout.kind(before) == "cifar10":
            source = before
        _fetch(final, Path(source).expanduser() if source is not None else None, progress)
    if dest is None:
        _clear(before)
    return final


def _fetch(final: Path, source: Path | None, progress: bool) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _require_room(final.parent, UNPACKED if source is not None else UNPACKED + PACKED)
        with staging(final) as folder:
            origin = _obtain(final.parent, source, folder, progress)
            validate(folder)
    except OSError as error:
        raise cannot_write(final, error) from error
    print(f"CIFAR-10 ({origin}) is ready in {final}.")


def _require_room(folder: Path, needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def cannot_write(final: Path, error: OSError) -> DatasetError:
    """Return the sentence about data that cannot be written: the disk is full, or the folder is not the user's."""
    elsewhere = "choose another folder with --to, or with the environment variable CS231N_CACHE"
    if error.errno in FULL:
        free, needed = shutil.disk_usage(final.parent).free >> 20, UNPACKED + PACKED >> 20
        return DatasetError(
            f"The disk of {final.parent} is full ({free:,} MB are free, and fetching CIFAR-10 takes {needed} MB): make "
            f"room, or {elsewhere}."
        )
    return DatasetError(f"{final} cannot be written ({error.strerror or error}): {elsewhere}.")


def _clear(before: Path) -> None:
    """Delete the data of a former version from the assignment's folder, which nbgrader could not submit with them."""
    with suppress(OSError):
        (before.parent / f"{ARCHIVE}.part").unlink(missing_ok=True)
        if before.is_symlink():
            before.unlink()
        elif before.is_dir():
            doomed = before.rename(before.with_name(f".{before.name}.moved"))
            shutil.rmtree(doomed)
            print(f"The copy in {before.parent} was deleted: nbgrader submits no folder of more than 100 MB.")


def validate(folder: Path) -> None:
    """Read all seven files. Raise `DatasetError` at the first damaged or missing one."""
    layout.read_train(folder)
    layout.read_test(folder)
    layout.read_names(folder)
    layout.kind(folder)


def is_valid(folder: Path) -> bool:
    """Tell whether a folder holds the complete data set, real or synthetic, undamaged."""
    try:
        validate(folder)
    except DatasetError:
        return False
    return True


@contextmanager
def staging(final: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `final`. It replaces `final` if the block succeeds, and is deleted if it fails.

    If another process was faster with the same data, its result stays. Folders that killed processes left are deleted.
    """
    for left in final.parent.glob(f".{final.name}.*"):
        with suppress(FileNotFoundError):  # another process has just moved or deleted this folder
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    try:
        yield folder
        folder.chmod(0o755)  # with mkdtemp's 0o700, classmates cannot read a shared folder
        _swap(folder, final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap(folder: Path, final: Path) -> None:
    if _same(folder, final):
        return  # another process was faster, and its files may be in use
    old = folder.with_name(folder.name + ".old")
    try:
        with suppress(FileNotFoundError):
            final.rename(old)
        try:
            folder.rename(final)
        except OSError:
            if not _same(folder, final):
                raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _same(folder: Path, final: Path) -> bool:
    def marker(place: Path) -> bytes:
        try:
            return (place / MARKER).read_bytes()
        except FileNotFoundError:
            return b""

    if not is_valid(final):
        return False
    return layout.fingerprint(folder) == layout.fingerprint(final) and marker(folder) == marker(final)


def _obtain(parent: Path, source: Path | None, folder: Path, progress: bool) -> str:
    if source is None:
        archive = download(parent, progress=progress)
        extract(archive, folder)
        archive.unlink()
        return "the official archive"
    if source.is_dir():
        found = layout.locate(source)
        for name in (*FILES, MARKER):
            if name != MARKER or (found / name).exists():
                shutil.copyfile(found / name, folder / name)
        return f"copied from {found}"
    if not source.is_file():
        raise DatasetError(f"{source} does not exist: give a folder or a .tar.gz archive with --from.")
    with source.open("rb") as file:
        official = file_sha256(file) == SHA256
    extract(source, folder)
    return "the official archive" if official else f"{source.name}, not the official archive"


def file_sha256(file: BinaryIO) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    digest = sha256()
    while piece := file.read(CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def download(parent: Path, url: str = URL, known_hash: str = SHA256, progress: bool = True) -> Path:
    """Download the archive into a folder with pooch. The next call continues an interrupted download.

    Returns
    -------
    Path
        The archive, with the right SHA-256.

    Raises
    ------
    DatasetError
        If pooch is missing, the server or the connection fails, or the SHA-256 is wrong. A wrong archive is deleted.
    """
    try:
        import pooch
    except ImportError as error:
        raise DatasetError(
            "The download needs pooch: run `pip install pooch`, or use --from with an archive."
        ) from error
    continued = False

    def resume(address: str, output_file: str, _: object) -> None:
        nonlocal continued
        part = parent / f"{ARCHIVE}.part"
        continued = transfer(address, part, progress)
        part.replace(output_file)  # pooch deletes a wrong archive, so the next run starts from zero

    pooch.get_logger().setLevel("ERROR")
    try:
        found = pooch.retrieve(url, f"sha256:{known_hash}", fname=ARCHIVE, path=parent, downloader=resume)
    except ValueError as error:
        if continued:
            raise DatasetError(
                f"The archive from {url} has a wrong SHA-256 and was deleted: the file on the server has changed since "
                "an earlier run fetched its first part. Run it again to fetch all of it."
            ) from error
        raise DatasetError(
            f"The archive from {url} has a wrong SHA-256 and was deleted: the server has another file now, or a proxy "
            f"changes it. {OR_ELSE}."
        ) from error
    return Path(found)


def extract(archive: Path, folder: Path) -> None:
    """Copy the seven files out of an archive, and nothing else.

    Raises
    ------
    DatasetError
        If the archive is damaged, lacks a file, or holds a link, a device, a path to the outside or a huge file.
    """
    found: set[str] = set()
    try:
        with tarfile.open(archive, "r:*") as tar:
            for count, member in enumerate(tar):
                name = Path(member.name).name
                problem = _objection(member, count)
                if problem or name in found:
                    raise DatasetError(f"{archive} is not CIFAR-10 ({member.name[:80]!r} {problem or 'comes twice'}).")
                if not member.isfile() or name not in {*FILES, MARKER}:
                    continue  # the official readme.html; folders are not needed
                stream = tar.extractfile(member)
                assert stream is not None  # never None for a regular file
                with stream, (folder / name).open("wb") as file:
                    shutil.copyfileobj(stream, file, CHUNK)
                found.add(name)
            _read_to_the_end(tar)
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DatasetError(f"{archive} is damaged or not a .tar.gz archive: download it again.") from error
    missing = [name for name in FILES if name not in found]
    if missing:
        raise DatasetError(f"{archive} is not CIFAR-10 in the official layout: {missing[0]} is missing.")


def _read_to_the_end(tar: tarfile.TarFile) -> None:
    """Read on to the decompressor's checksum, which follows the archive's last member."""
    rest = 0
    while tar.fileobj is not None and rest < pickles.MAX_FILE_BYTES and (piece := tar.fileobj.read(CHUNK)):
        rest += len(piece)


def _objection(member: tarfile.TarInfo, count: int) -> str:
    parts = Path(member.name.replace("\\", "/")).parts
    if not (member.isfile() or member.isdir()):
        return "is a link or a device"
    if ".." in parts or member.name.startswith(("/", "\\")) or ":" in member.name:
        return "points outside"
    if len(parts) > 2 or (len(parts) == 2 and parts[0] not in {FOLDER, "."}):
        return "lies in an unexpected folder"
    if member.size > (pickles.MAX_FILE_BYTES if parts and parts[-1] in FILES else CHUNK):
        return "is too large"
    return "is one member too many" if count >= MAX_MEMBERS else ""
