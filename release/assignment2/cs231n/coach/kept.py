"""Keep the outcomes of checks by what decides them, so that an exercise whose code has not changed is not run again.

An outcome holds for the files that its tests reached: modules of the package and what they import, or everything. What
can change without a file, such as pictures that are missing, is asked again until it is right.
"""

import ast
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from cs231n.checks.check import TOOLS
from cs231n.checks.notebook import NotebookError, read_cells

from .child import EVERYTHING
from .result import Result, from_plain, to_plain

NAME = ".standing.json"
MODELS = "models"
SKIPPED = {"__pycache__", ".ipynb_checkpoints", "build"}


class Kept:
    """The outcomes of earlier checks in a student's folder.

    Parameters
    ----------
    folder : Path
    package : str
    """

    def __init__(self, folder: Path, package: str) -> None:
        self._folder, self._package = folder, package
        self._home = folder / package
        self._files: dict[str, str] = {}
        self._results: dict[str, tuple[str, Result]] = {}
        self._tools = self._digest_of_tools()
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            said = json.loads((folder / NAME).read_text(encoding="utf-8"))
            if said["tools"] == self._tools:
                self._results = {name: (digest, from_plain(one)) for name, (digest, one) in said["results"].items()}

    def look(self) -> bool:
        """Look at the files: everything speaks of them as they are now. Return whether one has changed."""
        before, self._files = self._files, dict(self._own_files())
        return before != self._files

    def find(self, exercise: str) -> Result | None:
        """Return the earlier outcome of an exercise if it still holds."""
        digest, result = self._results.get(exercise, ("", None))
        if result is None or digest != self._digest(result):
            return None
        return result if EVERYTHING not in result.called or not result.failed else None

    def put(self, result: Result) -> None:
        """Keep an outcome. One that did not come to its end may be another next time."""
        if result.ended:
            self._results[result.exercise] = self._digest(result), result
        else:
            self._results.pop(result.exercise, None)

    def write(self) -> None:
        """Write the outcomes. In a folder that cannot be written, everything is run again each time."""
        results = {name: (digest, to_plain(result)) for name, (digest, result) in self._results.items()}
        aside = self._folder / f"{NAME}.{os.getpid()}"
        with contextlib.suppress(OSError):
            aside.write_text(json.dumps({"tools": self._tools, "results": results}), encoding="utf-8")
            os.replace(aside, self._folder / NAME)

    def _digest(self, result: Result) -> str:
        names = set(self._files) if EVERYTHING in result.called else self._reached(result.called)
        known = sorted((name, self._files.get(name, "")) for name in names)
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()

    def _reached(self, called: Iterable[str]) -> set[str]:
        """Return the files that decide what modules do: they, what they import, and the files that are no modules."""
        always = {name for name in self._files if not name.startswith(f"{self._package}/") and name.endswith(".py")}
        always |= {name for name in self._files if name.startswith(f"{self._package}/") and not name.endswith(".py")}
        always |= {name for name in self._files if name.endswith("__init__.py")}
        waiting = [self._file(module) for module in called]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name and name not in found:
                found.add(name)
                waiting += [self._file(module) for module in self._imports(name)]
        return always | found

    def _file(self, module: str) -> str:
        path = f"{self._package}/{module.replace('.', '/')}"
        return next((name for name in (f"{path}.py", f"{path}/__init__.py") if name in self._files), "")

    def _imports(self, name: str) -> Iterator[str]:
        """Yield the modules of the package that a module imports, relative to the package."""
        try:
            tree = ast.parse((self._folder / name).read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return
        own = name.removesuffix(".py").removesuffix("/__init__").split("/")
        around = own if name.endswith("__init__.py") else own[:-1]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                full = [alias.name.split(".") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = around[: len(around) - node.level + 1] if node.level else []
                base = [*base, *(node.module.split(".") if node.module else [])]
                full = [base, *([*base, alias.name] for alias in node.names)]
            else:
                continue
            yield from (".".join(parts[1:]) for parts in full if parts[:1] == [self._package] and parts[1:])

    def _own_files(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the digest of each file of the student's that may decide an outcome."""
        places = [*self._folder.glob("*.py"), *self._folder.glob("*.ipynb"), *_below(self._folder / MODELS)]
        places += [path for path in _below(self._home) if path.relative_to(self._home).parts[0] not in TOOLS]
        for path in places:
            with contextlib.suppress(OSError):
                yield path.relative_to(self._folder).as_posix(), _digest_of(path)

    def _digest_of_tools(self) -> str:
        """Return a digest of the tests, the tools, Python and NumPy."""
        found = [f"{sys.version} {np.__version__}"]
        for place in (self._folder / "tests", *(self._home / tool for tool in TOOLS)):
            found += [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in _below(place)]
        return hashlib.sha256("\n".join(found).encode()).hexdigest()


def _below(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if not SKIPPED & set(path.relative_to(folder).parts))
    return [path for path in found if path.is_file()]


def _digest_of(path: Path) -> str:
    """Return the digest of a file: of a module's text, of a notebook's code cells, of another file's size and time."""
    if path.suffix == ".py":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if path.suffix == ".ipynb":
        with contextlib.suppress(NotebookError):
            code = [cell["source"] for cell in read_cells(path) if cell["cell_type"] == "code"]
            return hashlib.sha256("\0".join(code).encode("utf-8", "replace")).hexdigest()
    return f"{path.stat().st_size} {path.stat().st_mtime_ns}"
