"""A notebook's file is read whatever saved it, and each file that is no notebook is named for what it is."""

import gzip
import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.checks import notebook
from autograder.checks.definitions import Definitions
from autograder.checks.notebook import NotebookError, framework_of, kind_of, read, read_cells

SOURCE = "rate = 1  # grün – 学习 😀"
IMAGE = "iVBORw0KGgo" * 10


def content(source: str = SOURCE, outputs: Any = (), **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "execution_count": 1, "outputs": list(outputs)}
    return {"cells": [cell], "metadata": {"autograder": {"framework": "torch"}}, "nbformat": 4, **more}


def saved(folder: Path, raw: bytes | str) -> Path:
    path = folder / "A.ipynb"
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = saved(tmp_path, json.dumps(content(), ensure_ascii=False).encode(encoding))
    found = read(path)
    assert found.cells[0]["source"] == SOURCE
    assert framework_of(path) == "torch"
    assert Definitions(tmp_path, ("A.ipynb",))["rate"] == 1
    assert bool(found.notes) == (not encoding.startswith("utf-8"))


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "CP1252"), ("latin-1", "Latin-1")])
def test_old_encodings_are_read_and_said(tmp_path: Path, encoding: str, name: str) -> None:
    text = "grün" if encoding == "cp1252" else "gr\x81ün"
    found = read(saved(tmp_path, json.dumps(content(text), ensure_ascii=False).encode(encoding)))
    assert found.cells[0]["source"] == text
    assert found.notes == (f"A.ipynb is saved in {name}, not in UTF-8, and was read as such.",)


WHOLE = json.dumps(content("first = 1\n"), indent=1)
MERGED = WHOLE.replace(
    '   "source": ', '<<<<<<< HEAD\n   "source": "a = 1",\n=======\n   "source": "a = 2",\n>>>>>>> b\n   "source": '
)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "is empty"),
        (" \n\t\r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b"\0" * 5000, "is empty"),
        (WHOLE[: len(WHOLE) // 2], "the file ends in the middle"),
        (WHOLE.rstrip()[:-1], "the file ends in the middle"),
        (WHOLE[: WHOLE.index("first") + 3], "the file ends in the middle"),
        (WHOLE[: WHOLE.index("null") + 2] if "null" in WHOLE else "{", "the file ends in the middle"),
        (WHOLE.replace('"metadata"', "metadata", 1), "its JSON is broken in line 6"),
        (WHOLE + WHOLE, "its JSON is broken in line"),
        (MERGED, "has marks of an unfinished git merge in line 5: resolve them"),
        (MERGED.replace("\n", "\r\n"), "has marks of an unfinished git merge in line 5: resolve them"),
        ("<<<<<<< ours\n" + WHOLE, "has marks of an unfinished git merge in line 1"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "is a pointer of git-lfs"),
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page"),
        ("\n  <html lang='en'>", "is a web page"),
        ("\ufeff<html>", "is a web page"),
        ("<?xml version='1.0'?><Error/>", "is a web page"),
        (b"PK\x03\x04" + b"\0" * 30, "is a zip archive"),
        (gzip.compress(b"{}", mtime=0), "is a gzip archive"),
        (b"%PDF-1.7\n", "is a PDF"),
        ("[]", "is JSON, but not a notebook"),
        ("3", "is JSON, but not a notebook"),
        ('{"name": "x"}', "has no list of cells"),
        ('{"cells": {}}', "has no list of cells"),
        ('{"worksheets": [3]}', "has no list of cells"),
        ('{"worksheets": [{"cells": [3]}]}', "has no list of cells"),
        ("import numpy as np\nx = 1\n", "its JSON is broken in line 1"),
    ],
)  # fmt: skip
def test_each_file_that_is_no_notebook_has_a_sentence(tmp_path: Path, raw: bytes | str, says: str) -> None:
    with pytest.raises(NotebookError) as caught:
        read_cells(saved(tmp_path, raw))
    said = str(caught.value)
    assert said.startswith("A.ipynb ")
    assert says in said
    assert said.endswith(".")
    assert "\n" not in said


def test_a_folder_or_nothing_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"A\.ipynb was not handed in"):
        read_cells(tmp_path / "A.ipynb")
    (tmp_path / "A.ipynb").mkdir()
    with pytest.raises(NotebookError, match=r"A\.ipynb is not a readable notebook"):
        read_cells(tmp_path / "A.ipynb")


def test_marks_of_a_merge_in_a_cell_are_text(tmp_path: Path) -> None:
    text = "<<<<<<< HEAD\nx = 1\n=======\n>>>>>>> b"
    assert read(saved(tmp_path, json.dumps(content(text)))).cells[0]["source"] == text


def test_format_3_is_converted(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "heading", "level": 2, "source": ["Nets"], "metadata": {}},
        {"cell_type": "heading", "level": "x", "source": "Odd"},
        {"cell_type": "markdown", "source": ["One\n", "two"], "metadata": {"nbgrader": {"grade_id": "a"}}},
        {"cell_type": "html", "source": "<b>x</b>"},
        {
            "cell_type": "code", "language": "python", "input": ["x = 1\n", "y = 2"], "prompt_number": 3, "metadata": {},
            "outputs": [
                {"output_type": "stream", "stream": "stdout", "text": ["said\n"]},
                {"output_type": "pyout", "prompt_number": 3, "text": ["7"], "png": IMAGE, "html": "<script>x</script>"},
                {"output_type": "pyerr", "ename": "ValueError", "evalue": "no", "traceback": []},
                3,
            ],
        },
    ]  # fmt: skip
    sheets = {"worksheets": [{"cells": cells}, {"cells": [{"cell_type": "raw", "source": "end"}]}], "nbformat": 3}
    found = read(saved(tmp_path, json.dumps(sheets)))
    assert [(cell["cell_type"], cell["source"]) for cell in found.cells] == [
        ("markdown", "## Nets"), ("markdown", "# Odd"), ("markdown", "One\ntwo"), ("markdown", "<b>x</b>"),
        ("code", "x = 1\ny = 2"), ("raw", "end"),
    ]  # fmt: skip
    assert found.cells[2]["metadata"]["nbgrader"]["grade_id"] == "a"
    assert [one["output_type"] for one in found.cells[4]["outputs"]] == ["stream", "display_data", "error"]
    assert found.cells[4]["outputs"][1]["data"] == {"text/plain": ["7"], "image/png": IMAGE}
    assert found.notes == ("A.ipynb is saved in an old format (nbformat 3), which was converted.",)
    assert Definitions(tmp_path, ("A.ipynb",))["y"] == 2


