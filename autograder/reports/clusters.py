"""Students who lost points in the same way: by the known mistake, else by how their code behaves, else by the message.

One comment or one decision is given for all of them: see ``decide``.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.grading.record import Exercise, Record
from autograder.verdict import FAILED, TestResult

SHORT = 8
"""Characters of a group's name after its exercise."""
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
OWN = re.compile(r" See .*", re.S)
"""The end of a message that quotes the student's code."""


@dataclass(frozen=True)
class Cluster:
    """Students who lost points in an exercise in the same way.

    Attributes
    ----------
    name : str
        ``EXERCISE:HASH``, by which ``autograder decide`` finds it.
    exercise : str
    by : str
        ``mistake``, ``behaviour`` or ``message``: what is the same.
    hint : str
        The known mistake's hint, or "".
    message, example : str
        Those of the first student.
    students : tuple of str
    decided : tuple of str
        Those whose score a person has entered.
    """

    name: str
    exercise: str
    by: str
    hint: str
    message: str
    example: str
    students: tuple[str, ...]
    decided: tuple[str, ...]


def clusters(records: Iterable[Record]) -> tuple[Cluster, ...]:
    """Return the groups of a class, the largest first."""
    found: dict[tuple[str, str, str], list[tuple[str, Exercise, TestResult]]] = defaultdict(list)
    for record in records:
        for one in record.exercises:
            wrong = _telling(one)
            if wrong is not None:
                found[one.id, *_kind(one, wrong)].append((record.student, one, wrong))
    made = [_cluster(*key, rows) for key, rows in found.items()]
    return tuple(sorted(made, key=lambda one: (-len(one.students), one.name)))


def _telling(exercise: Exercise) -> TestResult | None:
    """Return the failed test that says most: the first with a hint, else the first."""
    failed = [test for test in exercise.tests if test.outcome == FAILED]
    return next((test for test in failed if test.hint), failed[0] if failed else None)


def _kind(exercise: Exercise, wrong: TestResult) -> tuple[str, str]:
    """Return by what an exercise's failure is grouped, and the text that is the same in the group."""
    if wrong.hint:
        return "mistake", wrong.hint
    if exercise.fingerprint:
        return "behaviour", exercise.fingerprint
    return "message", f"{wrong.name} {NUMBER.sub('', OWN.sub('', wrong.message))}"


def _cluster(exercise: str, by: str, same: str, rows: list[tuple[str, Exercise, TestResult]]) -> Cluster:
    digest = hashlib.sha256(f"{by}/{same}".encode()).hexdigest()[:SHORT]
    _, _, first = rows[0]
    example = next((test.example for _, one, _ in rows for test in one.tests if test.example), "")
    return Cluster(
        f"{exercise}:{digest}", exercise, by, first.hint, first.message, example,
        tuple(student for student, _, _ in rows), tuple(student for student, one, _ in rows if one.by_person),
    )  # fmt: skip
