"""Students' names: folders in ``submitted``, the gradebook's students, and what a person types.

The gradebook's spelling is kept. A folder whose name only looks like a student's is set aside for a person, because
nbgrader would make a student of its own from it.
"""

import difflib
import fnmatch
import functools
import re
import shlex
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.intake.submission import Submission

NAME = re.compile(r"\w(?:[\w .@+'-]{0,98}[\w@+'-])?")
"""A valid student id. nbgrader writes ids into patterns and pages, so it holds no character that is special there."""
RULE = (
    "an id begins with a letter or digit, does not end with a space or dot, and holds at most 100 letters, digits, "
    "spaces and . @ _ + - '"
)
APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼʻ′`´＇"), "'")
ALIKE = str.maketrans(
    "авекмнорстухіѕјһԛԝԁӏ" + "αβεηικμνορτυχωζ" + "ıɡɑօսհ",
    "abekmhopctyxisjhqwdl" + "abenikmvoptuxwz" + "igaouh",
)
"""Letters of other alphabets in lower case, and the Latin letters that they look like."""
WORK = (".py", ".pyx", ".ipynb")
FEW = 10


@dataclass(frozen=True)
class Resolved:
    """Whose the folders in ``submitted`` are.

    Attributes
    ----------
    students : dict
        Maps each student's id to the folder that counts.
    aside : dict
        Maps the name of each folder that is not graded to a sentence: why, and what to do.
    remarks : tuple of str
        Sentences about folders that are graded.
    """

    students: dict[str, Path] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def plain(name: str) -> str:
    """Return a name in the normal form that keyboards write, with plain apostrophes: a new student's id."""
    return unicodedata.normalize("NFC", name).translate(APOSTROPHES)


@functools.lru_cache(maxsize=10_000)
def key(name: str) -> str:
    """Return a form that is equal for two spellings of one id: capitals, apostrophes, normal forms, runs of spaces."""
    return unicodedata.normalize("NFC", " ".join(plain(name).casefold().split()))


@functools.lru_cache(maxsize=10_000)
def look(name: str) -> str:
    """Return a form that is equal for two ids that look alike: also other alphabets, widths, and marks at the end."""
    wide = unicodedata.normalize("NFKC", name)
    seen = "".join(char for char in wide if unicodedata.category(char) not in ("Cf", "Cc"))
    return key(seen).translate(ALIKE).rstrip(" .")


def valid(name: str) -> bool:
    """Tell whether a name is a valid student id, apart from its normal form."""
    return NAME.fullmatch(plain(name)) is not None


def quoted(name: str) -> str:
    """Return a hostile name for messages: in quotation marks, with everything visible."""
    return ascii(name)[:80]


def resolve(
    folders: Iterable[Path],
    known: Collection[str],
    handed_in: Callable[[Path], datetime | None] = lambda _: None,
) -> Resolved:
    """Tell whose submitted folders are.

    Parameters
    ----------
    folders : iterable of Path
        ``submitted/STUDENT/ASSIGNMENT`` of each student.
    known : collection of str
        The gradebook's students.
    handed_in : callable
        Returns the time of a folder's submission, which decides which of two folders counts.
    """
    own: dict[str, list[Path]] = defaultdict(list)
    aside: dict[str, str] = {}
    remarks: list[str] = []
    ids = list(known)
    # Valid and plain names come first, so that a name that looks like another is the one that is set aside.
    for folder in sorted(folders, key=lambda path: (not path.parent.name.isascii(), path.parent.name)):
        name = folder.parent.name
        student, why = _student(name, ids, set(known))
        if why:
            aside[name] = f"submitted/{quoted(name)[1:-1]} is not graded: {why}"
            continue
        if student not in ids:
            ids.append(student)
        elif student != name and student in known:
            remarks.append(f"submitted/{name} is the student {student} of the gradebook, and is graded under that id.")
        own[student].append(folder)
    students = {}
    for student, found in sorted(own.items()):
        students[student] = found[0]
        if len(found) > 1:
            students[student] = _last(found, student, handed_in)
            names = " and ".join(path.parent.name for path in found)
            remarks.append(
                f"The student {student} has {len(found)} folders in submitted/: {names}. "
                f"{students[student].parent.name} counts: keep one of them."
            )
    return Resolved(students, aside, (*remarks, *_strangers(students, known)))


def _student(name: str, ids: Collection[str], known: Collection[str]) -> tuple[str, str]:
    """Return the id of a folder's student; or "", and the reason why nobody knows it."""
    if not valid(name):
        like = [one for one in ids if look(one) == look(name)]
        if like:
            return "", f"it looks like the student {like[0]}. Rename it to {like[0]} if it is that student's."
        return "", f"rename it to a student's id ({RULE})."
    if name in ids:
        return name, ""
    same = [one for one in ids if key(one) == key(name)]
    if len(same) > 1:
        return "", f"it can be {' or '.join(same)}. Rename it to one of these ids."
    if same:
        return same[0], ""
    like = [one for one in ids if look(one) == look(name)]
    if like:
        add = f", else add the student with `nbgrader db student add {shlex.quote(name)}`" if like[0] in known else ""
        return "", f"it looks like the student {like[0]}. Rename it to {like[0]} if it is that student's{add}."
    return plain(name), ""


def _last(folders: list[Path], student: str, handed_in: Callable[[Path], datetime | None]) -> Path:
    """Return the folder that was handed in last; of equal ones, that with the student's own spelling."""
    never = datetime.min.replace(tzinfo=UTC)
    return max(folders, key=lambda path: (handed_in(path) or never, path.parent.name == student))


def _strangers(students: Iterable[str], known: Collection[str]) -> list[str]:
    """Return a sentence about students that the gradebook does not know, if it knows some."""
    new = [student for student in students if student not in known]
    if not known or not new:
        return []
    more = f" and {len(new) - FEW} more" if len(new) > FEW else ""
    near = [f"{one} (near {like[0]})" if (like := near_names(one, known, 1)) else one for one in new[:FEW]]
    return [f"Not among the gradebook's students, and added to them: {', '.join(near)}{more}."]


def near_names(name: str, names: Iterable[str], number: int = 3) -> list[str]:
    """Return the names that are most like a name, best first."""
    keys: dict[str, str] = {}
    for one in names:
        keys.setdefault(key(one), one)
    return [keys[found] for found in difflib.get_close_matches(key(name), keys, number, 0.6)]


def matches(student: str, folder: str, pattern: str) -> bool:
    """Tell whether ``--student`` names a student: by id, in another spelling, or with the wildcards * and ?."""
    if any(mark in pattern for mark in "*?"):
        return fnmatch.fnmatchcase(student, pattern) or fnmatch.fnmatchcase(folder, pattern)
    return pattern in (student, folder) or key(pattern) == key(student)


def unknown(pattern: str, folders: Iterable[str], known: Collection[str], where: str) -> str:
    """Return the sentence about a ``--student`` that no submission belongs to.

    Parameters
    ----------
    pattern : str
        What was typed.
    folders : iterable of str
        The students who have handed in.
    known : collection of str
        The gradebook's students.
    where : str
        The folder of the submissions, for messages.
    """
    folders = list(folders)
    if not folders:
        return f"There are no submissions in {where}: collect them there first."
    same = [one for one in known if key(one) == key(pattern)]
    if same:
        return f"The student {same[0]} has handed in nothing: there is no submission in {where}."
    near = near_names(pattern, [*folders, *known])
    advice = f"did you mean {' or '.join(near)}?" if near else f"{len(folders)} students have handed in."
    return f"There is no student {quoted(pattern)}: {advice}"


def same_work(submissions: Mapping[str, Submission], release: Submission | None) -> list[str]:
    """Return a sentence for each group of students who handed in the same package and notebooks.

    Parameters
    ----------
    submissions : dict
        Maps each student to the submission.
    release : Submission or None
        The untouched release: what equals it is nobody's work.
    """
    given = set(zip(release.files, release.hashes, strict=True)) if release is not None else set()
    groups: dict[frozenset[tuple[str, str]], list[str]] = defaultdict(list)
    for student, submission in sorted(submissions.items()):
        files = zip(submission.files, submission.hashes, strict=True)
        work = frozenset((name, own) for name, own in files if name.endswith(WORK)) - given
        if work:
            groups[work].append(student)
    return [
        f"{', '.join(group[:FEW])} handed in the same work, file by file: this is for a person to look at."
        for group in groups.values()
        if len(group) > 1
    ]
