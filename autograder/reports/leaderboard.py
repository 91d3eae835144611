"""The leaderboard: measured accuracies of the parts that the assignment names, under pseudonyms.

A student who wants to be named is a line of ``leaderboard.csv`` in the course's folder: the id, then the name to show.
"""

import csv
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.errors import SetupError
from autograder.grading.record import Record
from autograder.verdict import Measured

from .page import render

TABLE = "leaderboard.csv"
ADJECTIVES = (
    "amber", "brave", "bright", "calm", "clever", "cosmic", "crimson", "eager", "early", "gentle", "golden", "green",
    "happy", "hidden", "humble", "indigo", "keen", "lively", "lucky", "mellow", "merry", "misty", "noble", "patient",
    "plucky", "polar", "proud", "quick", "quiet", "rapid", "rustic", "scarlet", "silent", "silver", "steady", "sunny",
    "swift", "tidy", "violet", "witty",
)  # fmt: skip
ANIMALS = (
    "badger", "beaver", "bison", "bittern", "crane", "cricket", "dolphin", "falcon", "ferret", "finch", "fox", "gecko",
    "gull", "hare", "heron", "ibis", "jay", "kestrel", "lark", "lemur", "lynx", "marten", "mole", "moth", "newt",
    "otter", "owl", "panda", "puffin", "raven", "robin", "seal", "shrew", "stork", "swallow", "swan", "tern", "toad",
    "walrus", "wren",
)  # fmt: skip


class LeaderboardError(SetupError):
    """There is no leaderboard to write. One sentence says why, and what to do."""


@dataclass(frozen=True)
class Place:
    """One line of a part's table; equal accuracies have equal ranks."""

    rank: int
    name: str
    measured: Measured


def pseudonyms(students: Iterable[str], secret: bytes, named: Mapping[str, str]) -> dict[str, str]:
    """Return a name for each student: the chosen one, or a pseudonym that stays the same and tells nothing.

    Parameters
    ----------
    students : iterable of str
    secret : bytes
        The course's secret.
    named : dict
        The names that students chose.
    """
    found: dict[str, str] = {}
    taken = {*named.values()}
    for student in sorted(students):
        name, attempt = named.get(student, ""), 0
        while not name or (student not in named and name in taken):
            key = hmac.digest(secret, f"leaderboard/{student}/{attempt}".encode(), "sha256")
            name = f"{ADJECTIVES[key[0] % len(ADJECTIVES)]} {ANIMALS[key[1] % len(ANIMALS)]}"
            name += f" {key[2]}" if attempt else ""
            attempt += 1
        taken.add(name)
        found[student] = name
    return found


def read_names(root: Path) -> dict[str, str]:
    """Return the names that students chose, from ``leaderboard.csv``; none if there is no such file.

    Raises
    ------
    LeaderboardError
        If a line has no id or no name.
    """
    path = root / TABLE
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            cells = [one.strip() for one in row]
            if not any(cells) or cells[:2] == ["student", "name"]:
                continue
            if len(cells) != 2 or not all(cells):
                raise LeaderboardError(f"Line {number} of {TABLE} must hold a student's id and the name to show.")
            found[cells[0]] = cells[1]
    return found


def places(records: Iterable[Record], part: int, names: Mapping[str, str]) -> tuple[Place, ...]:
    """Return the table of a part, the best first. Who handed in nothing that could be measured is not in it."""
    found = [
        (test.measured, names[record.student])
        for record in records
        for one in record.exercises
        if one.part == part
        for test in one.tests
        if test.measured is not None
    ]
    ordered = sorted(found, key=lambda row: (row[0].practice, -row[0].reached, row[1]))
    return tuple(
        Place(
            1 + sum(other.reached > own.reached and other.practice == own.practice for other, _ in ordered), name, own
        )
        for own, name in ordered
    )


def leaderboard(
    records: Iterable[Record],
    title: str,
    parts: Mapping[int, str],
    names: Mapping[str, str],
    when: datetime | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    records : iterable of Record
        With details.
    title : str
    parts : dict
        The numbers and names of the parts that count for it.
    names : dict
        Each student's name on the page.
    when : datetime, optional
        The time that the page shows, in UTC.
    """
    found = list(records)
    tables = {number: places(found, number, names) for number in parts}
    return render(
        "leaderboard.html.jinja", title=title, parts=parts, tables=tables,
        when=when.strftime("%Y-%m-%d %H:%M") if when is not None else "",
    )  # fmt: skip
