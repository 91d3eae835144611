"""Bring a corrected release into a folder in which a student has begun: ``python -m PACKAGE.checks.update RELEASE``.

Tools and tests are replaced. In modules and notebooks, the release's changes are merged into the student's: what the
student has written stays. Everything that changes is kept in ``.before-update`` first. A second run changes nothing.

A release says in ``tests/release.json`` what it consists of, by digests of lines. They tell both changes apart without
the old release. The file also runs by itself, for folders that hold an older release:
``python RELEASE/PACKAGE/checks/update.py --into FOLDER``.
"""

import argparse
import ast
import contextlib
import difflib
import hashlib
import json
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

DESCRIPTION = "tests/release.json"
BACKUPS = ".before-update"
STUB = "# YOUR CODE HERE"
MERGED = (".py", ".pyx")
SKIPPED = {"__pycache__", ".pytest_cache", ".ipynb_checkpoints"}
MOST_BYTES = 512 * 2**20
LETTERS = 8
"""Letters of a line's digest."""

Files = dict[str, bytes]


class UpdateError(Exception):
    """The update cannot be made. One sentence says why; nothing has been changed."""


@dataclass
class Plan:
    """What an update does: the files to write (None: to remove), and one line about each file.

    Attributes
    ----------
    files : dict
    lines : list of str
    """

    files: dict[str, bytes | None] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes | None, what: str) -> None:
        """Write or remove a file, and say so."""
        self.files[name] = content
        self.lines.append(f"{what} {name}")

    def keep(self, name: str, why: str) -> None:
        """Leave a file as it is although the release changes it, and say why."""
        self.lines.append(f"left    {name}: {why}")


def describe(files: Mapping[str, bytes], package: str, tools: Sequence[str]) -> str:
    """Return the text of a release's ``tests/release.json``.

    Parameters
    ----------
    files : mapping of bytes
        The release's files, by their names.
    package : str
        The students' package.
    tools : sequence of str
        Folders whose files an update always replaces.
    """
    described = {
        name: "" if _is_in(name, tools) else _described(name, content)
        for name, content in sorted(files.items())
        if name != DESCRIPTION
    }
    content = {"package": package, "tools": sorted(tools), "files": described}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _described(name: str, content: bytes) -> Any:
    """Return digests of a file: of its lines, of the lines of its cells, or of the whole file."""
    if name.endswith(".ipynb"):
        return {_key(cell): "".join(_digests(_lines(_text_of(cell)))) for cell in json.loads(content)["cells"]}
    if name.endswith(MERGED):
        return "".join(_digests(_lines(content.decode("utf-8"))))
    return hashlib.sha256(content).hexdigest()


def _is_in(name: str, folders: Sequence[str]) -> bool:
    return any(name.startswith(f"{folder}/") for folder in folders)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _digests(lines: Sequence[str]) -> list[str]:
    return [hashlib.sha256(line.rstrip().encode("utf-8", "replace")).hexdigest()[:LETTERS] for line in lines]


def _split(digests: str) -> list[str]:
    return [digests[start : start + LETTERS] for start in range(0, len(digests), LETTERS)]


def read_release(path: Path, marks: Sequence[str] = (DESCRIPTION,)) -> Files:
    """Return the files of a release, a folder or a zip file.

    Parameters
    ----------
    path : Path
    marks : sequence of str
        Names of files of which the release has at least one, by which it is found inside other folders.

    Raises
    ------
    UpdateError
        If it is neither, or holds no release.
    """
    if path.is_dir():
        found = {
            one.relative_to(path).as_posix(): one
            for one in sorted(path.rglob("*"))
            if one.is_file() and not SKIPPED & set(one.relative_to(path).parts)
        }
        root = _root(found, path, marks)
        return {name.removeprefix(root): one.read_bytes() for name, one in found.items() if name.startswith(root)}
    if not path.exists():
        raise UpdateError(f"There is no {path}: give the folder or the zip file of the corrected release.")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and _is_plain(entry.filename)]
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise UpdateError(f"{path} is larger than {MOST_BYTES >> 20} MB: this is no release.")
            root = _root([entry.filename for entry in entries], path, marks)
            return {
                entry.filename.removeprefix(root): archive.read(entry)
                for entry in entries
                if entry.filename.startswith(root) and not SKIPPED & set(PurePosixPath(entry.filename).parts)
            }
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise UpdateError(f"{path} cannot be read as a zip file ({error}): download it again.") from None


