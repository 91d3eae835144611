"""Small valid inputs as a start for the fuzzer, made anew each time: messages, the release's notebooks, archives."""

import io
import json
import socket
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.runner.wire import Wire, encode

from .targets import AS_FOLDER, RELEASE

VALUES: list[Any] = [
    None, True, -3, 2**63, 0.5, float("nan"), "text", np.float32, [1, (2.5, "x")], {"a": [None], 3: {"b": ()}},
    np.arange(6, dtype="f4").reshape(2, 3), np.array([True, False]), np.zeros((0, 3), "u1"), (np.float64(1), np.int8(2)),
    {"out": np.ones((2, 2)), "cache": [np.ones(1, "i8")]}, object(),
]  # fmt: skip
FILES = {
    "cs231n/layers.py": b"x = 1\n", "cs231n/im2col_cython.pyx": b"y\n", "cs231n/im2col_cython.c": b"", "A.ipynb": b"{}",
    "models/part1.npz": b"PK", "notes.txt": b"", "evil.so": b"", ".DS_Store": b"", "__MACOSX/._x.py": b"", "../up.py": b"",
    "cs231n/LAYERS.py": b"", "in.zip": b"", "n" * 120 + "/deep/d/d/d/d/d/d/d/x.py": b"", "aux.py": b"", "b\\c.py": b"",
}  # fmt: skip


def seeds(target: str) -> Iterator[bytes]:
    """Yield the seeds of one target."""
    yield from {"wire": _messages, "notebook": _notebooks, "intake": _handed_in}[target]()


def message(content: dict[str, Any], arrays: list[np.ndarray]) -> bytes:
    """Return the bytes of one message."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Wire(ours).send(content, arrays)
        ours.close()
        return b"".join(iter(lambda: theirs.recv(2**16), b""))


def answer(value: Any) -> bytes:
    """Return the bytes of a runner's answer to the first question."""
    arrays: list[np.ndarray] = []
    encoded = encode(value, arrays, lambda other: {"handle": 7, "type": type(other).__name__})
    return message({"id": 1, "value": encoded}, arrays)


def _messages() -> Iterator[bytes]:
    yield from map(answer, VALUES)
    yield message({"id": 1, "error": ["raised", "It raised ValueError: no.", "layers.py, line 3"]}, [])
    yield message({"id": 2, "value": None}, [])


def _notebooks() -> Iterator[bytes]:
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": ["a\n", "b"]},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
        {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": ["1"]}},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/png": "aGk=", "text/html": "<script>x</script>"},
        },
    ]
    kinds = [{"cell_type": kind, "metadata": {}, "source": ["<b>", "x = 1"]} for kind in ("markdown", "raw", "code")]
    kinds[2] |= {"outputs": outputs, "execution_count": 1}
    for minor in (0, 4, 5):
        yield json.dumps({"cells": kinds, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}).encode()
    for path in sorted(RELEASE.glob("*.ipynb")):
        content = json.loads(path.read_text(encoding="utf-8"))
        graded = [cell for cell in content["cells"] if "nbgrader" in cell["metadata"]]
        yield json.dumps(content | {"cells": [*graded[:3], *kinds]}).encode()
    yield json.dumps(
        {"worksheets": [{"cells": []}], "cells": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}
    ).encode()


def _handed_in() -> Iterator[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as packed:
            for name, content in FILES.items():
                packed.writestr(name, content)
        yield buffer.getvalue()
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=format) as packed:
            for name, content in FILES.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                packed.addfile(info, io.BytesIO(content))
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE):
                info = tarfile.TarInfo(f"cs231n/kind{kind[0]}.py")
                info.type, info.linkname = kind, "layers.py"
                packed.addfile(info)
        yield buffer.getvalue()
        yield zlib.compress(buffer.getvalue(), wbits=31)
    yield AS_FOLDER + b"\n".join(name.encode() + b"=" + content.strip() for name, content in FILES.items())
