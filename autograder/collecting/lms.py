"""Whose file is it? The names that Canvas, Moodle and Gradescope give to downloaded files, and the course's roster.

A file belongs to a student only if its name says so without doubt. Nothing here reads or writes files.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

MOODLE = re.compile(r"(?P<name>.*?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*))?")
CANVAS = re.compile(r"(?P<name>.*?)(?P<late>_late)?_(?P<id>\d+)_(?P<upload>\d+|text)_?(?P<file>.*)", re.IGNORECASE)
"""Nothing may be left of a student's name that has neither letters nor digits. The file is a student's all the same: an
archive must not be opened as if it were a download, in which names tell whose a file is."""
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
ANONYMOUS = re.compile(r"anon\w*|participant|student", re.IGNORECASE)
"""Names that an LMS gives to students whose work is anonymous."""
VERSION = re.compile(r"(?P<stem>.+?)-(?P<version>\d{1,3})")
"""Canvas adds a number to the name of a file that a student uploads again."""


@dataclass(frozen=True)
class Claim:
    """What a downloaded file's name says about its student.

    Attributes
    ----------
    system : str
        ``Canvas``, ``Moodle``, ``Gradescope``, or "" for a folder or file with a student's id as its name.
    name : str
        The student's name in the LMS's spelling, or the id.
    number : str
        The LMS's number, or "". In Canvas it is the user's.
    inside : PurePosixPath
        The file's own name, with the folders in which the student put it.
    late : bool
        Whether the LMS marks the file as late.
    upload : int
        Canvas's number of the upload, which grows with time; 0 elsewhere.
    """

    system: str
    name: str
    number: str
    inside: PurePosixPath
    late: bool = False
    upload: int = 0

    @property
    def by(self) -> str:
        """The student as the LMS names the student, for messages."""
        name = self.name if key(self.name) else "somebody without a name"
        return f"{name} ({self.system}'s number {self.number})" if self.number else name


def claim(path: PurePosixPath) -> Claim | None:
    """Read a file's path in the download from left to right, and return the first thing that names a student.

    Parameters
    ----------
    path : PurePosixPath
        Relative to the download: an entry of the LMS's archive, or a file that was downloaded alone.

    Returns
    -------
    Claim or None
        None if no part of the path has a form that an LMS writes.
    """
    for at, part in enumerate(path.parts):
        rest = path.parts[at + 1 :]
        if found := MOODLE.fullmatch(part):
            own = ([found["file"]] if found["file"] else []) if not rest else []
            return _claim("Moodle", found["name"], found["id"], [*own, *rest])
        if found := GRADESCOPE.fullmatch(part):
            return _claim("Gradescope", found[0], found["id"], rest)
        if found := CANVAS.fullmatch(part):
            upload = int(found["upload"]) if found["upload"].isdigit() else 0
            inside = [found["file"] or part, *rest]
            return _claim("Canvas", found["name"], found["id"], inside, late=bool(found["late"]), upload=upload)
    return None


def _claim(
    system: str, name: str, number: str, inside: Iterable[str], late: bool = False, upload: int = 0
) -> Claim | None:
    path = PurePosixPath(*inside)
    return Claim(system, name, number, path, late, upload) if path.parts else None


def plain_name(name: str, released: Iterable[str]) -> tuple[str, int]:
    """Return a file's name without Canvas's number, and the number, or 0.

    The number goes only from an archive, or where a released file has the name without it: other files may end in a
    number of the student's own.
    """
    path = PurePosixPath(name)
    found = VERSION.fullmatch(path.stem)
    if found is None:
        return name, 0
    plain = found["stem"] + path.suffix
    known = path.suffix.lower() == ".zip" or plain in released
    return (plain, int(found["version"])) if known else (name, 0)


def key(name: str) -> str:
    """Return the letters and digits of a name, without accents and capitals."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name).casefold() if letter.isalnum())


def _spellings(first: str, last: str) -> set[str]:
    """Return the keys under which an LMS may write a name: in both orders, and without letters beyond ASCII."""
    orders = (first + last, last + first)
    plain = ("".join(letter for letter in order if letter.isascii()) for order in orders)
    return {key(order) for order in (*orders, *plain)} - {""}


@dataclass(frozen=True)
class Student:
    """A student of the gradebook."""

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    number: str = ""
    """The number in the LMS."""


class Nobody(Exception):
    """The roster does not tell whose file it is. The message is one sentence, and says what to do."""


@dataclass
class Roster:
    """The students of the gradebook, found by number, id, address or name.

    Parameters
    ----------
    students : iterable of Student
    """

    students: Iterable[Student]
    _exact: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set), init=False)
    _named: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set), init=False)
    _numbers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set), init=False)
    _ids: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        """Index the students by number, by id and address, and by name."""
        for student in self.students:
            self._ids.add(student.id.casefold())
            if student.number:
                self._numbers[student.number].add(student.id)
            for text in (student.id, student.email):
                if text:
                    self._exact[text.casefold()].add(student.id)
            for text in _spellings(student.first, student.last) if student.last else ():
                self._named[text].add(student.id)

    def has_id(self, text: str) -> bool:
        """Tell whether a text is a student's id, in any capitals."""
        return text.casefold() in self._ids

    def owner(self, claimed: Claim) -> str:
        """Return the id of a claim's student: by Canvas's number, else by id, else by name.

        Moodle's number names a participant of one activity and Gradescope's a submission. Either may be another
        student's number in the gradebook, so they are not used.

        Raises
        ------
        Nobody
            If no student fits, or several.
        """
        named = self._exact.get(claimed.name.casefold()) or self._named.get(key(claimed.name)) or set()
        numbered = self._numbers.get(claimed.number, set()) if claimed.system == "Canvas" else set()
        found = (numbered & named if named else numbered) or (set() if numbered else named)
        if len(found) == 1:
            return next(iter(found))
        advice = _advice(claimed)
        if numbered and named:
            several = ", ".join(sorted(numbered | named))
            raise Nobody(f"{claimed.by} has the number of one student and the name of another ({several}): {advice}.")
        if found:
            raise Nobody(f"{claimed.by} may be any of {', '.join(sorted(found))}: {advice}.")
        if ANONYMOUS.fullmatch(claimed.name):
            raise Nobody(f"{claimed.by} is anonymous: download the submissions with the students' names.")
        raise Nobody(f"No student of the gradebook is {claimed.by}: {advice}.")

    def person(self, name: str, email: str, number: str) -> str:
        """Return the id of a person of whom an LMS tells name, address and number.

        Raises
        ------
        Nobody
            If no student fits, or several.
        """
        for found in (self._numbers.get(number), self._exact.get(number.casefold()), self._exact.get(email.casefold())):
            if found is not None and len(found) == 1:
                return next(iter(found))
        return self.owner(Claim("", name, "", PurePosixPath()))


def _advice(claimed: Claim) -> str:
    how = f"--lms-user-id={claimed.number}" if claimed.system == "Canvas" else "--first-name and --last-name"
    return f"tell who it is with `nbgrader db student add ID` and {how}, and collect again"
