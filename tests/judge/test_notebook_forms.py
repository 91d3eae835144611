"""Part 5's notebooks in the forms that people write: defined again, other names, other machines, other packages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.assignment import Part
from autograder.assignments.assignment2.kit.runner import frameworks
from autograder.assignments.assignment2.kit.runner.advice import advice
from autograder.assignments.assignment2.kit.runner.names import called_with
from autograder.course import Course
from autograder.verdict import PartVerdict

from .conftest import ALTERNATIVES, all_of, edited, lost, messages, with_cell, without_cell

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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_settings_of_an_exercise_may_be_set_again(course: Course, judge: Judging) -> None:
    again = with_cell(course.parts[0], "learning_rate_3, weight_scale_3 = 1e-12, 1e-12")
    assert lost(judge(again, "overfit_three_layer")) == {}


OF_2018 = """
loader_train = unknown_loader(64)
loader_val = loader_train
print_every, dtype = 100, torch.float32


def random_weight(shape):
    fan_in = shape[0] if len(shape) == 2 else np.prod(shape[1:])
    w = torch.randn(shape, device=device, dtype=dtype) * np.sqrt(2.0 / fan_in)
    w.requires_grad = True
    return w


def zero_weight(shape):
    return torch.zeros(shape, device=device, dtype=dtype, requires_grad=True)


def check_accuracy_part2(loader, model_fn, params):
    print("val" if loader.dataset.train else "test")
    raise RuntimeError("there is no loader")


def train_part2(model_fn, params, learning_rate):
    for t, (x, y) in enumerate(loader_train):
        x, y = x.to(device=device, dtype=dtype), y.to(device=device, dtype=torch.long)
        loss = F.cross_entropy(model_fn(x, params), y)
        loss.backward()
        with torch.no_grad():
            for w in params:
                w -= learning_rate * w.grad
                w.grad.zero_()
        if t % print_every == 0:
            print(loss.item())
            check_accuracy_part2(loader_val, model_fn, params)
"""
"""The names and signatures of 2018's first part of the notebook, in our own words."""
RENAMED = (("def init_convnet(", "def my_params("), ("def training_step(", "def my_step("))


@pytest.mark.parametrize("alternative", ALTERNATIVES[:1], indirect=True)
def test_the_names_of_2018_are_accepted(judge_notebook: Judging, alternative: Part) -> None:
    part = alternative
    older = all_of(
        edited(part, "barebones_code", *RENAMED, ("def three_layer_convnet(", f"import numpy as np\n{OF_2018}\n\ndef three_layer_convnet(")),
        edited(part, "module_code", ("self, channel_1=32, channel_2=16, num_classes=10", "self, in_channel, channel_1, channel_2, num_classes"),
               ("nn.Conv2d(3, ", "nn.Conv2d(in_channel, ")),
        edited(part, "challenge_model", ("def build_model(", "def my_model(")),
        without_cell(part, "learns_part5"),
        with_cell(part, "model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(7200, 10))\ntrain_part34(model)"),
    )  # fmt: skip
    verdict = judge_notebook(older, "barebones_convnet", "module_convnet", "learns_part5")
    assert {name: result.tests for name, result in lost(verdict).items()} == {}


@pytest.mark.long
def test_what_is_expected_is_named(judge_notebook: Judging, alternative: Part) -> None:
    """If no name of 2018 fits, the message says what the notebook should define."""
    gone = all_of(
        edited(alternative, "barebones_code", *RENAMED),
        edited(alternative, "module_code", ("class ThreeLayerConvNet(", "class MyNet(")),
        edited(alternative, "sequential_code", ("def sequential_convnet(", "def my_net(")),
        edited(alternative, "challenge_model", ("def build_model(", "def my_model(")),
    )
    verdict = judge_notebook(gone, "barebones_convnet", "module_convnet", "sequential_convnet", "learns_part5")
    for exercise, expected in {
        "barebones_convnet": "init_convnet(channel_1, channel_2, num_classes), which returns the six parameters",
        "module_convnet": "Expected is a class ThreeLayerConvNet(channel_1, channel_2, num_classes)",
        "sequential_convnet": "sequential_convnet(channel_1, channel_2, num_classes), which returns a Sequential",
        "learns_part5": "Expected is build_model(), which returns a new net",
    }.items():
        assert expected in messages(verdict, exercise), exercise


