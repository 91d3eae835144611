"""Groups that hand in together: ``groups.csv`` in the course's folder, and whose submission counts for whom.

Each line of the file names a group, then its students: ``blue, ada, alan``. A first line ``group, student`` is allowed,
and so are several lines of one group.
"""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.errors import SetupError

FILE = "groups.csv"


class GroupsError(SetupError):
    """The file of groups is wrong. One sentence says where, and what to do."""


@dataclass(frozen=True)
class Counted:
    """The submissions of a class, with those that count for several students.

    Attributes
    ----------
    folders : dict
        Maps each student to the folder that counts.
    notes : dict
        Maps a student to one sentence, if someone else handed in, or nobody can tell which submission is the newest.
    """

    folders: dict[str, Path]
    notes: dict[str, str]


def read_groups(root: Path, valid: re.Pattern[str]) -> dict[str, tuple[str, ...]]:
    """Return the members of each group of a course; no groups if there is no file.

    Parameters
    ----------
    root : Path
        The course's folder.
    valid : re.Pattern
        Matches the names that a student or group may have.

    Raises
    ------
    GroupsError
        If the file is not readable, a line has no student, a name is not valid, or a student is in two groups.
    """
    path = root / FILE
    if not path.exists():
        return {}
    groups: dict[str, list[str]] = {}
    group_of: dict[str, str] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [[text.strip() for text in line] for line in csv.reader(file)]
    except (OSError, ValueError, csv.Error) as error:
        raise GroupsError(f"{FILE} cannot be read ({error}): save it as CSV in UTF-8.") from None
    for number, line in enumerate(lines, 1):
        name, *members = [text for text in line if text] or [""]
        if not name or (number == 1 and name.casefold() == "group"):
            continue
        if not members:
            raise GroupsError(f"{FILE}, line {number}: {name} has no student: write the group, then its students.")
        for text in (name, *members):
            if not valid.fullmatch(text):
                raise GroupsError(f"{FILE}, line {number}: {ascii(text)[:80]} is no valid name of a student or group.")
        for member in members:
            if group_of.setdefault(member, name) != name:
                raise GroupsError(f"{FILE}, line {number}: {member} is in {group_of[member]} and in {name}.")
        groups[name] = list(dict.fromkeys([*groups.get(name, []), *members]))
    return {name: tuple(members) for name, members in groups.items()}


def count(
    handed_in: Mapping[str, Path],
    groups: Mapping[str, tuple[str, ...]],
    time_of: Callable[[Path], datetime | None],
) -> Counted:
    """Let the newest submission of a group count for all its members.

    Parameters
    ----------
    handed_in : dict
        Maps each student, or group, to the submitted folder.
    groups : dict
        Maps each group to its members.
    time_of : callable
        Returns the time of a folder's submission, or None if nobody knows it.

    Notes
    -----
    If a group has several submissions and one of them has no time, no submission is the newest. Then it counts only
    for those who handed it in, and the others get a note.
    """
    folders = {name: folder for name, folder in handed_in.items() if name not in groups}
    notes: dict[str, str] = {}
    for group, members in groups.items():
        own = {name: handed_in[name] for name in dict.fromkeys((*members, group)) if name in handed_in}
        if not own:
            continue
        newest = _newest(own, time_of)
        if newest is None:
            for member in members:
                if member in own:
                    folders[member] = own[member]
                else:
                    several = ", ".join(sorted(own))
                    notes[member] = f"The group {group} has several submissions ({several}), and not all have a time."
            continue
        for member in members:
            folders[member] = own[newest]
            if member != newest:
                notes[member] = f"Handed in by {newest}, for the group {group}."
    return Counted(dict(sorted(folders.items())), notes)


def _newest(own: Mapping[str, Path], time_of: Callable[[Path], datetime | None]) -> str | None:
    if len(own) == 1:
        return next(iter(own))
    times = {name: time_of(folder) for name, folder in own.items()}
    known: dict[str, datetime] = {name: time for name, time in times.items() if time is not None}
    return max(known, key=lambda name: known[name]) if len(known) == len(own) else None
