"""What a student's folder needs and weighs: it imports what its ``pyproject.toml`` names, and is small."""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import ROOT

FOLDERS = [ROOT / "examples" / "pulse" / "release" / "pulse", *sorted((ROOT / "release").glob("*"))]
DISTRIBUTIONS = {
    "Cython": "cython",
    "IPython": "ipython",
    "tensorflow": "tensorflow",
    "keras": "tensorflow",
    "PIL": "pillow",
}
"""The distributions of packages that have another import name, or that another distribution brings along."""
MOST_BYTES = 4 * 2**20


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def sources(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.py"):
        yield path.read_text(encoding="utf-8")
    for path in folder.glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield "\n".join(
                    line for line in "".join(cell["source"]).splitlines() if not line.startswith(("%", "!"))
                )


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the packages that must be there: not those that a ``try`` does without."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]
        elif not isinstance(node, ast.Try):
            yield from imported(node)


def test_it_imports_what_its_pyproject_names(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    named = {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for every in lists for one in every}
    own = {path.stem for path in folder.iterdir()} | {"tests"}
    needed = (
        {name for source in sources(folder) for name in imported(ast.parse(source))} - own - sys.stdlib_module_names
    )
    assert {DISTRIBUTIONS.get(name, name).lower() for name in needed} <= named


def test_it_is_small_and_names_no_package_index(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    for path in files:
        if path.suffix in (".md", ".toml", ".json", ".txt", ".cfg"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"--(?:extra-)?index-url|find-links|/simple\b|/whl\b", text), path


def test_it_has_what_students_read_first(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for heading in ("Set up", "Work", "Check", "Hand in", "If you have no"):
        assert f"\n## {heading}\n" in readme
    for command in ("pip install --editable .", ".doctor", ".submit"):
        assert command in readme
    assert "Do not write code where it says `YOUR CODE HERE`" in (folder / "AGENTS.md").read_text(encoding="utf-8")
    container = json.loads((folder / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert "pip install --editable ." in container["postCreateCommand"]
