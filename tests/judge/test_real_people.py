"""What real people hand in: right work in unusual forms gets its points, and a mistake costs its own exercise only.

Each case is made from the reference. A case of the first kind keeps all points, one of the second only core tests.
"""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from autograder.course import Course
from autograder.sandbox import profiles
from autograder.verdict import FAILED, PASSED, ExerciseResult

from .conftest import Change, Judge, lost

pytestmark = pytest.mark.xdist_group("verdicts")
LAYERS, NET = "layers.py", "classifiers/fc_net.py"


def edited(*edits: tuple[str, str, str]) -> Change:
    """Return a change of texts in files of the package: file, old text, new text."""

    def change(folder: Path) -> None:
        for file, old, new in edits:
            path = folder / "cs231n" / file
            text = path.read_text()
            assert old in text, old
            path.write_text(text.replace(old, new))

    return change


def on_top(text: str, file: str = LAYERS) -> Change:
    """Return a change that puts lines at the top of a module."""

    def change(folder: Path) -> None:
        path = folder / "cs231n" / file
        path.write_text(text + "\n" + path.read_text())

    return change


def failed_kinds(exercise: ExerciseResult) -> set[str]:
    return {test.kind for test in exercise.tests if test.outcome == FAILED}


SQUARE = {
    "convolution of square pictures and filters": (
        edited(
            (LAYERS, "    (n, _, height, width), (filters, _, hh, ww) = x.shape, w.shape",
             "    (n, _, height, _), (filters, _, hh, _) = x.shape, w.shape\n    width, ww = height, hh"),
        ),
        "conv_forward_naive",
    ),
    "convolution with a padding of 1": (edited((LAYERS, '"""Forward pass of a convolutional', 'r"""Forward pass of a convolutional'), (LAYERS, '(n, _, height, width), (filters, _, hh, ww) = x.shape, w.shape', '(n, _, height, width), (filters, _, hh, ww) = x.shape, w.shape\n    pad = 1')), "conv_forward_naive"),
    "gradient of a convolution of square pictures": (
        edited((LAYERS, "    for i in range(dout.shape[2]):\n        for j in range(dout.shape[3]):\n            place = np.s_[:, :, i * stride : i * stride + hh, j * stride : j * stride + ww]\n            dw", "    for i in range(dout.shape[2]):\n        for j in range(dout.shape[2]):\n            place = np.s_[:, :, i * stride : i * stride + hh, j * stride : j * stride + ww]\n            dw")),
        "conv_backward_naive",
    ),
    "gradient of a convolution whose padding is cut off from behind": (
        edited((LAYERS, "dx = dpadded[:, :, pad : pad + height, pad : pad + width]", "dx = dpadded[:, :, pad:-pad, pad:-pad]")),
        "conv_backward_naive",
    ),
    "pooling with square windows": (
        edited((LAYERS, 'hh, ww, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]\n    n,', 'hh, ww, stride = pool_param["pool_height"], pool_param["pool_height"], pool_param["stride"]\n    n,')),
        "max_pool_forward_naive",
    ),
    "pooling of square pictures": (
        edited((LAYERS, "1 + (height - hh) // stride, 1 + (width - ww) // stride", "1 + (height - hh) // stride, 1 + (height - ww) // stride")),
        "max_pool_forward_naive",
    ),
    "gradient of pooling without overlap": (
        edited((LAYERS, "dx[place] += largest", "dx[place] = largest")), "max_pool_backward_naive",
    ),
    "spatial batch normalisation of square pictures": (
        edited((LAYERS, "out = columns.reshape(n, height, width, channels)", "out = columns.reshape(n, height, height, channels)")),
        "spatial_batchnorm_forward",
    ),
    "group normalisation of square pictures": (
        edited((LAYERS, "normalised = (centred / std).reshape(x.shape)", "normalised = (centred / std).reshape(*x.shape[:3], x.shape[2])")),
        "spatial_groupnorm_forward",
    ),
}  # fmt: skip
EPSILON = {
    "batch normalisation without epsilon": (edited((LAYERS, "std = np.sqrt(variance + eps)", "std = np.sqrt(variance)")), "batchnorm_forward"),
    "batch normalisation with epsilon beside the root": (edited((LAYERS, "std = np.sqrt(variance + eps)", "std = np.sqrt(variance) + eps")), "batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt", "spatial_batchnorm_forward", "spatial_batchnorm_backward", "fully_connected_net_batchnorm"),
    "test mode without epsilon": (edited((LAYERS, "np.sqrt(running_var + eps)", "np.sqrt(running_var)")), "batchnorm_forward", "fully_connected_net_batchnorm"),
    "test mode with epsilon beside the root": (edited((LAYERS, "np.sqrt(running_var + eps)", "(np.sqrt(running_var) + eps)")), "batchnorm_forward", "fully_connected_net_batchnorm"),
    "layer normalisation without epsilon": (edited((LAYERS, "std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)", "std = np.sqrt((centred**2).mean(axis=1, keepdims=True))")), "layernorm_forward", "layernorm_backward", "fully_connected_net_layernorm"),
    "layer normalisation with epsilon beside the root": (edited((LAYERS, "std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)", "std = np.sqrt((centred**2).mean(axis=1, keepdims=True)) + eps")), "layernorm_forward", "layernorm_backward", "fully_connected_net_layernorm"),
    "group normalisation with epsilon beside the root": (edited((LAYERS, "std = np.sqrt((centred**2).mean(axis=2, keepdims=True) + eps)", "std = np.sqrt((centred**2).mean(axis=2, keepdims=True)) + eps")), "spatial_groupnorm_forward", "spatial_groupnorm_backward"),
    "rmsprop with epsilon under the root": (edited(("optim.py", "(np.sqrt(cache) + config[\"epsilon\"])", "np.sqrt(cache + config[\"epsilon\"])")), "rmsprop"),
}  # fmt: skip


