"""Part 5 in the sandbox: nets that are defined in a notebook, for the installed ones of PyTorch and TensorFlow."""

import dataclasses
import itertools
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment import Part
from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.host import Contents, PackageHost
from autograder.course import Course
from autograder.judge.reference import reference
from autograder.judge.session import judge_alternative, judge_part, taken_in
from autograder.sample import students
from autograder.sandbox import launch, profiles
from autograder.sandbox.client import Remote
from autograder.verdict import PartVerdict
from tests.assignment2 import ASSIGNED

from ..conftest import needs
from .conftest import ALTERNATIVES, Change, edited, lost, messages, with_cell

pytestmark = pytest.mark.xdist_group("frameworks")


@pytest.fixture
def judge(judge_notebook: Callable[..., PartVerdict]) -> Callable[..., PartVerdict]:
    return judge_notebook


@pytest.mark.long
def test_the_reference_gets_all_points(course: Course, alternative: Part, tmp_path: Path, each_level: int) -> None:
    students.complete(course, tmp_path / "complete", parts=[alternative])
    with taken_in(tmp_path / "complete", ASSIGNED) as submission:
        verdict = judge_part(course, course.parts[4], submission, each_level)
    assert {name: result.message for name, result in lost(verdict).items()} == {}
    assert (verdict.name, verdict.problems, verdict.flags) == (alternative.name, (), ())
    assert verdict.score == verdict.points == 14


def test_a_blank_notebook_gets_nothing(course: Course, alternative: Part, tmp_path: Path, level: int) -> None:
    students.blank(course, tmp_path / "blank")
    with taken_in(tmp_path / "blank", ASSIGNED) as submission:
        verdict = judge_alternative(course, alternative, submission, level)
    assert verdict.score == 0
    assert {one.outcome for one in verdict.exercises} == {"failed"}
    assert "not written yet" in messages(verdict, "module_convnet")
    assert "was not handed in: run save_model" in messages(verdict, "accuracy_part5")