def test_what_nbformat_itself_saves_as_format_3_is_read(tmp_path: Path) -> None:
    new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1"), nbformat.v4.new_markdown_cell("Text")])
    old = nbformat.writes(nbformat.convert(new, 3), version=3)
    found = read_cells(saved(tmp_path, old))
    assert [(cell["cell_type"], cell["source"]) for cell in found] == [("code", "x = 1"), ("markdown", "Text")]


VIDEO = {"output_type": "display_data", "data": {"text/html": "<video src='data:video/mp4;base64,%s'>" % ("A" * 2**20)}}
LINES = {"output_type": "stream", "name": "stdout", "text": ['step 1, loss 2.3, "quoted" \\\\ [1, 2}\n'] * 10_000}
VALUES = {"output_type": "display_data", "data": {"application/json": [[1]] * 600_000}}


@pytest.mark.parametrize(
    ("outputs", "notes"), [([VIDEO] * 70, 1), ([LINES] * 40, 1), ([VIDEO] * 3, 0), ([VALUES], 1)],
    ids=["70 MB of videos", "a long log", "a small video", "many values"],
)  # fmt: skip
def test_large_outputs_are_left_out(tmp_path: Path, outputs: list[Any], notes: int) -> None:
    made = content(outputs=outputs)
    made["cells"].append({"cell_type": "markdown", "source": 'My "outputs": [1] answer', "metadata": {}})
    path = saved(tmp_path, json.dumps(made))
    tracemalloc.start()
    found = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [cell["source"] for cell in found.cells] == [SOURCE, 'My "outputs": [1] answer']
    assert len(found.notes) == notes
    assert all("outputs were left out" in note for note in found.notes)
    assert found.cells[0]["outputs"] == ([] if notes else outputs)
    assert peak < path.stat().st_size + 32 * 2**20
    assert framework_of(path) == "torch"


def test_widgets_are_left_out_too(tmp_path: Path) -> None:
    made = content()
    made["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": [{"a": 1}] * 600_000}}
    path = saved(tmp_path, json.dumps(made))
    assert read(path).cells[0]["source"] == SOURCE
    assert framework_of(path) == "torch"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"cells": [' + b'"\\"' * 5_000_000,
        b'{"cells": [{"outputs": ' + b"[" * 15_000_000,
        b'{"cells": [{"outputs": [' + b'"a",' * 3_500_000,
        b'{"cells": [{"outputs": [' + b'"\\"' * 5_000_000,
        b'"' + b"\\" * 15_000_001,
        b'{"outputs": [}]' * 1_000_000,
        b'"outputs":' * 1_500_000,
        b'"outputs"' + b" " * 15_000_000,
    ],
    ids=["quotes", "brackets", "strings", "quotes in outputs", "backslashes", "crossed", "keys", "a key and spaces"],
)  # fmt: skip
def test_hostile_outputs_take_neither_time_nor_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    monkeypatch.setattr(notebook, "MAX_BYTES", 8 * 2**20)
    path = saved(tmp_path, raw)
    start = time.process_time()
    with pytest.raises(NotebookError, match=r"A\.ipynb"):
        read(path)
    assert time.process_time() - start < 10
    monkeypatch.setattr(notebook, "MAX_STEPS", 100_000)  # each takes longer while memory is traced
    tracemalloc.start()
    with pytest.raises(NotebookError, match=r"A\.ipynb"):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * notebook.MAX_BYTES


def test_a_limit_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "A.ipynb"
    with path.open("wb") as file:
        file.truncate(notebook.MAX_FILE + 1)
    with pytest.raises(NotebookError, match=r"A\.ipynb is larger than 128 MB"):
        read(path)
    with path.open("wb") as file:
        file.write(b'{"cells": [{"cell_type": "markdown", "source": "')
        file.write(b"a" * notebook.MAX_BYTES)
        file.write(b'"}]}')
    with pytest.raises(NotebookError, match=r"A\.ipynb is larger than 64 MB"):
        read(path)


@pytest.mark.parametrize(
    ("kind", "metadata", "expected"),
    [
        ("raw", {"nbgrader": {"grade_id": "a", "cell_type": "code"}}, "code"),
        ("code", {"nbgrader": {"grade_id": "a", "cell_type": "markdown"}}, "markdown"),
        ("code", {"nbgrader": {"grade_id": "a"}}, "code"),
        ("code", {"nbgrader": {"cell_type": "heading"}}, "code"),
        ("code", {"nbgrader": {"cell_type": ["markdown"]}}, "code"),
        ("markdown", None, "markdown"),
        (3, {}, ""),
    ],
)
def test_a_cells_type_is_that_of_the_release(kind: Any, metadata: Any, expected: str) -> None:
    assert kind_of({"cell_type": kind, "metadata": metadata}) == expected
