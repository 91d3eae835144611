"""A class of any size, made from planted verdicts: accepted work, mistakes, pairs of mistakes, blanks, hostile text."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from autograder.assignment import Exercise, Part
from autograder.checks.pictures import NOT_FINITE, Picture
from autograder.course import Course
from autograder.grading import facts
from autograder.grading.answers import UNREAD
from autograder.grading.decisions import Decision, Role
from autograder.grading.facts import Facts, PartFacts
from autograder.grading.gradebook import books_of
from autograder.grading.store import VerdictStore
from autograder.judge.digest import judging_digest
from autograder.verdict import ERROR, FAILED, OPEN, PASSED, ExerciseResult, Measured, PartVerdict, TestResult, score

HOSTILE = "<script>document.title='taken over'</script> =cmd()|' /C calc'!A0 \x1b[31mred\x1b[0m \u202egnp"
"""What a student may put into a message."""
PICTURE = Picture(
    HOSTILE, (2, 9), (0, 1), ((0, 1, -3), (NOT_FINITE, 3, -1)), ("Along axis 1 only 0 is wrong.", HOSTILE)
)
DUE = datetime(2026, 5, 10, 12)


def verdict_of(part: Part, number: int, kind: str, draw: random.Random) -> PartVerdict:
    """Return a planted verdict on a part.

    Parameters
    ----------
    part : Part
    number : int
        The student's number.
    kind : str
        ``accepted``, ``mistake``, ``pair``, ``blank`` or ``hostile``.
    draw : random.Random
    """
    wrong = {"mistake": 1, "pair": 2, "hostile": 1}.get(kind, 0)
    broken = {one.id for one in draw.sample(part.automatic, min(wrong, len(part.automatic)))}
    results = tuple(_exercise(one, kind, one.id in broken, draw) for one in part.automatic)
    digest = f"{number:04d}-{part.number}"
    return PartVerdict(
        part.number, part.name, results, seconds=9.0, sandbox_level=3, data="planted", submission=digest, seed="s"
    )


def _exercise(one: Exercise, kind: str, broken: bool, draw: random.Random) -> ExerciseResult:
    first = TestResult("first", "It is right", "core", PASSED, seconds=round(draw.uniform(0.1, 2), 3), credit=1.0)
    edge = TestResult("edge", "Also a special case", "edge", PASSED, seconds=0.25, credit=1.0)
    mark = ""
    if "accuracy" in one.id:
        reached = round(draw.uniform(0.3, 0.7), 3)
        first = replace(first, kind="accuracy", measured=Measured(reached, 0.5, True))
    if kind == "blank":
        first = replace(first, outcome=FAILED, credit=0.0, message=f"{one.id} is not written yet.")
    elif broken:
        way = draw.randrange(4)
        mark = f"{one.id}-{way}"
        said = f"out is wrong in {draw.randrange(1, 99)} of 99 values. See layers.py, line {draw.randrange(9)}: x = 1"
        first = replace(
            first, outcome=FAILED, credit=0.0, message=HOSTILE if kind == "hostile" else said,
            hint=f"Mistake {way} of {one.id}." if way < 2 else "", example="The smallest case: 0" if way == 3 else "",
            timed_out=way == 3, pictures=(PICTURE,) if way == 2 or kind == "hostile" else (),
        )  # fmt: skip
    tests = (first, edge)
    earned, outcome = score(one.points, tests)
    return ExerciseResult(one.id, one.points, earned, outcome, tests, mark)


def make_class(course: Course, number: int, seed: int = 1) -> dict[str, list[PartVerdict]]:
    """Fill a built course's store, facts and gradebook. Return each student's verdicts."""
    draw = random.Random(seed)
    kinds = ("accepted", "accepted", "mistake", "mistake", "pair", "blank")
    planted = {
        f"s{index:03d}": [verdict_of(part, index, draw.choice(kinds), draw) for part in course.parts]
        for index in range(number)
    }
    if number > 2:
        planted["s001"] = [verdict_of(part, 1, "hostile", draw) for part in course.parts]
        planted["s002"] = [with_error(planted["s002"][0]), *planted["s002"][1:]]
    enter(course, planted)
    return planted


def with_error(verdict: PartVerdict) -> PartVerdict:
    """Return a verdict whose first exercise is an error of the grader."""
    first = verdict.exercises[0]
    tests = (replace(first.tests[0], outcome=ERROR, credit=0.0, message="The grader could not run this test."),)
    return replace(
        verdict, exercises=(ExerciseResult(first.id, first.points, 0.0, ERROR, tests), *verdict.exercises[1:])
    )


def enter(
    course: Course, planted: dict[str, list[PartVerdict]], name: Callable[[str], str] = lambda student: student
) -> None:
    """Write verdicts into the course as a run of grading does."""
    store = VerdictStore(course)
    digests = {part.number: judging_digest(course, part) for part in course.parts}
    with books_of(course) as books, books.transaction():
        for student, verdicts in planted.items():
            decided: list[Decision] = []
            parts: list[PartFacts] = []
            for part, verdict in zip(course.parts, verdicts, strict=True):
                store.put(part, verdict)
                results = {one.id: one for one in verdict.exercises}
                decided += [
                    Decision(part.name, one.id, Role.FIRST, one.points, OPEN, 0.0, UNREAD, True)
                    if one.manual
                    else _decision(part, results[one.id])
                    for one in part.exercises
                ]
                parts.append(PartFacts(part.number, part.name, verdict.submission, digests[part.number], 3, "planted"))
            found = Facts(
                f"hand-in-{student}", parts=tuple(parts), decisions=tuple(decided), left_out=("big.bin (too large)",)
            )
            late = timedelta(days=1 if int(student[1:]) % 7 == 0 else -1) if student[1:].isdigit() else timedelta()
            books.open_hand_in(name(student), (DUE + late).astimezone())
            books.write(name(student), decided, {}, ())
            facts.write(course.root, course.assignment.name, name(student), found)


def _decision(part: Part, result: ExerciseResult) -> Decision:
    earned = result.score if result.outcome == "graded" else 0.0
    return Decision(part.name, result.id, Role.FIRST, result.points, result.outcome, earned, result.message)
