"""nbgrader's exchange: a folder that a server's teachers and students share, through which folders are handed in."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

ASK = """
import warnings
warnings.simplefilter("ignore")
from nbgrader.apps.submitapp import SubmitApp
from nbgrader.exchange.default import Exchange
app = SubmitApp()
app.initialize([])
print(Exchange(config=app.config).root)
"""
QUESTION = 60
"""Seconds that nbgrader may take to say where the exchange is."""


def exchange(folder: Path) -> Path | None:
    """Return the folder of the exchange that nbgrader is configured for, or None if there is none on this machine."""
    if importlib.util.find_spec("nbgrader") is None:
        return None
    try:
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ASK],
            cwd=folder.parent, capture_output=True, text=True, check=True, timeout=QUESTION,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError):
        return None
    root = Path(said.stdout.strip().splitlines()[-1]) if said.stdout.strip() else None
    return root if root is not None and root.is_dir() and os.access(root, os.R_OK | os.X_OK) else None


def hand_in(folder: Path, assignment: str) -> str:
    """Hand a folder in with ``nbgrader submit``. Return "" or a sentence that says why it failed."""
    if folder.name != assignment:
        return f"nbgrader looks for a folder called {assignment}, and this one is called {folder.name}: rename it."
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "nbgrader", "submit", assignment],
        cwd=folder.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode == 0:
        return ""
    why = re.search(r"\| (?:CRITICAL|ERROR)\] (.*)", ended.stderr)
    return f"nbgrader did not take it ({why[1].strip() if why else ended.stderr.strip()[-200:]})."
