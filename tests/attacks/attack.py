"""What an attack is: files that a student hands in, what they try, and what must come of it.

An attack that fails to start looks like one that was contained. So each must be seen at work: its code says so through
the *witness*, a pipe that the tests alone let runners inherit, or (where no code of it may run) the verdict names what
was left out. Not for running them: see ``test_attacks``.
"""

import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from autograder.sandbox import launch

CLASSES = {
    1: "Liars in comparisons and conversions",
    2: "Arrays that are not plain arrays",
    3: "Patching NumPy, pytest, builtins and imports",
    4: "Files that configure or shadow",
    5: "Exits and signals",
    6: "Threads and processes that act later",
    7: "Forged answers on the wire",
    8: "Code carried by data",
    9: "Looking around",
    10: "Powers over other processes and the system",
    11: "Network",
    12: "Bombs",
    13: "Compile time",
    14: "Archives and folders",
    15: "Notebooks",
    16: "Reports",
    17: "Cheating at the science",
    18: "Learning from the grader",
}
"""The threat model's classes."""

PRELUDE = '''
import os as _os

FACTS = @FACTS@


def say(text):
    """Tell the witness; nothing of a submission in use has such a pipe."""
    _os.write(@WITNESS@, (" ".join(str(text).split())[:600] + "\\n").encode("ascii", "replace"))


def reached(note=""):
    say(f"reached {note}")


def attempt(what, action):
    """Try to get something that must be out of reach."""
    reached(what)
    try:
        result = action()
    except BaseException as error:
        say(f"refused {what}: {type(error).__name__}: {error}")
    else:
        say(f"got {what}: {result!r}")
'''
"""What the code of every attack may use."""

BROKEN = (
    "NameError",
    "AttributeError",
    "SyntaxError",
    "IndentationError",
    "UnboundLocalError",
    "KeyError",
    "TypeError",
)
"""Exceptions that rather tell of a mistake in the attack than of a refusal."""

WRONG = "\ndef affine_forward(x, w, b):\n    reached()\n    return x.reshape(len(x), -1) @ w, (x, w, b)\n"
"""An exercise that is not solved (b is missing), for attacks that work beside it."""


@dataclass(frozen=True)
class Attack:
    """One hostile submission: the reference's package with something hostile added.

    Attributes
    ----------
    kind : int
        Its class, see `CLASSES`.
    name : str
        Of one or a few words, with hyphens.
    tries : str
        What it wants, as a phrase: "to read the gradebook".
    module : str
        Python that is appended to ``cs231n/layers.py``, with `PRELUDE` before it; ``FACTS`` tells it where things are.
    files : dict
        More files, by name below the submission. In text ``@WITNESS@`` is the witness's descriptor, ``@FACTS@`` the
        facts, ``@PRELUDE@`` the prelude.
    plant : callable, optional
        Does to the folder what text cannot: links, archives, notebooks.
    earns : dict
        What the verdict must be: exercise to the share of its points. The second one of the default is honest code
        beside the attack.
    shows : str
        A regular expression that the verdict's words must match; the only proof where no code of the attack runs.
    runs : bool
        Whether code of the attack runs, and the witness must hear of it.
    refused : str
        A regular expression for what the intake says, where all of it is refused; then there is no verdict.
    levels : tuple of int
        Of the sandbox; 1 promises only that verdicts cannot be forged.
    allowed : tuple of str
        What the attack may get, because it is nobody's secret and no harm.
    """

    kind: int
    name: str
    tries: str
    module: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    plant: Callable[[Path, dict[str, Any]], None] | None = None
    earns: Mapping[str, float] = field(default_factory=lambda: {"affine_forward": 0.0, "relu_forward": 1.0})
    shows: str = ""
    runs: bool = True
    refused: str = ""
    levels: tuple[int, ...] = (3, 2)
    allowed: tuple[str, ...] = ()

    def hand_in(self, folder: Path, witness: int, facts: dict[str, Any]) -> None:
        """Add the attack to a submission."""

        def filled(text: str) -> str:
            text = text.replace("@PRELUDE@", PRELUDE)
            return text.replace("@WITNESS@", str(witness)).replace("@FACTS@", repr(facts))

        if self.module:
            layers = folder / "cs231n" / "layers.py"
            layers.write_text(layers.read_text(encoding="utf-8") + filled(PRELUDE + self.module), encoding="utf-8")
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else filled(content).encode())
        if self.plant is not None:
            self.plant(folder, {**facts, "witness": witness})


HONEST = Attack(
    0, "honest", "nothing",
    "\n_right = affine_forward\ndef affine_forward(x, w, b):\n    reached()\n    return _right(x, w, b)\n",
    earns={"affine_forward": 1.0, "relu_forward": 1.0}, levels=(3, 2, 1),
)  # fmt: skip
"""The control: in a set-up in which it does not get all of its points, no attack proves anything."""


def inherited_by_runners(*descriptors: int) -> Any:
    """A context in which runners inherit descriptors."""
    usual = subprocess.Popen

    def popen(*args: Any, **kwargs: Any) -> Any:
        return usual(*args, **{**kwargs, "pass_fds": (*kwargs.get("pass_fds", ()), *descriptors)})

    return mock.patch.object(launch.subprocess, "Popen", popen)


class Witness:
    """The pipe by which the code of an attack tells what it reached. Use as a context.

    Attributes
    ----------
    descriptor : int
        The end to write to, for runners to inherit.
    lines : list of str
        What was said; there once the context is left.
    survived : bool
        Whether something still held the pipe seconds after the last runner should have ended.
    """

    MOST = 2**20

    def __enter__(self) -> "Witness":
        self._reader, self.descriptor = os.pipe()
        self._heard = bytearray()
        self.lines: list[str] = []
        self.survived = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def _listen(self) -> None:
        while heard := os.read(self._reader, 65536):
            if len(self._heard) < self.MOST:
                self._heard += heard

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        self._thread.join(10)  # a killed namespace takes the kernel a moment
        self.survived = self._thread.is_alive()
        if not self.survived:
            os.close(self._reader)
        self.lines = self._heard.decode("ascii", "replace").splitlines()

    def said(self, word: str) -> list[str]:
        """What follows a word in the lines that begin with it."""
        return [line.partition(" ")[2] for line in self.lines if line.partition(" ")[0] == word]

    def not_really_tried(self) -> list[str]:
        """Refusals that look like mistakes in the attack."""
        return [text for text in self.said("refused") if re.search(rf": ({'|'.join(BROKEN)}): ", text)]