@pytest.mark.parametrize(
    ("maker", "given"),
    [
        (lambda channel_1, channel_2, num_classes: (channel_1, channel_2, num_classes), (7, 5, 10)),
        (lambda a=1, b=2, c=3, dropout=0.5: (a, b, c), (7, 5, 10)),
        (lambda in_channel, channel_1, channel_2, num_classes: (in_channel, channel_1), (3, 7)),
        (lambda in_channels=3, c1=1, c2=2, classes=10: (in_channels, c1), (3, 7)),
        (lambda input_dim=(3, 32, 32), c1=1, c2=2, classes=10: (input_dim, c1), ((3, 32, 32), 7)),
        (lambda C, one, two, three: (C, one), (3, 7)),
        (lambda inplanes, one, two, three, depth=1: (inplanes, one), (3, 7)),
        (lambda *sizes: sizes, (7, 5, 10)),
    ],
)
def test_the_channels_of_the_pictures_may_be_the_first_argument(
    maker: Callable[..., Any], given: tuple[Any, ...]
) -> None:
    assert called_with(maker, 7, 5, 10) == given


MADE_ELSEWHERE = {
    "barebones_code": {
        "torch": ("    params = []", "    params = torch.load('C:/Users/me/weights.pt')"),
        "tensorflow": ("    params = []", "    params = list(np.load('/home/me/weights.npz').values())"),
    },
    "module_code": {
        "torch": ("        self.conv1 = ", "        self.mean = torch.tensor(data['X_train'].mean())\n        self.conv1 = "),
        "tensorflow": ("        self.conv1 = ", "        self.mean = MEAN\n        self.conv1 = "),
    },
    "sequential_code": {
        "torch": ("    return ", "    torch.hub.load_state_dict_from_url('https://download.pytorch.org/models/r.pth')\n    return "),
        "tensorflow": ("    return ", "    keras.applications.MobileNetV2(weights='imagenet', include_top=False)\n    return "),
    },
    "challenge_model": {
        "torch": ("return scores\n", "return scores, x\n"),
        "tensorflow": ("    model = keras.Model(picture, ", "    model = keras.Model(picture, [x, "),
    },
}  # fmt: skip
SAID = {
    "barebones_convnet": "The files of your machine are not there",
    "module_convnet": "There are no pictures where nets are built. Write the numbers themselves",
    "sequential_convnet": "There is no network where this is judged. Build the net without pretrained weights",
    "learns_part5": "The net returns a tuple of 2 values; one tensor is expected",
}


@pytest.mark.long
def test_what_is_not_there_is_named_with_a_cure(judge_notebook: Judging, alternative: Part) -> None:
    changes = [edited(alternative, cell, of[alternative.framework]) for cell, of in MADE_ELSEWHERE.items()]
    if alternative.framework == "tensorflow":
        changes[-1] = edited(
            alternative, "challenge_model", *[MADE_ELSEWHERE["challenge_model"]["tensorflow"]], ('dtype="float32")(x))', 'dtype="float32")(x)])')
        )  # fmt: skip
    else:
        changes.append(edited(alternative, "challenge_model"))
    mean = with_cell(alternative, "MEAN = get_data()['X_train'].mean()", "module_code")
    verdict = judge_notebook(all_of(mean, *changes), *SAID)
    for exercise, sentence in SAID.items():
        said = messages(verdict, exercise)
        assert sentence in said.replace("a list of", "a tuple of"), (exercise, said)
        assert said.count(". . ") == said.count("..") == 0


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: 'C:/w.pt'", "files of your machine"),
        ("ValueError: File not found: filepath=/home/me/a.keras", "files of your machine"),
        ("URLError: <urlopen error [Errno -3] Temporary failure in name resolution>", "no network"),
        ("NameError: name 'data' is not defined (setting it raised DatasetError: x)", "no pictures"),
        ("Exception: URL fetch failure on https://somewhere/cifar-10-python.tar.gz: None", "no pictures"),
        ("IndexError: list index out of range", ""),
        ("ModuleNotFoundError: No module named 'x'", ""),
        ("ValueError: shapes (3,) and (4,)", ""),
    ],
)
def test_a_cure_is_named_for_its_errors_only(text: str, cure: str) -> None:
    assert cure in advice(text)
    assert bool(cure) == bool(advice(text))


