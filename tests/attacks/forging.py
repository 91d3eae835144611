"""Attacks of classes 7 and 8: forged answers on the wire, code carried by data."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .attack import WRONG, Attack

EVERY_LEVEL = (3, 2, 1)

FORGER = '''
import json
import os
import struct
import sys
import threading

import numpy as np


def serving():
    """The frame of the runner's loop, with the question in hand."""
    frame = sys._getframe()
    while type(frame.f_locals.get("self")).__name__ != "Runner" or "question" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals


def asked():
    return serving()["question"]["id"]


def connection():
    return serving()["self"].wire._socket


def raw(text, count=0, tail=b"", length=None):
    """A message with a header that need not be true."""
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack("!II", len(text) if length is None else length, count) + text + tail


def answer(value, of, arrays=(), **more):
    return {"arrays": list(arrays), "message": {"id": of, "value": value, **more}}


def right(x, w):
    """What would be wrong, and looks like an answer."""
    wrong = np.zeros((len(x), w.shape[1]))
    value = {"tuple": [{"array": 0}, {"handle": 0, "type": "tuple"}]}
    return value, [["<f8", list(wrong.shape)]], wrong.tobytes()


def send(*messages):
    reached("forges")
    wire = connection()
    wire.settimeout(2)
    wire.sendall(b"".join(messages))
    wire.settimeout(0)
