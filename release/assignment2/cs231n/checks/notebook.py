"""Read a notebook's file: its cells and its metadata, whatever editor, encoding and format saved it.

Notebooks are hostile input here, and nothing is executed. See ``definitions`` for the names that they define.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .encoding import encoding_of, title
from .foreign import POINTER, kind_of_file

METADATA = "autograder"
"""The engine's own key in the metadata of notebooks and cells."""
MAX_FILE = 128 * 2**20
MAX_BYTES = 64 * 2**20
MAX_PIECES = 1_000_000
MAX_STEPS = 1_000_000
MAX_CELLS = 1_000
"""Limits of a notebook: file size, and without outputs size, JSON values and cells; brackets in outputs.

Small values take many times more memory than file space.
"""
KINDS = ("code", "markdown", "raw")
AGAIN = "open it in Jupyter, save it and hand it in again."
MERGE = re.compile(r"^(?:<{7}(?: .*)?|={7}|>{7}(?: .*)?)\r?$", re.M)
"""A line that git leaves where two versions contradict each other."""
STRING = rb'(?:[^"\\]++|\\.)*+(?:"|\Z)'
LEFT_OUT = rb'"(?:outputs|widgets)"\s*+:\s*+(?=[\[{])'
"""A key whose value is left out of a large notebook: what its cells have shown."""
KEY = re.compile(LEFT_OUT)
BEFORE_KEY = re.compile(rb'(?:[^"]++|(?!%s)"%s)*+' % (LEFT_OUT, STRING), re.S)
PLAIN = rb'[^"\[\]{}]++|"' + STRING
FLAT = re.compile(rb"(?:%b|\[(?:%b)*+\]|{(?:%b)*+})*+" % (PLAIN, PLAIN, PLAIN), re.S)
"""Possessive patterns: they take no memory, and read no byte more than twice."""


class NotebookError(Exception):
    """A notebook cannot be read. One sentence says why."""


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was read.

    Attributes
    ----------
    cells : list of dict
        Each has a ``source`` string and a ``cell_type``.
    metadata : dict
    notes : tuple of str
        A sentence for each thing that was done to read it: an encoding, an old format, outputs that were left out.
    """

    cells: list[dict[str, Any]]
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(path: Path) -> Notebook:
    """Read a notebook.

    Raises
    ------
    NotebookError
        If the file is missing, too large, not JSON or not a notebook.
    """
    content, notes = _content(path)
    if not isinstance(content, dict):
        raise NotebookError(f"{path.name} is JSON, but not a notebook: {AGAIN}")
    cells = content.get("cells")
    if cells is None and _listed(content.get("worksheets")):
        cells = _cells_of_format_3(content["worksheets"])
        notes.append(f"{path.name} is saved in an old format (nbformat 3), which was converted.")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotebookError(f"{path.name} has no list of cells, so it is not a notebook: {AGAIN}")
    if len(cells) > MAX_CELLS:
        raise NotebookError(f"{path.name} has more than {MAX_CELLS:,} cells: leave out those that are not yours.")
    for cell in cells:
        cell["source"] = _joined(cell.get("source", ""))
    metadata = content.get("metadata")
    return Notebook(cells, metadata if isinstance(metadata, dict) else {}, tuple(notes))


def read_cells(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook, each a dictionary with a ``source`` string and a ``cell_type``.

    Raises
    ------
    NotebookError
        As `read` does.
    """
    return read(path).cells


def kind_of(cell: dict[str, Any]) -> str:
    """Return a cell's type: the one that it has in the release, if nbgrader's metadata name it.

    An editor changes the type of a cell with one key. nbgrader restores it too.
    """
    released = nbgrader_of(cell).get("cell_type")
    found = released if isinstance(released, str) and released in KINDS else cell.get("cell_type")
    return found if isinstance(found, str) else ""


def id_of(cell: dict[str, Any]) -> str | None:
    """Return nbgrader's id of a cell, or None."""
    found = nbgrader_of(cell).get("grade_id")
    return found if isinstance(found, str) and found else None


def nbgrader_of(cell: dict[str, Any]) -> dict[str, Any]:
    """Return nbgrader's metadata of a cell; an empty dictionary if there are none."""
    metadata = cell.get("metadata")
    own = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return own if isinstance(own, dict) else {}


def framework_of(path: Path) -> str:
    """Return the framework that a notebook's metadata names, or ""."""
    return _metadata(path, METADATA, "framework")


def python_of(path: Path) -> tuple[int, int] | None:
    """Return the version of Python that a notebook was saved with, such as ``(3, 13)``, or None if it does not say."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})\b", _metadata(path, "language_info", "version"))
    return (int(found[1]), int(found[2])) if found else None


def _metadata(path: Path, section: str, key: str) -> str:
    try:
        said = read(path).metadata[section].get(key, "")
    except (NotebookError, LookupError, TypeError, AttributeError):
        return ""
    return said if isinstance(said, str) else ""


def _content(path: Path) -> tuple[Any, list[str]]:
    """Return a notebook's JSON, if it is small enough to be read safely, and what was done to read it."""
    notes: list[str] = []
    raw = _bytes(path)
    _require_notebook(path.name, raw)
    encoding = encoding_of(raw)
    if not encoding.startswith("utf-8"):
        if len(raw) > MAX_BYTES:
            raise NotebookError(_too_large(path.name, MAX_BYTES))
        raw = raw.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")
        notes.append(f"{path.name} is saved in {title(encoding)}, not in UTF-8, and was read as such.")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not re.search(rb"[^ \t\r\n\0]", raw):
        raise NotebookError(f"{path.name} is empty: {AGAIN}")
    if len(raw) > MAX_BYTES or _pieces(raw) > MAX_PIECES:
        raw = _without_outputs(raw, path.name)
        if len(raw) > MAX_BYTES:
            raise NotebookError(_too_large(path.name, MAX_BYTES))
        if _pieces(raw) > MAX_PIECES:
            raise NotebookError(_too_many(path.name))
        notes.append(f"{path.name} is so large that its outputs were left out: clear them before you hand it in.")
    try:
        return json.loads(raw), notes
    except json.JSONDecodeError as error:
        raise NotebookError(_broken(path.name, error)) from None
    except (ValueError, RecursionError):
        raise NotebookError(f"{path.name} is not a readable notebook (its JSON is broken): {AGAIN}") from None


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise NotebookError(_too_large(path.name, MAX_FILE))
        return path.read_bytes()
    except FileNotFoundError:
        raise NotebookError(f"{path.name} was not handed in.") from None
    except OSError:
        raise NotebookError(f"{path.name} is not a readable notebook (it is not a file): {AGAIN}") from None


