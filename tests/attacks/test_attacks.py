"""Every attack of the suite, at every level that promises to stop it, beside an honest control.

For each attack: it was seen at work; the verdict is the one that honest code of the same quality gets; it saw no secret,
changed nothing outside its own folder, left no process, and kept the time limits.
"""

import contextlib
import dataclasses
import functools
import gc
import json
import os
import secrets
import shutil
import socket
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autograder.course import Course
from autograder.errors import SubmissionError
from autograder.judge.session import judge_part, taken_in
from autograder.sample import students
from autograder.sandbox import client
from autograder.verdict import PartVerdict, to_json
from tests.assignment2 import ASSIGNED, ASSIGNMENT, GRADER, HIDDEN

from ..conftest import ROOT, keep_what_is_slow_to_make, open_to_others
from ..within import within
from . import SUITE
from .attack import HONEST, Attack, Witness, inherited_by_runners

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runners on Windows cannot inherit the witness")
ENGINE = ROOT / "autograder"
BESIDE = ("__init__", "__pycache__", "checks", "runner", "assignments")
"""Rooms of the engine that lie beside a submission, and the folder of assignments."""
SECONDS = 3.0
"""Time limit for one answer, instead of the usual ten seconds, so that attacks that hang do not take minutes."""
LONGEST = 40.0
KEPT = 30
"""Megabytes that the judge may hold after a verdict: modules of known mistakes that it has loaded."""
CONFINED = range(9, 15)
"""Classes for which it matters which user runs the judge."""
FIRST = [next(attack for attack in SUITE if attack.kind == kind) for kind in sorted({attack.kind for attack in SUITE})]
"""One attack of each class, for `make quick`."""


def case(attack: Attack, level: int) -> Any:
    """Return the test's parameters for one attack at one level."""
    marks = [pytest.mark.confinement] if attack.kind in CONFINED or attack is HONEST else []
    marks += [pytest.mark.quick] if attack is HONEST or attack in FIRST else []
    return pytest.param(attack, level, id=f"{attack.name}-{level}", marks=marks)


CASES = [case(attack, level) for attack in (HONEST, *SUITE) for level in attack.levels]


@dataclasses.dataclass(frozen=True)
class Place:
    """A course with secrets that no submission may see or change."""

    course: Course
    honest: Path
    canary: str
    facts: dict[str, Any]

    def state(self) -> dict[str, tuple[int, int, int]]:
        """Return times, sizes and modes of the course's files, which show any change."""
        found = {}
        folders = [*(self.course.root / name for name in ("source", "release", "submitted")), GRADER]
        single = [self.course.state / "secret", Path(self.facts["labels"])]
        for path in (*single, *(path for folder in folders for path in folder.rglob("*"))):
            if "__pycache__" not in path.parts:
                status = path.lstat()
                found[str(path)] = (status.st_mtime_ns, status.st_size, status.st_mode)
        root = self.course.root
        found |= dict.fromkeys(os.listdir(root), (0, 0, 0))
        database = root / "gradebook.db"
        return {**found, "gradebook.db": (hash(database.read_bytes()), database.stat().st_size, 0)}


