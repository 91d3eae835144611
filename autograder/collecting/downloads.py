"""nbgrader's ``zip_collect`` on what an LMS lets an instructor download: archives of archives, or a folder of them.

`LmsExtractor` puts each student's files into ``extracted/<student>/``, and `LmsCollector` hands these folders to
nbgrader. See ``lms`` for names. A student's own archive stays closed: intake opens it, within its limits. What belongs
to nobody stays in ``unassigned/``, beside ``extracted/``, and is listed.
"""

import shutil
import stat
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

import yaml
from nbgrader.api import Gradebook
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from autograder.errors import SetupError
from autograder.intake.archive import zip_name, zip_trouble
from autograder.sandbox.client import printable

from . import notes
from .groups import read_groups
from .lms import Claim, Nobody, Roster, Student, claim, plain_name
from .roster import NAME

UNASSIGNED = "unassigned"
METADATA = "submission_metadata.yml"
"""Gradescope's list of the people behind its numbers."""
MAX_METADATA = 32 * 2**20
MAX_FILE = 512 * 2**20
"""Bytes of one student's file; intake takes no larger archive."""
MAX_ENTRIES = 200_000
MAX_NESTED = 3
"""Archives in archives in archives: the download of a course, of a section, of a student."""
MAX_NAME = 200
CHUNK = 2**20
LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
DOUBLED = "another file of the same student has this name"


class CollectError(SetupError):
    """The downloads cannot be collected. One sentence says why, and what to do."""


@dataclass(frozen=True)
class Download:
    """A file of the download: on disk, or in an archive.

    Attributes
    ----------
    path : PurePosixPath
        Its path, without the names of archives on the way.
    open : callable
        Returns its content as a stream.
    size : int
        The announced size in bytes.
    trouble : str
        The reason why it cannot be read, or "".
    """

    path: PurePosixPath
    open: Callable[[], IO[bytes]]
    size: int
    trouble: str = ""


@dataclass(frozen=True)
class Assigned:
    """A file of a student: its name in the student's folder, and the LMS's marks."""

    download: Download
    student: str
    inside: PurePosixPath
    claimed: Claim
    time: str = ""