def net_of(framework: str, width: int) -> Any:
    if framework == "torch":
        from torch import nn

        return nn.Sequential(nn.Conv2d(3, width, 3), nn.Flatten(), nn.Linear(900 * width, 10))
    import keras

    return keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(width, 3), keras.layers.Dense(10)])


def test_weights_of_another_width_are_named_with_both_shapes(alternative: Part, tmp_path: Path) -> None:
    path = tmp_path / alternative.model
    frameworks.save_network(net_of(alternative.framework, 8), path, "cifar10-1", np.zeros(3), np.ones(3))
    saved, built = {"torch": ((8, 3, 3, 3), (4, 3, 3, 3)), "tensorflow": ((3, 3, 3, 8), (3, 3, 3, 4))}[
        alternative.framework
    ]
    with pytest.raises(frameworks.ModelError) as caught:
        frameworks.library(alternative.framework).load(net_of(alternative.framework, 4), path)
    assert f"saved is one of shape {saved} and built is one of shape {built}" in str(caught.value)


def test_what_saving_leaves_out_is_said_when_saving(alternative: Part, tmp_path: Path) -> None:
    path = tmp_path / alternative.model
    if alternative.framework == "torch":
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.fc = nn.Linear(3, 2)
                self.scale = torch.ones(2, requires_grad=True)
                self.stages = [nn.Linear(2, 2)]

        net: Any = Net()
        wanted = {"Net.scale is a tensor", "Net.stages holds layers"}
    else:
        import keras
        import tensorflow as tf

        class Net(keras.Model):  # type: ignore[no-redef]
            def __init__(self) -> None:
                super().__init__()
                self.fc = keras.layers.Dense(2)
                self.scale = tf.Variable(tf.ones(2))
                self.kept = self.add_weight(shape=(2,))

            def call(self, x: Any) -> Any:
                return self.fc(x) * self.scale

        net = Net()
        net(tf.ones((1, 3)))
        wanted = {"Net.scale is a bare tf.Variable"}
    with pytest.warns(UserWarning, match="neither trains nor saves") as caught:
        frameworks.save_network(net, path, "cifar10-1", np.zeros(3), np.ones(3))
    said = [str(one.message) for one in caught if one.category is UserWarning]
    assert all(any(text in one for one in said) for text in wanted)
    assert len(said) == len(wanted)


FOR_GPUS = {
    "barebones_code": [
        ("def three_layer_convnet(", "tf.config.set_visible_devices(tf.config.list_physical_devices('GPU')[:1], 'GPU')\n\n\ndef three_layer_convnet("),
        ("    first = ", "    with tf.device('/GPU:0'):\n        x = x + 0\n    first = "),
        ("def training_step(", "@tf.function(jit_compile=True)\ndef double(x):\n    return 2 * x\n\n\ndef training_step("),
        ("    with tf.GradientTape()", "    learning_rate = double(learning_rate) / 2\n    with tf.GradientTape()"),
    ],
    "module_code": [
        ("class ThreeLayerConvNet(", "strategy = tf.distribute.MirroredStrategy(['/gpu:0', '/gpu:1'])\nwith strategy.scope():\n"
         "    def in_scope(net):\n        return net\n\n\nclass ThreeLayerConvNet("),
        ("        super().__init__()", "        super().__init__()\n        assert strategy.num_replicas_in_sync > 0"),
    ],
    "sequential_code": [
        ("    return keras.Sequential(", "    with tf.distribute.MirroredStrategy().scope():\n      return keras.Sequential("),
    ],
    "challenge_model": [
        ("    model.arguments", "    model.compile('adam', jit_compile=True)\n    model.arguments"),
        ("    common = ", "    keras.mixed_precision.set_global_policy('mixed_float16')\n    policy = 'mixed_float16'\n"
         "    tf.config.experimental.set_memory_growth(tf.config.list_physical_devices('CPU')[0], True)\n    common = "),
    ],
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("alternative", ALTERNATIVES[1:], indirect=True)
def test_keras_code_for_several_gpus_runs(judge_notebook: Judging, alternative: Part) -> None:
    changes = [edited(alternative, cell, *pairs) for cell, pairs in FOR_GPUS.items()]
    exercises = ("barebones_convnet", "module_convnet", "sequential_convnet", "learns_part5")
    assert {name: one.tests for name, one in lost(judge_notebook(all_of(*changes), *exercises)).items()} == {}