def _is_plain(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not name.startswith("/") and ".." not in parts and "\\" not in name and ":" not in name


def _root(names: Iterable[str], path: Path, marks: Sequence[str]) -> str:
    """Return the beginning of the names that leads to the release."""
    fitting = [
        name[: -len(mark)]
        for name in names
        for mark in marks
        if f"/{name}".endswith(f"/{mark}") and f"/{BACKUPS}/" not in f"/{name}"
    ]
    if not fitting:
        raise UpdateError(f"{path} is no release of this kind: it holds no {marks[0]}.")
    return min(fitting, key=len)


def _base(path: Path, release: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the description of an earlier release, which may be older than such descriptions."""
    about = json.loads(release[DESCRIPTION])
    files = read_release(path, [name for name in release if name.endswith(".ipynb")] or [DESCRIPTION])
    described: dict[str, Any] = json.loads(describe(files, about["package"], about["tools"]))
    return described


def plan(release: Mapping[str, bytes], folder: Path, base: Mapping[str, Any] | None = None) -> Plan:
    """Return what an update of a folder does. Nothing is written.

    Parameters
    ----------
    release : mapping of bytes
        The files of the corrected release.
    folder : Path
        The student's folder.
    base : mapping, optional
        The description of the release that the student began with, by default the folder's own.

    Raises
    ------
    UpdateError
        If the folder is no folder of this assignment.
    """
    about = json.loads(release[DESCRIPTION])
    package, tools = str(about["package"]), list(about["tools"])
    notebooks = [name for name in release if name.endswith(".ipynb")]
    if not any((folder / name).exists() for name in (package, *notebooks)):
        raise UpdateError(f"{folder} holds neither {package} nor one of the notebooks: give your folder with --into.")
    before = base if base is not None else _own_description(folder)
    known: dict[str, Any] = before.get("files", {}) if isinstance(before.get("files"), dict) else {}
    made = Plan()
    for name in sorted(release):
        if name == DESCRIPTION:
            continue
        path, new = folder / name, release[name]
        if not path.exists():
            made.put(name, new, "added  ")
            continue
        own = path.read_bytes()
        if own == new:
            continue
        if _is_in(name, tools):
            made.put(name, new, "replaced")
        elif name.endswith(".ipynb"):
            _update_notebook(made, name, own, new, known.get(name))
        elif name.endswith(MERGED):
            _update_module(made, name, own, new, known.get(name))
        else:
            _update_file(made, name, new, known.get(name))
    for name in sorted(known.keys() - release.keys()):
        _remove(made, folder, name, known[name], _is_in(name, tools))
    if not (folder / DESCRIPTION).is_file() or (folder / DESCRIPTION).read_bytes() != release[DESCRIPTION]:
        made.put(DESCRIPTION, release[DESCRIPTION], "replaced" if (folder / DESCRIPTION).exists() else "added  ")
    return made


def _own_description(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / DESCRIPTION).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _update_file(made: Plan, name: str, new: bytes, base: Any) -> None:
    if base == _described(name, new):
        return  # only the student has changed it
    made.put(name, new, "replaced")


def _remove(made: Plan, folder: Path, name: str, base: Any, is_tool: bool) -> None:
    """Remove a file that the release no longer has, unless the student has changed it."""
    path = folder / name
    if not path.is_file() or not _is_plain(name):
        return
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        if is_tool or _described(name, path.read_bytes()) == base:
            made.put(name, None, "removed ")
            return
    made.keep(name, "the release no longer has it, and you have changed it.")


def _update_module(made: Plan, name: str, own: bytes, new: bytes, base: Any) -> None:
    try:
        text = own.decode("utf-8")
    except UnicodeDecodeError:
        made.keep(name, "it is not encoded in UTF-8: save it in UTF-8 and run this again.")
        return
    released = new.decode("utf-8")
    if not isinstance(base, str):
        if STUB in released:
            made.keep(name, "nothing says which release you began with: give it with --base, or compare by hand.")
        else:
            made.put(name, new, "replaced")
        return
    lines, conflicts = merge(_split(base), _lines(text), _lines(released))
    merged = "\n".join(lines)
    if name.endswith(".py") and _is_python(text) and not _is_python(merged):
        lines, conflicts = _lines(text), 1
        merged = "\n".join(lines)
    if _digests(lines) != _digests(_lines(text)):
        made.put(name, merged.replace("\n", "\r\n" if "\r\n" in text else "\n").encode(), "merged  ")
    if conflicts:
        made.keep(name, "the release changes lines that you have changed as well: yours stay, compare them by hand.")


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@dataclass(frozen=True)
class _Change:
    """Lines ``start`` to ``end`` of the base, and the lines ``first`` to ``last`` that replace them on one side."""

    start: int
    end: int
    first: int
    last: int
    mine: bool


def merge(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], int]:
    """Return the lines with both sides' changes, and the number of places that both changed differently.

    Parameters
    ----------
    base : sequence of str
        Digests of the lines that both sides began with.
    mine, theirs : sequence of str
        Lines. In places that both changed differently, mine stay.
    """
    own, other = _digests(mine), _digests(theirs)
    changes = sorted([*_changes(base, own, True), *_changes(base, other, False)], key=lambda one: (one.start, one.end))
    place = {
        block.a + number: block.b + number
        for block in difflib.SequenceMatcher(None, base, own, autojunk=False).get_matching_blocks()
        for number in range(block.size)
    }
    merged: list[str] = []
    conflicts, position = 0, 0
    for group in _groups(changes):
        start, end = group[0].start, max(one.end for one in group)
        merged += [mine[place[number]] for number in range(position, start)]
        left, right = _side(group, start, end, True, mine), _side(group, start, end, False, theirs)
        chosen, differs = _chosen(left, right, start == end)
        merged += chosen
        conflicts += differs
        position = end
    merged += [mine[place[number]] for number in range(position, len(base))]
    return merged, conflicts


def _chosen(mine: list[str] | None, theirs: list[str] | None, inserted: bool) -> tuple[list[str], bool]:
    """Return the lines for a place that one side or both changed, and whether theirs are left out."""
    if mine is None or theirs is None:
        return mine or theirs or [], False
    own, other = _digests(mine), _digests(theirs)
    if own == other or (inserted and own[-len(other) :] == other):  # or an interrupted update has added them
        return mine, False
    return (mine + theirs, False) if inserted else (mine, True)


def _changes(base: Sequence[str], side: Sequence[str], mine: bool) -> Iterator[_Change]:
    for tag, start, end, first, last in difflib.SequenceMatcher(None, base, side, autojunk=False).get_opcodes():
        if tag != "equal":
            yield _Change(start, end, first, last, mine)


def _groups(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    """Yield changes that touch the same lines together."""
    group: list[_Change] = []
    end = -1
    for one in changes:
        both_insert = bool(group) and one.start == one.end == group[-1].start == group[-1].end
        if group and (one.start < end or both_insert):
            group.append(one)
        else:
            if group:
                yield group
            group = [one]
        end = max(end, one.end)
    if group:
        yield group


def _side(group: list[_Change], start: int, end: int, mine: bool, lines: Sequence[str]) -> list[str] | None:
    """Return one side's lines in place of the base's lines ``start`` to ``end``, or None if it did not change them."""
    own = [one for one in group if one.mine == mine]
    if not own:
        return None
    return list(lines[own[0].first - (own[0].start - start) : own[-1].last + (end - own[-1].end)])


def _update_notebook(made: Plan, name: str, own: bytes, new: bytes, base: Any) -> None:
    try:
        notebook = json.loads(own.decode("utf-8-sig"))
        cells = notebook["cells"]
        if notebook["nbformat"] != 4 or not all(isinstance(cell.get("metadata", {}), dict) for cell in cells):
            raise ValueError("no notebook of format 4")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        made.keep(name, "it cannot be read as a notebook: repair it, or rename it, and run this again.")
        return
    release = json.loads(new)
    before = json.dumps(notebook, sort_keys=True)
    merged, conflicts = _merge_cells(cells, release["cells"], base if isinstance(base, dict) else {})
    if notebook.get("nbformat_minor", 0) < 5:
        for cell in merged:
            cell.pop("id", None)
    notebook["cells"] = merged
    if json.dumps(notebook, sort_keys=True) != before:
        made.put(
            name, (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace"), "merged  "
        )
    for conflict in conflicts:
        made.keep(name, f"the release changes the cell {conflict}, and you have changed it as well: yours stays.")


def _merge_cells(
    own: list[dict[str, Any]], new: list[dict[str, Any]], base: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a student's cells with the release's changes, and the keys of the cells that both changed differently."""
    cells = list(own)
    conflicts: list[str] = []
    at = -1  # the place of the last cell of the release
    found = _matched(cells, new, base)
    placed = {id(cell) for cell in found.values()}
    for number, released in enumerate(new):
        key = _key(released)
        mine = found.get(number)
        if mine is None:
            if key in base and not _said(released):
                continue  # the student has deleted this text
            at += 1
            cells.insert(at, dict(released))
            placed.add(id(cells[at]))
            continue
        at = next(place for place, cell in enumerate(cells) if cell is mine)
        cells[at], differs = _merged_cell(mine, released, base.get(key))
        conflicts += [key] if differs else []
        placed.add(id(cells[at]))
    gone = base.keys() - {_key(cell) for cell in new}
    kept = [
        cell
        for cell in cells
        if id(cell) in placed or _key(cell) not in gone or _digests(_lines(_text_of(cell))) != _split(base[_key(cell)])
    ]
    return kept, conflicts


def _merged_cell(mine: dict[str, Any], released: dict[str, Any], base: Any) -> tuple[dict[str, Any], bool]:
    """Return a cell with the student's text and the release's, and whether both changed the same lines."""
    text, new = _text_of(mine), _text_of(released)
    said = _said(released)
    conflicts = 0
    if said and not said.get("solution"):
        merged = new
    elif isinstance(base, str):
        lines, conflicts = merge(_split(base), _lines(text), _lines(new))
        merged = "\n".join(lines)
    else:  # nothing says what the student began with: an answer is the student's, other text the release's
        merged = text if said or STUB in new else new
    cell = dict(mine)
    if said:
        cell["metadata"] = {**mine.get("metadata", {}), "nbgrader": said}
        if not said.get("solution"):
            cell["cell_type"] = released["cell_type"]
    if merged != text.replace("\r\n", "\n"):
        cell["source"] = merged.splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    if cell["cell_type"] != "code":
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    else:
        cell.setdefault("outputs", [])
        cell.setdefault("execution_count", None)
    return cell, conflicts > 0


def _matched(
    own: list[dict[str, Any]], new: list[dict[str, Any]], base: Mapping[str, Any]
) -> dict[int, dict[str, Any]]:
    """Return the student's cell for each number of a released cell: by ``grade_id``, else by cell id, else by text."""
    found: dict[int, dict[str, Any]] = {}
    taken: set[int] = set()

    def take(number: int, cells: list[dict[str, Any]]) -> None:
        free = [cell for cell in cells if id(cell) not in taken]
        if number not in found and free:
            found[number] = free[0]
            taken.add(id(free[0]))

    for number, cell in enumerate(new):
        name = _said(cell).get("grade_id")
        same = [one for one in own if name and _said(one).get("grade_id") == name]
        changed = [one for one in same if "".join(_digests(_lines(_text_of(one)))) != base.get(_key(cell))]
        take(number, changed or same)  # of a doubled answer, the one that is written
    for number, cell in enumerate(new):
        take(number, [one for one in own if cell.get("id") and one.get("id") == cell["id"] and not _said(one)])
    for number, cell in enumerate(new):
        texts = {"".join(_digests(_lines(_text_of(cell)))), base.get(_key(cell))}
        same = [one for one in own if not _said(one) and "".join(_digests(_lines(_text_of(one)))) in texts]
        take(number, same if len(same) == 1 else [])
    return found


def _said(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what nbgrader says in a cell's metadata."""
    said = cell.get("metadata", {}).get("nbgrader")
    return said if isinstance(said, dict) else {}


def _key(cell: Mapping[str, Any]) -> str:
    """Return a cell's name in a description: nbgrader's, else Jupyter's."""
    return str(_said(cell).get("grade_id") or cell.get("id") or "")


def _text_of(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def carry_out(made: Plan, folder: Path) -> Path | None:
    """Write the files of a plan. Return the folder with what was there before, or None if nothing was there.

    The release's description is written last: after an interruption, the same update continues.
    """
    backup = folder / BACKUPS / time.strftime("%Y-%m-%dT%H-%M-%S")
    number = 1
    while backup.exists():
        number += 1
        backup = backup.with_name(f"{backup.name.partition('.')[0]}.{number}")
    for name in made.files:
        if (folder / name).is_file():
            _write(backup / name, (folder / name).read_bytes())
    for name, content in sorted(made.files.items(), key=lambda one: one[0] == DESCRIPTION):
        if content is None:
            (folder / name).unlink()
        else:
            _write(folder / name, content)
    return backup if backup.exists() else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 | 0o200 if path.exists() else 0o644
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Update a folder, and print what was done. Return 0, or 1 after an error."""
    own = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="update", description="Bring a corrected release into your folder.")
    parser.add_argument("release", nargs="?", type=Path, help="The corrected release: its folder or its zip file.")
    parser.add_argument("--into", type=Path, default=Path(), help="Your folder. Default: the current folder.")
    parser.add_argument("--base", type=Path, help="The release that you began with, if your folder does not say it.")
    parser.add_argument("--dry-run", action="store_true", help="Only print what would be done.")
    given = parser.parse_args(arguments)
    source, folder = given.release or own, given.into.resolve()
    try:
        if source.resolve() == folder:
            raise UpdateError(f"{source} is your own folder: give the folder or the zip file of the corrected release.")
        release = read_release(source)
        base = _base(given.base, release) if given.base else None
        made = plan(release, folder, base)
        backup = None if given.dry_run else carry_out(made, folder)
    except (UpdateError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(made.lines) if made.lines else "Everything is up to date.")
    if backup is not None:
        print(f"What was there before is in {backup.relative_to(folder).as_posix()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
