"""The definition of an attack: submitted files, their aim, and the required verdict.

An attack that fails to start looks like an attack that was stopped. So each attack must be seen at work: its code reports
through the *witness*, a pipe that only the tests let runners inherit. If no code of the attack may run, the verdict must
name the files that were left out instead. See ``test_attacks`` for running attacks.
"""

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from autograder.sandbox import forkserver, spawn

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
    """Tell the witness; a real submission has no such pipe."""
    _os.write(@WITNESS@, (" ".join(str(text).split())[:600] + "\\n").encode("ascii", "replace"))


def reached(note=""):
    say(f"reached {note}")


def real(module):
    """Return a module that has a file; an import stub has none."""
    if getattr(module, "__file__", None) is None:
        raise ImportError("this is an import stub")
    return module


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
"""Functions that the code of every attack may use."""

BROKEN = (
    "NameError",
    "AttributeError",
    "SyntaxError",
    "IndentationError",
    "UnboundLocalError",
    "KeyError",
    "TypeError",
)
"""Exceptions that suggest a bug in the attack, not a refusal."""

WRONG = "\ndef affine_forward(x, w, b):\n    reached()\n    return x.reshape(len(x), -1) @ w, (x, w, b)\n"
"""A wrong solution (b is missing), for attacks that run beside it."""


@dataclass(frozen=True)
class Attack:
    """A hostile submission: the reference's package with hostile additions.

    Attributes
    ----------
    kind : int
        The class of the attack, a key of `CLASSES`.
    name : str
        One word or a few words, with hyphens.
    tries : str
        The aim, as a phrase: "to read the gradebook".
    module : str
        Python code that is appended to ``cs231n/layers.py``, after `PRELUDE`; the code reads paths from ``FACTS``.
    files : dict
        More files, by their path in the submission. In text ``@WITNESS@`` becomes the witness's file descriptor,
        ``@FACTS@`` the facts, and ``@PRELUDE@`` the prelude.
    plant : callable, optional
        Changes the folder in ways that text files cannot: links, archives, notebooks.
    earns : dict
        The required verdict: exercise to the share of its points. In the default, the second exercise is honest code
        beside the attack.
    shows : str
        A regular expression that a text of the verdict must match; the only proof if no code of the attack runs.
    runs : bool
        Whether code of the attack runs; if so, the witness must hear of it.
    refused : str
        A regular expression for the intake's refusal of the whole submission; there is no verdict then.
    levels : tuple of int
        The sandbox levels at which the attack runs; level 1 promises only that verdicts cannot be forged.
    allowed : tuple of str
        Attempts that may succeed, because they reveal no secret and do no harm.
    memory : int
        The megabytes that the judge may need for the attack; 0 if that is not measured.
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
    memory: int = 0

    def hand_in(self, folder: Path, witness: int, facts: dict[str, Any]) -> None:
        """Add the attack to the submission in ``folder``."""

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
"""The control: an attack proves nothing in a set-up where this submission does not get all of its points."""


@contextlib.contextmanager
def inherited_by_runners(*descriptors: int) -> Iterator[None]:
    """Let runners inherit these file descriptors, but not the fork servers, which live on."""
    usual = subprocess.Popen

    def popen(command: Any, **kwargs: Any) -> Any:
        more = () if any("runner.forkserver" in str(part) for part in command) else descriptors
        return usual(command, **{**kwargs, "pass_fds": (*kwargs.get("pass_fds", ()), *more)})

    with mock.patch.object(spawn.subprocess, "Popen", popen), mock.patch.object(forkserver, "INHERITED", descriptors):
        yield


class Witness:
    """A pipe through which the code of an attack reports. Use it as a context.

    Attributes
    ----------
    descriptor : int
        The file descriptor of the writing end, which runners inherit.
    lines : list of str
        The reported lines; set when the context ends.
    survived : bool
        Whether a process still held the pipe ten seconds after the context ended.
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
        self._thread.join(10)  # the kernel needs a moment to end a killed namespace
        self.survived = self._thread.is_alive()
        if not self.survived:
            os.close(self._reader)
        self.lines = self._heard.decode("ascii", "replace").splitlines()

    def said(self, word: str) -> list[str]:
        """Return the rest of each line that begins with ``word``."""
        return [line.partition(" ")[2] for line in self.lines if line.partition(" ")[0] == word]

    def not_really_tried(self) -> list[str]:
        """Return the refusals that look like bugs in the attack."""
        return [text for text in self.said("refused") if re.search(rf": ({'|'.join(BROKEN)}): ", text)]
