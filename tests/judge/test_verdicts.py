"""Whole verdicts: the reference earns everything, a blank release the given points, mistakes cost their exercises."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from autograder.assignments.assignment2 import samples
from autograder.course import Course
from autograder.sample import students
from autograder.sample.train import trained_model
from autograder.sandbox.profiles import is_installed
from autograder.verdict import NOT_GRADED, from_json, schema, to_json

from ..archives import zipped
from ..within import within
from .conftest import Judge, append, lost

pytestmark = pytest.mark.xdist_group("verdicts")


PARTS = (1, 2, 3, 4)


@pytest.mark.parametrize("number", [1, 2, *(pytest.param(number, marks=pytest.mark.long) for number in (3, 4))])
def test_reference_gets_all_points(judge: Judge, course: Course, number: int) -> None:
    verdict = judge(number=number)
    assert {name: result.message for name, result in lost(verdict).items()} == {}
    assert verdict.score == verdict.points == sum(exercise.points for exercise in course.parts[number - 1].automatic)
    assert verdict.data == "synthetic"
    assert verdict.problems == verdict.flags == ()
    content = to_json([verdict])
    jsonschema.validate(content, schema())
    assert from_json(content) == [verdict]


GIVEN = {1: {"loss_layers", "solver"}, 2: set(), 3: set(), 4: {"conv_extension"}}


@pytest.mark.parametrize("number", PARTS)
def test_blank_release_gets_what_is_given(judge: Judge, course: Course, number: int) -> None:
    def blank(folder: Path) -> None:
        shutil.rmtree(folder)
        students.blank(course, folder)

    verdict = judge(blank, number=number, trained=False)
    given = {exercise.id for exercise in course.parts[number - 1].exercises if exercise.given}
    assert given == GIVEN[number]
    for exercise in verdict.exercises:
        assert exercise.score == (exercise.points if exercise.id in given else 0)
        assert exercise.outcome == ("graded" if exercise.id in given else "failed")
    assert "not written yet" in next(iter(lost(verdict).values())).message


def test_three_mistakes_cost_three_exercises_and_are_named(judge: Judge, course: Course) -> None:
    def change(folder: Path) -> None:
        shutil.rmtree(folder)
        samples.three_mistakes(course, folder, parts=course.parts[:1])

    wrong = lost(judge(change, trained=False))
    assert set(wrong) == {"two_layer_net", "rmsprop", "adam"}
    hints = {
        name: [test.hint for test in exercise.tests if test.outcome == "failed"] for name, exercise in wrong.items()
    }
    assert any("factor 0.5" in hint for hint in hints["two_layer_net"])
    assert any("before this gradient" in hint for hint in hints["rmsprop"])
    assert any("too small at first" in hint for hint in hints["adam"])


def test_modules_alone_are_judged_on_their_merits(judge: Judge, course: Course) -> None:
    def change(folder: Path) -> None:
        shutil.rmtree(folder)
        students.modules_only(course, folder)

    for number in PARTS:
        verdict = judge(change, number=number, trained=False)
        outcomes = {name: exercise.outcome for name, exercise in lost(verdict).items()}
        overfitting = ("overfit_three_layer", "overfit_five_layer") if number == 1 else ()
        assert outcomes == dict.fromkeys((*overfitting, f"accuracy_part{number}"), "not_graded")
        assert verdict.problems == (f"{course.parts[number - 1].notebook} was not handed in.",)


def test_a_corrupted_notebook_is_said_in_one_sentence(judge: Judge) -> None:
    def change(folder: Path) -> None:
        path = folder / "FullyConnectedNets.ipynb"
        path.write_text(path.read_text()[:3000])

    verdict = judge(change)
    (problem,) = verdict.problems
    assert problem.startswith("FullyConnectedNets.ipynb is not a readable notebook (its JSON is broken")
    outcomes = {exercise.id: exercise.outcome for exercise in verdict.exercises if exercise.score < exercise.points}
    assert outcomes == dict.fromkeys(("overfit_three_layer", "overfit_five_layer"), "not_graded")


def test_the_hostile_sample_earns_nothing(judge: Judge, course: Course) -> None:
    course.state.mkdir(exist_ok=True)

    def change(folder: Path) -> None:
        shutil.rmtree(folder)
        samples.hostile(course, folder)

    verdict = judge(change, trained=False)
    assert verdict.score == 0
    assert "models (a link)" in verdict.left_out


def test_a_hang_at_import_costs_one_limit(judge: Judge) -> None:
    with within(60):
        verdict = judge(append("__init__.py", "\nwhile True: pass\n"))
    assert verdict.score == 0
    assert all(
        "did not finish" in exercise.message or exercise.id == "accuracy_part1" for exercise in verdict.exercises
    )
    assert {exercise.outcome for exercise in verdict.exercises} == {"failed"}


def test_a_hang_in_one_function_costs_what_rests_on_it(judge: Judge) -> None:
    verdict = judge(append("optim.py", "\ndef adam(w, dw, config=None):\n    while True: pass\n"), "rmsprop", "adam")
    assert set(lost(verdict)) == {"adam"}
    assert "no answer within" in lost(verdict)["adam"].message


@pytest.mark.slow
@pytest.mark.long
def test_no_part_takes_longer_than_two_minutes(judge: Judge) -> None:
    """Every function of the submission hangs."""
    hang = "\ndef _hang(*a, **k):\n    while True: pass\nfor _n in [n for n in dir() if n.endswith('ward')]: globals()[_n] = _hang\n"
    with within(120):
        verdict = judge(append("layers.py", hang))
    assert len(verdict.exercises) == 15


def test_one_broken_layer_is_named_by_what_rests_on_it(judge: Judge) -> None:
    broken = "\ndef affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w, (x, w, b)\n"
    verdict = judge(append("layers.py", broken), "affine_forward", "relu_forward", "two_layer_net")
    assert set(lost(verdict)) == {"affine_forward", "two_layer_net"}
    assert "b is not added" in lost(verdict)["affine_forward"].tests[0].hint
    assert "runs on affine_forward, which is not right yet" in lost(verdict)["two_layer_net"].message


def test_a_broken_layer_of_another_part_is_named(judge: Judge) -> None:
    broken = "\ndef affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w, (x, w, b)\n"
    verdict = judge(append("layers.py", broken), "batchnorm_forward", "fully_connected_net_batchnorm")
    assert set(lost(verdict)) == {"fully_connected_net_batchnorm"}
    assert "runs on affine_forward, which is not right yet" in lost(verdict)["fully_connected_net_batchnorm"].message


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "affine_forward is not written yet."),
        ("print()", "returned one value or None"),
        ("(1, 2, 3)", "different number of values"),
        ("('text', ())", "out is a str"),
        ("([[1.0]], ())", "out is a list"),
        ("(np.full((len(x), w.shape[1]), np.nan), ())", "NaN or infinite"),
        ("(np.zeros((1, 1)), ())", "has shape (1, 1)"),
        ("(np.zeros((0, 0)), ())", "has shape (0, 0)"),
        ("x @ w", ""),
        ("{}", "dict"),
    ],
)
def test_wrong_kinds_of_answers_are_explained(judge: Judge, returned: str, words: str) -> None:
    verdict = judge(append("layers.py", f"\ndef affine_forward(x, w, b):\n    return {returned}\n"), "affine_forward")
    (exercise,) = verdict.exercises
    assert exercise.outcome == "failed"
    assert exercise.score == 0
    assert words in exercise.message


def test_old_numpy_is_explained(judge: Judge) -> None:
    old = "\ndef relu_forward(x):\n    return np.maximum(x, np.int(0)), x\n"
    verdict = judge(append("layers.py", old), "relu_forward")
    assert not lost(verdict)
    assert any("np.int (now: int)" in problem for problem in verdict.problems)


def test_the_same_submission_gets_the_same_inputs_and_another_secret_others(
    judge: Judge, course: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = judge(lambda folder: None, "relu_forward")
    shutil.rmtree(tmp_path / "submission")
    again = judge(lambda folder: None, "relu_forward")
    assert one.seed == again.seed
    shutil.rmtree(tmp_path / "submission")
    monkeypatch.setenv("AUTOGRADER_SECRET", "another")
    other = judge(lambda folder: None, "relu_forward", course=dataclasses.replace(course))
    assert other.seed != one.seed
    assert other.score == one.score


def test_a_model_of_other_data_is_open(judge: Judge) -> None:
    def change(folder: Path) -> None:
        path = folder / "models" / "part1.npz"
        with np.load(path) as file:
            arrays = dict(file)
        description = json.loads(arrays["description"].tobytes())
        description["data"] = "cifar10-0123456789abcdef"
        arrays["description"] = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
        np.savez(path, **arrays)

    (exercise,) = judge(change, "accuracy_part1").exercises
    assert exercise.outcome == "open"
    assert "trained on CIFAR-10" in exercise.message


@pytest.mark.parametrize(("part", "other", "sentence"), [(2, 1, "no gammas"), (3, 2, "no dropout")])
def test_a_model_without_what_its_part_is_about(
    judge: Judge, course: Course, tmp_path: Path, part: int, other: int, sentence: str
) -> None:
    """The submission holds another part's model, which is accurate enough; a student's own check says the same."""

    def change(folder: Path) -> None:
        (folder / "models").mkdir()
        relabelled(trained_model(course, course.parts[other - 1], True), folder / course.parts[part - 1].model, part)
        shutil.copytree(folder, own)

    own = tmp_path / "own"
    (exercise,) = judge(change, f"accuracy_part{part}", trained=False).exercises
    assert (exercise.outcome, exercise.score) == ("failed", 0)
    assert sentence in exercise.message
    program = f"from cs231n.checks import check; check('accuracy_part{part}')"
    said = subprocess.run([sys.executable, "-c", program], cwd=own, capture_output=True, text=True, check=False)
    assert sentence in said.stdout


def relabelled(model: Path, target: Path, part: int) -> None:
    """Copy a model's file, and let it say that it is another part's."""
    with np.load(model) as file:
        arrays = dict(file)
    description = {**json.loads(arrays["description"].tobytes()), "part": part}
    arrays["description"] = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    np.savez(target, **arrays)


def test_a_users_settings_for_pytest_have_no_say(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-v --no-such-option -k nothing")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    assert lost(judge(lambda folder: None, "affine_forward")) == {}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04."])
def test_a_broken_model_costs_only_its_own_points(judge: Judge, content: bytes) -> None:
    verdict = judge(lambda folder: (folder / "models" / "part1.npz").write_bytes(content), "adam", "accuracy_part1")  # type: ignore[arg-type, return-value]
    assert set(lost(verdict)) == {"accuracy_part1"}
    assert "not a file that save_model wrote" in lost(verdict)["accuracy_part1"].message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of git-lfs"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
        ((2).to_bytes(8, "little") + b"{}", "a safetensors file"),
        (zipped("archive/data.pkl", "archive/version"), "a file of torch.save"),
    ],
)
def test_a_model_of_another_kind_is_named_for_what_it_is(judge: Judge, content: bytes, words: str) -> None:
    verdict = judge(lambda folder: (folder / "models" / "part1.npz").write_bytes(content), "adam", "accuracy_part1")  # type: ignore[arg-type, return-value]
    assert set(lost(verdict)) == {"accuracy_part1"}
    assert words in lost(verdict)["accuracy_part1"].message


def test_a_model_alone_is_judged_for_nothing(judge: Judge) -> None:
    """What is missing is named, and none of it is the student's failure."""

    def alone(folder: Path) -> None:
        for path in folder.iterdir():
            if path.name != "models":
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    verdict = judge(alone, "adam", "accuracy_part1")
    assert {one.outcome for one in verdict.exercises} == {NOT_GRADED}
    said = [*verdict.problems, *(test.message for one in verdict.exercises for test in one.tests)]
    assert any("There is no cs231n package in the submission" in one for one in said)


