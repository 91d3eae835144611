"""Scan a finished release for forbidden content: solutions, hidden tests, markers, other kinds of files.

This is the last check before students see the release. It does not rely on the code that built the release.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from autograder.assignment import Assignment

from .strip import MARKERS, solution_lines

KINDS = {".py", ".pyx", ".ipynb", ".csv", ".ini", ".toml", ".cfg", ".txt", ".md", ".sh", ".png", ".json"}
RECORDED = Path("tests/recorded/answers.npz")
TELLING = 16
"""Minimum length of a solution's line, in characters. A shorter line may occur anywhere by chance."""
LONG = 50
"""Minimum length of a hidden test's line, for the same reason."""


def scan(release: Path, assignment: Assignment) -> list[str]:
    """Return one sentence for each leak. The list is empty for a clean release.

    Parameters
    ----------
    release : Path
        The folder that students would receive.
    assignment : Assignment
    """
    source, hidden = assignment.source, assignment.hidden
    secret, given = _solutions(source)
    public_text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((source / "tests").glob("*.py")))
    hidden_names, hidden_lines = _hidden(hidden, public_text)
    found: list[str] = []
    for path in sorted(release.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(release)
        if path.is_symlink() or (path.suffix not in KINDS and name != RECORDED):
            found.append(f"{name} is a kind of file that does not belong in a release.")
        elif path.suffix != ".png" and name != RECORDED:
            found += _scan_file(path, name, secret - given, hidden_names, hidden_lines)
    found += _unstripped(release, source)
    return found


def _scan_file(path: Path, name: Path, secret: set[str], names: set[str], lines: set[str]) -> Iterator[str]:
    text = _text(path)
    for marker in MARKERS:
        if marker in text:
            yield f"{name} holds the marker {marker!r}."
    for line in {line.strip() for line in text.split("\n")}:
        if line in secret:
            yield f"{name} holds a line of a solution: {line!r}."
        if line in lines:
            yield f"{name} holds a line of a hidden test: {line!r}."
    for test in sorted(names):
        if f"def {test}(" in text:
            yield f"{name} holds the hidden test {test}."


def _text(path: Path) -> str:
    """Return the text of a file. For a notebook, return the sources and outputs of its cells."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n".join("".join(cell["source"]) + "\n" + json.dumps(cell.get("outputs", "")) for cell in cells)


def _solutions(source: Path) -> tuple[set[str], set[str]]:
    """Return the lines of all solutions, except short ones, and the lines that students receive anyway."""
    secret: set[str] = set()
    given: set[str] = set()
    for path in source.rglob("*"):
        if path.suffix not in (".py", ".pyx"):
            continue
        inside, outside = solution_lines(path.read_text(encoding="utf-8"))
        secret.update(inside)
        given.update(outside)
    for path in source.glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            inside, outside = solution_lines(text)
            whole = cell["metadata"].get("nbgrader", {}).get("solution") and not inside
            secret.update((line.strip() for line in text.split("\n")) if whole else inside)
            given.update([] if whole else outside)
    return {line for line in secret if len(line) >= TELLING}, given


def _hidden(hidden: Path, public_text: str) -> tuple[set[str], set[str]]:
    names: set[str] = set()
    lines: set[str] = set()
    for path in hidden.glob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        names.update(node.name for node in ast.walk(ast.parse(text, str(path))) if isinstance(node, ast.FunctionDef))
        lines.update(line.strip() for line in text.split("\n") if len(line.strip()) >= LONG)
    public = {line.strip() for line in public_text.split("\n")}
    return {name for name in names if name.startswith("test_")}, lines - public


def _unstripped(release: Path, source: Path) -> Iterator[str]:
    """Yield a sentence for each module whose stubs in the release are not as many as its solution regions."""
    for path in source.rglob("*.py*"):
        if path.suffix not in (".py", ".pyx"):
            continue
        regions = path.read_text(encoding="utf-8").count(MARKERS[0])
        built = release / path.relative_to(source)
        if regions and built.exists() and built.read_text(encoding="utf-8").count("# YOUR CODE HERE") != regions:
            yield f"{path.relative_to(source)} has {regions} solution regions, but not as many stubs in the release."
