"""Mutants: the reference with one small change each. A hidden test notices each mutant, or a list says why none can.

Only solution regions are mutated, because students receive the rest: those of modules, and those of cells in notebooks
of a framework. See an assignment's ``mistakes`` for mistakes that students make.
"""

import ast
import contextlib
import itertools
import re
import textwrap
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest

from autograder.assignment import Assignment, Part
from autograder.builder.strip import BEGIN, END
from autograder.cells import code_cells, replace_cells
from autograder.checks.notebook import read_cells
from autograder.course import Course
from autograder.judge.children.workers import MEMORY, EndedError, Pool, Worker
from autograder.judge.plugin import claimed
from autograder.judge.session import collect
from autograder.sandbox.profiles import for_judging, is_installed
from autograder.verdict import ERROR, PASSED

from .operators import changes
from .trusted import ReferenceCopy, is_quick, parts_in_numpy

LIST = "survivors.toml"
"""A file beside an assignment's mistakes: the mutants that no test can notice, and the reasons."""
SEEDS = ("first", "second", "third")
"""Seeds for random inputs. If no test notices a mutant with the first seed, the other seeds are tried."""
SECONDS = 30.0
"""Time limit for one mutant and one seed. The slowest mutant that ends takes one second."""
ENDED = "did not end"
"""Stands for the exercise in `Fate.noticed` if the process reached a limit or died."""


@dataclass(frozen=True)
class Mutant:
    """One changed line of the reference.

    Attributes
    ----------
    file : str
        The module, relative to the package; or a notebook's file name.
    function : str
        The function's name, with its class before it if it is a method.
    operator : str
        The kind of change.
    line : int
        The line's number, from 1, in the module or in the cell.
    before, after : str
        The line before and after the change, without indentation.
    occurrence : int
        Counts, from 1, the mutants of one function that differ only in the line's number.
    cell : str
        The id of the notebook's cell; "" for a module.
    """

    file: str
    function: str
    operator: str
    line: int
    before: str
    after: str
    occurrence: int = 1
    cell: str = ""

    @property
    def key(self) -> str:
        """The mutant's name in the list, which stays the same when lines move."""
        again = f" ({self.occurrence})" if self.occurrence > 1 else ""
        return f"{self.file}, {self.function}, {self.operator}: {self.before} -> {self.after}{again}"

    def apply(self, package: Path) -> None:
        """Change the line in a copy of the reference's package, or in a notebook beside it.

        Raises
        ------
        ValueError
            If the line is not ``before``.
        """
        if self.cell:
            notebook = package.parent / self.file
            replace_cells(notebook, {self.cell: self._changed(code_cells(notebook)[self.cell])})
        else:
            path = package / self.file
            path.write_text(self._changed(path.read_text(encoding="utf-8")), encoding="utf-8")

    def _changed(self, text: str) -> str:
        lines = text.split("\n")
        old = lines[self.line - 1]
        if old.strip() != self.before:
            raise ValueError(f"Line {self.line} of {self.file} is {old.strip()!r}, not {self.before!r}.")
        lines[self.line - 1] = old[: len(old) - len(old.lstrip())] + self.after
        return "\n".join(lines)


@dataclass(frozen=True)
class Fate:
    """The result of judging a mutant.

    Attributes
    ----------
    mutant : Mutant
    noticed : tuple of str or None
        For each tried seed: the exercise whose test noticed the mutant, `ENDED`, or None if no test noticed it.
    """

    mutant: Mutant
    noticed: tuple[str | None, ...]

    @property
    def survived(self) -> bool:
        """Whether no test noticed the mutant with any seed."""
        return not any(self.noticed)


def mutants(course: Course) -> list[Mutant]:
    """Return all mutants of the course's reference, in the order of its files and lines.

    Those of a notebook are left out if its framework is not installed.
    """
    package = course.source / course.assignment.package
    files = [(path, path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))]
    own = course.assignment.settings.own_design
    found = (mutants_of(text, path.relative_to(package).as_posix(), own) for path, text in files if BEGIN in text)
    in_notebooks = (_mutants_in(course, part) for part in judged_notebooks(course))
    return list(itertools.chain.from_iterable((*found, *in_notebooks)))


def judged_notebooks(course: Course) -> list[Part]:
    """Return the alternatives whose solutions are in a notebook of a framework that is installed."""
    every = (alternative for part in course.parts for alternative in part.alternatives)
    return [one for one in every if one.framework and is_installed(course.assignment, one)]


def _mutants_in(course: Course, part: Part) -> Iterator[Mutant]:
    """Yield the mutants of those cells of a notebook whose exercise has quick tests."""
    texts = {cell["source"] for cell in read_cells(course.source / part.notebook) if cell.get("cell_type") == "code"}
    imported = frozenset(itertools.chain.from_iterable(map(_imported, texts)))
    cells = code_cells(course.source / part.notebook)
    for cell in exercises_of_cells(course, part):
        yield from mutants_of(cells[cell], part.notebook, (), cell, imported)


