"""Figures of notebooks: described for everybody, and narrow enough for a phone."""

import io
import json
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
from PIL import Image

from autograder.desk import figures

from ..conftest import ROOT

NOTEBOOKS = sorted([*ROOT.glob("source/*/*.ipynb"), *ROOT.glob("examples/*/source/*/*.ipynb")])
WIDE = {"code-11"}
"""A drawing of a graph, which is also described in the text beside it."""


def test_a_figure_is_shown_once_with_its_description(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[Any, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda content, raw, metadata: shown.append((content, metadata)))
    with plt.rc_context():
        figures.legible()
        plt.plot([1, 2])
        figures.show("A line that rises.")
    ((content, metadata),) = shown
    assert metadata == {"image/png": {"alt": "A line that rises."}}
    assert content["text/plain"] == "A line that rises."
    picture = Image.open(io.BytesIO(content["image/png"])).convert("RGBA")
    assert picture.getpixel((1, 1)) == (255, 255, 255, 255), "a dark page must not shine through"
    assert plt.get_fignums() == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_is_described_and_narrow(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert "plt.show()" not in source, cell["id"]
            widths = [float(one) for one in re.findall(r"figsize=\((\d+(?:\.\d+)?)", source)]
            assert cell["id"] in WIDE or all(width <= 8 for width in widths), cell["id"]
