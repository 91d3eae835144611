"""The source notebooks: they keep the conventions of nbgrader and the judge, and hold no outputs."""

import json
import re
from pathlib import Path

import pytest

from autograder.builder.outputs import with_outputs
from autograder.checks.notebook import METADATA
from tests.assignment2 import ASSIGNED

SOURCE = Path(__file__).resolve().parents[2] / "source" / "assignment2"

NOTEBOOKS = sorted(SOURCE.glob("*.ipynb"))
AUTOMATIC = {
    1: "affine_forward affine_backward relu_forward relu_backward loss_layers two_layer_net solver fully_connected_net "
    "overfit_three_layer overfit_five_layer sgd_momentum rmsprop adam learns_part1 accuracy_part1",
    2: "batchnorm_forward batchnorm_backward batchnorm_backward_alt fully_connected_net_batchnorm layernorm_forward "
    "layernorm_backward fully_connected_net_layernorm learns_part2 accuracy_part2",
    3: "dropout_forward dropout_backward fully_connected_net_dropout learns_part3 accuracy_part3",
    4: "conv_forward_naive conv_backward_naive max_pool_forward_naive max_pool_backward_naive conv_extension "
    "three_layer_convnet spatial_batchnorm_forward spatial_batchnorm_backward spatial_groupnorm_forward "
    "spatial_groupnorm_backward learns_part4 accuracy_part4",
    5: "barebones_convnet module_convnet sequential_convnet learns_part5 accuracy_part5",
}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return json.loads(Path(request.param).read_text(encoding="utf-8"))


def graded(notebook):
    """Yield each nbgrader cell with its metadata and its source."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            yield cell, cell["metadata"]["nbgrader"], "".join(cell["source"])


def test_cells_are_clean(notebook):
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_grade_cells(notebook):
    for cell, metadata, source in graded(notebook):
        assert metadata["schema_version"] == 3
        assert not metadata["task"]
        if metadata["grade"] and not metadata["solution"]:
            assert metadata["locked"]
            assert (metadata["points"] > 0) == ("instead_of" not in notebook["metadata"][METADATA])
            assert (cell["cell_type"], source) == ("code", f'check("{metadata["grade_id"]}")')
        elif metadata["solution"] and cell["cell_type"] == "code":
            assert re.search(r"^ *### BEGIN SOLUTION$.*^ *### END SOLUTION$", source, re.MULTILINE | re.DOTALL)


def test_what_is_cleared_at_the_top_level_stands_alone(notebook):
    """At the top level the student finds a line that raises, and nothing after this line is defined."""
    region = re.compile(r"^### BEGIN SOLUTION$.*?^### END SOLUTION$", re.MULTILINE | re.DOTALL)
    for _, metadata, source in graded(notebook):
        if metadata["solution"] and region.search(source):
            assert not re.search(r"^(def|class) ", region.sub("", source), re.MULTILINE), metadata["grade_id"]


def test_ids_are_unique_across_notebooks():
    notebooks = [json.loads(path.read_text("utf-8")) for path in NOTEBOOKS]
    firsts = [notebook for notebook in notebooks if "instead_of" not in notebook["metadata"][METADATA]]
    ids = [metadata["grade_id"] for notebook in firsts for _, metadata, _ in graded(notebook)]
    assert len(ids) == len(set(ids))


def test_the_course_has_a_hundred_points():
    assert sum(exercise.points for part in ASSIGNED.parts for exercise in part.exercises) == 100


def test_exercises_of_the_part(notebook):
    part = notebook["metadata"][METADATA]["part"]
    found = [m["grade_id"] for _, m, _ in graded(notebook) if m["grade"] and not m["solution"]]
    assert found == AUTOMATIC[part].split()


def test_quick_mode_does_not_hide_in_solutions_that_are_judged(notebook):
    """The judge reads `overfit_*` constants from the notebook, so they are plain numbers in every mode."""
    for _, metadata, source in graded(notebook):
        if metadata["grade_id"].endswith("_layer_settings"):
            assert "few(" not in source


def test_source_notebooks_hold_no_outputs(tmp_path: Path) -> None:
    assert with_outputs(NOTEBOOKS) == []
    shown = tmp_path / "shown.ipynb"
    shown.write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": [], "execution_count": 3}]}))
    assert with_outputs([shown]) == [shown]