@pytest.mark.parametrize("case", [*SQUARE, *EPSILON])
def test_right_in_the_usual_case_keeps_core_tests(judge: Judge, case: str) -> None:
    change, *exercises = {**SQUARE, **EPSILON}[case]
    for exercise in exercises:
        (found,) = judge(change, exercise).exercises
        assert failed_kinds(found) <= {"edge"}, [(test.name, test.message) for test in found.tests]
        assert found.score < found.points or exercise != exercises[0] or "rmsprop" in case


MASKS = {
    "unscaled": ("mask = (np.random.rand(*x.shape) < p) / p", "mask = np.random.rand(*x.shape) < p"),
    "keep and drop swapped": ("(np.random.rand(*x.shape) < p) / p", "(np.random.rand(*x.shape) > p) / (1 - p)"),
    "comparison swapped": ("(np.random.rand(*x.shape) < p) / p", "(np.random.rand(*x.shape) > p) / p"),
    "normal numbers": ("np.random.rand(*x.shape) < p", "np.random.randn(*x.shape) < p"),
    "multiplied by p": ("(np.random.rand(*x.shape) < p) / p", "(np.random.rand(*x.shape) < p) * p"),
    "scaled in test mode": ("        out = x\n", "        out = x * p\n"),
}


@pytest.mark.parametrize("case", MASKS)
def test_a_mistake_in_dropout_costs_only_its_own_exercise(judge: Judge, case: str) -> None:
    change = edited((LAYERS, *MASKS[case]))
    verdict = judge(change, "dropout_forward", "dropout_backward", "fully_connected_net_dropout")
    assert set(lost(verdict)) == {"dropout_forward"}, [
        (t.name, t.message) for e in verdict.exercises for t in e.tests if t.message
    ]


