"""Measure how far accepted solutions deviate from the reference, and set the tolerances from the result.

    python -m autograder.validate.spread [--seeds 50]

Each tolerance is a power of ten, and at least ten times the largest deviation over all accepted solutions, core tests
and seeds, with one thread and with two. That deviation is written beside the tolerance. No tolerance is below `LEAST`,
which published students' code needs: there is much more of that code than of accepted solutions.
"""

import argparse
import itertools
import math
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from autograder.catalogue import Accepted, accepted_of
from autograder.checks import compare, tolerances
from autograder.course import Course, find_course
from autograder.judge.plugin import claimed
from autograder.judge.session import collect

from .trusted import ReferenceCopy, parts_in_numpy

MARGIN = 10
LEAST = {"RTOL64": 1e-6, "RTOL32": 1e-3}
"""Least tolerances: 115 solutions that students published agree to 1e-6 in double precision, about 1e-4 in single."""
MOST = 1e-3
"""Limit on a deviation. A larger one is no rounding error."""
THREADS = (1, 2)
TOLERANCES = Path(str(tolerances.__file__))


@dataclass(frozen=True)
class Deviation:
    """The deviation of correct code in one comparison.

    Attributes
    ----------
    size : float
        Relative deviation; see `compare.deviation`.
    constant : {"RTOL64", "RTOL32"}
        The tolerance of the comparison.
    where : str
        Names of the test and the solution.
    """

    size: float
    constant: str
    where: str


def deviations(course: Course, solution: Accepted, seed: int) -> dict[str, Deviation]:
    """Return the largest deviation of a solution for each tolerance, over all core tests."""
    found: dict[str, Deviation] = {}
    with ReferenceCopy(course, solution.apply) as trusted:
        for part in parts_in_numpy(course):
            for test in collect(course, part):
                if claimed(test).kind != "core":
                    continue
                with _listening() as heard:
                    trusted.result(part, test, str(seed))
                where = f"{test.name.removeprefix('test_')} in the solution {solution.name}"
                for constant, size in heard:
                    _keep_larger(found, Deviation(size, constant, where))
    return found


def _keep_larger(found: dict[str, Deviation], one: Deviation) -> None:
    if one.constant not in found or one.size > found[one.constant].size:
        found[one.constant] = one


@contextmanager
def _listening() -> Iterator[list[tuple[str, float]]]:
    """Collect all comparisons with a usual tolerance: the tolerance's name, and the deviation of the answer."""
    heard: list[tuple[str, float]] = []
    last = [0.0]
    true, usual = compare.deviation, compare.usual_tolerance

    def deviation(array: np.ndarray, right: np.ndarray) -> float:
        last[0] = true(array, right)
        return last[0]

    def usual_tolerance(array: np.ndarray) -> float:
        allowed = usual(array)
        heard.append(("RTOL32" if allowed == tolerances.RTOL32 else "RTOL64", last[0]))
        return allowed

    with mock.patch.multiple(compare, deviation=deviation, usual_tolerance=usual_tolerance):
        yield heard


def tolerance_for(largest: Deviation) -> float:
    """Return the least power of ten that is at least `MARGIN` times a deviation, and not below `LEAST`.

    Raises
    ------
    ValueError
        If the deviation is more than `MOST`: a mistake in a solution must not set the tolerance.
    """
    if not largest.size <= MOST:
        raise ValueError(
            f"{largest.where} deviates by {largest.size:.1e}, more than rounding errors: fix the solution."
        )
    return max(LEAST[largest.constant], 10.0 ** math.ceil(math.log10(MARGIN * largest.size)))


def page(largest: dict[str, Deviation], solutions: int, seeds: int) -> str:
    """Return the text of the module that holds the tolerances and the deviations behind them."""
    lines = [
        '"""How far right answers may lie from the reference\'s, relative to the largest expected magnitude.',
        "",
        "Written by ``python -m autograder.validate.spread``, which says how they are chosen. Measured on correct code",
        f"in {solutions} solutions, with {seeds} seeds, one thread and two.",
        '"""',
        "",
    ]
    for constant in ("RTOL64", "RTOL32"):
        one = largest[constant]
        lines += [f"{constant} = {tolerance_for(one):g}", f'"""The largest deviation: {one.size:.1e}, {one.where}."""']
    return "\n".join(lines) + "\n"


def _of_modules(course: Course) -> list[Accepted]:
    return [solution for solution in accepted_of(course.assignment) if solution.modules]


def measure(course: Course, seeds: int) -> dict[str, Deviation]:
    """Return the largest deviation for each tolerance, over all solutions, seeds and numbers of threads."""
    largest: dict[str, Deviation] = {}
    spawn = multiprocessing.get_context("spawn")
    for threads in THREADS:
        os.environ["OPENBLAS_NUM_THREADS"] = str(threads)  # for the processes that are started next
        with ProcessPoolExecutor(max(1, (os.cpu_count() or 1) // threads), mp_context=spawn) as pool:
            jobs = list(itertools.product(_of_modules(course), range(seeds)))
            solutions, numbers = zip(*jobs, strict=True)
            for found in pool.map(deviations, itertools.repeat(course), solutions, numbers, chunksize=4):
                for one in found.values():
                    _keep_larger(largest, one)
    return largest


def main() -> None:
    """Measure, and write the tolerances."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50)
    arguments = parser.parse_args()
    course = find_course()
    largest = measure(course, arguments.seeds)
    try:
        TOLERANCES.write_text(page(largest, len(_of_modules(course)), arguments.seeds), encoding="utf-8")
    except ValueError as error:
        sys.exit(str(error))
    print(TOLERANCES.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
