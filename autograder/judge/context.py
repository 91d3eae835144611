"""The judging context: runners for the submission, the reference, random numbers, a deadline.

A runner lives for the tests of one exercise or, if it holds a framework, of the part. See ``plugin`` for the results.
"""

import contextlib
import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from autograder.assignment import Part
from autograder.checks.code_under_test import Backend, CodeError, CodeUnderTest
from autograder.course import Course
from autograder.intake.submission import Submission
from autograder.sandbox import launch, profiles, starvation
from autograder.sandbox.client import Remote
from autograder.verdict import Measured

from .counterexample import Traced
from .credit import Open
from .extension import Extension
from .reference import reference

EXTRA_ANSWER, EXTRA_SECONDS = 1.0, 10.0
"""Time limits for one answer and for all answers after an exercise's tests, which only explain a failure."""
ABSENT = re.compile(
    r"There is no (\S{1,240}) in the submission|No module named '([\w.]{1,240})'|(\S{1,240}) was not handed in"
)
"""Matches the messages about files that the code under test needs and that are not there."""
MOST_SAID = 2_000
"""Characters of a message that are searched: a runner may say a million, and a search must not take its square."""
ROOM, TIMES = 32 * 2**20, 8
"""All answers of a test together may need so many bytes in the judge or, if that is more, so many times as many as the
reference's answers. A result of a wrong shape is still explained, and a hostile one does no harm."""
CRASHES = 2
"""After an exercise has lost this many runners, the judge does not run its other tests."""