@pytest.mark.parametrize(
    "case",
    [("mask = (np.random.rand(*x.shape) < p) / p", "mask = np.ones(x.shape)"), ("out = x * mask", "out = 0 * x")],
)
def test_a_forward_pass_that_drops_nothing_or_all_earns_nothing(judge: Judge, case: tuple[str, str]) -> None:
    verdict = judge(edited((LAYERS, *case)), "dropout_forward", "dropout_backward", "fully_connected_net_dropout")
    for exercise in verdict.exercises:
        assert "core" in failed_kinds(exercise)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("loss += 0.5 * self.reg * np.sum(W**2)\n            grads[f\"W{i}\"]", "loss += self.reg * np.sum(W**2)\n            grads[f\"W{i}\"]"),
        ("grads[f\"W{i}\"] += self.reg * W", "grads[f\"W{i}\"] += 2 * self.reg * W"),
        ("for i in range(1, self.num_layers + 1):\n            W = params", "for i in range(1, self.num_layers):\n            W = params"),
    ],
)  # fmt: skip
def test_a_mistake_in_regularisation_counts_once(judge: Judge, old: str, new: str) -> None:
    change = edited((NET, old, new))
    (plain,) = judge(change, "fully_connected_net").exercises
    assert "core" in failed_kinds(plain)
    for exercise in ("fully_connected_net_batchnorm", "fully_connected_net_layernorm", "fully_connected_net_dropout"):
        (found,) = judge(change, exercise).exercises
        assert failed_kinds(found) <= {"edge"}


OLD = {
    "np.int": "N = np.array([3.0]).astype(np.int)[0]",
    "np.float": "EPS = np.float(1e-5)",
    "np.product": "D = np.product((3, 4))",
    "np.in1d": "found = np.in1d([1], [1, 2])",
    "np.mat": "M = np.asarray(np.mat([[1.0]]))",
    "np.Inf": "LARGE = np.Inf",
    "np.asscalar": "ONE = np.asscalar(np.array([1.0]))",
    "np.lib.pad": "P = np.lib.pad(np.ones((2, 2)), ((1, 1), (1, 1)), 'constant')",
    "np.reshape(newshape=...)": "R = np.reshape(np.ones(4), newshape=(2, 2))",
    "ndarray.ptp": "SPAN = np.arange(3.0).ptp()",
    "xrange": "for _ in xrange(2):\n    pass",
    "reduce": "S = reduce(lambda a, b: a * b, [1, 2])",
    "long": "L = long(3)",
    "basestring": "T = isinstance('a', basestring)",
    "dict.iteritems": "for key, value in {'a': 1}.iteritems():\n    pass",
    "dict.has_key": "H = {'a': 1}.has_key('a')",
    "itertools.izip": "import itertools\nI = list(itertools.izip([1], [2]))",
    "time.clock": "import time\nC = time.clock()",
    "collections.Iterable": "from collections import Iterable",
}


@pytest.mark.parametrize("name", OLD)
def test_names_that_were_dropped_are_there_for_the_submission(judge: Judge, name: str) -> None:
    verdict = judge(on_top("import numpy as np\n" + OLD[name]), "affine_forward")
    assert not lost(verdict), verdict.exercises[0].message
    (note,) = [problem for problem in verdict.problems if "older versions" in problem]
    assert f"{name} (now: " in note


