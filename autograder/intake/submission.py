"""Take in a submission: a folder or an archive becomes plain files and a digest.

This is hostile input, and nothing in it is executed. ``layout`` decides by names which files are taken.
"""

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from autograder import temporary
from autograder.errors import SubmissionError

from .archive import MAX_PACKED, SUFFIXES, entries_of_archive, is_archive
from .entries import MAX_ENTRIES, TOO_MANY, Entry, Unreadable, entries_of_folder
from .formats import archive_format, described, start_of
from .layout import MAX_ABOVE, MAX_DEPTH, MAX_TOTAL, Environments, Layout, Nothing, lay_out
from .names import Expected, path_fault, printable, suffix_of, without_copy
from .rules import Rules

MOST_LEFT_OUT = 100
MOST_LOOKED_AT = 50
"""Files whose first bytes intake reads to find an archive."""


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
        Names of left-out files and folders, each with the reason; at most a hundred. Unneeded files are not listed.
        They belong to what was handed in, not to the digest.
    hashes : tuple of str
        SHA-256 of each file in ``files``.
    notes : tuple of str
        Sentences about what intake recognised, joined and missed. They belong to what was handed in, too.
    """

    folder: Path
    digest: str
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    hashes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def without(self, names: Container[str]) -> "Submission":
        """Return the submission without some of its files, with the digest of the remaining files."""
        kept = {name: own for name, own in zip(self.files, self.hashes, strict=True) if name not in names}
        return replace(self, digest=digest_of(kept), files=tuple(kept), hashes=tuple(kept.values()))

    def unannounced(self) -> "Submission":
        """Return the submission without what intake says about the hand-in: its files alone."""
        return replace(self, left_out=(), notes=())


def digest_of(files: Mapping[str, str]) -> str:
    """Return one digest of several files, from their names and SHA-256 hashes."""
    listing = "\n".join(f"{name}\0{own}" for name, own in sorted(files.items()))
    return hashlib.sha256(listing.encode()).hexdigest()


def find_root(handed_in: Path, rules: Rules) -> Path:
    """Return the folder, archive or file to take in.

    Returns
    -------
    Path
        ``handed_in``. If it is a folder without work, the only archive in it.

    Raises
    ------
    SubmissionError
        If there is nothing to grade, or ``handed_in`` cannot be read.
    """
    try:
        if handed_in.is_file():
            _require_readable(handed_in, rules)
            return handed_in
        if not handed_in.is_dir():
            raise SubmissionError(
                f"{handed_in} is neither a folder nor an archive ({', '.join(SUFFIXES)}): "
                f"give the folder that holds the {rules.package} package."
            )
        entries = _entries_of(handed_in, rules)
        try:
            lay_out(entries, rules)
            return handed_in
        except Nothing as nothing:
            return _archive_in(handed_in, entries, rules, nothing)
    except Unreadable as why:
        raise SubmissionError(f"{printable(handed_in.resolve().name)} {why}.") from None
    except OSError as error:
        raise SubmissionError(f"{printable(handed_in.name)} cannot be read: {error.strerror}.") from None


def _require_readable(file: Path, rules: Rules) -> None:
    """Raise `Unreadable` if a file is neither an archive nor a file of a submission."""
    if is_archive(file.name) or _is_single(file.name, rules):
        return
    start = start_of(file)
    what = described(file.name, start)
    if what or not archive_format(start):
        other = f"is neither a folder nor an archive ({', '.join(SUFFIXES)})"
        raise Unreadable(what or f"{other}: give the folder that holds the {rules.package} package")


def _is_single(name: str, rules: Rules) -> bool:
    """Tell whether a file that was handed in alone is a part of the work by its name."""
    known = Expected((*rules.notebooks, *rules.modules, *rules.models)).known(name)
    return bool(known) or suffix_of(name) in rules.limits


def _archive_in(folder: Path, entries: Sequence[Entry], rules: Rules, nothing: Nothing) -> Path:
    """Return the only archive in a folder that holds nothing else to grade.

    Raises
    ------
    Unreadable
        If there is none, or several that are not copies of one.
    """
    files = [entry for entry in entries if _is_plain(entry, rules)]
    looked = {entry.name: _start(entry) for entry in files[:MOST_LOOKED_AT]}
    archives = [
        entry for entry in files
        if is_archive(entry.name)
        or (archive_format(looked.get(entry.name, b"")) and not described(entry.name, looked[entry.name]))
    ]  # fmt: skip
    if len(archives) > 1 and len({without_copy(entry.name) for entry in archives}) == 1:
        times = sorted({entry.time or 0.0 for entry in archives})
        archives = [entry for entry in archives if entry.time == times[-1]] if len(times) == len(archives) else archives
    if len(archives) > 1:
        raise Unreadable(f"holds {len(archives)} archives and nothing else to grade: hand in one of them")
    if archives:
        return folder / archives[0].name
    for name, start in looked.items():
        if what := described(name, start):
            raise Unreadable(f"holds no {rules.package} package and no notebook: {printable(name)} {what}")
    raise nothing


def _start(entry: Entry) -> bytes:
    with suppress(Unreadable):
        return next(iter(entry.chunks()), b"")
    return b"?"


def _entries_of(folder: Path, rules: Rules) -> list[Entry]:
    """Return the entries of a folder. Those of skipped folders come last, and not all of them if there are too many.

    Raises
    ------
    Unreadable
        If the folder cannot be listed, or holds more than `MAX_ENTRIES` entries outside skipped folders.
    """
    found: list[Entry] = []
    skipped: list[str] = []
    environments = Environments()

    def goes_on_in(name: str) -> bool:
        if name.count("/") >= MAX_DEPTH + MAX_ABOVE:
            return False
        skips = rules.skips(name.rpartition("/")[2]) or name in environments
        skipped.extend([name] if skips else [])
        return not skips

    for entry in entries_of_folder(folder, goes_on_in, MAX_ENTRIES):
        found.append(entry)
        environments.add(entry.name)
        if len(found) > MAX_ENTRIES:
            raise Unreadable(TOO_MANY.format(MAX_ENTRIES))
    for name in skipped:
        with suppress(Unreadable):
            below = entries_of_folder(folder / name, lambda _: True, MAX_ENTRIES)
            found += (
                Entry(f"{name}/{one.name}", is_folder=one.is_folder) for one in islice(below, MAX_ENTRIES - len(found))
            )
    return found


def take_in(source: Path, into: Path, rules: Rules) -> Submission:
    """Copy the accepted files of ``source`` to the empty folder ``into``.

    Parameters
    ----------
    source : Path
        The student's folder, archive or file, from `find_root`. It is only read, and its links are not followed.
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
        If there is nothing to grade in ``source``, or it cannot be read.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        if source.is_file() and not _is_archive(source, rules):
            entries = _file_alone(source)
        elif source.is_file():
            return _unpacked(source, into, rules)
        else:
            entries = _entries_of(source, rules)
        return _copied(lay_out(entries, rules), entries, into, rules)
    except Unreadable as why:
        raise SubmissionError(f"{printable(source.name)} {why}.") from None


