"""A notebook with any JSON becomes valid for nbgrader's gradebook, or is refused in one sentence."""

import json
import random
import time
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import nbgrader.apps.api
import nbgrader.apps.autogradeapp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from autograder.checks import notebook as reading
from autograder.checks.notebook import NotebookError, read_cells
from autograder.grading.cells import read_notebook
from autograder.grading.gradebook import configure
from tests.fuzz import targets
from tests.fuzz.mutators import ODD, change_json
from tests.fuzz.seeds import seeds

SEEDS = [json.loads(seed) for seed in seeds("notebook")]


@settings(max_examples=150)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32), st.integers(1, 6))
def test_changed_notebooks(notebook: Any, seed: int, changes: int) -> None:
    chance = random.Random(seed)
    for _ in range(changes):
        notebook = change_json(notebook, chance)
    targets.notebook(json.dumps(notebook).encode())


@settings(max_examples=100)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_damaged_files(notebook: Any, seed: int) -> None:
    chance = random.Random(seed)
    raw = bytearray(json.dumps(notebook).encode())
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(raw))
        raw[at : at + chance.randrange(3)] = chance.choice([b"", b"\xff", b'"', b"[", b"}", b"\\", b"\0", b"1" * 5000])
    targets.notebook(bytes(raw))


ODDITIES = st.recursive(
    st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@settings(max_examples=150)
@given(
    st.fixed_dictionaries(
        {
            "cell_type": st.sampled_from(["code", "markdown", "raw"]) | ODDITIES,
            "source": st.text(max_size=30) | ODDITIES,
        },
        optional={
            "metadata": ODDITIES,
            "execution_count": ODDITIES,
            "attachments": st.dictionaries(st.text(max_size=3), ODDITIES, max_size=2) | ODDITIES,
            "outputs": st.lists(
                st.fixed_dictionaries(
                    {"output_type": st.sampled_from(["stream", "error", "display_data", "execute_result"]) | ODDITIES},
                    optional={
                        "text": ODDITIES,
                        "ename": ODDITIES,
                        "data": st.dictionaries(st.sampled_from(["text/plain", "image/png", "text/html"]), ODDITIES),
                    },
                )
                | ODDITIES,
                max_size=3,
            ),
        },
    )
)
def test_odd_cells(cell: dict[str, Any]) -> None:
    targets.notebook(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode())


@pytest.mark.parametrize("place", ["source", "text", "metadata", "cells"])
@pytest.mark.parametrize("depth", [300, 800, 950, 980, 20_000])
def test_deep_values(place: str, depth: int) -> None:
    """JSON nested as deeply as the parser allows, and more deeply, in every place."""
    deep = "[" * depth + "]" * depth
    output = '{"output_type": "stream", "name": "stdout", "text": %s}' % (deep if place == "text" else '""')
    source, metadata = (deep if place == name else empty for name, empty in (("source", '""'), ("metadata", "{}")))
    cell = f'{{"cell_type": "code", "source": {source}, "metadata": {metadata}, "outputs": [{output}]}}'
    targets.notebook(f'{{"cells": {deep if place == "cells" else f"[{cell}]"}}}'.encode())


def test_small_pieces_cost_no_more_than_large_ones(tmp_path: Path) -> None:
    path = tmp_path / "A.ipynb"
    path.write_text('{"cells": [], "metadata": [' + "[]," * (20 * 2**20) + "[]]}")
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(NotebookError, match=r"A\.ipynb holds more than 1,000,000 JSON values"):
        read_cells(path)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * reading.MAX_BYTES
    assert seconds < 5


def test_more_cells_than_anyone_writes(tmp_path: Path) -> None:
    path = tmp_path / "A.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ""}] * (reading.MAX_CELLS + 1)}))
    with pytest.raises(NotebookError, match=r"A\.ipynb has more than .* cells"):
        read_notebook(path)


@pytest.fixture(scope="module")
def exporter() -> Any:
    """Return the exporter of nbgrader's pages with the course's settings, without a frame around the cells."""
    config = Config()
    with pytest.MonkeyPatch.context() as kept:
        for module in (nbgrader.apps.api, nbgrader.apps.autogradeapp):  # the course's settings change these modules
            kept.setattr(module, "Autograde", module.Autograde)
        configure(config)
    return HTMLExporter(config=config, template_name="basic")


class Dangers(HTMLParser):
    """A parser that collects the parts of a page that would run code or fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check one tag."""
        if tag in ("script", "iframe", "object", "embed", "base", "form", "meta", "link"):
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or "script:" in (value or "").replace("\n", "").lower():
                self.found.append(f"{tag} {name}={value}")


PIECES = st.lists(
    st.sampled_from(
        ["<script>x</script>", "<img src=x onerror=x>", "[a](javascript:x)", "![", "](attachment:p.png)", "](", "[", "]: ", "<", "`" * 3,
         "`", "$$", "$", "*", "_", "#", "> ", "- ", "|", "\n", "\n\n", "\\", "&#106;", "\"", "'", "--", "![CDATA[", "x", " ", "\x1b[31m",
         "\ud800", "{{ x }}", "{% x %}", "data:text/html,x", "style=x"]
    ) | st.text(max_size=5),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=40)
@example("```[a](javascript:x)", "", "")
@given(PIECES, PIECES, PIECES)
def test_pages_of_it_run_nothing(exporter: Any, text: str, code: str, output: str) -> None:
    cells = [
        {"cell_type": "markdown", "source": text, "metadata": {}, "attachments": {"p.png": {"image/png": output}}},
        {"cell_type": "raw", "source": text, "metadata": {}},
        {
            "cell_type": "code", "source": code, "metadata": {}, "execution_count": 1,
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": output},
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": output, "text/plain": output}},
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": output}},
            ],
        },
    ]  # fmt: skip
    release = nbformat.v4.new_notebook()
    page, _ = exporter.from_notebook_node(targets.well_formed_notebook(nbformat.from_dict({"cells": cells}), release))
    page.encode()
    looking = Dangers()
    looking.feed(page)
    assert looking.found == []
