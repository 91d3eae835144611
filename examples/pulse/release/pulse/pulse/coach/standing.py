"""Where a student stands: the state of each exercise, what to do next, and the score that public checks let expect.

This module holds data only. See ``ask`` for running the checks, ``text`` and ``page`` for showing the map.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pulse.checks.exercise import share
from pulse.checks.facts import Facts, PublicExercise, PublicPart

from .result import Result

State = Literal["right", "wrong", "not written", "waits", "open", "a person reads it", "no public check"]
RIGHT: State = "right"
WRONG: State = "wrong"
UNWRITTEN: State = "not written"
WAITS: State = "waits"
OPEN: State = "open"
PERSON: State = "a person reads it"
UNCHECKED: State = "no public check"
LEFT = (WRONG, UNWRITTEN, WAITS)
"""States in which something is left to do."""
ABSENT = ("unfinished", "missing")
"""Kinds of `CodeError` that say that code is not written yet."""
SETUP = "setup"
"""The kind of a `CodeError` that says that something is not installed."""


@dataclass(frozen=True)
class Standing:
    """The state of one exercise.

    Attributes
    ----------
    exercise : PublicExercise
    part : int
    state : State
    waits_for : str
        The exercise on which it waits, or "".
    result : Result or None
        The outcome of its public tests, if it has any.
    kept : bool
        Whether the outcome is an earlier one, because the code has not changed.
    earned : float
        The points that the public checks let expect.
    """

    exercise: PublicExercise
    part: int
    state: State
    waits_for: str = ""
    result: Result | None = None
    kept: bool = False
    earned: float = 0.0

    @property
    def said(self) -> str:
        """The state in words."""
        return f"waits for {self.waits_for}" if self.state == WAITS else self.state

    @property
    def message(self) -> str:
        """The first thing that is wrong, or ""."""
        first = self.result.first if self.result and self.state in (WRONG, UNWRITTEN, OPEN) else None
        return first.message if first else ""


@dataclass(frozen=True)
class Map:
    """Where a student stands in all exercises, or in those of one part.

    Attributes
    ----------
    parts : tuple of PublicPart
    standings : dict of Standing
        By exercise id, in the order of the parts.
    """

    parts: tuple[PublicPart, ...]
    standings: dict[str, Standing] = field(default_factory=dict)

    def of(self, part: PublicPart) -> Iterator[Standing]:
        """Yield the standings of a part."""
        return (one for one in self.standings.values() if one.part == part.number)

    def total(self, *states: State, part: PublicPart | None = None) -> float:
        """Return the points of exercises in some states, by default in all."""
        chosen = self.standings.values() if part is None else self.of(part)
        return sum(one.exercise.points for one in chosen if not states or one.state in states)

    def earned(self, part: PublicPart | None = None) -> float:
        """Return the points that the public checks let expect."""
        return sum(one.earned for one in (self.standings.values() if part is None else self.of(part)))

    @property
    def next(self) -> Standing | None:
        """The first exercise that is not right; if it waits for another one, that one."""
        found = next((one for one in self.standings.values() if one.state in LEFT), None)
        seen: set[str] = set()
        while found is not None and found.state == WAITS and found.waits_for in self.standings:
            if found.waits_for in seen:
                break
            seen.add(found.waits_for)
            found = self.standings[found.waits_for]
        return found

    @property
    def kept(self) -> int:
        """The number of exercises that were not run again."""
        return sum(one.kept for one in self.standings.values())

    def expectation(self) -> str:
        """Return a sentence on the score to be expected, and what it means."""
        read, unchecked = self.total(PERSON), self.total(UNCHECKED)
        checked = self.total() - read - unchecked
        others = [f"a person reads answers worth {read:g} more"] if read else []
        others += [f"{unchecked:g} more have no public check"] if unchecked else []
        rest = f"; {' and '.join(others)}" if others else ""
        return (
            f"Score to be expected: {round(self.earned(), 2):g} of {checked:g} points{rest}. This is what the public "
            "checks see, and nothing more: the grader runs more tests, with other numbers."
        )

    def advice(self) -> str:
        """Return a sentence on what to do next."""
        following = self.next
        if following is None:
            return "Next: nothing that a public check could see. What a person reads is left to you."
        first = following.result.first if following.result else None
        where = f", at {first.where}" if first and first.where else ""
        if following.state == UNWRITTEN:
            return f"Next: {following.exercise.id} is not written yet{where}"
        return f"Next: {following.exercise.id} is {following.said}{where}: {following.message}"

    def waiting(self) -> str:
        """Return a sentence on the points that are open and why, or ""."""
        first = next((one for one in self.standings.values() if one.state == OPEN), None)
        return f"{self.total(OPEN):g} of these points are open: {first.message}" if first else ""

    def repeated(self) -> str:
        """Return a sentence on the exercises that were not run again, or ""."""
        if not self.kept:
            return ""
        were = "exercise was not run again: its" if self.kept == 1 else "exercises were not run again: their"
        return f"{self.kept} {were} code has not changed."


def map_of(facts: Facts, results: Mapping[str, Result], kept: frozenset[str] = frozenset()) -> Map:
    """Return the map of an assignment.

    Parameters
    ----------
    facts : Facts
    results : mapping of Result
        The outcomes of the exercises that have public tests.
    kept : frozenset of str
        The exercises whose outcome is an earlier one.
    """
    listed = {one.id: (one, part.number) for part in facts.parts for one in part.exercises}
    return Map(
        facts.parts,
        {name: _standing(one, part, facts.rest, results, name in kept) for name, (one, part) in listed.items()},
    )


def part_of(known: Map, part: PublicPart) -> Map:
    """Return the map of one part."""
    return Map((part,), {one.exercise.id: one for one in known.of(part)})


def _standing(exercise: PublicExercise, part: int, rest: float, results: Mapping[str, Result], kept: bool) -> Standing:
    result = results.get(exercise.id)
    if result is None:
        return Standing(exercise, part, PERSON if exercise.person else UNCHECKED)
    state, waits_for = state_of(result, results)
    earned = exercise.points * share(((one.claim.kind, float(one.failure is None)) for one in result.tests), rest)
    return Standing(exercise, part, state, waits_for, result, kept, earned)


def state_of(result: Result, results: Mapping[str, Result]) -> tuple[State, str]:
    """Return the state of an exercise, and the exercise on which it waits."""
    if not result.failed:
        return RIGHT, ""
    needs = (need for test in result.failed for need in test.claim.needs)
    broken = next((need for need in needs if need in results and results[need].failed), "")
    if broken:
        return WAITS, broken
    if any(test.failure is not None and test.failure.kind == SETUP for test in result.failed):
        return OPEN, ""
    absent = any(test.failure is not None and test.failure.kind in ABSENT for test in result.failed)
    return (UNWRITTEN if absent else WRONG), ""


def unknown(name: str, facts: Facts) -> str:
    """Return a sentence about a name that is neither an exercise nor a part."""
    names = [one.id for part in facts.parts for one in part.exercises]
    near = difflib.get_close_matches(name, names, n=1)
    meant = f" Do you mean {near[0]!r}?" if near else ""
    return f"There is no exercise called {name!r}.{meant}"


def part_named(name: str, facts: Facts) -> PublicPart | None:
    """Return the part that a name means: "part2", "2", or the name of a notebook."""
    wanted = name.lower().replace(" ", "").removesuffix(".ipynb")
    for part in facts.parts:
        notebooks = [notebook.lower().removesuffix(".ipynb") for notebook in part.notebooks]
        if wanted in (f"part{part.number}", str(part.number), *notebooks):
            return part
    return None
