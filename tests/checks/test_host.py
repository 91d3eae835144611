"""Messages about an exception in a notebook's code, and the place where it was raised."""

import json
import sys
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


MODULES = {
    "plain": (b"x = 3\n", ""),
    "windows": (b"def f():\r\n    return 3\r\nx = f()\r\n", ""),
    "old_mac": (b"def f():\r    return 3\rx = f()\r", ""),
    "marked": ("\ufeffx = 3  # gr\u00fcn\n".encode(), ""),
    "declared": ("# -*- coding: cp1252 -*-\ns = 'gr\u00fcn'\nx = 3\n".encode("cp1252"), ""),
    "cp1252": ("x = 3\ns = 'gr\u00fcn'\n".encode("cp1252"), "cp1252.py, line 2, holds a character that is not saved in UTF-8"),
    "doc": ('"""Gr\u00fcn."""\nx = 3\n'.encode("latin-1"), "doc.py, line 1, holds a character that is not saved in UTF-8"),
    "utf16": ("x = 3\n".encode("utf-16"), "utf16.py is saved in UTF-16, which Python does not read: save it again in UTF-8."),
    "utf16le": ("x = 3\n".encode("utf-16-le"), "utf16le.py is saved in UTF-16"),
    "utf32": ("x = 3\n".encode("utf-32"), "utf32.py is saved in UTF-32"),
    "zeros": (b"x = 3\n\0\0\0", "zeros.py, line 2, holds bytes that are no text"),
    "tabs": (b"def f():\n\ty = 3\n        return y\nx = f()\n", "inconsistent use of tabs and spaces in indentation"),
    "syntax": (b"x = 3\ndef f(:\n", "SyntaxError"),
    "quotes": ("x = 3\ns = \u201ca\u201d\n".encode(), "invalid character"),
    "merge": (b"<<<<<<< HEAD\nx = 3\n=======\nx = 4\n>>>>>>> b\n", "SyntaxError"),
    "imports": (b"from pkg.utf16 import x\n", "utf16.py is saved in UTF-16"),
    "raises": (b"x = int('3a')\n", "ValueError: invalid literal"),
}  # fmt: skip
"""Modules of a package, each with a part of what is said of it, or "" if it is used."""


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_used_or_its_line_is_said(tmp_path: Path, name: str) -> None:
    """Whatever the others of the package are."""
    (tmp_path / "pkg").mkdir()
    for other, (raw, _) in MODULES.items():
        (tmp_path / "pkg" / f"{other}.py").write_bytes(raw)
    host, (_, says) = PackageHost("pkg", tmp_path), MODULES[name]
    for loaded in [one for one in sys.modules if one.partition(".")[0] == "pkg"]:
        del sys.modules[loaded]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        if not says:
            assert host.lookup(f"{name}.x") == 3
            return
        with pytest.raises(CodeError) as error:
            host.lookup(f"{name}.x")
    said = f"{error.value.message} {error.value.where}"
    assert error.value.kind == "import"
    assert says in said
    assert ".py" in said
    assert name in ("imports", "utf16", "utf16le", "utf32") or ", line " in said