@pytest.fixture(scope="module")
def place(synthetic: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A course for this suite alone: every secret in it holds the canary."""
    root = tmp_path_factory.mktemp("attacked")
    ignored = shutil.ignore_patterns(
        "__pycache__", "models", ".ipynb_checkpoints", ".pytest_cache", "build", "*.so", "*.c"
    )
    for step in ("source", "release"):
        shutil.copytree(ROOT / step / ASSIGNMENT, root / step / ASSIGNMENT, ignore=ignored)
    keep_what_is_slow_to_make(root, tmp_path_factory)
    course = Course(root, synthetic)
    honest = tmp_path_factory.mktemp("honest") / ASSIGNMENT
    students.solved(course, honest)
    canary = f"canary-{secrets.token_hex(16)}"
    other = root / "submitted" / "somebody-else" / ASSIGNMENT / "cs231n"
    other.mkdir(parents=True)
    (other / "layers.py").write_text(f"# {canary}\n")
    (root / "gradebook.db").write_text(canary)
    with (root / "source" / ASSIGNMENT / "cs231n" / "layers.py").open("a") as solution:
        solution.write(f"\n# {canary}\n")
    open_to_others(root)  # so that permissions alone stop no attack
    sockets = (socket.socket(), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    with sockets[0] as server, sockets[1] as daemon, sockets[2] as log, pytest.MonkeyPatch.context() as patch:
        server.bind(("127.0.0.1", 0))
        daemon.bind(str(root / "daemon"))
        log.bind(str(root / "log"))
        for name in ("daemon", "log"):  # sockets of journals, desktops and container engines have this mode
            (root / name).chmod(0o777)
        server.listen()
        daemon.listen()
        patch.setenv("AUTOGRADER_CANARY", canary)
        hurried = msgspec.structs.replace(ASSIGNED.settings.seconds, call=SECONDS)
        settings = msgspec.structs.replace(course.assignment.settings, seconds=hurried)
        patch.setitem(vars(course), "assignment", dataclasses.replace(course.assignment, settings=settings))
        patch.setattr(client, "IMPORT_SECONDS", SECONDS)
        facts = {
            "root": str(root), "gradebook": str(root / "gradebook.db"), "solution": str(root / "source" / ASSIGNMENT / "cs231n" / "layers.py"),
            "other": str(other / "layers.py"), "secret": str(course.state / "secret"), "labels": str(synthetic / "test_batch"),
            "hidden": str(HIDDEN), "fingerprint": course.kit.pictures.fingerprint, "judge": os.getpid(), "port": server.getsockname()[1],
            "home": str(ENGINE), "rooms": [path.stem for path in ENGINE.iterdir() if path.stem not in BESIDE],
            "grader": str(GRADER), "assigned": assigned_rooms(),
            "daemon": str(root / "daemon"), "log": str(root / "log"),
        }  # fmt: skip
        assert course.secret
        yield Place(course, honest, canary, facts)


def assigned_rooms() -> list[str]:
    """Return the names in the assignment's folder, except those that are staged beside a submission."""
    below = [*GRADER.iterdir(), *(GRADER / "kit").iterdir()]
    names = {path.relative_to(GRADER).as_posix() for path in below if path.stem not in ("__init__", "__pycache__")}
    rooms = names - {"kit", "kit/runner"}
    assert rooms >= {"kit/judge", "kit/student", "mistakes", "accepted", "samples", "hidden", "assignment.toml"}
    return sorted(rooms)


@functools.cache
def probed(level: int) -> str:
    """Return why this machine lacks a level, or an empty text."""
    return client.probe(level)


@pytest.mark.parametrize(("attack", "level"), CASES)
def test_attack(attack: Attack, level: int, place: Place, tmp_path: Path) -> None:
    missing = probed(level)
    if missing:
        pytest.skip(f"level {level} is not available here: {missing}")
    folder = tmp_path / "handed-in" / ASSIGNMENT
    shutil.copytree(place.honest, folder)
    part = next(part for part in place.course.parts if set(attack.earns) & {one.id for one in part.exercises})
    part = dataclasses.replace(part, exercises=tuple(one for one in part.exercises if one.id in attack.earns))
    with Witness() as witness, inherited_by_runners(witness.descriptor):
        attack.hand_in(folder, witness.descriptor, {**place.facts, "own": str(folder), "level": level})
        before = place.state()
        if attack.refused:
            with within(LONGEST), pytest.raises(SubmissionError, match=attack.refused), taken_in(folder, ASSIGNED):
                pass
            assert place.state() == before
            return
        with within(LONGEST), taken_in(folder, ASSIGNED) as submission, judges_memory(attack.memory):
            verdict = judge_part(place.course, part, submission, level)
    words = json.dumps(to_json([verdict]))
    heard = "\n".join(witness.lines)
    assert shares(verdict) == pytest.approx(dict(attack.earns)), f"{words}\n{heard}"
    assert {exercise.outcome for exercise in verdict.exercises} <= {"graded", "failed", "open", "not_graded"}
    assert not witness.not_really_tried()
    if attack.runs:
        assert witness.said("reached"), f"{attack.name} was not seen at work: {words}"
    if attack.shows:
        assert_shown(attack, verdict)
    assert not witness.survived, "a process was left behind"
    if level > 1:
        assert [text for text in witness.said("got") if text.partition(":")[0] not in attack.allowed] == []
        assert place.canary not in heard + words
        assert place.state() == before


@contextlib.contextmanager
def judges_memory(most: int) -> Iterator[None]:
    """Check how many megabytes the judge needs, and that it keeps little; check nothing if ``most`` is 0."""
    if not most:
        yield
        return
    tracemalloc.start()
    try:
        yield
        gc.collect()
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most * 2**20, f"the judge needed {peak >> 20} MB"
    assert kept < KEPT * 2**20, f"the judge still holds {kept >> 20} MB"


def shares(verdict: PartVerdict) -> dict[str, float]:
    """Return the share of its points that each exercise earned."""
    return {exercise.id: exercise.score / exercise.points for exercise in verdict.exercises}


def assert_shown(attack: Attack, verdict: PartVerdict) -> None:
    """Check that a text of the verdict matches the attack's ``shows``."""
    import re

    said = [*verdict.problems, *verdict.flags, *verdict.left_out]
    said += [text for exercise in verdict.exercises for test in exercise.tests for text in (test.message, test.hint)]
    assert any(re.search(attack.shows, text) for text in said), "\n".join(text for text in said if text)
