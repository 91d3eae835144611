"""Properties that must hold for all bytes: a refusal in one sentence, or a well-formed result, and no other exception.

Each target is a function of bytes. See ``seeds`` and ``mutators`` for making the bytes.
"""

import io
import os
import socket
import stat
import tarfile
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import nbformat
import numpy as np

from autograder.checks.code_under_test import CodeError, Handle
from autograder.checks.notebook import NotebookError, read_cells
from autograder.errors import SubmissionError
from autograder.grading.cells import TAG, read_notebook, restore, show
from autograder.intake.entries import entries_of_folder
from autograder.intake.submission import Submission, find_root, take_in
from autograder.runner.wire import ALLOWED, Wire
from autograder.sandbox.client import KINDS as ERRORS
from autograder.sandbox.client import Remote
from autograder.sandbox.launch import Process
from autograder.verdict import ExerciseResult, PartVerdict, TestResult
from tests.rules import RULES

RELEASE = Path(__file__).resolve().parents[2] / "release" / "assignment2"
AS_FOLDER = b"FOLDER\n"
"""Data with this beginning is a list of names and contents, which the target hands in as a folder, a zip and a tar."""


def wire(data: bytes) -> None:
    """Check a runner's answer: it is a value of a known kind, or an error of the student's side."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        process = cast(Process, SimpleNamespace(wire=Wire(ours), process=None, end=lambda: None))
        try:
            answer = Remote(process, seconds=5).ask("fetch", target=None)
        except CodeError as error:
            assert error.kind in ERRORS | {"crash", "timeout"}
            (error.message + error.where).encode()
        else:
            well_formed_value(answer)


def well_formed_value(value: Any) -> None:
    if isinstance(value, np.ndarray):
        assert type(value) is np.ndarray
        assert value.dtype in ALLOWED.values()
        assert value.flags.c_contiguous
        assert value.dtype != np.bool_ or not value.size or value.view(np.uint8).max() <= 1
    elif isinstance(value, list | tuple):
        for element in value:
            well_formed_value(element)
    elif isinstance(value, dict):
        for key, element in value.items():
            assert isinstance(key, str | int)
            well_formed_value(element)
    elif isinstance(value, str):
        value.encode()
    elif isinstance(value, type):
        assert np.dtype(value) in ALLOWED.values()
    else:
        assert value is None or type(value) in (bool, int, float, Handle)
        assert type(value) is not int or -(2**63) <= value < 2**64


@cache
def releases() -> tuple[Any, ...]:
    return tuple(nbformat.read(path, as_version=4) for path in sorted(RELEASE.glob("*.ipynb")))


def notebook(data: bytes) -> None:
    """Check a notebook: it becomes valid for nbgrader, with the release's graded cells, or is called unreadable."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, "A.ipynb")
        path.write_bytes(data)
        try:
            for cell in read_cells(path):
                assert isinstance(cell, dict)
                assert isinstance(cell["source"], str)
            student = read_notebook(path)
        except NotebookError as error:
            assert str(error).startswith("A.ipynb ")
            return
    well_formed_notebook(student, releases()[zlib.crc32(data) % len(releases())])


def well_formed_notebook(student: Any, release: Any) -> Any:
    """Restore a notebook, show a verdict in it, check the result, and return it."""
    named = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    restored = restore(student, release)
    found = [cell for cell in restored.cells if "nbgrader" in cell.metadata]
    assert sorted(cell.metadata.nbgrader.grade_id for cell in found) == sorted(named)
    for cell in found:
        own = named[cell.metadata.nbgrader.grade_id]
        assert cell.metadata == own.metadata
        assert cell.cell_type == own.cell_type
        assert own.metadata.nbgrader.solution or cell.source == own.source
    results = tuple(
        ExerciseResult(name, 1.0, 0.0, "failed", (TestResult("t", "A title", "core", "failed", "Wrong."),))
        for name in named
    )
    show(restored, PartVerdict(1, "N", results, problems=("Something *else*.",)))
    nbformat.validate(restored)
    text = nbformat.writes(restored)
    text.encode()
    for cell in restored.cells:
        assert "nbgrader" in cell.metadata or cell.cell_type == "code" or not TAG.search(cell.source.replace("\\<", ""))
        for output in cell.get("outputs", []):
            kinds = set(output.get("data", {})) - {"text/plain", "image/png", "image/jpeg"}
            assert not kinds or (kinds == {"text/html"} and cell.metadata.nbgrader.grade_id in named)
    return restored


