"""Makes `pytest` run the public checks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulse.checks.pytest_plugin import fixtures_for

globals().update(fixtures_for(__file__))
