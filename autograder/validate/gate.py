"""Run all examinations of an assignment, in one process per core, and collect their problems.

See ``readable``, ``inventory``, ``weak``, ``lenient``, ``forms``, ``calibration``, ``notebooks`` and ``mutants`` for
the examinations.
"""

import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from autograder.builder import current, leaks
from autograder.builder.release import ReleaseError
from autograder.catalogue import accepted_of, mistakes_of
from autograder.course import Course, put_tools_on_path
from autograder.judge.children.workers import EndedError, Pool, Worker
from autograder.judge.session import CollectionError
from autograder.sandbox.profiles import is_installed

from . import calibration, forms, leading, lenient, weak
from .degenerate import KINDS
from .inventory import incomplete
from .notebooks import breaks_off, plain_environment
from .readable import unreadable
from .trusted import parts_in_numpy

SEEDS = 3
"""Number of seeds with which each accepted solution is judged."""
TITLES = {
    "files": "every file of the assignment can be used",
    "exercises": "every exercise has hidden and public tests, and known mistakes",
    "unfilled": "no place is left to fill in",
    "points": "every exercise has points, and they add up",
    "hints": "every hint names its mistake",
    "steps": "the steps of hints fit their mistakes, and none is a solution",
    "release": "the release is current",
    "leaks": "the release holds no solution and no hidden test",
    "notebooks": "the source notebooks run in quick mode",
    "reference": "the reference gets all points",
    "blank": "an untouched release gets the points of given exercises only",
    "accepted": "accepted solutions get full core marks",
    "mistakes": "known mistakes are caught and named, by their own exercise alone",
    "luck": "known mistakes are caught whatever the random inputs are",
    "degenerate": "no test that earns points accepts an answer that does not do the exercise",
    "forms": "no hidden test computes with an answer before it knows its form",
    "inputs": "every exercise has a test whose inputs differ for each submission",
    "mutants": "every change of the reference is noticed",
    "attacks": "no attack gets anything",
}
"""The requirement behind each examination."""
ON_REFERENCE = ("blank", "accepted", "mistakes", "luck", "degenerate", "forms", "inputs")
"""Examinations that say nothing while the reference fails a test."""


@dataclass
class Examined:
    """The result of an examination.

    Attributes
    ----------
    name : str
        See `TITLES`.
    things : int
        The number of examined things.
    wrong : list of str
        The problems, a sentence each.
    seconds : float
        The time of all processes together.
    """

    name: str
    things: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Task:
    """An examination of one thing, for one process of the pool.

    Attributes
    ----------
    name : str
        See `TITLES`.
    look : callable
        Called with the course and the arguments; returns the problems, a sentence each.
    arguments : tuple
    of : str
        The name of the examined thing: a part, a solution, a mistake.
    things : int
        The number of examined things.
    """

    name: str
    look: Callable[..., Iterable[str]]
    arguments: tuple[Any, ...] = ()
    of: str = ""
    things: int = 1


def tasks(course: Course, level: int, seeds: int = SEEDS) -> Iterator[Task]:
    """Yield all tasks, the long ones first."""
    alternatives = [
        alternative
        for part in course.parts
        for alternative in part.alternatives
        if is_installed(course.assignment, alternative)
    ]
    for alternative in reversed(alternatives):
        yield Task("notebooks", breaks_off, (alternative,), alternative.name)
    for alternative in reversed(alternatives):  # with the models that the notebooks have trained
        yield Task("reference", calibration.reference_lacks, (alternative, level), alternative.name)
    yield Task("release", _stale)
    for alternative in alternatives:
        yield Task("blank", calibration.blank_earns, (alternative, level), alternative.name)
    for solution in accepted_of(course.assignment):
        for alternative in alternatives:
            if alternative.notebook in solution.answered:
                of = f"{solution.name}, {alternative.name}"
                yield Task("accepted", calibration.notebook_loses, (solution, alternative, level), of)
        for seed in range(seeds if solution.modules else 0):
            yield Task("accepted", calibration.accepted_loses, (solution, seed), f"{solution.name}, seed {seed}")
    not_here = {one.notebook for part in course.parts for one in part.alternatives if one not in alternatives}
    for mistake in mistakes_of(course.assignment):
        if mistake.file in not_here:
            continue
        yield Task("mistakes", calibration.mistake_passes, (mistake, level), mistake.key)
        yield Task("luck", calibration.mistake_slips, (mistake,), mistake.key)
    for alternative in alternatives:
        kinds = len(KINDS) * len(alternative.automatic)
        yield Task("degenerate", lenient.degenerate_pass, (alternative,), alternative.name, kinds)
        yield Task("forms", forms.careless, (alternative,), alternative.name)
    for part in parts_in_numpy(course):
        yield Task("inputs", lenient.fixed_inputs, (part,), part.name)
    yield Task("exercises", incomplete, things=sum(len(part.automatic) for part in course.parts))
    yield Task("unfilled", weak.unfilled)
    yield Task("points", weak.points_differ, things=sum(len(part.exercises) for part in course.parts))
    yield Task("hints", weak.vague_hints, things=len(mistakes_of(course.assignment)))
    yield Task("steps", leading.faults, things=leading.count(course.assignment))
    yield Task("leaks", _leaks)


