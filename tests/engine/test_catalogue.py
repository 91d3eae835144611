"""The catalogue's mistakes and accepted solutions that are about cells of a notebook."""

import json
from pathlib import Path

import pytest

from autograder.catalogue import Accepted, AcceptedError, MistakeError, mistake
from autograder.cells import code_cells, replace_cells

CELLS = {
    "mean_code": "def mean(x):\n    return sum(x) / len(x)\n",
    "spread_code": "def spread(x):\n    return max(x)\n",
}
FORM = '"""Not used."""\n\n# %% mean_code\ndef mean(x):\n    return x.mean()\n\n\n# %% spread_code\nspread = max\n'


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Return a notebook with a text, two cells with ids, and a cell without one."""
    cells = [
        {"cell_type": "markdown", "metadata": {"nbgrader": {"grade_id": "text"}}, "source": "return sum(x)"},
        *(
            {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": id}}, "source": text.splitlines(True)}
            for id, text in CELLS.items()
        ),
        {"cell_type": "code", "metadata": {"nbgrader": 3}, "source": "mean([1]) / len(x)", "outputs": [1]},
    ]
    path = tmp_path / "Means.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "metadata": {"a": "b"}}))
    return path


@pytest.fixture
def accepted(tmp_path: Path) -> Accepted:
    """Return an accepted solution with a module and a file for the notebook."""
    folder = tmp_path / "accepted" / "form"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A form."""\n')
    (folder / "layers.py").write_text("def one(): return 1\n")
    (folder / "Means.py").write_text(FORM)
    return Accepted("form", "A form", folder, "package", ("Means.ipynb", "Other.ipynb"))


def test_cells_are_found_by_id(notebook: Path) -> None:
    assert code_cells(notebook) == CELLS


def test_one_cell_changes_and_nothing_else(notebook: Path) -> None:
    before = json.loads(notebook.read_text())
    replace_cells(notebook, {"spread_code": "spread = None", "text": "not a code cell"})
    after = json.loads(notebook.read_text())
    assert after["cells"].pop(2)["source"] == "spread = None"
    del before["cells"][2]
    assert after == before


def test_a_file_of_a_notebook_is_no_module(accepted: Accepted) -> None:
    assert accepted.modules == (Path("layers.py"),)
    assert accepted.answered == ("Means.ipynb",)
    assert accepted.defines() == {"one"}
    assert accepted.cells("Means.ipynb") == {
        "mean_code": "def mean(x):\n    return x.mean()",
        "spread_code": "spread = max",
    }


def test_its_cells_replace_those_of_the_notebook(accepted: Accepted, notebook: Path) -> None:
    (notebook.parent / "package").mkdir()
    (notebook.parent / "package" / "layers.py").write_text("")
    accepted.apply(notebook.parent)
    assert code_cells(notebook) == accepted.cells("Means.ipynb")
    assert "def one()" in (notebook.parent / "package" / "layers.py").read_text()


def test_a_folder_without_the_notebook_keeps_its_modules_changed(accepted: Accepted, tmp_path: Path) -> None:
    (tmp_path / "other" / "package").mkdir(parents=True)
    accepted.apply(tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["package"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# %% gone_code\nx = 1\n", "Means.ipynb has no code cell gone_code; correct the id"),
        ("# %% text\nx = 1\n", "no code cell text"),
        ("x = 1\n", "needs a line such as"),
        ("# %%\nx = 1\n", "needs a line such as"),
        ("# %% mean_code\n# %% mean_code\n", "with another id each"),
    ],
)
def test_a_file_that_does_not_fit(accepted: Accepted, notebook: Path, text: str, says: str) -> None:
    (accepted.folder / "Means.py").write_text(text)
    (accepted.folder / "layers.py").unlink()
    with pytest.raises(AcceptedError, match=says):
        accepted.apply(notebook.parent)


def test_a_mistake_changes_a_cell(notebook: Path) -> None:
    one = mistake("mean", "sum", "Means.ipynb", "The sum", "It is a sum.", ("sum(x) / len(x)", "sum(x)"), named=False)
    assert (one.in_notebook, one.named) == (True, False)
    one.apply(notebook.parent / "package")
    assert code_cells(notebook)["mean_code"] == "def mean(x):\n    return sum(x)\n"
    assert code_cells(notebook)["spread_code"] == CELLS["spread_code"]


@pytest.mark.parametrize(("old", "count"), [("return", 2), ("return nothing", 0), ("mean([1])", 0)])
def test_its_text_occurs_once_in_all_cells_with_an_id(notebook: Path, old: str, count: int) -> None:
    one = mistake("mean", "sum", "Means.ipynb", "The sum", "It is a sum.", (old, "pass"))
    with pytest.raises(MistakeError, match=rf"occurs {count} times in the cells of Means.ipynb"):
        one.apply(notebook.parent / "package")


def test_a_mistake_of_no_notebook(tmp_path: Path) -> None:
    with pytest.raises(MistakeError, match="there is no notebook Gone"):
        mistake("mean", "sum", "Gone.ipynb", "The sum", "It is a sum.", ("a", "b")).apply(tmp_path / "package")
