"""Pairs of different known mistakes in one program: what it is told must be one of the two, and never a third one.

`python -m tests.mistaken.pairs N SEED` draws N pairs, judges them and prints what each is told.
"""

import itertools
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.catalogue import Mistake, MistakeError, copy_package
from autograder.course import Course, find_course
from autograder.verdict import TestResult
from tests.assignment2 import ASSIGNED, ASSIGNMENT, CATALOGUE, ROOT

from .judged import explanations, failures

RIGHT, WRONG, NONE, PASSES = "right", "WRONG HINT", "no hint", "NOT CAUGHT"
AMOUNTS_TO = {
    "adam/no_bias_correction": {"only_m_corrected", "only_v_corrected"},
    "batchnorm_forward/running_unbiased": {"unbiased_variance"},
    "sgd_momentum/velocity_uphill": {"sign", "velocity_subtracted"},
}
"""Mistakes that a program also makes if it makes these others of the same exercise: a hint that names them is true."""


@dataclass(frozen=True)
class Pair:
    """Two mistakes of one exercise that change the same module.

    Attributes
    ----------
    one, other : Mistake
    """

    one: Mistake
    other: Mistake

    def __str__(self) -> str:
        return f"{self.one.key} and {self.other.id}"

    def apply(self, folder: Path) -> None:
        """Write both mistakes into a copy of the reference, in a folder.

        Raises
        ------
        MistakeError
            If the second one's text is no longer there after the first one.
        """
        for mistake in (self.one, self.other):
            mistake.apply(folder / ASSIGNED.package)


@dataclass(frozen=True)
class JudgedPair:
    """What a pair is told.

    Attributes
    ----------
    pair : Pair
    failed : tuple of TestResult
        The failed tests of its exercise.
    """

    pair: Pair
    failed: tuple[TestResult, ...]

    @property
    def others(self) -> set[str]:
        """The keys of other mistakes that the hints name, except those to which the two amount."""
        told = explanations(self.failed) - {self.pair.one.explanation, self.pair.other.explanation}
        known = [one for one in CATALOGUE if one.exercise == self.pair.one.exercise and not one.form_of]
        both = {self.pair.one.id, self.pair.other.id}
        return {one.key for one in known if one.explanation in told and not AMOUNTS_TO.get(one.key, {""}) <= both}

    @property
    def said(self) -> str:
        """``RIGHT`` if the hints name one or both mistakes and no third one, or else what is wrong."""
        if not self.failed:
            return PASSES
        if self.others:
            return WRONG
        return RIGHT if explanations(self.failed) else NONE


def drawn(number: int, seed: int) -> list[Pair]:
    """Draw pairs at random, from each exercise in turn."""
    chance = random.Random(seed)
    left = {exercise: list(_pairs(mistakes)) for exercise, mistakes in _by_exercise().items()}
    for pairs in left.values():
        chance.shuffle(pairs)
    found: list[Pair] = []
    with tempfile.TemporaryDirectory(prefix="autograder-pairs-") as scratch:
        package = Path(scratch) / ASSIGNED.package
        copy_package(ASSIGNED.source / ASSIGNED.package, package)
        while len(found) < number and any(left.values()):
            for pairs in filter(None, left.values()):
                pair = _next(pairs, package)
                found += [pair] if pair else []
    return found[:number]


def _by_exercise() -> dict[str, list[Mistake]]:
    found = defaultdict(list)
    for mistake in CATALOGUE:
        if not mistake.form_of and mistake.file.endswith(".py"):
            found[mistake.exercise].append(mistake)
    return dict(found)


def _pairs(mistakes: list[Mistake]) -> Iterator[Pair]:
    for one, other in itertools.combinations(mistakes, 2):
        if one.file == other.file:
            yield Pair(one, other)


def _next(pairs: list[Pair], package: Path) -> Pair | None:
    """Take pairs from the list until one fits; the package is left as it is."""
    while pairs:
        pair = pairs.pop()
        path = package / pair.one.file
        text = path.read_text(encoding="utf-8")
        try:
            pair.apply(package.parent)
        except MistakeError:
            continue
        finally:
            path.write_text(text, encoding="utf-8")
        return pair
    return None


def judged_pair(course: Course, pair: Pair) -> JudgedPair:
    """Judge a pair by the quick tests of its exercise."""
    return JudgedPair(pair, failures(course, pair.one.exercise, pair.apply))


def main(number: int, seed: int) -> None:
    """Draw pairs, judge them, and print what they are told."""
    course = find_course(ROOT, name=ASSIGNMENT)
    count: Counter[str] = Counter()
    both = 0
    for pair in drawn(number, seed):
        found = judged_pair(course, pair)
        count[found.said] += 1
        both += {pair.one.explanation, pair.other.explanation} <= explanations(found.failed)
        print(f"{found.said:10} {pair}{''.join(f' [{key}]' for key in sorted(found.others))}", flush=True)
        for test in found.failed if found.said == WRONG else found.failed[:1] if found.said == NONE else ():
            print(f"           {test.name}: {test.message[:200]} [{test.hint[:160]}]", flush=True)
    print(f"{sum(count.values())} pairs: {', '.join(f'{count[said]} {said}' for said in (RIGHT, WRONG, NONE, PASSES))}")
    print(f"{both} get the hints of both mistakes")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
