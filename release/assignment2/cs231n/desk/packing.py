"""The zip that a student hands in: which files go into it, and a receipt that lists them.

The same files give the same bytes. The receipt is for the student; the grader does not read it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .wanted import Wanted

RECEIPT = "receipt.json"
SKIPPED = {"__pycache__", ".ipynb_checkpoints", "build"}
SINCE = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: the earliest that a zip can hold."""


def chosen(folder: Path, wanted: Wanted) -> dict[str, Path]:
    """Return the files to hand in, by their names in the zip: the package without tools, notebooks, models."""
    found = {one.name: folder / one.name for one in wanted.notebooks}
    found |= {one.model: folder / one.model for one in wanted.notebooks if one.model}
    for path in sorted((folder / wanted.package).rglob("*")):
        name = path.relative_to(folder)
        if path.suffix in (".py", ".pyx") and not SKIPPED & set(name.parts) and not _is_tool(name.as_posix(), wanted):
            found[name.as_posix()] = path
    return {name: path for name, path in sorted(found.items()) if path.is_file()}


def _is_tool(name: str, wanted: Wanted) -> bool:
    return any(f"{name}/".startswith(f"{tool}/") for tool in wanted.tools)


def digest_of(contents: Mapping[str, bytes]) -> str:
    """Return the digest of the files: the grader computes the same one, and names each submission by it."""
    listing = "\n".join(f"{name}\0{hashlib.sha256(content).hexdigest()}" for name, content in sorted(contents.items()))
    return hashlib.sha256(listing.encode()).hexdigest()


def receipt(wanted: Wanted, contents: Mapping[str, bytes], passed: Sequence[str], troubles: Sequence[str]) -> str:
    """Return the text of the receipt."""
    said = {
        "about": "What was packed and what the checks said. It is for you: the grader does not read it.",
        "assignment": wanted.assignment,
        "digest": digest_of(contents),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())},
        "passed": sorted(passed),
        "not_right_yet": list(troubles),
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def packed(contents: Mapping[str, bytes]) -> bytes:
    """Return a zip of the files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, SINCE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on every platform
            archive.writestr(entry, content)
    return written.getvalue()
