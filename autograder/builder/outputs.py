"""Tell which notebooks hold outputs: ``python -m autograder.builder.outputs NOTEBOOK...``, for the pre-commit hook.

Source notebooks are committed without outputs, which would appear in every diff and might show a solution.
"""

import json
import sys
from pathlib import Path


def with_outputs(paths: list[Path]) -> list[Path]:
    """Return the notebooks in which a code cell has outputs or an execution count."""
    return [path for path in paths if any(map(_has_outputs, json.loads(path.read_text(encoding="utf-8"))["cells"]))]


def _has_outputs(cell: dict[str, object]) -> bool:
    return bool(cell.get("outputs")) or cell.get("execution_count") is not None


if __name__ == "__main__":
    found = with_outputs([Path(name) for name in sys.argv[1:]])
    for path in found:
        print(f"{path} holds outputs: clear them (Kernel, Restart and Clear Outputs) and save it.")
    sys.exit(bool(found))