def left_out(course: Course) -> list[str]:
    """Return a sentence for each notebook that is not examined because its framework is not installed here.

    Its accepted solutions, known mistakes and mutants are left out too.
    """
    return [
        f"{alternative.name} was not examined, nor what belongs to it: {framework.title} is not installed here."
        for part in course.parts
        for alternative in part.alternatives
        if (framework := course.assignment.framework_of(alternative)) is not None
        and not is_installed(course.assignment, alternative)
    ]


def examine(
    course: Course,
    level: int,
    seeds: int = SEEDS,
    workers: int | None = None,
    step: Callable[[int, int], None] | None = None,
) -> list[Examined]:
    """Run all tasks.

    Parameters
    ----------
    course : Course
    level : int
        The level of the sandbox.
    seeds : int
        The number of seeds for each accepted solution.
    workers : int, optional
        The number of processes, by default one for each core.
    step : callable, optional
        Called with the number of finished tasks and the number of all tasks.

    Returns
    -------
    list of Examined
        In the order of `TITLES`. The problems are in the order of `tasks`, whichever task ended first.
    """
    put_tools_on_path()
    first = Examined("files", 1, unreadable(course))
    if first.wrong:
        return [first]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the pool's processes, which share the cores
    wanted = list(tasks(course, level, seeds))
    found = {name: Examined(name) for name in TITLES if any(task.name == name for task in wanted)}
    with Pool(workers or os.cpu_count() or 1, lambda: Worker(_nothing, partial(_look, course), memory=None)) as pool:
        running = {pool.submit(partial(_answer, task=task)): task for task in wanted}
        for number, _ in enumerate(as_completed(running), start=1):
            if step is not None:
                step(number, len(wanted))
    for done, task in running.items():
        examined = found[task.name]
        wrong, seconds = done.result()
        examined.things += task.things
        examined.wrong += [sentence for sentence in wrong if sentence not in examined.wrong]
        examined.seconds += seconds
    if "reference" in found and found["reference"].wrong:
        found["reference"].wrong.append(
            "Correct the reference or its tests first: accepted solutions, known mistakes, the untouched release and "
            "degenerate answers are examined after that."
        )
        found = {name: one for name, one in found.items() if name not in ON_REFERENCE}
    return [first, *found.values()]


def examine_mutants(
    course: Course, workers: int | None = None, step: Callable[[int, int], None] | None = None
) -> Examined:
    """Change the reference in every place, and check that a hidden test notices each change."""
    try:
        from . import mutants
    except ModuleNotFoundError as error:
        return Examined("mutants", 0, [f"{error.name} is not installed: run `pip install cosmic-ray`."])
    start, done = time.perf_counter(), itertools.count(1)
    chosen = mutants.mutants(course)

    def told(_: object) -> None:
        if step is not None:
            step(next(done), len(chosen))

    try:
        fates = mutants.judge(course, chosen, workers or os.cpu_count() or 1, told)
    except RuntimeError as error:
        return Examined("mutants", 0, [f"The mutants could not be judged. {error}"], time.perf_counter() - start)
    wrong = mutants.problems(fates, mutants.known(course.assignment))
    return Examined("mutants", len(chosen), wrong, time.perf_counter() - start)


def examine_attacks(course: Course) -> Examined:
    """Run the attack suite, which is in the course's ``tests``."""
    start = time.perf_counter()
    suite = course.root / "tests" / "attacks"
    if not suite.is_dir():
        wrong = [f"{suite} is not there: the attack suite is in the course's repository."]
        return Examined("attacks", 0, wrong)
    options = ["-q", "-rfE", "--tb=short", "--color=no", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", str(suite), *options], cwd=course.root, env=plain_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = ended.stdout.strip().splitlines()
    wrong = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if ended.returncode != 0 and not wrong:
        wrong = [f"The attack suite did not run: {(ended.stderr or ended.stdout).strip()[-500:]}"]
    counts = re.findall(r"(\d+) (passed|failed|error)", lines[-1] if lines else "")
    things = sum(int(count) for count, _ in counts)
    if not things and not wrong:
        wrong = ["The attack suite skipped every attack: `autograder doctor` says what this machine lacks for them."]
    return Examined("attacks", things, wrong, time.perf_counter() - start)


def _look(course: Course, task: Task) -> tuple[list[str], float]:
    """Run one task. An exception in it is a problem of the assignment too."""
    start = time.perf_counter()
    try:
        wrong = list(task.look(course, *task.arguments))
    except (CollectionError, ReleaseError) as error:  # whose sentence says what to correct
        wrong = [str(error)]
    except (Exception, SystemExit) as error:  # nbgrader's commands end that way
        of = f" ({task.of})" if task.of else ""
        wrong = [f"{task.name}{of} could not be examined: {type(error).__name__}: {error}"]
    return wrong, time.perf_counter() - start


def _nothing() -> None:
    """Prepare nothing: a process needs no preparation."""


def _answer(worker: Worker, task: Task) -> tuple[list[str], float]:
    """Run a task in a process of the pool. If the process is killed, that is the problem, and a new process follows."""
    try:
        found: tuple[list[str], float] = worker.ask(task)
        return found
    except EndedError:
        why = "a process died. Was memory short? Then give fewer --workers; else it said above what happened."
        return [f"{task.name} could not be examined to the end: {why}"], 0.0


def _stale(course: Course) -> list[str]:
    return [f"{one} Run `autograder build`, and commit the changes." for one in current.differences(course)]


def _leaks(course: Course) -> list[str]:
    return leaks.scan(course.release, course.assignment)