def _require_notebook(name: str, raw: bytes) -> None:
    """Raise a `NotebookError` that names what the file is, if its first bytes show that it is no notebook."""
    kind = kind_of_file(raw)
    if kind == POINTER:
        raise NotebookError(f"{name} is {kind}, not the notebook: run `git lfs pull` and hand that in.")
    if kind == "a web page":
        raise NotebookError(f"{name} is {kind}, not a notebook: download the notebook's own file and hand it in.")
    if kind and raw:
        raise NotebookError(f"{name} is {kind}, not a notebook: hand in the notebook itself.")


def _too_large(name: str, limit: int) -> str:
    return f"{name} is larger than {limit >> 20} MB: clear its outputs and save it again."


def _too_many(name: str) -> str:
    return f"{name} holds more than {MAX_PIECES:,} JSON values: clear its outputs and save it again."


def _pieces(raw: bytes) -> int:
    """Return an upper bound on the number of JSON values."""
    return sum(raw.count(mark) for mark in (b"{", b"[", b","))


def _broken(name: str, error: json.JSONDecodeError) -> str:
    """Return a sentence on a text that is not JSON."""
    merge = MERGE.search(error.doc)
    if merge is not None:
        line = error.doc.count("\n", 0, merge.start()) + 1
        return f"{name} has marks of an unfinished git merge in line {line}: resolve them, and {AGAIN}"
    if error.msg.startswith("Unterminated string") or not error.doc[error.pos :].strip("truefalsn-0123456789. \r\n\t"):
        return f"{name} is not a readable notebook (its JSON is broken: the file ends in the middle): {AGAIN}"
    return f"{name} is not a readable notebook (its JSON is broken in line {error.lineno}): {AGAIN}"


def _without_outputs(raw: bytes, name: str) -> bytes:
    """Return a notebook's JSON with empty outputs. No JSON value is made, so the memory is that of the rest."""
    kept: list[bytes] = []
    place = steps = 0
    while len(kept) < 20 * MAX_CELLS:
        end = _end(BEFORE_KEY, raw, place)
        key = KEY.match(raw, end)
        kept.append(raw[place : end if key is None else key.end()])
        if key is None:
            return b"".join(kept)
        kept.append(b"[]")
        place, depth = key.end() + 1, 1
        while depth and place < len(raw):
            place = _end(FLAT, raw, place) + 1
            depth += 1 if raw[place - 1 : place] in (b"[", b"{") else -1
            steps += 1
            if steps > MAX_STEPS:
                raise NotebookError(_too_many(name))
    raise NotebookError(_too_many(name))


def _end(pattern: re.Pattern[bytes], raw: bytes, place: int) -> int:
    """Return where a pattern, which also matches nothing, ends."""
    found = pattern.match(raw, place)
    return place if found is None else found.end()


def _cells_of_format_3(worksheets: Any) -> Any:
    """Return the cells of a notebook of format 2 or 3 in format 4. Its outputs keep only what readers are shown."""
    sheets = [sheet.get("cells") for sheet in _listed(worksheets) if isinstance(sheet, dict)]
    old = [cell for cells in sheets for cell in _listed(cells)]
    return [_cell_of_format_3(cell) if isinstance(cell, dict) else cell for cell in old] if sheets else None


def _cell_of_format_3(cell: dict[str, Any]) -> dict[str, Any]:
    kind, metadata = cell.get("cell_type"), cell.get("metadata", {})
    if kind == "code":
        outputs = [_output_of_format_3(one) for one in _listed(cell.get("outputs")) if isinstance(one, dict)]
        return {"cell_type": "code", "source": cell.get("input", ""), "metadata": metadata, "outputs": outputs}
    source = _joined(cell.get("source", ""))
    if kind == "heading":
        level = cell.get("level")
        source = f"{'#' * (level if type(level) is int and 0 < level < 7 else 1)} {source}"
    return {"cell_type": "raw" if kind in ("raw", "plaintext") else "markdown", "source": source, "metadata": metadata}


def _output_of_format_3(output: dict[str, Any]) -> dict[str, Any]:
    kind = output.get("output_type")
    if kind == "stream":
        return {"output_type": "stream", "text": output.get("text", "")}
    if kind == "pyerr":
        return {"output_type": "error", "ename": output.get("ename", ""), "evalue": output.get("evalue", "")}
    names = {"text": "text/plain", "png": "image/png", "jpeg": "image/jpeg"}
    return {"output_type": "display_data", "data": {new: output[old] for old, new in names.items() if old in output}}


def _joined(value: Any) -> str:
    """Return a text that a notebook may hold as a list of lines."""
    return value if isinstance(value, str) else "".join(str(line) for line in _listed(value))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