def _is_archive(file: Path, rules: Rules) -> bool:
    return is_archive(file.name) or not _is_single(file.name, rules)


def _file_alone(file: Path) -> list[Entry]:
    """Return a file as the only entry of its folder."""
    beside = entries_of_folder(file.parent, lambda _: False, MAX_ENTRIES)
    return [entry for entry in beside if entry.name == file.name]


def _unpacked(archive: Path, into: Path, rules: Rules, nested: bool = False) -> Submission:
    """Take an archive in or, if it holds nothing but one other archive, that one."""
    members = [replace(entry, chunks=_nothing) for entry in entries_of_archive(archive)]
    try:
        layout = lay_out(members, rules)
    except Nothing as nothing:
        inner = _inner_archives(members, rules)
        if len(inner) > 1:
            raise Unreadable(f"holds {len(inner)} archives and nothing else to grade: hand in one of them") from None
        if not inner:
            raise nothing from None
        if nested:
            raise Unreadable("holds an archive in an archive: unpack them and hand in one archive") from None
        return _from_inner(archive, inner[0], members[inner[0]].name, into, rules)
    return _copied(layout, entries_of_archive(archive), into, rules)


def _nothing() -> Iterator[bytes]:
    return iter(())


def _inner_archives(members: Sequence[Entry], rules: Rules) -> list[int]:
    """Return the numbers of the archives among the members of an archive."""
    return [number for number, member in enumerate(members) if is_archive(member.name) and _is_plain(member, rules)]