def test_a_looked_up_test_set_is_flagged(judge: Judge, course: Course) -> None:
    """A model that has memorised the pictures gets its points, and a flag for the instructor."""
    cheat = (
        "\nclass FullyConnectedNet(FullyConnectedNet):\n"
        "    def loss(self, X, y=None):\n"
        "        h = np.abs(np.round(X[:, :, ::5, ::5] * 8)).reshape(len(X), -1) @ np.arange(1, 148)\n"
        "        out = np.zeros((len(X), 10)); out[np.arange(len(X)), [TABLE.get(int(v), 0) for v in h]] = 1\n"
        "        return out\n"
    )

    def change(folder: Path) -> None:
        import numpy as np

        with np.load(folder / "models" / "part1.npz") as file:
            mean = file["mean"]
        table = {}
        for pixels, labels in (course.kit.judged.test(), course.kit.judged.validation()):
            x = pixels.astype(np.float32) - mean
            keys = np.abs(np.round(x[:, :, ::5, ::5] * 8)).reshape(len(x), -1) @ np.arange(1, 148)
            table.update(zip(keys.astype(int).tolist(), labels.tolist(), strict=True))
        append("classifiers/fc_net.py", f"\nTABLE = {table}\n" + cheat)(folder)

    verdict = judge(change, "accuracy_part1")
    assert verdict.exercises[0].score == verdict.exercises[0].points, verdict.exercises[0].message
    assert any("memorised or looked up" in flag for flag in verdict.flags)


