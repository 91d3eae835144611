"""The confined process that holds a submission: it confines itself, then answers the judge's questions.

It uses only the standard library and NumPy. The judge does not trust it and checks every answer, because a submission
may change anything in this process.
"""

import importlib
import os
import socket
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.code_under_test import CodeError, by_value
from autograder.checks.host import Contents, PackageHost
from autograder.runner import import_stubs
from autograder.runner.compile import compile_extension
from autograder.runner.confine import ConfinementError, apply, confinement_from
from autograder.runner.older import OlderNames
from autograder.runner.probe import look_around
from autograder.runner.tracing import Traced, traced
from autograder.runner.weighing import Weigher, Weight
from autograder.runner.wire import Wire, WireClosed, WireError, WireTooLarge, decode, encode


class Runner:
    """Answers questions about one submission.

    Parameters
    ----------
    wire : Wire
        The connection to the judge.
    host : PackageHost
        The submission's package and notebooks.
    older : OlderNames
        It is told to the judge which of them the submission used.
    """

    def __init__(self, wire: Wire, host: PackageHost, older: OlderNames) -> None:
        self.wire = wire
        self.host = host
        self._older = older
        self._told: set[str] = set()
        self._held: dict[int, Any] = {}
        self._notebook: Any = None
        self._weigher = Weigher(host.folder)
        self._weight = Weight()
        self._traced: Traced = {}

    def serve(self) -> None:
        """Answer questions until the judge closes the connection."""
        while True:
            try:
                question, arrays = self.wire.receive()
            except WireClosed:
                return
            answer: dict[str, Any] = {"id": question.get("id")}
            sent: list[Any] = []
            try:
                answer["value"] = encode(self._answer(question, arrays), sent, self._hold)
            except CodeError as error:
                answer["error"] = [error.kind, error.message[:2000], error.where[:500]]
            except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
                answer["error"] = ["raised", f"It raised {type(error).__name__}, which would end the program.", ""]
            except WireError as error:
                answer["error"] = ["type", f"The result cannot be sent: {error}.", ""]
            except MemoryError:
                answer["error"] = ["raised", "It ran out of memory.", ""]
            if len(self._older.used) > len(self._told):
                answer["older"] = sorted(self._older.used - self._told)
                self._told |= self._older.used
            try:
                self.wire.send(answer, sent if "error" not in answer else [])
            except WireTooLarge as error:
                self.wire.send({"id": answer["id"], "error": ["type", f"The result cannot be sent: {error}.", ""]}, [])

    def _answer(self, question: dict[str, Any], arrays: list[Any]) -> Any:
        content = {name: decode(value, arrays, self._resolve) for name, value in question["content"].items()}
        target = content.get("target")
        match question["ask"]:
            case "begin":
                return self.host.begin(content["exercise"])
            case "redefined":
                return self.host.redefined()
            case "seed":
                return self.host.seed(content["number"])
            case "import":
                return self.host.load(content["module"])
            case "call":
                function = self.host.lookup(target) if isinstance(target, str) else target
                return by_value(self.host.call(function, tuple(content["args"]), content["kwargs"]), _Held)
            case "weigh":
                return by_value(self._weigh(content), _Held)
            case "weight":
                return asdict(self._weight)
            case "trace":
                return by_value(self._trace(content), _Held)
            case "traced":
                return self._traced
            case "find":
                found = (
                    self.host.definition(content["name"])
                    if target == "notebook"
                    else self.host.find(target, content["name"])
                )
                return by_value(found, _Held)
            case "item":
                return by_value(self.host.item(target, content["key"]), _Held)
            case "assign":
                held: Any = target
                held[content["key"]] = content["value"]
                return None
            case "put":
                return _Held(content["value"])
            case "fetch":
                return self.host.fetch(target)
            case "build":
                return compile_extension(self.host.folder / content["file"], content["compiler"], content["older"])
            case "execute":
                return self._shell().execute(content["source"], content["limits"])
            case "unwritten":
                return self.host.unwritten(content["called"])
            case "origin":
                return self.host.origin(content["path"], content["element"], content["key"])
            case "probe":
                return look_around(content["outside"])
        raise CodeError("protocol", "The runner does not know this question.")

    def _weigh(self, content: dict[str, Any]) -> Any:
        """Call a function and weigh the call; return its value, or None if it was stopped."""
        if content["first"]:
            self._weigher = Weigher(self.host.folder)
        self._weight = Weight()
        target = content["target"]
        function = self.host.lookup(target) if isinstance(target, str) else target
        given = (function, tuple(content["args"]), content["kwargs"], content["most"])
        value, self._weight = self.host.call(self._weigher.call, given, {})
        return None if self._weight.over else value

    def _trace(self, content: dict[str, Any]) -> Any:
        """Call a function and trace the call; return its value."""
        self._traced = {}
        function = self.host.lookup(content["target"])
        value, self._traced = self.host.call(traced, (function, tuple(content["args"]), content["kwargs"]), {})
        return value

    def _shell(self) -> Any:
        """Return the shell for cells; made at first use, because only runners for notebooks have IPython."""
        if self._notebook is None:
            sys.path.remove(str(self.host.folder))  # IPython must not import the submission when it starts
            try:
                from autograder.runner.execute import Notebook

                self._notebook = Notebook(self.host.folder)
            except Exception as error:
                raise CodeError("raised", f"{type(error).__name__}: {error}") from None
        return self._notebook

    def _hold(self, value: Any) -> dict[str, Any]:
        if isinstance(value, _Held):
            value = value.value
        number = len(self._held)
        self._held[number] = value
        name = f"NumPy array of dtype {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        return {"handle": number, "type": name[:80]}

    def _resolve(self, value: dict[str, Any]) -> Any:
        return self._held[value["handle"]]


