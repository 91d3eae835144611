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
    names = notebook(tmp_path, "model = train()\nfor i in range(3): open('/tmp/never', 'w')\nrate = 3")
    assert names["rate"] == 3
    with pytest.raises(KeyError, match="not set"):
        names["model"]


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
