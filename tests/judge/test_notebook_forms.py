"""Part 5's notebooks in the forms that people write: defined again, other names, other machines, other packages."""

from collections.abc import Callable

import pytest

from autograder.assignment import Part
from autograder.course import Course
from autograder.verdict import PartVerdict

from .conftest import all_of, edited, lost, messages, with_cell, without_cell

pytestmark = pytest.mark.xdist_group("frameworks")
Judging = Callable[..., PartVerdict]
AGAIN = {
    "torch": """
class ThreeLayerConvNet(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width * 64, 10)

    def forward(self, x):
        return self.fc(F.max_pool2d(F.relu(self.norm(self.conv(x))), 4).flatten(1))


def build_model():
    return ThreeLayerConvNet(16)
""",
    "tensorflow": """
class ThreeLayerConvNet(keras.Model):
    def __init__(self, width=8):
        super().__init__()
        self.stages = keras.Sequential([
            layers.Conv2D(width, 3, padding="same"), layers.BatchNormalization(momentum=0.9), layers.ReLU(),
            layers.MaxPooling2D(4), layers.Flatten(), layers.Dense(10),
        ])

    def call(self, x, training=False):
        return self.stages(x, training=training)


def build_model():
    return ThreeLayerConvNet(16)
""",
}
"""A challenge whose net has the name of an earlier exercise's class."""


def test_the_challenge_may_define_a_name_again(judge_notebook: Judging, alternative: Part) -> None:
    """Its exercises see the later definition, and the exercises before it do not."""
    again = with_cell(alternative, AGAIN[alternative.framework], "learns_part5")
    assert lost(judge_notebook(again, "module_convnet", "sequential_convnet", "learns_part5")) == {}


def test_without_a_grade_cell_both_cells_are_named(judge_notebook: Judging, alternative: Part) -> None:
    again = with_cell(alternative, AGAIN[alternative.framework], "learns_part5")
    verdict = judge_notebook(all_of(again, without_cell(alternative, "module_convnet")), "module_convnet")
    assert verdict.score == 0
    said = messages(verdict, "module_convnet")
    assert "ThreeLayerConvNet is defined in cell" in said
    assert 'no cell of the notebook has check("module_convnet")' in said


def test_an_answer_behind_the_grade_cell_counts(judge_notebook: Judging, alternative: Part) -> None:
    """Some students leave the cell blank and write their answer below."""
    path = "sequential_code"
    blank = edited(alternative, path, ("    return ", "    raise NotImplementedError()\n    return "))
    verdict = judge_notebook(blank, "sequential_convnet")
    assert verdict.score == 0
    right = {"torch": "nn.Sequential(nn.Conv2d(3, a, 5, padding=2), nn.ReLU(), nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), "
             "nn.Flatten(), nn.Linear(b * 1024, c))",
             "tensorflow": "keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(a, 5, padding='same', activation='relu'), "
             "layers.Conv2D(b, 3, padding='same', activation='relu'), layers.Flatten(), layers.Dense(c)])"}  # fmt: skip
    late = f"def sequential_convnet(a=32, b=16, c=10):\n    return {right[alternative.framework]}"
    assert lost(judge_notebook(all_of(blank, with_cell(alternative, late)), "sequential_convnet")) == {}


def test_settings_of_an_exercise_may_be_set_again(course: Course, judge: Judging) -> None:
    again = with_cell(course.parts[0], "learning_rate_3, weight_scale_3 = 1e-12, 1e-12")
    assert lost(judge(again, "overfit_three_layer")) == {}
