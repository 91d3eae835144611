"""Similar solutions: pairs of students whose own code is nearly the same. It is evidence for a person to look at.

Only what a student wrote counts: functions and cells that the release does not hold as they are. Of these, what the
release, the reference or many students have in common says nothing. Names, comments, the layout and the order of
functions do not count either. copydetect compares: Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for
document fingerprinting", SIGMOD 2003.
"""

import ast
import contextlib
import importlib.util
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from autograder import limited
from autograder.assignment import Assignment
from autograder.checks.notebook import NotebookError, read_cells
from autograder.course import Course
from autograder.errors import SetupError, SubmissionError
from autograder.judge.session import taken_in

from .page import render

NOISE, WINDOW = 25, 6
"""Common pieces of less than 25 characters, without names, count as chance. One fingerprint of each 6 in a row is kept,
so that no common piece of 30 characters is missed."""
SIMILAR = 0.4
"""A pair is listed from this share of the smaller solution on."""
LEAST = 200
"""A pair is listed from so many common characters on, without names."""
COMMON, COMMON_SHARE = 4, 0.05
"""What more students than this have in common, and more than this share of a class, says nothing."""
LIMITS = limited.Limits(memory=2**30, seconds=60, answer=64 * 2**20)
"""For reading one submission."""


class SimilarityError(SetupError):
    """Nothing can be compared. One sentence says why, and what to do."""


@dataclass(frozen=True)
class Work:
    """What a student wrote. Its attributes from ``raw_code`` on are those that copydetect compares.

    Attributes
    ----------
    student : str
    earlier : bool
        Whether it is of another class, whose pairs among themselves do not count.
    raw_code, filtered_code : str
        The code, and the same without names, comments and white space.
    offsets : ndarray, (N, 2)
        Places in ``filtered_code``, and how many characters are left out before them.
    hash_idx : dict
        Maps each fingerprint to its places in ``filtered_code``.
    """

    student: str
    earlier: bool
    raw_code: str
    filtered_code: str
    offsets: np.ndarray
    hash_idx: dict[int, list[int]]
    k: int = NOISE

    @property
    def hashes(self) -> set[int]:
        """The fingerprints."""
        return set(self.hash_idx)

    @cached_property
    def token_coverage(self) -> int:
        """How many characters of ``filtered_code`` lie in a fingerprint."""
        covered = np.zeros(len(self.filtered_code) + NOISE, dtype=bool)
        for place in itertools.chain.from_iterable(self.hash_idx.values()):
            covered[place : place + NOISE] = True
        return max(1, int(covered.sum()))

    def without(self, left_out: set[int]) -> "Work":
        """Return it without some fingerprints."""
        return replace(self, hash_idx={one: at for one, at in self.hash_idx.items() if one not in left_out})


@dataclass(frozen=True)
class Pair:
    """Two similar solutions.

    Attributes
    ----------
    students : (str, str)
    share : float
        How much of the smaller solution the other one has, too.
    common : int
        Characters that both have in common, without names.
    sides : tuple
        The functions and cells of each that have something in common, in pieces: the text, and whether the other one
        has it.
    """

    students: tuple[str, str]
    share: float
    common: int
    sides: tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]


def of_class(
    course: Course,
    folders: Mapping[str, Path],
    earlier: Mapping[str, Path],
    most: int,
    step: Callable[[], object] = lambda: None,
) -> tuple[list[Pair], dict[str, str]]:
    """Return the most similar pairs of a class, the most similar first, and why some hand-ins could not be read.

    Parameters
    ----------
    course : Course
    folders : dict
        Maps each student to what the student handed in.
    earlier : dict
        The same of another class, such as last year's.
    most : int
        The most pairs.
    step : callable
        Called for each hand-in that was read.

    Raises
    ------
    SimilarityError
        If copydetect is not installed.
    """
    if importlib.util.find_spec("copydetect") is None:
        raise SimilarityError("copydetect is not installed: run `pip install copydetect`.")
    assignment, release = course.assignment, course.require_release()
    given = [_work("", False, own_code(folder, assignment)) for folder in (release, course.source)]
    boilerplate, released = set().union(*(one.hashes for one in given)), set(pieces(release, assignment))
    works, unread = [], {}
    for student, folder, old in [(*one, False) for one in folders.items()] + [(*one, True) for one in earlier.items()]:
        try:
            works.append(_read(student, old, folder, assignment, released).without(boilerplate))
        except (SubmissionError, limited.LimitError, limited.ChildError) as error:
            unread[student] = str(error)
        step()
    return similar(works, most), unread


def of_another_class(folder: Path, assignment: str) -> dict[str, Path]:
    """Return what the students of another class handed in: a folder for each, with the assignment's in it or without.

    Raises
    ------
    SimilarityError
        If there is nothing.
    """
    below = sorted(one for one in folder.iterdir() if not one.name.startswith(".")) if folder.is_dir() else []
    if not below:
        raise SimilarityError(f"There is no hand-in in {folder}: give a folder that holds one for each student.")
    return {f"{folder.name}/{one.stem}": one / assignment if (one / assignment).is_dir() else one for one in below}


