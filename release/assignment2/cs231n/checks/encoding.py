"""Tell in which encoding a text file is saved. Editors and file managers save Python files and notebooks in several."""

import codecs
import json
from pathlib import Path

CHUNK = 2**20
MARKS = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32", "cp1252": "CP1252", "latin-1": "Latin-1"}
"""Encodings as people call them; the ends ``-le`` and ``-be`` name the order of the bytes."""


def encoding_of(raw: bytes) -> str:
    """Return the encoding of a text whose first character is an ASCII character or a byte-order mark.

    Returns
    -------
    str
        A name that `bytes.decode` knows: UTF-8, UTF-16 or UTF-32; if the bytes are none of these, CP1252, or Latin-1
        if they are not CP1252 either.
    """
    found = json.detect_encoding(raw)
    if not found.startswith("utf-8"):
        return found
    return next((encoding for encoding in (found, "cp1252") if _is(raw, encoding)), "latin-1")


def _is(raw: bytes, encoding: str) -> bool:
    """Tell whether bytes are in an encoding, without a text of all of them in memory."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for begin in range(0, len(raw), CHUNK):
            decoder.decode(raw[begin : begin + CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def title(encoding: str) -> str:
    """Return the name of an encoding for people."""
    return MARKS.get(encoding.removesuffix("-le").removesuffix("-be"), encoding.upper())


def fault_of(module: Path) -> str:
    """Return a sentence on a Python file that Python cannot read as text, or "".

    Python names neither file nor line then. Nothing is said about a file that declares its encoding.
    """
    try:
        raw = module.read_bytes()
    except OSError:
        return ""
    again = "save it again in UTF-8."
    encoding = encoding_of(raw)
    if encoding.startswith(("utf-16", "utf-32")):
        return f"{module.name} is saved in {title(encoding)}, which Python does not read: {again}"
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        return f"{module.name}, line {line}, holds bytes that are no text: {again}"
    if encoding in ("cp1252", "latin-1") and b"coding" not in b"".join(raw.split(b"\n", 2)[:2]):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            return f"{module.name}, line {line}, holds a character that is not saved in UTF-8: {again}"
    return ""