'''
"""Code that finds the wire and writes to it in place of the runner."""


def sending(code: str, function: str = "affine_forward(x, w, b)") -> str:
    """Return a module whose function sends forged messages and ends the process before the runner answers."""
    return f"{FORGER}\n\ndef {function}:\n    {code}\n    threading.Event().wait(0.2)\n    os._exit(0)\n"


def also(code: str) -> str:
    """Return a module whose ``affine_forward`` sends forged messages, then returns a wrong result to the runner."""
    return f"{FORGER}\n\ndef affine_forward(x, w, b):\n    value, arrays, data = right(x, w)\n    {code}\n    return x.reshape(len(x), -1) @ w, (x, w, b)\n"


def value(text: str, arrays: str = "()", data: str = "b''") -> str:
    """Return a module that answers with any value in a well-formed message."""
    return sending(f"send(raw(answer({text}, asked(), {arrays}), len({arrays}), {data}))")


LATE = """
def affine_forward(x, w, b):
    wire, mine = connection(), asked()
    value, arrays, data = right(x, w)

    def later():
        for number in range(mine, mine + 40):
            try:
                wire.sendall(raw(answer(value, number, arrays), 1, data))
            except (OSError, ValueError):
                return

    reached("forges")
    threading.Timer(0.001, later).start()
    return x.reshape(len(x), -1) @ w, (x, w, b)
"""

OWN_LOOP = """
def affine_forward(x, w, b):
    wire = serving()["self"].wire
    number = asked()
    reached("answers by itself from now on")
    while True:
        wire.send({"id": number, "value": {"tuple": [True, True, {"handle": -1, "type": "passed"}]}, "score": 1.0}, [])
        question, _ = wire.receive()
        number = question["id"]
"""

EVERYWHERE = """
def affine_forward(x, w, b):
    verdict = json.dumps([{"exercises": [{"id": "affine_forward", "score": 1.0, "outcome": "graded"}], "passed": True}])
    wire = connection().fileno()
    for number in range(256):
        if number not in (wire, @WITNESS@):
            try:
                os.write(number, verdict.encode() + b"\\n")
            except OSError:
                pass
    for name in ("verdict.json", "report.xml", "results.json", ".pytest_cache", "/tmp/verdict.json"):
        try:
            open(name, "w").write(verdict)
        except OSError:
            pass
    print(verdict, file=sys.__stdout__)
    reached("wrote it everywhere")
    return x.reshape(len(x), -1) @ w, (x, w, b)
"""

ENDLESS = """
def affine_forward(x, w, b):
    wire = connection()
    reached("forges")
    wire.settimeout(None)
    wire.sendall(raw(b"", length=4 * 2**20))
    while True:
        wire.sendall(b" " * 65536)
"""

BOMB_OF_ONE = """
def affine_forward(x, w, b):
    size = 64 * 2**20
    value = {"list": [{"array": 0}] * 60_000}
    send(raw(answer({"tuple": [value, value]}, asked(), [["|i1", [size]]]), 1))
    connection().settimeout(None)
    for _ in range(size // 2**20):
        connection().sendall(bytes(2**20))
    threading.Event().wait(0.5)
    os._exit(0)
"""

SILENT_LOSSES = """
import numpy as np


class Solver:
    loss_history = None

    def __init__(self, model, data, **options):
        Solver.loss_history = [np.zeros(2**20, np.int8)] * 20

    def train(self):
        reached("claims to have trained")
"""

NESTED_CACHE = """
def affine_forward(x, w, b):
    deep = {"array": 0}
    for _ in range(11):
        deep = {"list": [deep]}
    send(raw(answer({"tuple": [{"array": 0}, deep]}, asked(), [["<f8", [1]]]), 1, bytes(8)))
    threading.Event().wait(0.2)
    os._exit(0)
"""


def save(folder: Path, facts: dict[str, Any], arrays: Mapping[str, Any], description: Mapping[str, Any]) -> Path:
    """Write a model file like ``save_model``, with arrays and a description that may be hostile; return its path."""
    path = folder / "models" / "part1.npz"
    path.parent.mkdir(exist_ok=True)
    text = json.dumps({"format": 1, "part": 1, "data": facts["fingerprint"], **description})
    text = text.replace("@WITNESS@", str(facts["witness"]))
    whole = {"mean": np.zeros((3, 32, 32), np.float32), "description": np.frombuffer(text.encode(), np.uint8), **arrays}
    with path.open("wb") as file:
        np.savez(file, **whole)  # type: ignore[arg-type]
    return path


TWO_LAYERS = {"class": "TwoLayerNet", "module": "classifiers.fc_net", "arguments": {"hidden_dim": 4}}
SHAPES = {"W1": (3072, 4), "b1": (4,), "W2": (4, 10), "b2": (10,)}
UNTRAINED = {f"param/{name}": np.full(shape, 1e-3, np.float32) for name, shape in SHAPES.items()}


def model(arrays: Mapping[str, Any] = UNTRAINED, **description: Any) -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that plants a model file with a hostile description or hostile arrays."""
    return lambda folder, facts: save(folder, facts, arrays, {**TWO_LAYERS, **description}) and None


def named(fingerprint: str) -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that plants a model file that claims training on the data with this fingerprint."""
    return lambda folder, facts: save(folder, {**facts, "fingerprint": fingerprint}, UNTRAINED, TWO_LAYERS) and None


def pickled(folder: Path, facts: dict[str, Any]) -> None:
    """Plant a model file whose parameter and mean are pickles that execute code when they are read."""
    code = f"import os; os.write({facts['witness']}, b'got control by a pickle\\n')"
    executed = type("Executed", (), {"__reduce__": lambda self: (exec, (code,))})
    hostile = np.empty(1, dtype=object)
    hostile[0] = executed()
    save(folder, facts, {**UNTRAINED, "param/W1": hostile, "mean": hostile}, TWO_LAYERS)


def bare_pickle(folder: Path, facts: dict[str, Any]) -> None:
    """Plant a pickle with the name of a model file."""
    code = f"import os; os.write({facts['witness']}, b'got control by a pickle\\n')"
    executed = type("Executed", (), {"__reduce__": lambda self: (exec, (code,))})
    (folder / "models").mkdir()
    (folder / "models" / "part1.npz").write_bytes(pickle.dumps(executed()))


def member(header: bytes, zeros: int = 0, name: str = "param/W1.npy") -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that plants a model file with one member that NumPy did not write."""

    def plant(folder: Path, facts: dict[str, Any]) -> None:
        path = save(folder, facts, {}, TWO_LAYERS)
        inside = name.replace("@ROOT@", facts["root"].strip("/"))
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(inside, "w") as file:
            file.write(header.replace(b"@WITNESS@", str(facts["witness"]).encode().rjust(len("@WITNESS@"))))
            for _ in range(zeros):
                file.write(bytes(2**20))

    return plant


def npy(shape: object, dtype: str = "'<f4'") -> bytes:
    """Return the header of an ``.npy`` file with any shape and dtype."""
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (63 - (len(text) + 10) % 64) + b"\n"
    return io.BytesIO(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text).getvalue()


NO_MODEL = {"accuracy_part1": 0.0, "relu_forward": 1.0}

ATTACKS = (
    Attack(7, "own-answer", "to send a forged answer, and to exit", sending("value, arrays, data = right(x, w); send(raw(answer(value, asked(), arrays), 1, data))"), levels=EVERY_LEVEL),
    Attack(7, "early", "to answer the next question before it is asked", also("send(raw(answer(value, asked() + 1, arrays), 1, data))"), levels=EVERY_LEVEL, shows="another question"),
    Attack(7, "doubled", "to answer twice, so that the second is read as the next", also("send(*[raw(answer(value, asked(), arrays), 1, data)] * 2)"), levels=EVERY_LEVEL, shows="another question"),
    Attack(7, "out-of-order", "to answer many questions in reverse order", also("send(*[raw(answer(value, asked() + ahead, arrays), 1, data) for ahead in range(9, -1, -1)])"), levels=EVERY_LEVEL, shows="another question"),
    Attack(7, "late", "to answer from a thread while others ask", FORGER + LATE, levels=EVERY_LEVEL),
    Attack(7, "own-loop", "to take the runner's place and answer True to everything", FORGER + OWN_LOOP, levels=EVERY_LEVEL),
    Attack(7, "other-ids", "to answer with an id that equals every other", also("send(*[raw(answer(value, of, arrays), 1, data) for of in (True, None, 4.0, '4', [4], -1)])"), levels=EVERY_LEVEL),
    Attack(7, "truncated", "to stop in the middle of an answer", sending("value, arrays, data = right(x, w); send(raw(answer(value, asked(), arrays), 1, data)[:-3])"), levels=EVERY_LEVEL, shows="ended itself"),
    Attack(7, "announces-too-much", "to announce four gigabytes", sending("send(raw(b'', 2**32 - 1, length=2**32 - 1))"), levels=EVERY_LEVEL, shows="announces more"),
    Attack(7, "endless", "to send a message without an end", FORGER + ENDLESS, levels=EVERY_LEVEL, shows="not JSON"),
    Attack(7, "negative-shape", "to have the judge build an array of negative size", value("{'array': 0}", "[['<f8', [-1, 8]]]", "bytes(64)"), levels=EVERY_LEVEL, shows="no proper shape"),
    Attack(7, "impossible-shape", "to have the judge build an empty array of an impossible shape", value("{'array': 0}", "[['<f8', [0] + [2**29] * 8]]"), levels=EVERY_LEVEL),
    Attack(7, "lying-size", "to send fewer numbers than the shape says, so that the judge reads old memory as the rest", value("{'array': 0}", "[['<f8', [5, 4]]]", "bytes(16)"), levels=EVERY_LEVEL, shows="ended itself"),
    Attack(7, "object-array", "to have the judge read pointers as objects", value("{'array': 0}", "[['|O', [5, 4]]]", "bytes(160)"), levels=EVERY_LEVEL, shows="not allowed"),
    Attack(7, "nested", "to send JSON that is nested a hundred thousand deep", sending("send(raw(b'[' * 100_000 + b']' * 100_000))"), levels=EVERY_LEVEL, shows="not JSON"),
    Attack(7, "nested-objects", "to send JSON that is nested as deeply as the parser allows", sending("send(raw(b'{\"arrays\":[],\"message\":{\"id\":%d,\"value\":' % asked() + b'{\"list\":[' * 400 + b']}' * 400 + b'}}'))"), levels=EVERY_LEVEL, shows="nested too deeply"),
    Attack(7, "nested-cache", "to send a cache whose nesting can be received but not sent back", FORGER + NESTED_CACHE, earns={"affine_backward": 0.0, "relu_forward": 1.0}, levels=EVERY_LEVEL),
    Attack(7, "million-digits", "to send an integer of a million digits", sending("send(raw(b'{\"arrays\":[],\"message\":{\"id\":%d,\"value\":' % asked() + b'9' * 10**6 + b'}}'))"), levels=EVERY_LEVEL, shows="not JSON"),
    Attack(7, "thousand-digits", "to send an integer that can be received but is too large for a float", sending("send(raw(b'{\"arrays\":[],\"message\":{\"id\":%d,\"value\":{\"tuple\":[' % asked() + b'9' * 4000 + b',0]}}}'))"), levels=EVERY_LEVEL, shows="too large|numbers are expected"),
    Attack(7, "a-class", "to send a class where a number is expected", value("{'tuple': [{'dtype': '<f8'}, 0]}"), levels=EVERY_LEVEL, shows="is a type"),
    Attack(7, "no-tags", "to send values with invalid tags", value("{'tuple': [{'float': ['nan']}, {}]}"), levels=EVERY_LEVEL),
    Attack(7, "no-json-numbers", "to send NaN and infinity where JSON has none", sending("send(raw(b'{\"arrays\":[],\"message\":{\"id\":%d,\"value\":{\"tuple\":[NaN,-Infinity]}}}' % asked()))"), levels=EVERY_LEVEL, shows="not JSON"),
    Attack(7, "one-array-often", "to refer to one array sixty thousand times, so that the judge copies it", FORGER + BOMB_OF_ONE, levels=EVERY_LEVEL),
    Attack(7, "long-error", "to flood the report with an error of a megabyte", sending("send(raw({'arrays': [], 'message': {'id': asked(), 'error': ['raised', '<script>' * 125_000, '=1+1']}}))"), levels=EVERY_LEVEL, shows="^<script>.{0,2992}$"),
    Attack(7, "forged-error", "to send an error of a kind that only the judge may report", sending("send(raw({'arrays': [], 'message': {'id': asked(), 'error': ['not_graded', 'It is our fault.', ''], 'value': True, 'outcome': 'error'}}))"), levels=EVERY_LEVEL),
    Attack(7, "handles", "to send invalid handles: of another type, negative, or with an invented type name", value("{'tuple': [{'handle': 10**9, 'type': 'ndarray'}, {'handle': -1, 'type': '\\x1b[31m'}]}"), levels=EVERY_LEVEL, shows="a ndarray"),
    Attack(7, "question", "to send the judge a question", also("send(raw({'arrays': [], 'message': {'id': asked() + 1, 'ask': 'call', 'content': {'target': 'reference'}}}))"), levels=EVERY_LEVEL),
    Attack(7, "everywhere", "to write a verdict into every file and file descriptor", FORGER + EVERYWHERE, levels=(3, 2)),
    Attack(7, "losses", "to claim losses in arrays that would fill the judge's memory", files={"cs231n/solver.py": "@PRELUDE@\n" + SILENT_LOSSES}, earns={"learns_part1": 0.0, "relu_forward": 1.0}, levels=EVERY_LEVEL, shows="loss_history holds"),
    Attack(8, "pickle-on-the-wire", "to have a pickle loaded by the judge", sending("import pickle; send(raw(answer(pickle.dumps(Carried(), 0).decode(), asked())))").replace("\ndef affine", "\nclass Carried:\n    def __reduce__(self):\n        return exec, ('import os; os.write(@WITNESS@, b\"got control of the judge\\\\n\")',)\n\n\ndef affine", 1), levels=EVERY_LEVEL),
    Attack(8, "pickled-message", "to send a pickle in place of JSON", sending("import pickle; send(raw(pickle.dumps({'message': {'id': asked(), 'value': True}, 'arrays': []})))"), levels=EVERY_LEVEL, shows="not JSON"),
    Attack(8, "pickled-parameters", "to have code executed when the model's arrays are read", plant=pickled, earns=NO_MODEL, runs=False, shows="not a file that save_model wrote"),
    Attack(8, "pickled-model", "to have code executed when the model's file is read", plant=bare_pickle, earns=NO_MODEL, runs=False, shows="not a file that save_model wrote"),
    Attack(8, "class-elsewhere", "to have any function called, by naming it as the model's class", plant=model(**{"module": "..os", "class": "system", "arguments": {"command": "echo got a shell >&@WITNESS@"}}), earns=NO_MODEL, runs=False, shows="system"),
    Attack(8, "builtin-class", "to have exec called, by naming it as the model's class", plant=model(**{"module": "layers.__builtins__", "class": "exec", "arguments": {"source": "1"}}), earns=NO_MODEL, runs=False, shows="is not there"),
    Attack(8, "class-path", "to have a class loaded from a path with dots and slashes", plant=model(**{"module": "../../../etc/passwd\0", "class": "__import__\x1b[2J"}), earns=NO_MODEL, runs=False, shows=r"part1|passwd"),
    Attack(8, "too-many-parameters", "to have a model of 2**40 parameters made", plant=model(arguments={"hidden_dim": 2**31, "input_dim": 2**20}), earns=NO_MODEL, runs=False, shows="memory|allocate"),
    Attack(8, "zip-bomb", "to have gigabytes unpacked from a small model file", plant=member(npy((2**31,)), zeros=200), earns=NO_MODEL, runs=False, shows="not a file that save_model wrote"),
    Attack(8, "lying-header", "to have code in a file's header evaluated", plant=member(npy("(2,), 'x': __import__('os').write(@WITNESS@, b'got control by a header\\n')")), earns=NO_MODEL, runs=False, shows="not a file that save_model wrote"),
    Attack(8, "member-path", "to have a file outside the folder written, by the name of an archive's member", plant=member(npy((1,)) + bytes(4), name="../" * 20 + "@ROOT@/evil.npy"), earns=NO_MODEL, runs=False, shows="do not fit"),
    Attack(8, "unprintable-data", "to send escape sequences to a terminal in the name of its data", plant=named("x-\x1b[2J\u202e"), earns=NO_MODEL, runs=False, shows=r"other pictures \(\?\[2J\?\)"),
    Attack(8, "half-a-character", "to break the gradebook by text that cannot be encoded", plant=named("x-\ud800"), earns=NO_MODEL, runs=False, shows=r"not Unicode|other pictures \(\?\)"),
    Attack(8, "class-of-theirs", "to bring a model class that runs code when it is created and read", plant=model(**{"class": "Maker", "module": "layers", "arguments": {}}), module="\nclass Maker:\n    def __init__(self):\n        attempt('read the labels', lambda: open(FACTS['labels'], 'rb').read(9))\n        self.params = UNTRAINED = {}\n", earns=NO_MODEL, shows="do not fit"),
    Attack(8, "not-what-it-loads", "to give the judge something other than a model", WRONG + "\nimport autograder.assignments.assignment2.kit.runner.saving as _saving\n_saving.SavedModel.rebuild = lambda self, package: reached('rebuilds') or (True, 'x' * 99, 10**30)\n_saving.SavedModel.fingerprint = property(lambda self: ['a'], lambda self, value: None)\n", plant=model(), earns={"affine_forward": 0.0, "accuracy_part1": 0.0}),
)  # fmt: skip