def similar(works: list[Work], most: int) -> list[Pair]:
    """Return the most similar pairs, the most similar first."""
    from copydetect import compare_files

    having: dict[int, list[int]] = {}
    for number, work in enumerate(works):
        for one in work.hashes:
            having.setdefault(one, []).append(number)
    usual = {one for one, numbers in having.items() if len(numbers) > max(COMMON, COMMON_SHARE * len(works))}
    works = [work.without(usual) for work in works]
    shared: Counter[tuple[int, int]] = Counter()
    for one, numbers in having.items():
        if one not in usual:
            shared.update(itertools.combinations(numbers, 2))
    near = {
        (first, second): count / min(len(works[first].hash_idx), len(works[second].hash_idx))
        for (first, second), count in shared.items()
        if not (works[first].earlier and works[second].earlier)
    }
    pairs = []
    for first, second in sorted(near, key=lambda pair: (-near[pair], pair))[: 5 * most]:
        both = works[first], works[second]
        common, shares, slices = compare_files(*both)
        if common >= LEAST and max(shares) >= SIMILAR:
            left, right = (tuple(_marked(work.raw_code, at)) for work, at in zip(both, slices, strict=True))
            students = both[0].student, both[1].student
            pairs.append(Pair(students, min(1.0, float(max(shares))), int(common), (left, right)))
    return sorted(pairs, key=lambda pair: (-pair.share, -pair.common, pair.students))[:most]


def own_code(folder: Path, assignment: Assignment, released: Iterable[str] = ()) -> str:
    """Return the functions and cells of a folder that are not in the release, each below a comment that names it."""
    left_out = set(released)
    own = {text: place for text, place in pieces(folder, assignment).items() if text not in left_out}
    return "\n\n".join(f"# {place}\n{text}" for text, place in own.items())


def pieces(folder: Path, assignment: Assignment) -> dict[str, str]:
    """Return the text of each function, method and code cell in Python's own layout, with its place."""
    found: dict[str, str] = {}
    for name in assignment.rules.modules:
        path = folder / name
        if path.suffix == ".py" and path.is_file():
            for text, place in _functions(path.read_text(encoding="utf-8", errors="replace")):
                found.setdefault(text, f"{name}{place}")
    for name in assignment.rules.notebooks:
        with contextlib.suppress(NotebookError):
            for number, cell in enumerate(read_cells(folder / name) if (folder / name).is_file() else [], start=1):
                if cell.get("cell_type") == "code" and cell["source"].strip():
                    tree = _parsed(cell["source"])
                    text = cell["source"].strip() if tree is None else _laid_out(tree)
                    found.setdefault(text, f"{name}, cell {number}")
    return found


def _functions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text of each function and method, and its name. A file that does not parse is one piece."""
    tree = _parsed(text)
    if tree is None:
        yield text.strip(), ""
        return
    for node in tree.body:
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for one in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(one, ast.FunctionDef):
                yield _laid_out(one), f", {owner}{one.name}"


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _laid_out(node: ast.Module | ast.FunctionDef) -> str:
    """Return code without its docstring, comments and superfluous brackets, one statement a line."""
    if isinstance(node, ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(node)


def _read(student: str, earlier: bool, folder: Path, assignment: Assignment, released: set[str]) -> Work:
    """Return what a student wrote. It is read in a limited child, because its bytes are hostile."""

    def read() -> bytes:
        try:
            with taken_in(folder, assignment) as submission:
                work = _work("", False, own_code(submission.folder, assignment, released))
        except SubmissionError as error:
            return json.dumps({"error": str(error)}).encode()
        found = {"raw_code": work.raw_code, "filtered_code": work.filtered_code, "offsets": work.offsets.tolist()}
        return json.dumps({**found, "hash_idx": list(work.hash_idx.items())}).encode()

    said = json.loads(limited.call(read, LIMITS))
    if "error" in said:
        raise SubmissionError(said["error"])
    offsets = np.array(said["offsets"], dtype=int).reshape(-1, 2)
    return Work(student, earlier, said["raw_code"], said["filtered_code"], offsets, dict(said["hash_idx"]))


def _work(student: str, earlier: bool, code: str) -> Work:
    from copydetect import CodeFingerprint

    found = CodeFingerprint("own.py", NOISE, WINDOW, language="python", fp=io.StringIO(code))
    index = {int(one): list(map(int, places)) for one, places in found.hash_idx.items()}
    return Work(student, earlier, code, found.filtered_code, np.array(found.offsets, dtype=int).reshape(-1, 2), index)


def _marked(text: str, slices: Any) -> Iterator[tuple[str, bool]]:
    """Yield the functions and cells that one of the slices lies in, in pieces, each with whether it lies in a slice."""
    ranges = sorted(zip(*(map(int, side) for side in slices), strict=True))
    begins = [0, *(found.end() for found in re.finditer(r"\n\n(?=# )", text)), len(text)]
    for begin, end in itertools.pairwise(begins):
        place = begin
        inside = [(max(begin, first), min(end, last)) for first, last in ranges if first < end and last > begin]
        for first, last in inside:
            if first > place:
                yield text[place:first], False
            if last > max(first, place):
                yield text[max(first, place) : last], True
            place = max(place, last)
        if inside and place < end:
            yield text[place:end], False


def similarity(pairs: list[Pair], title: str, number: int, unread: Mapping[str, str], when: str) -> str:
    """Return the page.

    Parameters
    ----------
    pairs : list of Pair
    title : str
    number : int
        How many hand-ins were compared.
    unread : dict
        Why some could not be read, by student.
    when : str
        The time that the page shows.
    """
    return render("similarity.html.jinja", title=title, pairs=pairs, number=number, unread=unread, when=when)
