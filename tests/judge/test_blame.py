"""Which exercise is to blame for a failed test of another one: only the one that causes it."""

import numpy as np
import pytest

from autograder.assignment import Assignment
from autograder.checks.code_under_test import CodeUnderTest
from autograder.checks.host import Local
from autograder.judge.composed import OtherForm, composed
from autograder.judge.reference import reference
from tests.assignment2 import ASSIGNED

from .conftest import Judge, all_of, append, lost

pytestmark = pytest.mark.xdist_group("verdicts")
UNKNOWN = "\n_right_{0} = {0}\ndef {0}(*args):\n    answers = list(_right_{0}(*args))\n    answers[{1}] = answers[{1}] * {2}\n    return tuple(answers)\n"
"""A function with an answer that is wrong by a factor, which no known mistake gives."""
PICTURES_ONLY = (
    "\n_right_affine = affine_forward\ndef affine_forward(x, w, b):\n    out, cache = _right_affine(x, w, b)\n"
    "    return (out * 1.37 if x.ndim > 2 else out), cache\n"
)
"""A function that is wrong for pictures, which the nets' tests do not use."""
NET_SHIFTED = (
    "\n_right_loss = TwoLayerNet.loss\ndef _loss(self, X, y=None):\n    found = _right_loss(self, X, y)\n"
    "    return found + 0.37 if y is None else (found[0] + 0.37, found[1])\nTwoLayerNet.loss = _loss\n"
)


def test_a_layer_with_an_unknown_mistake_is_blamed_by_the_judges_own_net(judge: Judge) -> None:
    verdict = judge(append("layers.py", UNKNOWN.format("affine_backward", 1, 1.37)), "affine_backward", "two_layer_net")
    assert all(not test.hint for test in lost(verdict)["affine_backward"].tests)
    said = [test.message for test in lost(verdict)["two_layer_net"].tests if test.outcome == "failed"]
    assert said
    assert all(message.startswith("This test runs on affine_backward, which is not right yet") for message in said)


def test_a_layer_that_is_wrong_elsewhere_is_not_blamed(judge: Judge) -> None:
    """The net's own mistake is the cause, although a layer on which it runs is broken."""
    change = all_of(append("layers.py", PICTURES_ONLY), append("classifiers/fc_net.py", NET_SHIFTED))
    verdict = judge(change, "affine_forward", "two_layer_net")
    assert set(lost(verdict)) == {"affine_forward", "two_layer_net"}
    core = [test for test in lost(verdict)["two_layer_net"].tests if test.kind == "core" and test.outcome == "failed"]
    assert core
    assert not any("runs on" in test.message for test in core)


def test_a_layer_is_blamed_for_its_backward_pass_only_where_it_is_wrong_there(judge: Judge) -> None:
    """The forward pass is wrong for pictures, and the backward pass has a mistake of its own."""
    backward = UNKNOWN.format("affine_backward", 2, 1.37)
    verdict = judge(append("layers.py", PICTURES_ONLY + backward), "affine_forward", "affine_backward")
    said = {test.name: test.message for test in lost(verdict)["affine_backward"].tests if test.outcome == "failed"}
    assert "runs on" not in said["affine_backward_rows"]
    assert "runs on affine_forward" in said["affine_backward_pictures"]


def test_what_a_runner_did_not_survive_is_blamed_for_what_ends_in_the_same_way(judge: Judge) -> None:
    verdict = judge(
        append("layers.py", "\ndef relu_forward(x):\n    while True: pass\n"), "relu_forward", "two_layer_net"
    )
    assert "runs on relu_forward" in lost(verdict)["two_layer_net"].message


@pytest.fixture
def assignment() -> Assignment:
    return ASSIGNED


class Wrong(Local):
    """The reference whose affine layer forgets its bias, or gives another shape."""

    def __init__(self, shape: bool = False) -> None:
        super().__init__(reference(ASSIGNED).host)
        self.shape, self.asked = shape, 0

    def call(self, target: object, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        answer = super().call(target, args, kwargs)
        if target == "layers.affine_forward":
            self.asked += 1
            out = answer[0] - args[2]  # type: ignore[index]
            return (out[None] if self.shape else out), answer[1]  # type: ignore[index]
        return answer


def test_the_composition_runs_on_the_students_functions(assignment: Assignment) -> None:
    x, w, b = np.ones((2, 3)), np.ones((3, 4)), np.arange(4.0)
    student = Wrong()
    with composed(assignment, student, ["affine_forward", "affine_backward", "no_function"]) as backend:
        code = CodeUnderTest(backend)
        out, cache = code.layers.affine_forward(x, w, b)
        np.testing.assert_allclose(out, np.full((2, 4), 3.0))
        _, _, db = code.layers.affine_backward(np.ones((2, 4)), cache)  # on the student's own cache
        np.testing.assert_allclose(db, np.full(4, 2.0))
        net = code.classifiers.fc_net.TwoLayerNet(3, 5, 4)
        net.params["b1"] = np.full(5, 7.0)
        np.testing.assert_allclose(net.loss(x), np.zeros((2, 4)), atol=0.1)  # without the bias, all is nearly zero
    assert student.asked == 3


def test_the_composition_looks_at_shapes_before_it_computes(assignment: Assignment) -> None:
    with composed(assignment, Wrong(shape=True), ["affine_forward"]) as backend, pytest.raises(OtherForm):
        CodeUnderTest(backend).layers.affine_forward(np.ones((2, 3)), np.ones((3, 4)), np.ones(4))


class Hostile(Local):
    """The reference, which puts running averages of a vast shape into bn_param."""

    def fetch(self, target: object) -> object:
        found = super().fetch(target)
        return {**found, "running_mean": np.zeros((10**6, 1))} if isinstance(found, dict) else found


def test_the_composition_looks_at_what_a_function_leaves_in_a_dictionary(assignment: Assignment) -> None:
    x, gamma = np.ones((2, 3)), np.ones(3)
    student = Hostile(reference(assignment).host)
    with composed(assignment, student, ["batchnorm_forward"]) as backend, pytest.raises(OtherForm):
        CodeUnderTest(backend).layers.batchnorm_forward(x, gamma, gamma, {"mode": "train"})


def test_batch_normalisation_keeps_its_averages_in_a_composition(assignment: Assignment) -> None:
    right = reference(assignment)
    with composed(assignment, right, ["batchnorm_forward", "batchnorm_backward"]) as backend:
        x, y = np.random.default_rng(1).normal(size=(6, 3)), np.array([0, 1, 2, 0, 1, 2])
        losses = []
        for one in (backend, right):
            one.seed(3)
            net = CodeUnderTest(one).classifiers.fc_net.FullyConnectedNet(
                [5], input_dim=3, num_classes=3, normalization="batchnorm", dtype=np.float64
            )
            net.loss(x, y)
            losses.append(net.loss(x))
    np.testing.assert_allclose(*losses)
