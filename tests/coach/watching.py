"""Drive the watch of a student's folder through pipes."""

import queue
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

PATIENCE = 300
"""Seconds for an answer of the watch, on a machine however busy."""
FOOTER = r"exercises are right\..*\n"
"""The last line of what the watch shows."""


class Watching:
    """A watch that runs in a student's folder.

    Parameters
    ----------
    folder : Path
    package : str
    environment : mapping of str, optional
    """

    def __init__(self, folder: Path, package: str, environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", f"{package}.watch", "--plain"]
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", env=environment,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def until(self, pattern: str) -> str:
        """Return what it says until a line matches."""
        said = ""
        while not re.search(pattern, said):
            said += self._lines.get(timeout=PATIENCE)
        return said

    def press(self, key: str) -> None:
        """Press a key."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{key}\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Quit, and return the exit status."""
        self.press("q")
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """End it in any case."""
        self._process.kill()
        self._process.wait()