@dataclass
class Plan:
    """Where each file of a download belongs.

    Attributes
    ----------
    assigned : list of Assigned
    left : list of (Download, str)
        The other files, each with the reason, which is one sentence.
    notes : list of str
        What else an instructor wants to know: late work, older versions, work of several people.
    """

    assigned: list[Assigned] = field(default_factory=list)
    left: list[tuple[Download, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan(downloads: list[Download], roster: Roster, released: set[str]) -> Plan:
    """Find each file's student, and of several versions of a file the newest.

    Parameters
    ----------
    downloads : list of Download
    roster : Roster
    released : set of str
        Names of the files that students receive.
    """
    made = Plan()
    lists = [one for one in downloads if _is_list(one.path, roster)]
    people = _people(lists)
    found: list[Assigned] = []
    for download in downloads:
        if download in lists:
            continue
        try:
            found += _assign(download, roster, people)
        except Nobody as error:
            made.left.append((download, str(error)))
    found = _without_doubtful(found, made)
    _choose_versions(found, released, made)
    for student, files in _by_student(made.assigned).items():
        if any(one.claimed.late for one in files):
            made.notes.append(f"{student} handed in late, says {files[0].claimed.system}.")
    return made


def _assign(download: Download, roster: Roster, people: Mapping[str, "_People"]) -> list[Assigned]:
    """Return a file's students with the file: one, or the members of a group.

    Raises
    ------
    Nobody
        If the file belongs to no student of the roster, or must not be used.
    """
    if download.trouble:
        raise Nobody(f"{_shown(download)} is {download.trouble}.")
    if any(not _is_safe(part) for part in download.path.parts):
        raise Nobody(f"{_shown(download)} has a name that is not safe on every machine.")
    claimed = _by_id(download.path, roster) or claim(download.path)
    if claimed is None:
        raise Nobody(f"{_shown(download)} has no name that Canvas, Moodle or Gradescope gives.")
    if claimed.inside.name in notes.NOTES and len(claimed.inside.parts) == 1:
        raise Nobody(f"{_shown(download)} has the name of nbgrader's own file.")
    if claimed.system != "Gradescope":
        return [Assigned(download, roster.owner(claimed), claimed.inside, claimed)]
    known = people.get(claimed.name)
    if known is None:
        raise Nobody(f"{METADATA} does not tell who is behind {claimed.name}: export the submissions once more.")
    students = [roster.person(*person) for person in known.persons]
    return [Assigned(download, student, claimed.inside, claimed, known.time) for student in dict.fromkeys(students)]


def _by_id(path: PurePosixPath, roster: Roster) -> Claim | None:
    """Return a claim if the first part of a path is a student's id: a folder, or an archive's name without suffix."""
    first = path.parts[0]
    if len(path.parts) > 1:
        return Claim("", first, "", PurePosixPath(*path.parts[1:])) if roster.has_id(first) else None
    stem = PurePosixPath(first).stem
    return Claim("", stem, "", path) if roster.has_id(stem) else None


def _without_doubtful(found: list[Assigned], made: Plan) -> list[Assigned]:
    """Leave out students whom the LMS counts twice, such as two people of one name of whom the roster has one."""
    sure = []
    for student, files in _by_student(found).items():
        numbers = {(one.claimed.system, one.claimed.number) for one in files if one.claimed.system != "Gradescope"}
        systems = {system for system, _ in numbers}
        if len(numbers) == len(systems):
            sure += files
            continue
        several = " and ".join(sorted({one.claimed.by for one in files}))
        made.left += [(one.download, f"{several} may both be {student}: correct the gradebook.") for one in files]
    return sure


def _choose_versions(found: list[Assigned], released: set[str], made: Plan) -> None:
    for student, files in _by_student(found).items():
        versions: dict[str, list[tuple[int, int, Assigned]]] = defaultdict(list)
        for one in files:
            name, version = one.inside.name, 0
            if one.claimed.system == "Canvas" and len(one.inside.parts) == 1:
                name, version = plain_name(name, released)
            versions[_key(one.inside.with_name(name))].append((version, one.claimed.upload, one))
        for candidates in versions.values():
            *older, (version, upload, newest) = sorted(candidates, key=lambda each: each[:2])
            plain = plain_name(newest.inside.name, released)[0] if version else newest.inside.name
            if [each for each in older if each[:2] == (version, upload)]:
                made.left += [(each[2].download, f"{student}: {DOUBLED}.") for each in candidates]
                continue
            made.assigned.append(
                Assigned(newest.download, student, newest.inside.with_name(plain), newest.claimed, newest.time)
            )
            for _, _, one in older:
                made.left.append((one.download, f"{student} has uploaded {plain} again: the newer one counts."))


def _key(path: PurePosixPath) -> str:
    """Return a path as it is compared by file systems that ignore capitals."""
    return str(path).casefold()


def _by_student(files: list[Assigned]) -> dict[str, list[Assigned]]:
    found: dict[str, list[Assigned]] = defaultdict(list)
    for one in files:
        found[one.student].append(one)
    return found


@dataclass(frozen=True)
class _People:
    """The people behind one of Gradescope's numbers, as (name, address, number), and the time of the submission."""

    persons: tuple[tuple[str, str, str], ...]
    time: str


def _is_list(path: PurePosixPath, roster: Roster) -> bool:
    """Tell whether a file is Gradescope's list, and not a student's file of this name."""
    return path.name == METADATA and claim(path) is None and _by_id(path, roster) is None


def _people(lists: list[Download]) -> dict[str, _People]:
    """Read Gradescope's lists.

    Raises
    ------
    CollectError
        If there is a list that cannot be read.
    """
    known: dict[str, _People] = {}
    for download in lists:
        with download.open() as file:
            content = file.read(MAX_METADATA + 1)
        try:
            if len(content) > MAX_METADATA:
                raise ValueError
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            for name, facts in yaml.load(content, loader).items():
                persons = tuple(
                    (str(one.get(":name") or ""), str(one.get(":email") or ""), str(one.get(":sid") or ""))
                    for one in facts[":submitters"]
                )
                known[str(name)] = _People(persons, str(facts.get(":created_at") or ""))
        except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise CollectError(
                f"{METADATA} cannot be read: export the submissions from Gradescope once more."
            ) from None
    return known


def downloads_in(archive: Path, roster: Roster, opened: ExitStack, scratch: Path) -> Iterator[Download]:
    """Yield the files below a folder, with the entries of archives that are no student's in place of the archives.

    Parameters
    ----------
    archive : Path
        The folder with the downloads.
    roster : Roster
    opened : ExitStack
        Closes the archives.
    scratch : Path
        A folder for archives from archives.

    Raises
    ------
    CollectError
        If there are too many files.
    """
    count = 0
    for path in sorted(archive.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        trouble = "" if stat.S_ISREG(path.lstat().st_mode) else "a link, or no file"
        name = PurePosixPath(path.relative_to(archive).as_posix())
        size = path.lstat().st_size
        found = Download(name, partial(_stream, path), size, trouble)
        for one in _opened(found, roster, opened, scratch, 1):
            count += 1
            if count > MAX_ENTRIES:
                raise CollectError(f"{archive} holds more than {MAX_ENTRIES:,} files: collect a section at a time.")
            yield one


def _stream(path: Path) -> IO[bytes]:
    return path.open("rb")


def _opened(download: Download, roster: Roster, opened: ExitStack, scratch: Path, depth: int) -> Iterator[Download]:
    """Yield a file, or the entries of a class's archive."""
    path = download.path
    if any(part in LITTER or part.startswith("._") for part in path.parts):
        return
    a_students = claim(path) is not None or _by_id(path, roster) is not None
    if path.suffix.lower() != ".zip" or a_students or download.trouble or depth > MAX_NESTED:
        yield download
        return
    try:
        archive = opened.enter_context(zipfile.ZipFile(opened.enter_context(_seekable(download, scratch))))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        yield Download(path, download.open, download.size, "a broken archive: download it again")
        return
    for entry in entries[: MAX_ENTRIES + 1]:
        if not entry.is_dir():
            inner = PurePosixPath(*path.parts[:-1], zip_name(entry).replace("\\", "/"))
            one = Download(inner, partial(archive.open, entry), entry.file_size, zip_trouble(entry))
            yield from _opened(one, roster, opened, scratch, depth + 1)


def _seekable(download: Download, scratch: Path) -> IO[bytes]:
    """Return an archive's stream. An archive from an archive is copied first."""
    stream = download.open()
    if not isinstance(stream, zipfile.ZipExtFile):
        return stream
    copy = scratch / f"{len(list(scratch.iterdir()))}.zip"
    with stream:
        _copy(stream, copy, 2**40)
    return copy.open("rb")


def _copy(stream: IO[bytes], target: Path, most: int) -> bool:
    """Copy at most ``most`` bytes into a new file. Return whether that was everything."""
    with target.open("xb") as file:
        while chunk := stream.read(CHUNK):
            most -= len(chunk)
            if most < 0:
                break
            file.write(chunk)
    return most >= 0


def _is_safe(part: str) -> bool:
    """Tell whether a part of a path leads nowhere and can be printed and stored."""
    return (
        part not in ("", ".", "..", "/")
        and len(part.encode("utf-8", "surrogatepass")) <= MAX_NAME
        and part.isprintable()
        and not set(part) & set('\\/:*?"<>|')
        and not part.endswith((" ", "."))
    )


def _shown(download: Download) -> str:
    return " ".join(printable(str(download.path)).split())[:120]


class LmsExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Sorts an LMS's downloads into a folder for each student of the gradebook, and one for what belongs to nobody."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Sort the files below ``archive_path`` into ``extracted_path``.

        Raises
        ------
        SystemExit
            If the gradebook has no students, or the disk has no room. nbgrader shows other exceptions with a traceback.
        """
        extracted = Path(extracted_path)
        left = extracted.with_name(UNASSIGNED)
        scratch = extracted / ".archives"
        try:
            with ExitStack() as opened:
                scratch.mkdir()
                roster = self._roster()
                downloads = list(downloads_in(Path(archive_path), roster, opened, scratch))
                _require_room(extracted, downloads)
                made = plan(downloads, roster, self._released())
                shutil.rmtree(left, ignore_errors=True)
                for one in made.assigned:
                    _store(one, extracted, made)
                for number, (download, _) in enumerate(made.left):
                    _leave(download, left, number)
        except SetupError as error:
            self.parent.fail(str(error))
        except OSError as error:
            self.parent.fail(
                f"The downloads cannot be sorted into {extracted} ({error.strerror}); nothing is collected."
            )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._report(made, left)

    def _report(self, made: Plan, left: Path) -> None:
        students = {one.student for one in made.assigned}
        self.log.info("%d files of %d students", len(made.assigned), len(students))
        for note in made.notes:
            self.log.warning("%s", printable(note))
        for download, why in made.left:
            self.log.warning("Not collected: %s. %s", _shown(download), printable(why))
        if made.left:
            self.log.warning("%d files are not collected. They are in %s", len(made.left), left)

    def _roster(self) -> Roster:
        coursedir = self.parent.coursedir
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            students = [
                Student(one.id, one.first_name or "", one.last_name or "", one.email or "", str(one.lms_user_id or ""))
                for one in gradebook.students
                if _is_safe(one.id)
            ]
        if not students:
            self.parent.fail(
                "The gradebook has no students, so no file can be assigned: run `nbgrader db student import FILE.csv` "
                "(columns id, first_name, last_name, email, lms_user_id) first."
            )
        known = {student.id for student in students}
        groups = [Student(name, last=name) for name in read_groups(Path(coursedir.root), NAME) if name not in known]
        return Roster([*students, *groups])  # where a group hands in, an LMS writes the group's name

    def _released(self) -> set[str]:
        coursedir = self.parent.coursedir
        release = Path(coursedir.format_path(coursedir.release_directory, ".", coursedir.assignment_id))
        return {path.name for path in release.rglob("*") if path.is_file()}


def _require_room(folder: Path, downloads: list[Download]) -> None:
    needed = sum(min(download.size, MAX_FILE) for download in downloads)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CollectError(
            f"The disk of {folder} has {free >> 20:,} MB left, and the files take {needed >> 20:,} MB: make room first."
        )


def _store(one: Assigned, extracted: Path, made: Plan) -> None:
    target = extracted / one.student / one.inside
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with one.download.open() as stream:
            whole = _copy(stream, target, MAX_FILE)
    except FileExistsError:  # a file stands where another one needs a folder
        made.left.append((one.download, f"{one.student}: {DOUBLED}."))
        return
    except (zipfile.BadZipFile, NotADirectoryError, NotImplementedError, RuntimeError, EOFError):
        made.left.append((one.download, f"{_shown(one.download)} is broken in the archive: download it again."))
        whole = True
        target.unlink(missing_ok=True)
    if not whole:
        target.unlink()
        made.left.append((one.download, f"{_shown(one.download)} is larger than {MAX_FILE >> 20} MB."))
    if one.time and not (time := extracted / one.student / notes.TIMESTAMP).exists():
        time.parent.mkdir(parents=True, exist_ok=True)
        time.write_text(one.time)


def _leave(download: Download, left: Path, number: int) -> None:
    """Copy a file that belongs to nobody to where an instructor sees it."""
    parts = ["".join(letter if _is_safe(f"x{letter}x") else "_" for letter in part) for part in download.path.parts]
    name = "__".join(part for part in parts if part.strip("._ "))[-MAX_NAME:] or "file"
    target = left / name
    if target.exists():
        target = left / f"{number}__{name}"[:MAX_NAME]
    left.mkdir(parents=True, exist_ok=True)
    if download.trouble:
        return
    try:
        with download.open() as stream:
            _copy(stream, target, MAX_FILE)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        target.unlink(missing_ok=True)


class LmsCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Collects the folders that `LmsExtractor` made: the first folder is the student's id."""

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        """Return the student and the name of a file in ``extracted``, or None for a file that is no student's."""
        extracted = Path(self.parent._format_collect_path(self.parent.extracted_directory))
        path = Path(submitted_file).relative_to(extracted)
        if len(path.parts) < 2:
            return None
        return {"student_id": path.parts[0], "file_id": str(Path(*path.parts[1:]))}


def configure(config: Any) -> None:
    """Make nbgrader's ``zip_collect`` understand what an LMS lets an instructor download.

    Parameters
    ----------
    config : traitlets.config.Config
        The ``c`` of ``nbgrader_config.py``.
    """
    config.ZipCollectApp.extractor_plugin = LmsExtractor
    config.ZipCollectApp.collector_plugin = LmsCollector
