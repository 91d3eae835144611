"""Follow docs/tutorial.md to the letter: run its commands, and make its edits where the page says.

A block of code says behind its language what is done with it: ``file=`` names the file, and ``replace=``, ``mistakes=``,
``stub=`` or ``line=`` the place in it; a block of commands may name the folder with ``cwd=``.
"""

import ast
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
STUB = "# YOUR CODE HERE\n    raise NotImplementedError()\n"


@dataclass(frozen=True)
class Block:
    """A block of code: its language, what its first line says besides, and its text."""

    language: str
    said: dict[str, str]
    text: str


def blocks(page: Path = PAGE) -> Iterator[Block]:
    """Yield the blocks that are to be followed."""
    for first, text in re.findall(r"^```(\w+[^\n]*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
        language, *said = first.split()
        yield Block(language, dict(one.split("=", 1) for one in said), text)


def run(block: Block, folder: Path, environment: dict[str, str]) -> tuple[Path, str]:
    """Run commands as one shell would; return the folder that they end in, and their output."""
    script = f"set -e\ncd '{folder / block.said.get('cwd', '')}'\n{block.text}pwd -P\n"
    ended = subprocess.run(
        ["bash", "-c", script], env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, f"{block.text}\n{ended.stdout}"
    output, _, last = ended.stdout.rstrip("\n").rpartition("\n")
    return (folder if "cwd" in block.said else Path(last)), output


def edit(block: Block, folder: Path) -> None:
    """Make an edit."""
    path = folder / block.said["file"]
    text = path.read_text(encoding="utf-8")
    if "replace" in block.said:
        text = _without_function(text, block.said["replace"], block.text)
    elif "mistakes" in block.said:
        text = _without_mistake(text, block.said["mistakes"], block.text)
    elif "stub" in block.said:
        before, function, after = text.partition(f"def {block.said['stub']}(")
        assert STUB in after
        text = before + function + after.replace(f"    {STUB}", block.text, 1)
    elif "line" in block.said:
        text, count = re.subn(rf"(?m)^{block.said['line']} = .*\n", block.text, text)
        assert count == 1
    else:
        notebook = json.loads(text)
        (cell,) = [one for one in notebook["cells"] if "FILL IN" in "".join(one["source"])]
        cell["source"] = block.text.rstrip()
        text = json.dumps(notebook, indent=1)
    path.write_text(text, encoding="utf-8")


def _without_function(module: str, name: str, new: str) -> str:
    (node,) = [one for one in ast.parse(module).body if isinstance(one, ast.FunctionDef) and one.name == name]
    lines = module.splitlines(keepends=True)
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return "".join([*lines[: first - 1], new, *lines[node.end_lineno :]])


def _without_mistake(module: str, exercise: str, new: str) -> str:
    (node,) = [
        one for one in ast.walk(ast.parse(module))
        if isinstance(one, ast.Call) and one.args and getattr(one.args[0], "value", None) == exercise
    ]  # fmt: skip
    lines = module.splitlines(keepends=True)
    assert "FILL IN" in lines[node.lineno - 2]
    return "".join([*lines[: node.lineno - 2], new, *lines[node.end_lineno :]])