def test_a_broken_cell_costs_that_cell_only(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    verdict = judge(
        edited(alternative, "module_code", ("class ThreeLayerConvNet(", "class ThreeLayerConvNet(nowhere."))
    )
    assert set(lost(verdict)) == {"module_convnet"}
    assert "setting it raised NameError: name 'nowhere' is not defined" in messages(verdict, "module_convnet")


def test_a_syntax_error_is_said(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    verdict = judge(edited(alternative, "sequential_code", ("def sequential_convnet(", "def sequential_convnet((")))
    assert set(lost(verdict)) == {"sequential_convnet"}
    assert "does not parse" in messages(verdict, "sequential_convnet")


CELLS = {
    "barebones_code": "barebones_convnet",
    "module_code": "module_convnet",
    "sequential_code": "sequential_convnet",
    "challenge_model": "learns_part5",
}
"""The exercise of each cell."""
MISTAKES = {
    "torch": {
        "barebones_code": {
            "no padding": ("padding=2", "padding=0"),
            "a ReLU forgotten": ("second = F.relu(", "second = ("),
            "the old gradient kept": ("            param.grad = None\n", ""),
            "nothing changed in place": (
                "param -= learning_rate * param.grad",
                "param = param - learning_rate * param.grad",
            ),
            "uphill": ("param -= ", "param += "),
            "weights of zero": ("torch.randn(shape, ", "torch.zeros(shape, "),
            "fan-in of channels alone": ("shape[1] * shape[2] * shape[3] if", "shape[1] if"),
            "a bias forgotten": ("conv_w2, conv_b2, padding=1", "conv_w2, padding=1"),
            "paddings swapped": (
                "padding=2))\n    second = F.relu(F.conv2d(first, conv_w2, conv_b2, padding=1",
                "padding=1))\n    second = F.relu(F.conv2d(first, conv_w2, conv_b2, padding=2",
            ),
            "no leaves": ("torch.randn(shape, device=device)", "torch.randn(shape, requires_grad=True)"),
        },
        "module_code": {
            "no bias": ("channel_1, 5, padding=2)", "channel_1, 5, padding=2, bias=False)"),
            "a ReLU forgotten": ("F.relu(self.conv2(", "(self.conv2("),
            "a softmax too many": ("self.fc(x.flatten(1))", "self.fc(x.flatten(1)).softmax(1)"),
            "nothing to train": ("nn.init.kaiming_normal_(layer.weight)", "layer.requires_grad_(False)"),
            "channels flattened last": ("x.flatten(1)", "x.permute(0, 2, 3, 1).flatten(1)"),
            "sizes ignored": ("channel_2 * 32 * 32, num_classes", "channel_2 * 32 * 32, 10"),
            "weights of zero": ("nn.init.kaiming_normal_(layer.weight)", "nn.init.zeros_(layer.weight)"),
        },
        "sequential_code": {
            "a ReLU forgotten": ("        nn.ReLU(),\n        nn.Flatten", "        nn.Flatten"),
            "no padding": (", padding=1", ""),
            "a class in a list": (
                "return nn.Sequential(",
                "return nn.Sequential(ThreeLayerConvNet(channel_1, channel_2, num_classes))\n    nn.Sequential(",
            ),
            "a class": (
                "return nn.Sequential(",
                "return ThreeLayerConvNet(channel_1, channel_2, num_classes)\n    nn.Sequential(",
            ),
        },
        "challenge_model": {
            "always the same": ("return scores\n", "return scores * 0\n"),
            "nothing to train": ("model = Net()", "model = Net().requires_grad_(False)"),
            "no net": ("\n    return model", "\n    return model.forward"),
        },
    },
    "tensorflow": {
        "barebones_code": {
            "no padding": ('padding="SAME") + conv_b1', 'padding="VALID") + conv_b1'),
            "a ReLU forgotten": ("second = tf.nn.relu(", "second = ("),
            "uphill": ("assign_sub", "assign_add"),
            "weights of zero": ("tf.random.normal(shape, stddev=(2 / fan_in) ** 0.5)", "tf.zeros(shape)"),
            "fan-in of channels alone": ("np.prod(shape[:-1])", "shape[-2]"),
            "a bias forgotten": (" + conv_b2)", ")"),
            "no variables": ("params.append(tf.Variable(tf.zeros(shape[-1])))", "params.append(tf.zeros(shape[-1]))"),
            "nothing changed in place": (
                "param.assign_sub(learning_rate * gradient)",
                "param = param - learning_rate * gradient",
            ),
        },
        "module_code": {
            "no bias": ("(channel_1, 5, ", "(channel_1, 5, use_bias=False, "),
            "a ReLU forgotten": ('channel_2, 3, padding="same", activation="relu"', 'channel_2, 3, padding="same"'),
            "a softmax too many": ("layers.Dense(num_classes, ", 'layers.Dense(num_classes, activation="softmax", '),
            "nothing to train": ("self.fc = ", "self.conv1.trainable = False\n        self.fc = "),
            "sizes ignored": ("layers.Dense(num_classes", "layers.Dense(10"),
        },
        "sequential_code": {
            "a ReLU forgotten": ('channel_2, 3, padding="same", activation="relu"', 'channel_2, 3, padding="same"'),
            "no padding": ('(channel_2, 3, padding="same"', "(channel_2, 3"),
            "a class in a list": (
                "return keras.Sequential(",
                "return keras.Sequential([ThreeLayerConvNet(channel_1, channel_2, num_classes)])\n    keras.Sequential(",
            ),
        },
        "challenge_model": {
            "always the same": ("    model.arguments", "    model.trainable = False\n    model.arguments"),
            "no net": ("\n    return model", "\n    return model.call"),
        },
    },
}


HINTS = {
    "a ReLU forgotten": "no ReLU after the second convolution",
    "a softmax too many": "a softmax after the last layer",
    "a bias forgotten": "bias of the second convolution is not added",
    "paddings swapped": "paddings are swapped",
    "no bias": "fits a net without conv_b1",
    "channels flattened last": "The axes of the feature maps are swapped",
    "the old gradient kept": "adds its gradient to that of the step before",
    "nothing changed in place": "Change the parameters in place",
    "uphill": "The step adds the gradient",
}
"""The expected hint for each mistake, the same in both notebooks."""


def test_mistakes_are_caught_and_named(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    """Each round makes one mistake in every cell."""
    of_cells = MISTAKES[alternative.framework]
    missed, unnamed = [], []
    for names in itertools.zip_longest(*of_cells.values()):
        made = {cell: name for cell, name in zip(of_cells, names, strict=True) if name is not None}

        def change(folder: Path, made: dict[str, str] = made) -> None:
            for cell, name in made.items():
                edited(alternative, cell, of_cells[cell][name])(folder)

        verdict = judge(change, *(CELLS[cell] for cell in made))
        results = {exercise.id: exercise for exercise in verdict.exercises}
        for cell, name in made.items():
            result = results[CELLS[cell]]
            assert {test.outcome for test in result.tests} <= {"passed", "failed"}, (cell, name)
            if result.score == result.points:
                missed.append((cell, name))
            if not any(HINTS.get(name, "") in test.hint for test in result.tests):
                unnamed.append((cell, name))
    assert missed == []
    assert unnamed == []


ACCEPTED = {
    "torch": {
        "barebones_code": """
WIDTH = [5, 3][0]
KERNELS = few((WIDTH, 3), ())
size = lambda shape: int(np.prod(shape))

def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    for w, b, kernel in ((w1, b1, KERNELS[0]), (w2, b2, KERNELS[1])):
        x = torch.conv2d(x, w, padding=kernel // 2).add(b.view(1, -1, 1, 1)).clamp(min=0)
    return torch.addmm(b3, x.reshape(x.size(0), -1), w3)

def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    convs = nn.Conv2d(3, channel_1, KERNELS[0]), nn.Conv2d(channel_1, channel_2, KERNELS[1])
    fc = nn.Parameter(torch.empty(size((channel_2, 32, 32)), num_classes))
    nn.init.xavier_uniform_(fc)
    for conv in convs:
        nn.init.zeros_(conv.bias)
    return (*(p for conv in convs for p in conv.parameters()), fc, nn.Parameter(torch.zeros(num_classes)))

def training_step(forward, params, x, y, learning_rate):
    loss = nn.NLLLoss()(F.log_softmax(forward(x, params), dim=1), y)
    for param, grad in zip(params, torch.autograd.grad(loss, params)):
        param.data.sub_(grad, alpha=learning_rate)
    return loss.detach().numpy()
""",
        "module_code": """
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super(ThreeLayerConvNet, self).__init__()
        self.net = nn.Sequential(nn.LazyConv2d(channel_1, 5, padding="same"), nn.ReLU(inplace=True))
        self.second = nn.LazyConv2d(channel_2, 3, padding=1)
        self.fc_w = nn.Parameter(torch.randn(channel_2 * 32 * 32, num_classes) / 70)
        self.fc_b = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        return self.second(self.net(x)).relu().flatten(1) @ self.fc_w + self.fc_b
""",
        "sequential_code": """
from collections import OrderedDict

class Flat(nn.Module):
    def forward(self, x):
        return x.view(x.shape[0], -1)

def block(inputs, outputs, size):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU())

def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    torch.manual_seed(7)
    return nn.Sequential(OrderedDict(one=block(3, channel_1, 5), two=block(channel_1, channel_2, 3), flat=Flat(),
                                     scores=nn.Linear(channel_2 * 32 ** 2, num_classes)))
""",
        "challenge_model": """
def build_model():
    layers, channels = [], 3
    for width in (32, 64, 128):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.LazyLinear(10))
""",
    },
    "tensorflow": {
        "barebones_code": """
KERNELS = few((5, 3), ())

@tf.function
def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    for w, b, kernel in ((w1, b1, KERNELS[0]), (w2, b2, KERNELS[1])):
        x = tf.pad(x, [[0, 0], [kernel // 2] * 2, [kernel // 2] * 2, [0, 0]])
        x = tf.maximum(tf.nn.bias_add(tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID"), b), 0.0)
    return tf.matmul(layers.Flatten()(x), w3) + b3

def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    draw, none = keras.initializers.GlorotUniform(seed=3), tf.zeros_initializer()
    def pair(*shape):
        return tf.Variable(draw(shape)), tf.Variable(none(shape[-1:]))
    return (*pair(5, 5, 3, channel_1), *pair(3, 3, channel_1, channel_2), *pair(32 * 32 * channel_2, num_classes))

def training_step(forward, params, x, y, learning_rate):
    with tf.GradientTape() as tape:
        loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, forward(x, params))
    for i, grad in enumerate(tape.gradient(loss, params)):
        params[i].assign(params[i] - learning_rate * grad)
    return float(loss)
""",
        "module_code": """
class ThreeLayerConvNet(tf.keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10, **kwargs):
        super().__init__(**kwargs)
        self.net = tf.keras.Sequential()
        for channels, size in ((channel_1, 5), (channel_2, 3)):
            self.net.add(layers.Conv2D(channels, (size, size), padding="same"))
            self.net.add(layers.Activation("relu"))
        self.net.add(layers.Flatten())
        self.net.add(layers.Dense(num_classes))

    def call(self, inputs):
        return self.net(inputs)
""",
        "sequential_code": """
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    keras.utils.set_random_seed(7)
    net = tf.keras.models.Sequential([layers.ZeroPadding2D(2), layers.Conv2D(channel_1, 5), layers.ReLU()])
    net.add(layers.Conv2D(channel_2, 3, 1, "same", activation=tf.nn.relu))
    net.add(layers.Lambda(lambda x: tf.reshape(x, (-1, 32 * 32 * channel_2))))
    net.add(layers.Dense(num_classes, name="scores"))
    return net
""",
        "challenge_model": """
def build_model():
    net = keras.Sequential()
    for width in (32, 64, 128):
        for layer in (layers.Conv2D(width, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()):
            net.add(layer)
        net.add(layers.MaxPooling2D())
    for layer in (layers.GlobalAveragePooling2D(), layers.Dropout(0.1), layers.Dense(10)):
        net.add(layer)
    return net
""",
    },
}
"""Correct code, written differently from the reference."""


def rewritten(alternative: Part) -> Change:
    def change(folder: Path) -> None:
        path = folder / alternative.notebook
        content = json.loads(path.read_text())
        for cell in content["cells"]:
            own = ACCEPTED[alternative.framework].get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
            if own is not None:
                cell["source"] = "import numpy as np\n" + own
        path.write_text(json.dumps(content))

    return change


def test_right_code_in_another_hand_gets_all_points(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    verdict = judge(rewritten(alternative), *CELLS.values())
    assert {name: result.message for name, result in lost(verdict).items()} == {}


@pytest.mark.parametrize("alternative", ALTERNATIVES[1:], indirect=True)
def test_graphs_take_choices_that_python_makes(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    """AutoGraph converts a Python ``if`` to graph code, and must find the source lines in the notebook."""
    verdict = judge(
        edited(
            alternative,
            "barebones_code",
            ("def three_layer_convnet(", "@tf.function\ndef three_layer_convnet("),
            ("    first = ", "    if tf.reduce_max(x) > 1e9:\n        x = -x\n    first = "),
        ),
        "barebones_convnet",
    )
    assert lost(verdict) == {}


def test_the_reference_can_take_a_students_place(course: Course, alternative: Part) -> None:
    """The judge does this if a test breaks off, to see whether the test or the student is at fault."""
    own = CodeUnderTest(reference(course.assignment, alternative))
    assert [param.shape for param in own.framework.start(7, 5, 10)][:2] == [(7, 3, 5, 5), (7,)]


def test_returning_something_else_is_their_failure(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    barebones = with_cell(alternative, "def three_layer_convnet(x, params): return 'scores'", "barebones_convnet")
    others = "def sequential_convnet(*sizes): return [1, 2]\nclass ThreeLayerConvNet: pass"

    def change(folder: Path) -> None:
        barebones(folder)
        edited(alternative, "module_code", ("class ThreeLayerConvNet", f"{others}\nclass Other"))(folder)
        with_cell(alternative, others, "sequential_convnet")(folder)

    verdict = judge(change)
    assert {one.outcome for one in verdict.exercises} <= {"failed", "graded"}
    assert "instead of a tensor" in messages(verdict, "barebones_convnet")
    assert "not a net of" in messages(verdict, "sequential_convnet")


def with_model(alternative: Part, content: bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / "models").mkdir(exist_ok=True)
        (folder / alternative.model).write_bytes(content)

    return change


class Bomb:
    """An object that writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, ("/tmp/part5-was-here", "w")


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model", pickle.dumps(Bomb()), b"\x89HDF\r\n\x1a\n" + bytes(64)],
    ids=["empty", "text", "pickle", "cut off"],
)
def test_a_file_that_is_no_model_is_said(judge: Callable[..., PartVerdict], alternative: Part, content: bytes) -> None:
    verdict = judge(with_model(alternative, content), "accuracy_part5")
    assert verdict.score == 0
    assert f"{alternative.model} is not a file that save_model wrote" in messages(verdict, "accuracy_part5")
    assert not Path("/tmp/part5-was-here").exists()


def save(alternative: Part, folder: Path, data: str) -> None:
    """Save an untrained net of the notebook's kind in a file like a student's."""
    from autograder.assignments.assignment2.kit.runner import frameworks

    mean, deviation = np.zeros(3), np.ones(3)
    if alternative.framework == "torch":
        import torch

        model: object = torch.nn.Linear(3, 2)
    else:
        import keras

        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    frameworks.save_network(model, folder / alternative.model, data, mean, deviation)


def test_weights_of_another_net_are_said(judge: Callable[..., PartVerdict], course: Course, alternative: Part) -> None:
    verdict = judge(lambda folder: save(alternative, folder, course.kit.pictures.fingerprint), "accuracy_part5")
    assert "do not fit the net that build_model() builds" in messages(verdict, "accuracy_part5")


def test_a_wrapped_net_is_saved_as_the_net_that_it_is(alternative: Part, tmp_path: Path) -> None:
    from autograder.assignments.assignment2.kit.runner import frameworks

    if alternative.framework == "torch":
        import torch

        class Compiled(torch.nn.Module):  # like the result of torch.compile, which needs a compiler
            def __init__(self, model: torch.nn.Module) -> None:
                super().__init__()
                self._orig_mod = model

        net: object = torch.nn.DataParallel(Compiled(torch.nn.Linear(3, 2)))
    else:
        import keras

        net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    path = tmp_path / alternative.model
    frameworks.save_network(net, path, "cifar10-1", np.zeros(3), np.ones(3))
    library = frameworks.library(alternative.framework)
    library.load(library.unwrapped(net), path)
    net.arguments = [64]  # type: ignore[attr-defined]
    if alternative.framework == "tensorflow":
        with pytest.raises(frameworks.ModelError, match="must be a dictionary"):
            frameworks.save_network(net, path, "cifar10-1", np.zeros(3), np.ones(3))


def test_a_class_of_another_part_is_not_taken_for_this_ones(alternative: Part, solved: Path, tmp_path: Path) -> None:
    """Part 4 has a ThreeLayerConvNet too, and pytest in the student's folder loads both notebooks."""
    shutil.copy(solved / alternative.notebook, tmp_path)
    cell = {"cell_type": "code", "source": "ThreeLayerConvNet = 4"}
    (tmp_path / "ConvolutionalNetworks.ipynb").write_text(json.dumps({"cells": [cell]}))
    both = ("ConvolutionalNetworks.ipynb", alternative.notebook)
    host = PackageHost("cs231n", tmp_path, Contents(both, alternative.framework))
    assert host.definition("ThreeLayerConvNet") == 4
    assert isinstance(host.definition_in_framework("ThreeLayerConvNet"), type)


@pytest.mark.long
def test_a_model_of_other_pictures_is_open(course: Course, alternative: Part, tmp_path: Path, level: int) -> None:
    students.complete(course, tmp_path / "complete", parts=[alternative])
    other = dataclasses.replace(course)
    other.kit.__dict__["pictures"] = other_pictures(course)
    chosen = tuple(exercise for exercise in alternative.exercises if exercise.id == "accuracy_part5")
    with taken_in(tmp_path / "complete", ASSIGNED) as submission:
        verdict = judge_alternative(other, dataclasses.replace(alternative, exercises=chosen), submission, level)
    assert [one.outcome for one in verdict.exercises] == ["open"]
    assert "was trained on" in messages(verdict, "accuracy_part5")


def other_pictures(course: Course) -> object:
    pictures = course.kit.pictures
    return type(pictures)(pictures.root, pictures._read, "cifar10", "cifar10-0123456789abcdef")


def test_its_runner_reaches_nothing(alternative: Part, reachable: Path, each_level: int) -> None:
    """The framework adds readable folders and, for TensorFlow, a small part of /proc, but no way out."""
    secret = reachable / "secret"
    secret.write_text("out of reach")
    (reachable / "submission").mkdir()
    process = launch.start(each_level, reachable / "submission", profiles.for_judging(ASSIGNED, alternative))
    remote = Remote(process)
    try:
        reached = remote.ask("probe", outside=str(secret))
    finally:
        remote.close()
    assert {name for name, worked in reached.items() if worked} == set()


def test_data_has_no_room_in_the_addresses_of_libraries(alternative: Part, reachable: Path, each_level: int) -> None:
    """This holds without a control group too, because an ordinary user may have none."""
    (reachable / "cs231n").mkdir()
    greedy = "import numpy as np\ndef fill(size): return float(np.ones(size).sum())\n"
    (reachable / "cs231n" / "__init__.py").write_text("")
    (reachable / "cs231n" / "greedy.py").write_text(greedy)
    profile = profiles.for_judging(ASSIGNED, alternative)
    profile = dataclasses.replace(profile, limits=dataclasses.replace(profile.limits, memory=2**30))
    process = launch.start(each_level, reachable, profile)
    remote = Remote(process)
    try:
        assert remote.call("greedy.fill", (2**24,), {}) == 2**24
        with pytest.raises(CodeError, match="MemoryError"):  # a control group would end the runner instead
            remote.call("greedy.fill", (2**27,), {})
    finally:
        remote.close()


def test_what_is_not_installed_is_open(
    judge: Callable[..., PartVerdict], alternative: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "is_installed", lambda assignment, part: False)
    verdict = judge()
    assert {one.outcome for one in verdict.exercises} == {"open"}
    assert "is not installed where this was graded" in messages(verdict, "module_convnet")


def test_only_one_runner_and_little_memory(
    judge: Callable[..., PartVerdict], alternative: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A net has two gigabytes; a request for more costs that exercise and its runner, and another runner does the rest."""
    greedy = "import numpy as np\ndef sequential_convnet(*sizes): return [np.ones(2**27) for _ in range(3)]"
    started: list[object] = []
    start = launch.start
    monkeypatch.setattr(launch, "start", lambda *args, **kwargs: started.append(args) or start(*args, **kwargs))
    assert lost(judge()) == {}
    assert len(started) == 1

    verdict = judge(with_cell(alternative, greedy, "sequential_convnet"))
    assert set(lost(verdict)) == {"sequential_convnet"}
    assert "not a net of" not in messages(verdict, "sequential_convnet")


OF_OTHER_MACHINES = {
    "torch": {
        "a GPU": ("barebones_code", "def three_layer_convnet(", 'device = torch.device("cuda")\n\n\ndef three_layer_convnet('),
        "one of several GPUs": ("barebones_code", "def three_layer_convnet(", 'device = "cuda:1"\n\n\ndef three_layer_convnet('),
        "a Mac": ("barebones_code", "def three_layer_convnet(", 'device = torch.device("mps")\n\n\ndef three_layer_convnet('),
        "types of a GPU": ("barebones_code", "param.grad = None", "param.grad = None\n            param.type(torch.cuda.FloatTensor)"),
        "a net that moves itself": ("module_code", "self.fc = nn.Linear(", "self.conv1.cuda()\n        self.fc = nn.Linear("),
        "a net on device 0": ("sequential_code", "return nn.Sequential(", "return nn.Sequential().to(0) or nn.Sequential("),
        "a compiled net": ("sequential_code", "return nn.Sequential(", "return torch.compile(mode='max-autotune')(nn.Sequential)("),
        "a compiled method": ("module_code", "    def forward(", "    @torch.compile\n    def forward("),
    },
    "tensorflow": {
        "a GPU": ("barebones_code", "def three_layer_convnet(", 'device = "/device:GPU:0"\n\n\ndef three_layer_convnet('),
    },
}  # fmt: skip
"""A cell, and a text of it with its replacement."""


@pytest.mark.long
def test_what_was_written_for_another_machine(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    for case, (cell, old, new) in OF_OTHER_MACHINES[alternative.framework].items():
        verdict = judge(edited(alternative, cell, (old, new)))
        assert not lost(verdict), (case, [one.message for one in lost(verdict).values()])


@needs("torch")
@pytest.mark.parametrize("saved", ["torch.compile(net)", "nn.DataParallel(net)", "partly"])
@pytest.mark.parametrize("built", ["net", "torch.compile(net)", "nn.DataParallel(net)"])
def test_a_wrapped_net_is_the_net_inside(course: Course, tmp_path: Path, level: int, saved: str, built: str) -> None:
    """Both when it is saved and when it is built again, also if only a part of it was compiled."""
    import torch
    from torch import nn

    from autograder.assignments.assignment2.kit.runner import frameworks

    net = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(3072, 10)))
    x = np.random.default_rng(1).normal(size=(2, 3, 32, 32)).astype(np.float32)
    right = net(torch.tensor(x)).detach().numpy()
    if saved == "partly":
        net[1] = torch.compile(net[1])
    model = {"torch.compile(net)": torch.compile, "nn.DataParallel(net)": nn.DataParallel}.get(saved, lambda net: net)(
        net
    )
    submission = tmp_path / "submission"
    frameworks.save_network(model, submission / "models" / "part5.safetensors", "data", np.zeros(3), np.ones(3))
    source = (
        "import torch\nfrom torch import nn\n\n\ndef build_model():\n"
        f"    net = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(3072, 10)))\n    return {built}\n"
    )
    content = {
        "cells": [{"cell_type": "code", "source": source, "metadata": {}}],
        "metadata": {"autograder": {"framework": "torch"}},
    }
    (submission / "PyTorch.ipynb").write_text(json.dumps({**content, "nbformat": 4, "nbformat_minor": 5}))
    profile = profiles.for_judging(ASSIGNED, course.parts[4].alternatives[0])
    with taken_in(submission, ASSIGNED) as taken:
        remote = Remote(launch.start(level, taken.folder, profile), 60)
        try:
            _, _, found = CodeUnderTest(remote).framework.load_model()
            assert np.allclose(found.scores(x), right, atol=1e-5)
        finally:
            remote.close()