@dataclass
class Context:
    """The judging context of one part of one submission.

    Attributes
    ----------
    course : Course
    part : Part
    submission : Submission
    level : int
        Level of the sandbox.
    extension : Extension
        The result of building the submission's Cython source, if the part needs it.
    inputs : str
        The name of the random inputs, by default the submission's digest. Equal names give equal inputs.
    older : set of str
        Names that Python or NumPy has dropped and that the submission used.
    rooms : dict
        A test to the bytes that its answers may need, where the reference's answers need more than `ROOM` allows.
    measured : Measured or None
        What the running test measured, such as an accuracy; a kit's fixture sets it.
    """

    course: Course
    part: Part
    submission: Submission
    level: int
    extension: Extension
    inputs: str = ""
    older: set[str] = field(default_factory=set)
    rooms: dict[str, int] = field(default_factory=dict)
    measured: Measured | None = None
    _runner: Remote | None = None
    _exercise: str = ""
    _lost: int = 0
    _hangs: int = 0
    _dead: dict[str, CodeError] = field(default_factory=dict)
    _until: float = 0.0
    _forgiven: float = 0.0

    def __post_init__(self) -> None:
        assignment = self.course.assignment
        framework, self._limits = assignment.framework_of(self.part), assignment.settings.seconds
        # after this time the remaining tests fail: the submission is too slow
        self._seconds = framework.seconds if framework else self._limits.part
        self._until = self._until or self.clock() + self._seconds

    def student(self, exercise: str, test: str, slow: bool) -> Traced:
        """Return the submission for a test, in the runner of the exercise or in a new one.

        Raises
        ------
        Open
            If the notebook's framework is not installed here.
        CodeError
            If this exercise lost too many runners, or the part's time is over.
        """
        framework = self.course.assignment.framework_of(self.part)
        if framework is not None and not profiles.is_installed(self.course.assignment, self.part):
            raise Open(profiles.missing(framework))
        if exercise != self._exercise:
            if self._runner is not None and (self._runner.over or not self.part.framework):
                self._hangs += self._runner.timed_out
                self.close()
            self._exercise, self._lost = exercise, 0
        if self.over:
            raise CodeError("timeout", f"The {self._seconds:.0f} seconds for this part were used up before this test.")
        if self._runner is not None and self._runner.over:
            self._lost += 1
            self._hangs += self._runner.timed_out
            if self._lost >= CRASHES:
                raise CodeError("crash", f"This test did not run because of an earlier test: {self._runner.over}")
            self.close()
        if self._runner is None:
            self._runner = Remote(self._start(), dead=self._dead)
        self._runner.deadline = time.monotonic() + self._until - self.clock()
        # the limit shrinks with every timeout: code that hangs everywhere must not use up the part's time
        self._runner.seconds = (self._limits.learning if slow else self._limits.call) / (1 + self._hangs)
        self._runner.room = self.rooms.get(test, ROOM)
        self._runner.begin(exercise)
        self._runner.seed(self.global_seed(test))
        return Traced(self._runner)

    def grant(self, test: str, needed: int) -> bool:
        """Let the answers of a test need `TIMES` as many bytes as the reference's; tell whether that is more room."""
        more = TIMES * needed > self.rooms.get(test, ROOM)
        if more:
            self.rooms[test] = TIMES * needed
        return more

    def not_handed_in(self, message: str) -> str:
        """Return a sentence if an error comes from a file of the release that was not handed in, or "".

        A runner may say what it likes: it is believed only if the file is not there.
        """
        found = ABSENT.search(message[:MOST_SAID])
        if found is None:
            return ""
        path, module, notebook = found.groups()
        package = self.course.assignment.package
        name = path or notebook or f"{module.replace('.', '/')}.py"
        files, rules = self.submission.files, self.course.assignment.rules
        if not any(one.startswith(f"{package}/") for one in files) and name.startswith((f"{package}/", f"{package}.")):
            return f"There is no {package} package in the submission."
        if name in files or name not in (*rules.modules, *rules.notebooks):
            return ""
        return f"{name} was not handed in."

    def _start(self) -> launch.Process:
        profile = profiles.for_judging(self.course.assignment, self.part)
        return launch.start(self.level, self.submission.folder, profile)

    @property
    def lost(self) -> bool:
        """Whether the last runner has ended by itself, or was ended because of what it did."""
        return self._runner is not None and bool(self._runner.over)

    @property
    def over(self) -> bool:
        """Whether the part's time is used up."""
        return self.clock() >= self._until

    def clock(self) -> float:
        """Return the seconds of a clock that stops while runner or judge wait for a core: see `sandbox.starvation`."""
        running = self._runner.process.wire.forgiven if self._runner is not None else 0.0
        return time.monotonic() - self._forgiven - running - starvation.own()

    def worked(self) -> float:
        """Return the processor time of the runner in seconds, which does not depend on what else the machine does.

        Where nobody can tell, it is the time of `clock`.
        """
        found = self._runner.process.worked() if self._runner is not None and not self._runner.over else None
        return self.clock() if found is None else found

    def waited(self) -> float:
        """Return the seconds that the runner waited for a core that others used; 0 if nobody can tell."""
        return self._runner.process.waited() if self._runner is not None and not self._runner.over else 0.0

    def reference(self) -> CodeUnderTest:
        """Return the reference, with the definitions of the part's notebook."""
        return CodeUnderTest(reference(self.course.assignment, self.part))

    def seed(self, test: str) -> int:
        """Return the seed of a test: a keyed hash, different for each submission and unknown to its author."""
        text = f"{self.inputs or self.submission.digest}/{self.part.number}/{test}"  # the same for all alternatives
        return int.from_bytes(hmac.digest(self.course.secret, text.encode(), "sha256")[:8], "big")

    def global_seed(self, test: str) -> int:
        """Return the seed of the runner's global generators for a test."""
        return self.seed(f"{test}/global") % 2**32  # a runner can read it, so it is not the seed of `rng`

    def rng(self, test: str) -> np.random.Generator:
        """Return a new random generator for a test."""
        return np.random.default_rng(self.seed(test))

    def common_rng(self, name: str) -> np.random.Generator:
        """Return a new random generator that is the same for all submissions of the part."""
        key = hmac.digest(self.course.secret, f"{self.part.number}/{name}".encode(), "sha256")
        return np.random.default_rng(int.from_bytes(key[:8], "big"))

    @property
    def seed_name(self) -> str:
        """A name that two judgings share if they draw the same inputs. It does not reveal the secret."""
        return hashlib.sha256(self.seed("").to_bytes(8, "big")).hexdigest()[:16]

    @contextlib.contextmanager
    def unhurried(self, student: Backend) -> Iterator[None]:
        """Stop the part's clock, and limit the time of a runner that no test needs any more."""
        start = self.clock()
        if isinstance(student, Remote):
            student.seconds, student.deadline = EXTRA_ANSWER, time.monotonic() + EXTRA_SECONDS
            ended = student.over
        try:
            yield
        finally:
            self._forgiven += self.clock() - start
            if isinstance(student, Remote) and not ended:
                student.timed_out = False  # no test waited for it

    def close(self) -> None:
        """End the runner, if any."""
        if self._runner is not None:
            self._runner.close()
            self.older |= self._runner.older
            self._forgiven += self._runner.process.wire.forgiven
            self._runner = None


@dataclass
class TrustedContext(Context):
    """A judging context whose package is loaded in this process: the course's own code."""

    backend: Backend | None = None
    right: Backend | None = None

    def reference(self) -> CodeUnderTest:
        """Return the backend that gives the right answers in the reference's place, if there is one."""
        return super().reference() if self.right is None else CodeUnderTest(self.right)

    def student(self, exercise: str, test: str, slow: bool) -> Traced:  # noqa: ARG002
        """Return the package as the code under test."""
        assert self.backend is not None
        self.backend.seed(self.global_seed(test))
        return Traced(self.backend)
