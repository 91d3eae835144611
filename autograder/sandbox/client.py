"""The judge's end of the wire: a backend whose package lives in a runner, with a time limit for every answer.

``wire`` checks every answer, and any violation ends the runner. See ``launch`` for starting a runner.
"""

import contextlib
import math
import os
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from autograder import temporary
from autograder.checks.code_under_test import CodeError, Handle
from autograder.runner.older import REPLACEMENTS
from autograder.runner.weighing import Weight
from autograder.runner.wire import WireClosed, WireError, WireFull, WireTimeout, WireTooLarge, decode, encode

from . import launch
from .launch import Process
from .levels import LaunchError, Limits, Profile, available

TOO_MUCH = "size"
"""The kind of `CodeError` after an answer that needs more memory than it may have."""
KINDS = {"missing", "unfinished", "raised", "import", "type", "model", "protocol", "build", "setup"}
CALL_SECONDS = 20.0
MOST_OF_A_LINE = 200
"""Most characters of a student's line, with its place."""
MOST_TRACED = 1_000
"""Most lines, and most variables of a line, that a trace may tell."""
MOST_WEIGHED = 100
"""Most calls that a runner may compare."""
IMPORT_SECONDS, IMPORT_AGAIN_SECONDS = 10.0, 2.0
"""Time limits for importing a module of the submission; the second one applies after an import has ended a runner."""


