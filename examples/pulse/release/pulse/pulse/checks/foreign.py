"""What a file is that should be something else, told by its first bytes."""

import re

POINTER = "a pointer of git-lfs"
BEGINNINGS = {
    b"version https://git-lfs": POINTER,
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes it",
    b"\x93NUMPY": "a single array of NumPy",
    b"\x80": "a pickle",
}
PAGE = re.compile(rb"\s*<(!doctype|html|head|body|script|meta|\?xml|!--)", re.I)
MOST = 1_000
"""Bytes that are looked at."""


def kind_of_file(start: bytes) -> str:
    """Return what a file is, with its article, or "" if its first bytes do not tell.

    Parameters
    ----------
    start : bytes
        The file or its beginning.
    """
    start = start[:MOST]
    if not start:
        return "empty"
    if PAGE.match(start.removeprefix(b"\xef\xbb\xbf")):
        return "a web page"
    if start.startswith(b"PK\x03\x04") and b"/data.pkl" in start[:200]:
        return "a file of torch.save"
    if start.startswith(b"PK\x03\x04") and b".npy" in start[:200]:
        return "a file of NumPy's savez"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 2**27:  # the length of a JSON header
        return "a safetensors file"
    return next((kind for beginning, kind in BEGINNINGS.items() if start.startswith(beginning)), "")
