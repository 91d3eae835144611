"""Part 5 in the sandbox: nets that live in a notebook, for PyTorch and TensorFlow, where these are installed."""

import dataclasses
import importlib.util
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.course import Course
from autograder.judge.session import judge_part, judge_track, taken_in
from autograder.manifest import Part
from autograder.sample import students
from autograder.sandbox import installed, launch
from autograder.sandbox.remote import Remote
from autograder.verdict import PartVerdict

from .conftest import lost

pytestmark = pytest.mark.xdist_group("frameworks")
QUICK = ("barebones_convnet", "module_convnet", "sequential_convnet")
Change = Callable[[Path], None]
TRACKS = [
    pytest.param(
        number, id=name, marks=pytest.mark.skipif(importlib.util.find_spec(name) is None, reason="not installed")
    )
    for number, name in enumerate(("torch", "tensorflow"))
]


@pytest.fixture(scope="module", params=TRACKS)
def track(request: pytest.FixtureRequest, course: Course) -> Part:
    """One of the notebooks of part 5."""
    part: Part = course.parts[4].tracks[request.param]
    return part


@pytest.fixture(scope="module")
def solved(course: Course, track: Part, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission in which the notebook is done, and no model saved."""
    folder = tmp_path_factory.mktemp("solved") / "assignment2"
    students.solved(course, folder, [track])
    return folder


@pytest.fixture
def judge(course: Course, track: Part, solved: Path, tmp_path: Path, level: int) -> Callable[..., PartVerdict]:
    """Judge that submission with a change, on some exercises."""

    def judge(change: Change = lambda folder: None, *exercises: str, level: int = level) -> PartVerdict:
        folder = tmp_path / "submission"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(solved, folder)
        change(folder)
        chosen = tuple(exercise for exercise in track.exercises if exercise.id in (exercises or QUICK))
        with taken_in(folder) as submission:
            return judge_track(course, dataclasses.replace(track, exercises=chosen), submission, level)

    return judge


def edited(track: Part, cell: str, *changes: tuple[str, str]) -> Change:
    """A change: some text of a cell becomes another."""

    def change(folder: Path) -> None:
        path = folder / track.notebook
        content = json.loads(path.read_text())
        (found,) = [one for one in content["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == cell]
        text = "".join(found["source"])
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        found["source"] = text
        path.write_text(json.dumps(content))

    return change


def messages(verdict: PartVerdict, exercise: str) -> str:
    (found,) = [one for one in verdict.exercises if one.id == exercise]
    return " ".join(test.message for test in found.tests)


def test_the_reference_gets_all_points(course: Course, track: Part, tmp_path: Path, each_level: int) -> None:
    students.complete(course, tmp_path / "complete", parts=[track])
    with taken_in(tmp_path / "complete") as submission:
        verdict = judge_part(course, course.parts[4], submission, each_level)
    assert {name: result.message for name, result in lost(verdict).items()} == {}
    assert (verdict.name, verdict.problems, verdict.flags) == (track.name, (), ())
    assert verdict.score == verdict.points == 14


def test_a_blank_notebook_gets_nothing(course: Course, track: Part, tmp_path: Path, level: int) -> None:
    students.blank(course, tmp_path / "blank")
    with taken_in(tmp_path / "blank") as submission:
        verdict = judge_track(course, track, submission, level)
    assert verdict.score == 0
    assert {one.outcome for one in verdict.exercises} == {"failed"}
    assert "not written yet" in messages(verdict, "module_convnet")
    assert "was not handed in: run save_model" in messages(verdict, "accuracy_part5")


def test_a_broken_cell_costs_that_cell_only(judge: Callable[..., PartVerdict], track: Part) -> None:
    verdict = judge(edited(track, "module_code", ("class ThreeLayerConvNet", "klass ThreeLayerConvNet")))
    assert set(lost(verdict)) == {"module_convnet"}


def test_a_syntax_error_is_said(judge: Callable[..., PartVerdict], track: Part) -> None:
    verdict = judge(edited(track, "sequential_code", ("def sequential_convnet(", "def sequential_convnet((")))
    assert set(lost(verdict)) == {"sequential_convnet"}
    assert "does not parse" in messages(verdict, "sequential_convnet")


MISTAKES = {
    "torch": {
        "no padding": ("padding=2", "padding=0"),
        "a ReLU forgotten": ("second = F.relu(", "second = ("),
        "the old gradient kept": ("            param.grad = None\n", ""),
        "nothing changed in place": (
            "param -= learning_rate * param.grad",
            "param = param - learning_rate * param.grad",
        ),
        "uphill": ("param -= ", "param += "),
        "weights of zero": ("torch.randn(shape, ", "torch.zeros(shape, "),
    },
    "tensorflow": {
        "no padding": ('padding="SAME") + conv_b1', 'padding="VALID") + conv_b1'),
        "a ReLU forgotten": ("second = tf.nn.relu(", "second = ("),
        "uphill": ("assign_sub", "assign_add"),
        "weights of zero": ("tf.random.normal(shape, stddev=(2 / fan_in) ** 0.5)", "tf.zeros(shape)"),
    },
}


def test_mistakes_are_caught(judge: Callable[..., PartVerdict], track: Part) -> None:
    missed = []
    for name, change in MISTAKES[track.framework].items():
        verdict = judge(edited(track, "barebones_code", change), "barebones_convnet")
        (exercise,) = verdict.exercises
        assert {test.outcome for test in exercise.tests} <= {"passed", "failed"}, name
        if exercise.score == exercise.points:
            missed.append(name)
    assert missed == []


def test_returning_something_else_is_their_failure(judge: Callable[..., PartVerdict], track: Part) -> None:
    def change(folder: Path) -> None:
        path = folder / track.notebook
        content = json.loads(path.read_text())
        content["cells"].append({
            "cell_type": "code", "metadata": {}, "id": "late", "outputs": [], "execution_count": None,
            "source": "def three_layer_convnet(x, params): return 'scores'\n"
            "def sequential_convnet(*sizes): return [1, 2]\nclass ThreeLayerConvNet: pass",
        })  # fmt: skip
        path.write_text(json.dumps(content))

    verdict = judge(change)
    assert {one.outcome for one in verdict.exercises} <= {"failed", "graded"}
    assert "in the place of a tensor" in messages(verdict, "barebones_convnet")
    assert "not a net of" in messages(verdict, "sequential_convnet")


def with_model(track: Part, content: bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / "models").mkdir(exist_ok=True)
        (folder / track.model).write_bytes(content)

    return change


class Bomb:
    """Writes where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, ("/tmp/part5-was-here", "w")


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model", pickle.dumps(Bomb()), b"\x89HDF\r\n\x1a\n" + bytes(64)],
    ids=["empty", "text", "pickle", "cut off"],
)
def test_a_file_that_is_no_model_is_said(judge: Callable[..., PartVerdict], track: Part, content: bytes) -> None:
    verdict = judge(with_model(track, content), "accuracy_part5")
    assert verdict.score == 0
    assert f"{track.model} is not a file that save_model wrote" in messages(verdict, "accuracy_part5")
    assert not Path("/tmp/part5-was-here").exists()