class Remote:
    """A package in a runner, as a backend for `CodeUnderTest`.

    Parameters
    ----------
    process : Process
        A started runner.
    seconds : float
        Time limit for one answer.
    deadline : float, optional
        Value of ``time.monotonic()`` after which every question times out.
    dead : dict, optional
        Modules whose import ended a runner; shared by the runners of one submission.

    Attributes
    ----------
    over : str
        Why the runner ended, or "" while it runs.
    timed_out : bool
        Whether the runner ended because of a timeout.
    room : float
        Bytes of memory that all answers of a test may need together. A test begins with `seed` or `make_room`.
    older : set of str
        Names that Python or NumPy has dropped and that the submission used, as far as the runner says so.
    """

    def __init__(
        self,
        process: Process,
        seconds: float = CALL_SECONDS,
        deadline: float | None = None,
        dead: dict[str, CodeError] | None = None,
    ) -> None:
        self.process = process
        self.seconds = seconds
        self.deadline = deadline
        self.over = ""
        self.timed_out = False
        self.room = math.inf
        self.older: set[str] = set()
        self._needed = 0
        self._asked = 0
        self._imported: set[str] = set()
        self._dead = dead if dead is not None else {}

    def _import(self, module: str) -> None:
        """Import the package and one of its modules. Later runners do not repeat an import that hangs or crashes."""
        for name in dict.fromkeys(("", module)):
            if name in self._imported:
                continue
            if name in self._dead:
                raise self._dead[name]
            usual, self.seconds = self.seconds, IMPORT_AGAIN_SECONDS if self._dead else IMPORT_SECONDS
            try:
                self.ask("import", module=name)
            except CodeError as error:
                if self.over:
                    self._dead[name] = CodeError(error.kind, f"{self._importing(name)} did not finish. {error.message}")
                    raise self._dead[name] from None
                if name == module:
                    raise
            finally:
                self.seconds = usual
            self._imported.add(name)

    def begin(self, exercise: str) -> None:
        self.ask("begin", exercise=exercise)

    def seed(self, number: int) -> None:
        self.make_room()
        self.ask("seed", number=number)

    def make_room(self) -> None:
        """Forget how much memory the answers so far need: nobody keeps them."""
        self._needed = 0

    def _importing(self, module: str) -> str:
        profile = self.process.profile
        if module == "notebook" or module in profile.namespaces:
            return "Reading the notebook"
        return f"Importing {profile.package}/{module.replace('.', '/') if module else '__init__'}.py"

    def call(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(target, str):
            self._import(target.rpartition(".")[0])
        return self.ask("call", target=target, args=list(args), kwargs=kwargs)

    def find(self, target: Any, name: str) -> Any:
        if target == "notebook":
            self._import("notebook")
        return self.ask("find", target=target, name=name)

    def item(self, target: Any, key: Any) -> Any:
        return self.ask("item", target=target, key=key)

    def assign(self, target: Any, key: Any, value: Any) -> None:
        self.ask("assign", target=target, key=key, value=value)

    def put(self, value: Any) -> Any:
        return self.ask("put", value=value)

    def fetch(self, target: Any) -> Any:
        return self.ask("fetch", target=target)

    def weigh(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], first: bool, most: float) -> Any:
        """Call a function in the runner, which weighs the call.

        Parameters
        ----------
        target, args, kwargs : Any, tuple, dict
            See `call`.
        first : bool
            Whether this call is not to be compared with earlier ones.
        most : float
            The call is stopped when it weighs more, and answers None.
        """
        if isinstance(target, str):
            self._import(target.rpartition(".")[0])
        return self.ask("weigh", target=target, args=list(args), kwargs=kwargs, first=first, most=most)

    def weight(self) -> Weight | None:
        """Return the weight of the last call, as far as the runner says so."""
        try:
            found = self.ask("weight")
        except CodeError:
            return None
        if not isinstance(found, dict) or set(found) != {one.name for one in fields(Weight)}:
            return None
        entered = found["entered"]
        counts = [found["work"], *(entered if isinstance(entered, list) and len(entered) < MOST_WEIGHED else [None])]
        fits = all(type(one) is int and 0 <= one < 2**53 for one in counts)
        return Weight(**found) if fits and type(found["step"]) is type(found["over"]) is bool else None

    def trace(self, target: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function in the runner, which traces the call: see `traced`."""
        self._import(target.rpartition(".")[0])
        return self.ask("trace", target=target, args=list(args), kwargs=kwargs)

    def traced(self) -> dict[int, dict[str, list[tuple[int, ...]]]]:
        """Return the shapes that the lines of the last traced call give to variables, as far as the runner says so."""
        try:
            said = self.ask("traced")
        except CodeError:
            return {}
        found: dict[int, dict[str, list[tuple[int, ...]]]] = {}
        for line, names in said.items() if isinstance(said, dict) and len(said) <= MOST_TRACED else ():
            if not (_is_number(line) and isinstance(names, dict) and len(names) <= MOST_TRACED):
                return {}
            for name, shapes in names.items():
                if not (isinstance(name, str) and name.isidentifier() and len(name) < 80 and _are_shapes(shapes)):
                    return {}
                found.setdefault(int(line), {})[name] = [tuple(shape) for shape in shapes]
        return found

    def unwritten(self, called: list[str]) -> list[str]:
        """Return those of the called functions that are not written yet, as far as the runner says so."""
        if self.over:
            return []
        try:
            found = self.ask("unwritten", called=called)
        except CodeError:
            return []
        names = {part for path in called for part in path.split(".")}
        fits = isinstance(found, list) and all(isinstance(one, str) and set(one.split(".")) <= names for one in found)
        return found if fits else []

    def origin(self, path: str, element: int | None, key: str) -> str:
        """Return the line that sets a returned value, as far as the runner says so: see `PackageHost.origin`."""
        if self.over:
            return ""
        try:
            found = self.ask("origin", path=path, element=element, key=key)
        except CodeError:
            return ""
        return printable(found)[:MOST_OF_A_LINE] if isinstance(found, str) else ""

    def redefined(self) -> list[tuple[str, int, int]]:
        """Return names that the notebook defines in several cells, with the first and the last cell.

        These are the names that were asked for and of which nobody can tell which definition an exercise means, as far
        as the runner says so.
        """
        if self.over:
            return []
        try:
            found = self.ask("redefined")
        except CodeError:
            return []
        fits = isinstance(found, list) and all(map(_is_place, found))
        return [tuple(one) for one in found] if fits else []

    def ask(self, question: str, **content: Any) -> Any:
        """Ask and wait for the answer.

        Raises
        ------
        CodeError
            An error of the student's code; of kind `TOO_MUCH`, if the answer does not fit into `room`; or of kind
            ``timeout``, ``crash`` or ``protocol``, which ends the runner.
        """
        if self.over:
            raise CodeError("crash", self.over)
        arrays: list[np.ndarray] = []
        self._asked += 1
        seconds = self.seconds
        if self.deadline is not None:
            seconds = min(seconds, self.deadline - time.monotonic())
        try:
            encoded = {name: encode(value, arrays, _refer) for name, value in content.items()}
            if seconds <= 0:
                raise WireTimeout
            until = time.monotonic() + seconds
            self.process.wire.send({"id": self._asked, "ask": question, "content": encoded}, arrays, seconds)
            wire, left = self.process.wire, self.room - self._needed
            answer, arrived = wire.receive(max(0.001, until - time.monotonic()), left)
            self._needed += wire.needed
            return self._read(answer, arrived)
        except WireFull as error:
            needed, most = (number / 2**20 for number in (self._needed + error.needed, self.room))
            raise CodeError(
                TOO_MUCH,
                f"What the code returns in this test is too large: it needs {needed:.0f} MB of memory, and at most "
                f"{most:.0f} MB are allowed, many times what the right results need.",
            ) from None
        except WireTooLarge:
            raise CodeError("type", "A value for this call is too large to send.") from None
        except WireTimeout:
            raise self._end("timeout", f"There was no answer within {max(seconds, 0):.0f} seconds.") from None
        except WireClosed:
            raise self._end("crash", self._cause()) from None
        except WireError as error:
            raise self._end("protocol", f"The answer is not valid: {error}.") from None
        except (OSError, MemoryError):
            self._end("crash", "The judge's machine had an error.")
            raise

    def _read(self, answer: dict[str, Any], arrays: list[np.ndarray]) -> Any:
        if answer.get("id") != self._asked or type(answer.get("id")) is not int:
            raise WireError("it answers another question")
        if "older" in answer:
            self._note_older(answer["older"])
        if "error" in answer:
            error = answer["error"]
            if not (isinstance(error, list) and len(error) == 3 and all(isinstance(text, str) for text in error)):
                raise WireError("its error is not described")
            kind, message, where = error
            raise CodeError(kind if kind in KINDS else "raised", printable(message), printable(where))
        if "value" not in answer:
            raise WireError("it holds no value")
        return decode(answer["value"], arrays, self._handle)

    def _note_older(self, names: Any) -> None:
        if not isinstance(names, list) or not all(isinstance(name, str) and name in REPLACEMENTS for name in names):
            raise WireError("it names what was never dropped")
        self.older.update(names)

    def _handle(self, value: dict[str, Any]) -> Handle:
        number, name = value.get("handle"), value.get("type")
        if type(number) is not int or not isinstance(name, str) or set(value) != {"handle", "type"}:
            raise WireError("a value is not encoded")
        return Handle(self, _Held(number), printable(name)[:80])

    def _cause(self) -> str:
        with contextlib.suppress(Exception):
            code = self.process.process.wait(timeout=2)
            if self.process.scratch.overfull or code in (-9, 137, -24, 152):
                return "The program was ended: it used too much time, memory or disk."
            if code in (-11, 139):
                return "The program crashed (segmentation fault)."
        return "The program ended itself."

    def _end(self, kind: str, message: str) -> CodeError:
        self.over = message
        self.timed_out = kind == "timeout"
        self.process.end()
        return CodeError(kind, message)

    def close(self) -> None:
        """End the runner."""
        if not self.over:
            self._end("closed", "The runner was closed.")


def _is_place(value: Any) -> bool:
    """Tell whether a value is a name with the numbers of two cells."""
    if not (isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[0], str)):
        return False
    name, first, last = value
    return name.isidentifier() and len(name) < 80 and all(type(one) is int and 0 < one < 10**5 for one in (first, last))


def _is_number(value: Any) -> bool:
    """Tell whether a value is the text of a line's number."""
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 7


def _are_shapes(value: Any) -> bool:
    """Tell whether a value is a short list of shapes of arrays."""
    return (
        isinstance(value, list)
        and len(value) < 10
        and all(
            isinstance(shape, list) and len(shape) < 10 and all(type(one) is int and 0 <= one < 2**53 for one in shape)
            for shape in value
        )
    )


class _Held:
    """The number of a value that the runner holds."""

    def __init__(self, number: int) -> None:
        self.number = number


def _refer(value: Any) -> dict[str, Any]:
    if isinstance(value, Handle):
        value = value._target
    if isinstance(value, _Held):
        return {"handle": value.number}
    raise TypeError(f"a {type(value).__name__} cannot be sent to a runner")


def printable(text: str) -> str:
    """Return the text with ``?`` for unprintable characters, which could control a terminal or hide text."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)


def probe(level: int) -> str:
    """Start a runner at ``level`` and let it try to get out. Return "" or the problem with the level."""
    missing = available(level)
    if missing:
        return missing
    with temporary.folder("probe") as folder:
        inside = Path(folder, "submission")
        inside.mkdir()
        os.chmod(folder, 0o711)
        inside.chmod(0o755)
        secret = Path(folder, "secret")
        secret.write_text("out of reach")
        try:
            remote = Remote(launch.start(level, inside, Profile(limits=Limits(cpu_seconds=20))), 20)
        except LaunchError as error:
            return str(error)
        try:
            reached = remote.ask("probe", outside=str(secret))
        except CodeError as error:
            return f"the probe failed: {error.message}"
        finally:
            remote.close()
    if level == 1:
        return ""
    out = sorted(name for name, worked in reached.items() if worked)
    return f"a runner at level {level} can still get out: {', '.join(out)}" if out else ""


def best_level() -> tuple[int, dict[int, str]]:
    """Return the highest level that works on this machine, and the missing piece of each higher level."""
    missing: dict[int, str] = {}
    for level in (3, 2, 1):
        missing[level] = probe(level)
        if not missing[level]:
            del missing[level]
            return level, missing
    return 0, missing