def _imported(text: str) -> Iterator[str]:
    """Yield the names that the lines of a cell import."""
    for line in text.split("\n"):
        if re.match(r"(import|from) ", line):
            with contextlib.suppress(SyntaxError):
                for node in ast.walk(ast.parse(line)):
                    if isinstance(node, ast.alias):
                        yield node.asname or node.name.partition(".")[0]


@cache
def exercises_of_cells(course: Course, part: Part) -> dict[str, str]:
    """Map the solution cells of a part's notebook to exercises with quick tests: to the first one below the cell."""
    quick = {claimed(test).exercise for test in collect(course, part) if is_quick(test)}
    known, found = {one.id for one in part.automatic}, {}
    above: list[str] = []
    for cell, text in code_cells(course.source / part.notebook).items():
        if cell in known:
            found.update({one: cell for one in above if cell in quick})
            above = []
        elif BEGIN in text:
            above.append(cell)
    return found


def mutants_of(
    text: str,
    file: str,
    own_design: tuple[str, ...] = (),
    cell: str = "",
    imported: frozenset[str] = frozenset(),
) -> list[Mutant]:
    """Return the mutants of the text of one module or cell, without those in classes that each student designs."""
    lines = text.split("\n")
    begins = [number for number, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [number for number, line in enumerate(lines) if line.strip() == END]
    functions = _functions(ast.parse(text))
    counts: Counter[tuple[str, ...]] = Counter()
    found: list[Mutant] = []
    for begin, end in zip(begins, ends, strict=True):
        function = functions.get(begin + 1, "")
        if function.split(".")[0] in own_design:
            continue
        region = textwrap.dedent("\n".join(lines[begin + 1 : end]))
        for operator, number, after in changes(region, imported):
            before = lines[begin + 1 + number].strip()
            same = (function, operator, before, after)
            counts[same] += 1
            found.append(Mutant(file, function, operator, begin + 2 + number, before, after, counts[same], cell))
    return sorted(found, key=lambda mutant: mutant.line)


def _functions(tree: ast.Module) -> dict[int, str]:
    """Map the number of each line, from 1, to its function, with the function's class."""
    found: dict[int, str] = {}
    for node in tree.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef):
                name = f"{node.name}.{inner.name}" if isinstance(node, ast.ClassDef) else inner.name
                found |= dict.fromkeys(range(inner.lineno, (inner.end_lineno or 0) + 1), name)
    return found


@cache
def own_exercises(course: Course, function: str) -> frozenset[str]:
    """Return the exercises that a function, or a method of a class, belongs to."""
    ids = frozenset(exercise.id for part in course.parts for exercise in part.automatic)
    if "." not in function:
        return ids & {function}
    name = function.split(".")[0].lower()
    return frozenset(id for id in ids if id.replace("_", "").startswith(name))


@cache
def _tests(course: Course, function: str) -> list[tuple[Part, pytest.Function]]:
    """Return the quick tests of all parts: first the function's own, then those that need it, then the rest."""
    own = own_exercises(course, function)

    def unlikely(entry: tuple[Part, pytest.Function]) -> int:
        claim = claimed(entry[1])
        return 0 if claim.exercise in own else 1 if own & set(claim.needs) else 2

    found = [(part, test) for part in parts_in_numpy(course) for test in collect(course, part) if is_quick(test)]
    return sorted(found, key=unlikely)


def _tests_in(course: Course, part: Part, mutant: Mutant | None) -> list[tuple[Part, pytest.Function]]:
    """Return the quick tests of the exercise of a mutant's cell, or of all cells. No other test runs on the cell."""
    cells = exercises_of_cells(course, part)
    exercises = {cells[mutant.cell]} if mutant else set(cells.values())
    tests = (test for test in collect(course, part) if claimed(test).exercise in exercises and is_quick(test))
    return [(part, test) for test in tests]


def notice(course: Course, notebook: Part | None, mutant: Mutant | None, seed: str) -> str | None:
    """Judge a mutant, or the unchanged reference, here. Return the exercise of the first failed test, or None.

    Parameters
    ----------
    course : Course
    notebook : Part or None
        The alternative whose notebook is judged, or None for the package.
    mutant : Mutant or None
    seed : str
    """

    def change(folder: Path) -> None:
        if mutant is not None:
            mutant.apply(folder / course.assignment.package)

    if notebook is None:
        tests = _tests(course, mutant.function if mutant else "")
    else:
        tests = _tests_in(course, notebook, mutant)
    with ReferenceCopy(course, change, notebook) as trusted:
        for part, test in tests:
            outcome = trusted.result(part, test, seed).outcome
            if outcome not in (PASSED, ERROR):  # a grader's error does not count as noticing
                return claimed(test).exercise
    return None


def _prepare(course: Course, notebook: Part | None) -> None:
    """Do the slow steps once: collect the tests, build the extension, and load a notebook's framework."""
    if notebook is None:
        _tests(course, "")
        with ReferenceCopy(course):
            pass
    else:
        notice(course, notebook, None, SEEDS[0])


