"""Messages about an exception in a notebook's code, and the place where it was raised."""

import json
from pathlib import Path

import pytest

from autograder.checks.code_under_test import CodeError
from autograder.checks.host import Contents, PackageHost


def raised(folder: Path, source: str) -> CodeError:
    """Return the error of `begin` on a notebook with one cell."""
    (folder / "A.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": source}]}))
    host = PackageHost("cs231n", folder, Contents(("A.ipynb",)))
    with pytest.raises(CodeError) as error:
        host.call(host.definition("begin"), (), {})
    return error.value


def test_the_line_of_a_notebook_is_named(tmp_path: Path) -> None:
    error = raised(tmp_path, "def begin():\n    return 1 / 0")
    assert error.where == "A.ipynb, cell 1, line 2, in begin: return 1 / 0"


def test_what_could_not_be_set_is_said_where_it_is_missed(tmp_path: Path) -> None:
    error = raised(tmp_path, "import nowhere\ndef begin():\n    return nowhere.at_all")
    assert error.message == (
        "It raised NameError: name 'nowhere' is not defined "
        "(setting it raised ModuleNotFoundError: No module named 'nowhere')"
    )


def test_only_a_stub_is_not_written_yet(tmp_path: Path) -> None:
    assert raised(tmp_path, "def begin():\n    raise NotImplementedError()").message.startswith("It is not written yet")
    said = raised(tmp_path, "def begin():\n    raise NotImplementedError('The function forward is missing.')").message
    assert said == "It raised NotImplementedError: The function forward is missing."


def test_a_cell_of_a_running_notebook_is_named(tmp_path: Path) -> None:
    names: dict[str, object] = {}
    exec(compile("def begin():\n    return 1 / 0", "/tmp/ipykernel_4711/123.py", "exec"), names)
    with pytest.raises(CodeError) as error:
        PackageHost("cs231n", tmp_path).call(names["begin"], (), {})
    assert error.value.where == "a cell of this notebook, line 2, in begin"
