"""Code cells of a notebook by their ids (nbgrader's ``grade_id``), and a notebook with other texts in some of them.

For notebooks of the course's own and copies of them. See ``checks.notebook`` for reading students' notebooks.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from autograder.checks.notebook import read_cells


def code_cells(notebook: Path) -> dict[str, str]:
    """Return the texts of a notebook's code cells that have an id, in the notebook's order.

    Raises
    ------
    NotebookError
        If it cannot be read as a notebook.
    """
    return {_id(cell): cell["source"] for cell in read_cells(notebook) if cell.get("cell_type") == "code" and _id(cell)}


def replace_cells(notebook: Path, texts: Mapping[str, str]) -> None:
    """Give the code cells with these ids other texts. Other cells, and their outputs, stay as they are."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell.get("cell_type") == "code" and _id(cell) in texts:
            cell["source"] = texts[_id(cell)]
    notebook.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _id(cell: Mapping[str, object]) -> str:
    metadata = cell.get("metadata")
    said = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    found = said.get("grade_id") if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""