def intake(data: bytes) -> None:
    """Check an archive or a folder: it gives plain files of the kinds that count, in its own copy, or one sentence."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        if data.startswith(AS_FOLDER):
            _three_ways(data[len(AS_FOLDER) :], Path(scratch))
        else:
            path = Path(scratch, "in.zip")
            path.write_bytes(data)
            _taken(path, Path(scratch))
        assert {path.name for path in Path(scratch).iterdir()} <= {"in", "in.zip", "in.tar", "out", "again"}


def _three_ways(described: bytes, scratch: Path) -> None:
    """Check that files give the same submission as a folder, a zip and a tar."""
    folder = scratch / "in"
    for line in described.split(b"\n")[:50]:
        name, _, content = line.partition(b"=")
        parts = [part for part in name.split(b"/") if part not in (b"", b".", b"..") and b"\0" not in part]
        try:
            path = folder / os.fsdecode(b"/".join(parts))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:  # the name is too long, or both a file and a folder: leave it out of the folder
            continue
    if not (folder / "cs231n").is_dir():
        return
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as zip_, tarfile.open(fileobj=tarred, mode="w") as tar:
        for entry in entries_of_folder(folder, lambda name: True, 1000):
            content = b"" if entry.is_folder else (folder / entry.name).read_bytes()
            info = tarfile.TarInfo(entry.name)
            info.size, info.type = len(content), tarfile.DIRTYPE if entry.is_folder else tarfile.REGTYPE
            tar.addfile(info, io.BytesIO(content))
            if entry.name.isprintable():  # a zip's names are Unicode
                zip_.writestr(entry.name + "/" * entry.is_folder, content)
    (scratch / "in.zip").write_bytes(zipped.getvalue())
    (scratch / "in.tar").write_bytes(tarred.getvalue())
    taken = [_taken(scratch / name, scratch) for name in ("in", "in.zip", "in.tar")]
    assert len({found and found.digest for found in taken}) == 1, taken


def _taken(path: Path, scratch: Path) -> Submission | None:
    into = Path(tempfile.mkdtemp(dir=_made(scratch / "out")))
    try:
        found = take_in(find_root(path, RULES), into, RULES)
    except SubmissionError as error:
        assert str(error).isprintable()
        assert str(error).endswith(".")
        return None
    well_formed_submission(found, _made(scratch / "again"))
    return found


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def well_formed_submission(found: Submission, scratch: Path) -> None:
    """Check a submission: only plain files of the kinds that count, in its own folder, with the right digest."""
    on_disk = {path.relative_to(found.folder).as_posix(): path for path in found.folder.rglob("*") if not path.is_dir()}
    assert tuple(sorted(on_disk)) == found.files
    for name, path in on_disk.items():
        assert stat.S_ISREG(path.lstat().st_mode)
        assert path.stat().st_size <= RULES.limits[path.suffix]
        assert name.isprintable()
    assert all(said.isprintable() for said in found.left_out)
    if any(name.startswith("cs231n/") or name.endswith(".ipynb") for name in found.files):
        again = take_in(found.folder, Path(tempfile.mkdtemp(dir=scratch)), RULES)
        assert (again.digest, again.left_out) == (found.digest, ())


TARGETS = {"wire": wire, "notebook": notebook, "intake": intake}