@pytest.mark.slow
@pytest.mark.long
def test_on_real_pictures(judge: Judge, course: Course, real: Path) -> None:
    """The reference on CIFAR-10: all results are the same, except the accuracy of the quickly trained model."""
    on_real = Course(course.root, real)
    for part in filter(lambda part: is_installed(course.assignment, part), course.parts):
        modules = [exercise.id for exercise in part.automatic if not exercise.id.startswith("accuracy")]
        assert lost(judge(lambda folder: None, *modules, course=on_real)) == {}


def test_a_fault_in_the_search_for_hints_costs_the_hints_alone(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> str:
        raise FileExistsError("ours")

    monkeypatch.setattr("autograder.judge.explain.hints", broken)
    wrong = "\ndef relu_forward(x):\n    return abs(x), x\n"
    verdict = judge(append("layers.py", wrong), "relu_forward")
    assert verdict.exercises[0].outcome == "failed"
    assert verdict.flags == ("The grader could not look for hints on relu_forward (FileExistsError).",)


def test_a_fault_of_ours_is_an_error_and_never_points(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our code raises an exception in the middle of an exercise whose first tests passed."""

    def broken(*args: object) -> str:
        raise FileExistsError("ours")

    monkeypatch.setattr("autograder.judge.plugin._unwritten", broken)
    wrong = "\ndef affine_backward(dout, cache):\n    x, w, b = cache\n    return (dout @ w.T).reshape(x.shape), 0 * w, 0 * b\n"
    (exercise,) = judge(append("layers.py", wrong), "affine_backward").exercises
    assert exercise.outcome == "error"
    assert exercise.score == 0
    assert len(exercise.tests) == 4