class _Held:
    """Marks a value that stays in the runner."""

    def __init__(self, value: Any) -> None:
        self.value = value


def main() -> None:
    """Run on the socket whose descriptor is the first argument (on Windows: shared over standard input)."""
    serve(Wire(_connection()))
    os._exit(0)  # skips functions that a submission registered with atexit


def serve(wire: Wire, keeper: int | None = None) -> None:
    """Be a runner: receive the settings, confine this process, and answer questions about the submission.

    Parameters
    ----------
    wire : Wire
        The connection to the judge.
    keeper : int, optional
        The parent process, if a fork server started this one: the runner ends with it instead of with the judge.
    """
    settings, _ = wire.receive()
    folder = Path(settings["folder"])
    sys.dont_write_bytecode = True
    tempfile.tempdir = os.environ["TMPDIR"]  # else Python tests folders by writing and removing a file
    sys.path.append(str(folder))
    try:
        confinement = confinement_from(settings["confinement"])
        pieces = apply(confinement if keeper is None else replace(confinement, judge=keeper))
        if settings["framework"]:  # before the stubs, which it would take for its optional packages
            importlib.import_module(settings["framework"])
    except (ConfinementError, ImportError) as error:
        wire.send({"failed": str(error)}, [])
        return
    older = OlderNames(folder, Path.cwd())
    if settings["older_names"]:
        older.restore()
    import_stubs.install(tuple(settings["import_stubs"]), folder)
    wire.send({"ready": pieces}, [])
    _silence()
    contents = Contents(
        tuple(settings["notebooks"]), settings["framework"], tuple(settings["computing"]), settings["kit"]
    )
    Runner(wire, PackageHost(settings["package"], folder, contents), older).serve()


def _connection() -> socket.socket:
    if sys.platform == "win32":
        length = int.from_bytes(sys.stdin.buffer.read(4), "little")
        return socket.fromshare(sys.stdin.buffer.read(length))
    return socket.socket(fileno=int(sys.argv[1]))


def _silence() -> None:
    """Point the standard streams at the null device: nobody reads a submission's prints."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


if __name__ == "__main__":
    main()
