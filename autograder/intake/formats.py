"""What a file is by its first bytes: an archive that intake reads, or something else, with what to do about it."""

import re
import tarfile
from pathlib import Path

BLOCK = 512
AGAIN = "pack the files as a zip and hand in that"
THEMSELVES = "hand in the package and the notebooks themselves"
LINK, ITSELF = "is a link to a file and not the file", "download the file itself and hand in that"
BY_BYTES = (
    (b"Rar!\x1a\x07", "is a RAR archive, which cannot be read here", AGAIN),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive, which cannot be read here", AGAIN),
    (b"BZh", "is packed with bzip2, which cannot be read here", AGAIN),
    (b"\xfd7zXZ\0", "is packed with xz, which cannot be read here", AGAIN),
    (b"\x28\xb5\x2f\xfd", "is packed with Zstandard, which cannot be read here", AGAIN),
    (b"\x1f\x9d", "is packed with compress, which cannot be read here", AGAIN),
    (b"xar!", "is a XAR archive, which cannot be read here", AGAIN),
    (b"LZIP", "is packed with lzip, which cannot be read here", AGAIN),
    (b"\x04\x22\x4d\x18", "is packed with LZ4, which cannot be read here", AGAIN),
    (b"MSCF", "is a Cabinet archive, which cannot be read here", AGAIN),
    (b"L\0\0\0\1\x14\2\0", LINK, ITSELF),
    (b"[InternetShortcut]", LINK, ITSELF),
    (b"PK\7\x08", "is one part of an archive in parts", "pack the files into one zip and hand in that"),
    (b"%PDF", "is a PDF document", THEMSELVES),
    (b"\xd0\xcf\x11\xe0", "is an Office document", THEMSELVES),
    (b"{\\rtf", "is a text document", THEMSELVES),
    (b"\x89PNG", "is a picture", THEMSELVES),
    (b"\xff\xd8\xff", "is a picture", THEMSELVES),
    (b"version https://git-lfs", "is a pointer of git-lfs and not the file", "fetch it with `git lfs pull`"),
    (b"\x7fELF", "is a program", THEMSELVES),
    (b"MZ", "is a program", THEMSELVES),
)  # fmt: skip
"""The first bytes of files that intake does not read, what they are, and what to do."""
OFFICE = (".docx", ".docm", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".pages", ".numbers", ".key")
LINKS = (".lnk", ".url", ".webloc", ".desktop", ".gdoc", ".gsheet", ".gslides")
"""Endings of what file managers and online drives make beside a file, or in its place."""
DISKS = (".dmg", ".iso", ".img")
PARTS = re.compile(r"\.(z\d\d|r\d\d|(zip|7z|tar|gz|rar)\.\d{3}|\d{3}|part\d{1,3}\.(rar|zip|7z))$", re.IGNORECASE)
"""Endings of one part of an archive in parts."""
PART = "is one part of an archive in parts: pack the files into one zip and hand in that"
EMPTY = "is empty (0 bytes), so packing or uploading failed: pack the files again and hand in the new archive"


def archive_format(start: bytes) -> str:
    """Return ``zip``, ``gzip`` or ``tar`` for the first `BLOCK` bytes of an archive that intake reads, else ""."""
    if is_header(start):  # a tar begins with the name of its first member, which may look like anything
        return "tar"
    if start[:4] in (b"PK\3\4", b"PK\5\6"):
        return "zip"
    return "gzip" if start.startswith(b"\x1f\x8b") else ""


def is_header(block: bytes) -> bool:
    """Tell whether a block is a tar header, which holds its own checksum."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def described(name: str, start: bytes) -> str:
    """Return what a file is that intake does not read, and what to do, as the end of a sentence; "" if nobody knows."""
    if not start:
        return EMPTY
    if PARTS.search(name):
        return PART
    if name.lower().endswith(OFFICE):
        return f"is an Office document: {THEMSELVES}"
    if name.lower().endswith(LINKS):
        return f"{LINK}: {ITSELF}"
    if name.lower().endswith(DISKS):
        return f"is the image of a disk, which cannot be read here: {AGAIN}"
    for first, what, then in BY_BYTES:
        if start.startswith(first):
            return f"{what}: {then}"
    if start[:BLOCK].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return "is a web page: save the file itself, not the page that offers it, and hand in that"
    return ""


def start_of(path: Path) -> bytes:
    """Return the first `BLOCK` bytes of a plain file.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        return file.read(BLOCK)
