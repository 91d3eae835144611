"""Of a notebook only imports, definitions and constants are taken, and a broken cell costs its own names only."""

import json
from pathlib import Path

import pytest

from autograder.checks.definitions import Definitions, NotebookError, read_cells


def notebook(folder: Path, *cells: str) -> Definitions:
    content = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4}
    (folder / "A.ipynb").write_text(json.dumps(content))
    return Definitions(folder, ("A.ipynb",))


def test_constants_functions_and_imports_are_there(tmp_path: Path) -> None:
    names = notebook(
        tmp_path,
        "%matplotlib inline\nimport math\nrate, scale = 1e-2, 10 ** -1\n!ls",
        "def area(r):\n    return math.pi * r ** 2\nsizes = [16, 32]\nlimit = float('1e-3')",
    )
    assert names["rate"] == 1e-2
    assert names["scale"] == 0.1
    assert names["limit"] == 1e-3
    assert names["area"](1) == pytest.approx(3.14159, rel=1e-5)
    assert names["sizes"] == [16, 32]


def test_training_does_not_run(tmp_path: Path) -> None:
    never = tmp_path / "never"
    cells = (
        f"def train(): open({str(never)!r}, 'w')\nmodel = train()\nlast = model\nfor i in range(3): train()\nrate = 3"
    )
    names = notebook(tmp_path, cells)
    assert names["rate"] == 3
    with pytest.raises(KeyError, match="not set"):
        names["i"]
    assert not never.exists()


def test_what_a_call_sets_is_there_where_it_is_needed(tmp_path: Path) -> None:
    names = notebook(
        tmp_path,
        "def few(full, quick):\n    return full\nwidths = few((64, 32), ())\nlast = widths[-1]\nflatten = lambda x: x.ravel()",
        "def wide(n=last):\n    return n + sum(widths)\ntwice = twice_of(3)\nunset = unknown + 1",
        "def broken():\n    return twice",
    )
    assert names["wide"]() == 128
    assert names["last"] == 32
    assert callable(names["flatten"])
    with pytest.raises(KeyError, match="twice_of"):
        names["twice"]
    with pytest.raises(NameError, match="twice"):
        names["broken"]()
    assert "'twice_of' is not defined" in names.problem("twice")
    with pytest.raises(KeyError, match="'unknown' is not defined"):
        names["unset"]


def test_of_a_choice_only_what_it_sets_is_taken(tmp_path: Path) -> None:
    cells = "if 1 < 2:\n    device = 'here'\n    shout(device)\nelse:\n    device = 'there'\nif 1 > 2:\n    shout()"
    assert notebook(tmp_path, cells)["device"] == "here"


def test_a_syntax_error_costs_its_cell(tmp_path: Path) -> None:
    names = notebook(tmp_path, "rate = 1", "scale = = 2", "def f(:\n  pass", "last = 4")
    assert (names["rate"], names["last"]) == (1, 4)
    with pytest.raises(KeyError, match="does not parse"):
        names["scale"]
    with pytest.raises(KeyError, match="does not parse"):
        names["f"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"cells": 3}', b'{"cells": [1]}', b"\xff\xfe", b"[" * 100_000, b'{"worksheets": []}'],
)
def test_hostile_files_end_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "A.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=r"A\.ipynb"):
        read_cells(path)
    with pytest.raises(KeyError, match=r"A\.ipynb"):
        Definitions(tmp_path, ("A.ipynb",))["rate"]


def test_a_missing_notebook_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="not handed in"):
        Definitions(tmp_path, ("B.ipynb",))["rate"]