def _is_plain(entry: Entry, rules: Rules) -> bool:
    """Tell whether an entry is a readable file outside skipped folders that is no part of the work itself."""
    *folders, last = entry.name.split("/")
    if entry.is_folder or entry.trouble or path_fault(entry.name) or last.startswith("._"):
        return False
    return not any(map(rules.skips, folders)) and suffix_of(last) not in rules.limits


def _from_inner(archive: Path, number: int, name: str, into: Path, rules: Rules) -> Submission:
    """Take in an archive that is a member of an archive."""
    with temporary.folder("inner") as scratch:
        # only the ending of the name is used: it tells nothing that the first bytes do not tell
        inner = Path(scratch, "inner.zip")
        for entry in islice(entries_of_archive(archive), number, number + 1):
            size = 0
            with inner.open("xb") as file:
                for chunk in entry.chunks():
                    size += len(chunk)
                    if size > MAX_PACKED:
                        raise Unreadable(
                            f"holds an archive larger than {MAX_PACKED >> 20} MB: hand in the course's files only"
                        )
                    file.write(chunk)
        try:
            taken = _unpacked(inner, into, rules, nested=True)
        except Unreadable as why:
            raise Unreadable(f"holds only the archive {printable(name)}, which {why}") from None
    return replace(
        taken, notes=(f"The work lies in the archive {printable(name)} within {printable(archive.name)}.", *taken.notes)
    )


def _copied(layout: Layout, entries: Iterable[Entry], into: Path, rules: Rules) -> Submission:
    """Copy the entries that a layout takes, make them readable for the runner's user, and return the submission."""
    left_out = list(layout.left_out)
    taken: dict[str, str] = {}
    left = MAX_TOTAL
    for number, entry in enumerate(entries):
        target = layout.targets.get(number)
        if target is None:
            continue
        path = into / target
        path.parent.mkdir(parents=True, exist_ok=True)
        reason, digest, size = _copy(entry, path, min(left, rules.limits[suffix_of(target)]))
        left -= size
        if reason:
            path.unlink()
            left_out.append(f"{printable(target)} ({reason})")
        else:
            taken[target] = digest
    for one in (into, *into.rglob("*")):
        one.chmod(0o755 if one.is_dir() else 0o644)
    taken = dict(sorted(taken.items()))
    shown = sorted(left_out)
    more = [f"and {len(shown) - MOST_LEFT_OUT + 1} more"] if len(shown) > MOST_LEFT_OUT else []
    shown = [*shown[: MOST_LEFT_OUT - len(more)], *more]
    return Submission(into, digest_of(taken), tuple(taken), tuple(shown), tuple(taken.values()), layout.notes)


def _copy(entry: Entry, path: Path, limit: int) -> tuple[str, str, int]:
    """Copy an entry of at most ``limit`` bytes. Return the reason to leave it out or "", its SHA-256 and its size."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        try:
            for chunk in entry.chunks():
                size += len(chunk)
                if size > limit:
                    return "too large", "", size
                file.write(chunk)
                digest.update(chunk)
        except Unreadable as why:
            return str(why), "", size
    return "", digest.hexdigest(), size