def test_an_instructor_may_be_strict(judge: Judge, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = replace(course.assignment, settings=structs.replace(course.assignment.settings, strict=True))
    usual = profiles.for_judging
    assert not usual(strict, course.parts[0]).older_names
    monkeypatch.setattr(profiles, "for_judging", lambda _, part: usual(strict, part))
    verdict = judge(on_top("import numpy as np\n" + OLD["np.int"]), "affine_forward")
    assert "NumPy 2 no longer has np.int: use int." in verdict.exercises[0].message
    assert verdict.score == 0


def test_modules_under_their_old_names(judge: Judge) -> None:
    verdict = judge(
        on_top("import cPickle as pickle\nfrom StringIO import StringIO\nfrom imp import reload\npickle.dumps(1)"),
        "affine_forward",
    )
    assert not lost(verdict), verdict.exercises[0].message


ABSENT = {
    "skimage": "from skimage import io, transform\nimport skimage.color as color",
    "tqdm": "from tqdm import tqdm, trange\nfrom tqdm.notebook import tqdm as bar\nassert list(tqdm([1, 2], desc='x')) == [1, 2]\nassert list(trange(2)) == [0, 1]\nprogress = bar(range(2), total=2)\nassert [i for i in progress] == [0, 1]\nprogress.set_description('y')\nwith tqdm(total=3) as t:\n    t.update(1)",
    "tnrange": "from tqdm import tnrange, tqdm_notebook\nassert list(tnrange(3)) == [0, 1, 2]\nassert list(tqdm_notebook([4])) == [4]",
    "anything": "import my_favourite_tools\nfrom some.place.far import away",
    "a fallback": "try:\n    import cupy_or_other as np\nexcept ImportError:\n    import numpy as np",
    "a type checker's import": "from typing import TYPE_CHECKING\nimport nptyping",
}


@pytest.mark.parametrize("case", ABSENT)
def test_packages_that_are_absent_and_not_needed(judge: Judge, case: str) -> None:
    verdict = judge(on_top(ABSENT[case]), "affine_forward", "relu_forward")
    assert not lost(verdict), verdict.exercises[0].message


def test_a_package_that_is_absent_and_used_is_named(judge: Judge) -> None:
    change = edited(
        (
            LAYERS,
            "out = x.reshape(len(x), -1) @ w + b",
            "import skimage\n    out = skimage.dot(x.reshape(len(x), -1), w) + b",
        )
    )
    (exercise,) = judge(change, "affine_forward").exercises
    assert exercise.score == 0
    assert "skimage.dot is not available while grading" in exercise.message


def test_a_module_of_ones_own_that_is_not_there_is_said(judge: Judge) -> None:
    (exercise,) = judge(on_top("from layer_utils import affine_relu_forward"), "affine_forward").exercises
    assert "No module named 'layer_utils'" in exercise.message


@pytest.mark.parametrize("name", ["batchnorm", "layernorm"])
def test_a_comparison_by_identity_works_as_at_home(judge: Judge, name: str) -> None:
    change = edited((NET, f'self.normalization == "{name}"', f'self.normalization is "{name}"'))
    assert not lost(judge(change, f"fully_connected_net_{name}"))


def test_gradients_with_an_axis_too_many_keep_core_tests(judge: Judge) -> None:
    change = edited((LAYERS, "db = dout.sum(axis=0)", "db = dout.sum(axis=0, keepdims=True)"))
    for exercise in ("affine_backward", "two_layer_net", "fully_connected_net"):
        (found,) = judge(change, exercise).exercises
        assert failed_kinds(found) <= {"edge"}, [(t.name, t.message) for t in found.tests]
        assert found.outcome != PASSED


def test_a_gradient_in_a_net_has_its_parameters_shape(judge: Judge) -> None:
    change = edited(
        (
            NET,
            "        return loss, grads",
            "        grads = {k: v[None] if k.startswith('b') else v for k, v in grads.items()}\n        return loss, grads",
        )
    )
    for exercise in (
        "two_layer_net",
        "fully_connected_net",
        "fully_connected_net_batchnorm",
        "fully_connected_net_layernorm",
        "fully_connected_net_dropout",
    ):
        (found,) = judge(change, exercise).exercises
        assert failed_kinds(found) == {"edge"}, (exercise, [(t.name, t.message) for t in found.tests if t.message])


STOPS = {
    "breakpoint()": "",
    "pdb.set_trace()": "import pdb",
    "set_trace()": "from IPython.core.debugger import set_trace",
    "ipdb.set_trace()": "import ipdb",
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_stop_for_the_debugger_that_was_left_in(judge: Judge, stop: str) -> None:
    def change(folder: Path) -> None:
        on_top(STOPS[stop])(folder)
        edited(
            (LAYERS, "    out = x.reshape(len(x), -1) @ w + b", f"    {stop}\n    out = x.reshape(len(x), -1) @ w + b")
        )(folder)

    assert not lost(judge(change, "affine_forward", "two_layer_net"))


def emptied(*functions: str) -> Change:
    """Return a change that leaves functions as an untouched file of 2018 has them: they return None."""

    def change(folder: Path) -> None:
        for path in [*(folder / "cs231n").glob("*.py"), *(folder / "cs231n" / "classifiers").glob("*.py")]:
            tree = ast.parse(path.read_text())
            found = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name in functions]
            for function in found:
                returned = [node for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
                if not returned:
                    continue
                names = [ast.unparse(node.value).strip("()") for node in returned if node.value][-1].split(", ")
                if not all(name.isidentifier() for name in names):
                    continue
                lines = [f"{name} = {'{}' if name == 'grads' else '0.0' if name == 'loss' else None}" for name in names]
                function.body = ast.parse("\n".join([*lines, "pass", f"return {', '.join(names)}"])).body
            if found:
                path.write_text(ast.unparse(tree))

    return change


@pytest.mark.parametrize(
    ("function", "exercise"),
    [
        ("affine_forward", "affine_forward"),
        ("relu_backward", "relu_backward"),
        ("batchnorm_backward_alt", "batchnorm_backward_alt"),
        ("layernorm_backward", "layernorm_backward"),
        ("conv_backward_naive", "conv_backward_naive"),
        ("max_pool_forward_naive", "max_pool_forward_naive"),
        ("adam", "adam"),
        ("rmsprop", "rmsprop"),
    ],
)
def test_what_is_not_written_yet_is_called_that(judge: Judge, function: str, exercise: str) -> None:
    (found,) = judge(emptied(function), exercise).exercises
    assert found.score == 0
    failed = {(test.message, test.hint) for test in found.tests if test.outcome == FAILED}
    assert failed == {(f"{function} is not written yet.", "")}


def test_a_loss_that_is_not_written_yet_is_called_that(judge: Judge) -> None:
    (found,) = judge(edited((NET, "        return loss, grads", "        return 0.0, {}")), "two_layer_net").exercises
    assert "not written yet" not in found.message  # it computes scores
    (found,) = judge(emptied("loss"), "two_layer_net").exercises
    messages = {test.message for test in found.tests if test.outcome == FAILED}
    assert messages == {"TwoLayerNet.loss is not written yet."}


def test_an_extension_that_does_not_build_is_not_to_blame(judge: Judge) -> None:
    """The course's own stands in for it."""

    def change(folder: Path) -> None:
        edited(("im2col_cython.pyx", "// stride + 1", "// step + 1"))(folder)
        edited(("classifiers/cnn.py", "return loss, grads", "return 2 * loss, grads"))(folder)

    verdict = judge(change, "conv_extension", "three_layer_convnet")
    assert set(lost(verdict)) == {"conv_extension", "three_layer_convnet"}
    assert "has a relative error of 1." in lost(verdict)["three_layer_convnet"].message
    assert "runs on conv_extension" not in lost(verdict)["three_layer_convnet"].message


def test_what_is_not_set_is_nobody_elses_fault(judge: Judge) -> None:
    def change(folder: Path) -> None:
        edited((NET, "        return loss, grads", "        return 2 * loss, grads"))(folder)
        path = folder / "FullyConnectedNets.ipynb"
        path.write_text(path.read_text().replace("learning_rate_3", "rate_three"))

    verdict = judge(change, "fully_connected_net", "overfit_three_layer")
    (found,) = [one for one in verdict.exercises if one.id == "overfit_three_layer"]
    assert found.message.startswith("learning_rate_3 is not set in the notebook")


def test_what_is_missing_is_said_with_its_place(judge: Judge) -> None:
    change = edited((NET, 'self.params[f"gamma{i}"] = np.ones(dims[i])', "pass"))
    (found,) = judge(change, "fully_connected_net_batchnorm").exercises
    assert "There is no 'gamma1' in params of the FullyConnectedNet." in found.message


@pytest.mark.parametrize(("version", "flagged"), [("3.99.1", True), ("3.11.0", False), ("", False), ("new", False)])
def test_syntax_of_a_newer_python_is_flagged(judge: Judge, version: str, flagged: bool) -> None:
    def change(folder: Path) -> None:
        on_top("type Number = = float")(folder)
        path = folder / "FullyConnectedNets.ipynb"
        content = json.loads(path.read_text())
        content["metadata"]["language_info"] = {"name": "python", "version": version}
        path.write_text(json.dumps(content))

    verdict = judge(change, "affine_forward")
    assert any("Python 3.99" in flag for flag in verdict.flags) is flagged
    assert any("not the student's fault" in problem for problem in verdict.problems) is flagged
