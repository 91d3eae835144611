"""Part 5 in the sandbox: nets that are defined in a notebook, for the installed ones of PyTorch and TensorFlow."""

import dataclasses
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
from tests.assignment2 import ACCEPTED, ASSIGNED, CATALOGUE

from ..conftest import needs
from .conftest import ALTERNATIVES, FRAMEWORKS_QUICK, Change, edited, lost, messages, with_cell

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


KNOWN = {mistake.id: mistake for mistake in CATALOGUE if mistake.in_notebook}
SOME = {
    "torch": ("torch_kept_gradients", "torch_module_softmax", "torch_sequential_padding", "torch_untrainable"),
    "tensorflow": ("tf_fan_in", "tf_ten_classes", "tf_sequential_padding", "tf_untrainable"),
}
"""One mistake of each cell. The gate looks at all."""


def test_there_are_many_mistakes(alternative: Part) -> None:
    own = [mistake for mistake in KNOWN.values() if mistake.file == alternative.notebook]
    assert len(own) >= 30
    assert {mistake.exercise for mistake in own} == {*FRAMEWORKS_QUICK, "learns_part5"}
    assert sum(mistake.named for mistake in own) > len(own) / 2


def test_mistakes_are_caught_and_named(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    made = [KNOWN[name] for name in SOME[alternative.framework]]

    def change(folder: Path) -> None:
        for mistake in made:
            mistake.apply(folder / ASSIGNED.package)

    verdict = judge(change, *(mistake.exercise for mistake in made))
    results = {exercise.id: exercise for exercise in verdict.exercises}
    for mistake in made:
        result = results[mistake.exercise]
        assert {test.outcome for test in result.tests} <= {"passed", "failed"}, mistake.id
        assert result.score < result.points, mistake.id
        hints = {test.hint for test in result.tests} - {""}
        assert hints == ({mistake.explanation} if mistake.named else set()), mistake.id


def test_right_code_in_another_hand_gets_all_points(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    """The gate looks at all accepted solutions; this one uses what the notebook imports from the package."""
    (mixed,) = [one for one in ACCEPTED if alternative.notebook in one.answered and one.name.endswith("_mixed")]
    verdict = judge(mixed.apply, *FRAMEWORKS_QUICK, "learns_part5")
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


def test_weights_that_repeat_are_said(judge: Callable[..., PartVerdict], alternative: Part) -> None:
    """Filters that are copies of one random filter stay copies."""
    repeated = {
        "torch": "params[2].data[:] = params[2].data[:1]",
        "tensorflow": "params[2].assign(params[2][..., :1] + 0 * params[2])",
    }[alternative.framework]
    cell = f"first = init_convnet\ndef init_convnet(*sizes):\n    params = first(*sizes)\n    {repeated}\n    return params\n"
    verdict = judge(with_cell(alternative, cell, "barebones_convnet"), "barebones_convnet")
    assert "The weights in conv_w2 repeat" in messages(verdict, "barebones_convnet")


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
