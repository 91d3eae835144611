"""Lets `pytest` run the public checks, which `check(...)` runs in the notebooks too, from here or a folder above.
Select an exercise with -k, for example: pytest -k affine_forward"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cs231n.checks.pytest_plugin import fixtures_for

globals().update(fixtures_for(__file__))