def save(track: Part, folder: Path, data: str) -> None:
    """Save an untrained net of the notebook's kind in a file as the student's would be."""
    from autograder.checks import frameworks

    mean, deviation = np.zeros(3), np.ones(3)
    if track.framework == "torch":
        import torch

        model: object = torch.nn.Linear(3, 2)
    else:
        import keras

        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    frameworks.save_network(model, folder / track.model, data, mean, deviation)


def test_weights_of_another_net_are_said(judge: Callable[..., PartVerdict], course: Course, track: Part) -> None:
    verdict = judge(lambda folder: save(track, folder, course.pictures.fingerprint), "accuracy_part5")
    assert "do not fit the net that build_model() builds" in messages(verdict, "accuracy_part5")


def test_a_model_of_other_pictures_is_not_graded(course: Course, track: Part, tmp_path: Path, level: int) -> None:
    students.complete(course, tmp_path / "complete", parts=[track])
    other = dataclasses.replace(course)
    other.__dict__["pictures"] = other_pictures(course)
    chosen = tuple(exercise for exercise in track.exercises if exercise.id == "accuracy_part5")
    with taken_in(tmp_path / "complete") as submission:
        verdict = judge_track(other, dataclasses.replace(track, exercises=chosen), submission, level)
    assert [one.outcome for one in verdict.exercises] == ["not_graded"]
    assert "was trained on" in messages(verdict, "accuracy_part5")


def other_pictures(course: Course) -> object:
    pictures = course.pictures
    return type(pictures)(pictures.root, pictures._read, "cifar10", "cifar10-0123456789abcdef")


def test_its_runner_reaches_nothing(track: Part, reachable: Path, each_level: int) -> None:
    """The framework adds folders and, for TensorFlow, a glimpse of /proc; no way out."""
    secret = reachable / "secret"
    secret.write_text("out of reach")
    (reachable / "submission").mkdir()
    process = launch.start(
        each_level, reachable / "submission", (), installed.LIMITS, installed.packages_for(track.framework), needs=True,
        framework=track.framework,
    )  # fmt: skip
    remote = Remote(process)
    try:
        reached = remote.ask("probe", outside=str(secret))
    finally:
        remote.close()
    assert {name for name, worked in reached.items() if worked} == set()


def test_what_is_not_installed_is_not_graded(
    judge: Callable[..., PartVerdict], track: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "is_installed", lambda framework: False)
    verdict = judge()
    assert {one.outcome for one in verdict.exercises} == {"not_graded"}
    assert "is not installed where this was graded" in messages(verdict, "module_convnet")


def test_only_one_runner_and_little_memory(judge: Callable[..., PartVerdict], track: Part) -> None:
    """Two gigabytes are a net's; asking for more ends its runner, and nothing else."""
    greedy = "def sequential_convnet(*sizes): return np.ones((3, 2**30))\nimport numpy as np"

    def change(folder: Path) -> None:
        path = folder / track.notebook
        content = json.loads(path.read_text())
        content["cells"].append({"cell_type": "code", "metadata": {}, "id": "late", "outputs": [],
                                 "execution_count": None, "source": greedy})  # fmt: skip
        path.write_text(json.dumps(content))

    verdict = judge(change)
    assert set(lost(verdict)) == {"sequential_convnet"}