def _silent(fate: Fate) -> None:
    """Report nothing."""


def judge(
    course: Course,
    chosen: Iterable[Mutant],
    workers: int = 1,
    progress: Callable[[Fate], object] = _silent,
    seconds: float = SECONDS,
) -> list[Fate]:
    """Judge mutants.

    Parameters
    ----------
    course : Course
    chosen : iterable of Mutant
    workers : int
        Number of processes.
    progress : callable
        Called with each mutant's fate at once, in one thread for each process.
    seconds : float
        Time limit for one mutant and one seed.

    Returns
    -------
    list of Fate
        In the order of ``chosen``.

    Raises
    ------
    RuntimeError
        If the reference itself fails a test or does not end, or a mutant does not fit it.
    """

    def fate(worker: Worker, mutant: Mutant) -> Fate:
        first = _ask(worker, mutant, SEEDS[0])
        others = () if first else tuple(_ask(worker, mutant, seed) for seed in SEEDS[1:])
        found = Fate(mutant, (first, *others))
        progress(found)
        return found

    found: dict[Mutant, Fate] = {}
    chosen = list(chosen)
    for notebook in (None, *judged_notebooks(course)):
        own = [
            mutant for mutant in chosen if (mutant.file if mutant.cell else None) == (notebook and notebook.notebook)
        ]
        if own:
            with Pool(workers, partial(_worker, course, notebook, seconds)) as pool:
                pool.submit(_require_reference).result()
                judged = [pool.submit(partial(fate, mutant=mutant)) for mutant in own]
                found |= {mutant: future.result() for mutant, future in zip(own, judged, strict=True)}
    return [found[mutant] for mutant in chosen]


def _worker(course: Course, notebook: Part | None, seconds: float) -> Worker:
    """Return a process for mutants of the package or of a notebook, with room for the libraries of its framework."""
    memory = MEMORY
    if notebook is not None:
        limits = for_judging(course.assignment, notebook).limits
        memory = limits.memory + limits.addresses
    return Worker(partial(_prepare, course, notebook), partial(notice, course, notebook), seconds, memory)


def _require_reference(worker: Worker) -> None:
    """Check that the reference passes. If it failed a test, that test would seem to notice every mutant."""
    for seed in SEEDS:
        try:
            found = worker.ask(None, seed)
        except EndedError as error:
            raise RuntimeError(f"The reference does not finish its tests (seed {seed!r}). {error}") from None
        if found is not None:
            raise RuntimeError(f"The reference fails a test of {found} (seed {seed!r}): fix that first.")


def _ask(worker: Worker, mutant: Mutant, seed: str) -> str | None:
    try:
        found: str | None = worker.ask(mutant, seed)
    except EndedError:
        return ENDED
    return found


def known(assignment: Assignment) -> dict[str, str]:
    """Return the listed survivors: each mutant's key, and the reason why it may survive.

    Those in notebooks whose framework is not installed are left out.
    """
    path = assignment.folder / "mistakes" / LIST
    if not path.exists():
        return {}
    groups = tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]
    every = (alternative for part in assignment.parts for alternative in part.alternatives)
    not_here = {one.notebook for one in every if not is_installed(assignment, one)}
    listed = {key: group["reason"] for group in groups for key in group["mutants"]}
    return {key: reason for key, reason in listed.items() if key.partition(",")[0] not in not_here}


def problems(fates: Iterable[Fate], listed: dict[str, str]) -> list[str]:
    """Return a sentence for each unlisted survivor, mutant that only some seeds reveal, and wrong entry of the list.

    Parameters
    ----------
    fates : iterable of Fate
        The fates of all mutants.
    listed : dict of str
        The listed survivors; see `known`.
    """
    found = {fate.mutant.key: fate for fate in fates}
    gone = [key for key in listed if key not in found]
    noticed = [key for key in listed if key in found and not found[key].survived]
    return [
        *(_unnoticed(fate.mutant) for key, fate in found.items() if fate.survived and key not in listed),
        *(_by_chance(fate.mutant) for fate in found.values() if not fate.survived and None in fate.noticed),
        *(f"{key}: this mutant no longer exists; remove it from {LIST}." for key in gone),
        *(f"{key}: a test now notices this mutant; remove it from {LIST}." for key in noticed),
    ]


def _unnoticed(mutant: Mutant) -> str:
    todo = f"add one, or list it with a reason in {LIST} as '{mutant.key}'"
    return f"{_place(mutant)} is not noticed by any test: {todo}."


def _by_chance(mutant: Mutant) -> str:
    return f"{_place(mutant)} is noticed with some seeds and not with others: make the test that notices it stricter."


def _place(mutant: Mutant) -> str:
    file = f"{mutant.file}, {mutant.cell}" if mutant.cell else mutant.file
    return f"{file}, line {mutant.line}, {mutant.function}: `{mutant.after}` instead of `{mutant.before}`"
