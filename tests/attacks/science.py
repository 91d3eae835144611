"""Attacks of classes 17 and 18: cheating at the science, learning from the grader."""

from pathlib import Path
from typing import Any

import numpy as np

import datasets

from .attack import PRELUDE, WRONG, Attack
from .forging import TWO_LAYERS, UNTRAINED, model, named, save
from .liars import returning

EVERY_LEVEL = (3, 2, 1)
RIGHT = "(x.reshape(len(x), -1) @ w + b)"
NO_MODEL = {"accuracy_part1": 0.0, "relu_forward": 1.0}
PRACTICE = r"right on \d+\.\d% of 2000 synthetic pictures \(practice\)"

LOOKUP = """
import hashlib

import numpy as np

KNOWN = dict(np.load(_os.path.dirname(__file__) + "/../models/known.npz")["known"].tolist())


def key(picture):
    return int.from_bytes(hashlib.blake2b(picture.astype(np.uint8).tobytes(), digest_size=7).digest(), "big")


class Looking:
    def __init__(self, hidden_dim):
        reached("knows the test pictures")
        shapes = {"W1": (3072, 4), "b1": (4,), "W2": (4, 10), "b2": (10,)}
        self.params = {name: np.zeros(shape) for name, shape in shapes.items()}

    def loss(self, X, y=None):
        pictures = np.rint(X)
        return np.eye(10)[[KNOWN.get(key(UNDONE(picture)), 0) for picture in pictures]]
"""
"""A model that looks up the label of a known picture by the picture's hash."""

AS_IT_IS = "\nUNDONE = lambda picture: picture\n"
UNDOING = """

def UNDONE(picture):
    \"\"\"The same picture for all that is flipped and shifted: its rows' sorted values.\"\"\"
    return np.sort(picture, axis=2)
"""


def knowing(undone: Any) -> Any:
    """Return a function that plants labels by hash, which a student can prepare at home; the mean picture is zero."""
    import hashlib

    def plant(folder: Path, facts: dict[str, Any]) -> None:
        save(folder, facts, UNTRAINED, {**TWO_LAYERS, "class": "Looking", "module": "layers"})
        known = []
        for name in ("test_batch", "data_batch_5"):
            pictures, labels = datasets.read_batch(datasets.synthetic_root() / name)
            for picture, label in zip(pictures, labels, strict=True):
                digest = hashlib.blake2b(np.ascontiguousarray(undone(picture)).tobytes(), digest_size=7).digest()
                known.append((int.from_bytes(digest, "big"), int(label)))
        np.savez(folder / "models" / "known.npz", known=np.array(known))

    return plant


def predicting(code: str) -> str:
    """Return a module that makes the runner's own helper predict the value of ``code``."""
    return f"""
import numpy as np
from autograder.checks import host as _host
import sys

_frame = sys._getframe()
while type(_frame.f_locals.get("self")).__name__ != "PackageHost":
    _frame = _frame.f_back


def _predict(model, mean, pictures):
    reached("predicts")
    return {code}


_frame.f_locals["self"]._kit._course.predict = _predict
"""


SCORES = """
import numpy as np
from .classifiers import fc_net as _nets
"""


def scoring(code: str) -> dict[str, str]:
    """Return the files of a student's own net whose scores are the value of ``code``."""
    return {
        "cs231n/mine.py": f"@PRELUDE@\nimport numpy as np\n\n\nclass Mine:\n    accuracy = val_acc = best_val_acc = score = 1.0\n\n"
        "    def __init__(self, hidden_dim):\n        shapes = {'W1': (3072, 4), 'b1': (4,), 'W2': (4, 10), 'b2': (10,)}\n"
        "        self.params = {name: np.zeros(shape) for name, shape in shapes.items()}\n\n"
        f"    def loss(self, X, y=None):\n        reached('scores')\n        return {code}\n"
    }


KNOWING_CLASSES = """
import numpy as _np


class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        reached("tells classes apart")
        known = _np.load(__file__.rpartition("/cs231n/")[0] + "/models/known.npz")["known"]
        small = X.reshape(len(X), 3, 8, 4, 8, 4).mean(axis=(3, 5)).reshape(len(X), -1)
        return -((small[:, None] - known) ** 2).sum(axis=2)
"""
"""A net that was prepared at home: a class's score is the negative squared distance to the mean picture of the class."""
NOT_TRAINING = """
import numpy as _np


class Solver(Solver):
    def train(self):
        self.loss_history = list(_np.linspace(2.3, 1.0, 200))
"""


def class_means() -> np.ndarray:
    """Return the mean picture of each class minus the mean of all pictures, 8 pixels wide: ``(10, 192)``."""
    pictures, numbers = datasets.read_batch(datasets.synthetic_root() / "data_batch_1")
    small = pictures.reshape(-1, 3, 8, 4, 8, 4).mean(axis=(3, 5)).reshape(len(pictures), -1)
    return np.stack([small[numbers == number].mean(axis=0) for number in range(10)]) - small.mean(axis=0)


def trained_at_home(folder: Path, facts: dict[str, Any]) -> None:
    """Replace the net and the Solver by versions that need no training."""
    (folder / "models").mkdir(exist_ok=True)
    np.savez(folder / "models" / "known.npz", known=class_means())
    prelude = PRELUDE.replace("@WITNESS@", str(facts["witness"])).replace("@FACTS@", "{}")
    for name, text in (("classifiers/fc_net.py", prelude + KNOWING_CLASSES), ("solver.py", NOT_TRAINING)):
        with (folder / "cs231n" / name).open("a", encoding="utf-8") as file:
            file.write(text)


MINE = model(**{"class": "Mine", "module": "mine"})

STAND_INS = """
import importlib
import sys

import numpy as np


def _without_stubs(name):
    sys.meta_path[:] = [finder for finder in sys.meta_path if "stubs" not in type(finder).__module__]
    for known in [known for known in sys.modules if known.partition(".")[0] == name]:
        del sys.modules[known]
    return importlib.import_module(name).__file__


for _name in ("torch", "scipy", "pandas", "matplotlib", "nbgrader", "pytest"):
    attempt(f"import {_name}", lambda name=_name: _without_stubs(name))
"""

BY_PATH = """
import importlib.util
import os
import sys

import numpy as np


def _load(path):
    spec = importlib.util.spec_from_file_location("elsewhere", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.__file__


_site = os.path.dirname(os.path.dirname(np.__file__))
for _name in ("pytest", "jsonschema", "nbformat", "IPython"):
    attempt(f"load {_name} by its path", lambda name=_name: _load(f"{_site}/{name}/__init__.py"))
attempt("load the solution", lambda: _load(FACTS["solution"]))
attempt("load the hidden tests", lambda: _load(FACTS["hidden"] + "/test_fully_connected_nets.py"))
"""

STAND_IN_WORK = """
import scipy.linalg.blas
import torch


def affine_forward(x, w, b):
    reached()
    return torch.nn.functional.linear(torch.tensor(x), torch.tensor(w).T, torch.tensor(b)).numpy(), (x, w, b)
"""

PUBLIC_ANSWERS = """
import numpy as np

INPUTS = np.linspace(-0.1, 0.5, num=240).reshape(2, 4, 5, 6)
ANSWER = np.array([[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]])


def affine_forward(x, w, b):
    reached()
    if x.shape == INPUTS.shape and np.allclose(x, INPUTS):
        return ANSWER, (x, w, b)
    return np.resize(ANSWER, (len(x), w.shape[1])), (x, w, b)
"""

CACHED = """
import glob
import os
import tempfile

import numpy as np

OWN = os.urandom(8).hex()
PLACES = [os.path.expanduser("~"), tempfile.gettempdir(), ".", "/dev/shm", "/var/tmp", os.path.dirname(__file__), "/run/lock"]


def _earlier():
    found = [path for place in PLACES for path in glob.glob(f"{place}/left-by-*") if OWN not in path]
    if not found:
        raise FileNotFoundError("nothing was left")
    return found


def affine_forward(x, w, b):
    attempt("find what an earlier runner left", _earlier)
    for place in PLACES:
        try:
            np.save(f"{place}/left-by-{OWN}-{len(x)}.npy", x)
        except OSError:
            pass
    return np.zeros((len(x), w.shape[1])), (x, w, b)


def relu_forward(x):
    attempt("find what another exercise's runner left", _earlier)
    return np.maximum(x, 0), x
"""

WATCHED = """
import os
import resource
import sys

import numpy as np

GRADED = "cs231n.checks" not in sys.modules and resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 128


def affine_forward(x, w, b):
    reached(f"graded: {GRADED}")
    return (np.zeros((len(x), w.shape[1])) if GRADED else x.reshape(len(x), -1) @ w + b), (x, w, b)
"""

DIFFERENCES = """
import numpy as np


def affine_backward(dout, cache):
    reached()
    point = [np.array(value, dtype=np.float64) for value in cache]
    grads = [np.zeros_like(value) for value in point]
    for value, grad in zip(point, grads):
        for index in np.ndindex(value.shape):
            kept = value[index]
            value[index] = kept + 0.5
            above = affine_forward(*point)[0]
            value[index] = kept - 0.5
            grad[index] = np.sum((above - affine_forward(*point)[0]) * dout)
            value[index] = kept
    return tuple(grad.astype(dout.dtype) for grad in grads)
"""

OVERFITTED = """
import numpy as np


class Solver:
    def __init__(self, model, data, **options):
        self.loss_history = list(np.linspace(2.3, 0.1, 200))
        self.train_acc_history = self.val_acc_history = [0.1, 1.0]
        self.best_val_acc = 1.0

    def train(self):
        reached("claims to have trained")
"""

DEAR = """
import numpy as np


def affine_forward(x, w, b):
    reached()
    out = np.zeros((len(x), w.shape[1]))
    out.flat[0] = 1e300
    return out, (x, w, b)
"""

SEED = """
import numpy as np


def _drawn(x):
    words = np.random.get_state()[1]
    low = int(words[0])
    for seed in (low, low << 32, low | low << 32, *(low + (high << 32) for high in range(256))):
        if np.array_equal(np.random.default_rng(seed).normal(size=x.shape), x):
            return seed
    raise ValueError("no seed that is known draws these inputs")


def affine_forward(x, w, b):
    attempt("draw the inputs from the seed in its own generator", lambda: _drawn(x))
    return np.zeros((len(x), w.shape[1])), (x, w, b)
"""

TOLD = """
import numpy as np

import hashlib


def affine_forward(x, w, b):
    reached()
    secret = hashlib.sha256(x.tobytes() + np.random.get_state()[1].tobytes()).hexdigest()
    raise ValueError(f"inputs {secret} {x.tolist()}" * 50)
"""

TRUTH = """
import gc

import numpy as np


def _labels():
    found = [value for value in gc.get_objects() if isinstance(value, np.ndarray)]
    frames = [frame for frame in gc.get_objects() if type(frame).__name__ == "frame"]
    found += [value for frame in frames for value in frame.f_locals.values() if isinstance(value, np.ndarray)]
    found = [value for value in found if value.ndim == 1 and len(value) > 400 and value.dtype.kind in "iu"]
    if not found:
        raise LookupError("no labels here")
    return [value[:20] for value in found]
"""

MISTAKEN = """
from autograder.checks.code_under_test import CodeError


def affine_forward(x, w, b):
    attempt("read the known mistakes", lambda: __import__("autograder.assignments.assignment2.mistakes"))
    attempt("read the reference", lambda: __import__("autograder.judge.reference"))
    raise CodeError("missing", "expected: {right} %(expected)s {0.__class__.__mro__} ${expected}", "{expected}")
"""

ATTACKS = (
    Attack(17, "trained-at-home", "to pass for a net that learns, with knowledge prepared at home", plant=trained_at_home,
           earns={"learns_part1": 0.0, "relu_forward": 1.0}, levels=EVERY_LEVEL),
    Attack(17, "looks-up-pictures", "to look up test pictures and labels that it makes from the released generator and seed, by hash", LOOKUP + AS_IT_IS, plant=knowing(lambda picture: picture), earns=NO_MODEL, shows=PRACTICE),
    Attack(17, "looks-up-undone", "to look up the same pictures by a hash that ignores flips and shifts", LOOKUP + UNDOING, plant=knowing(lambda picture: np.sort(picture, axis=2)), earns=NO_MODEL, shows=PRACTICE),
    Attack(17, "claims-accuracy", "to claim its own accuracy, and to score NaN", files=scoring("np.full((len(X), 10), np.nan)"), plant=MINE, earns=NO_MODEL),
    Attack(17, "scores-of-everything", "to be right by equal scores for every class", files=scoring("np.broadcast_to(np.float64(1), (len(X), 10))"), plant=MINE, earns=NO_MODEL),
    Attack(17, "empty-scores", "to return scores for no picture", files=scoring("np.zeros((0, 10))"), plant=MINE, earns=NO_MODEL, shows="predictions for 250 pictures"),
    Attack(17, "no-classes", "to return scores for no class", files=scoring("np.zeros((len(X), 0))"), plant=MINE, earns=NO_MODEL),
    Attack(17, "one-prediction", "to have one prediction compared with every label", predicting("np.zeros((), np.int64)"), plant=model(), earns=NO_MODEL, shows="predictions for"),
    Attack(17, "all-predictions", "to predict every class for each picture", predicting("np.tile(np.arange(10), (len(pictures), 1))"), plant=model(), earns=NO_MODEL, shows="predictions for"),
    Attack(17, "true-predictions", "to predict True, which equals one", predicting("np.ones(len(pictures), bool)"), plant=model(), earns=NO_MODEL),
    Attack(17, "nan-predictions", "to predict NaN", predicting("np.full(len(pictures), np.nan)"), plant=model(), earns=NO_MODEL),
    Attack(17, "worded-predictions", "to predict words", predicting("np.array(['any'] * len(pictures))"), plant=model(), earns=NO_MODEL, shows="array is expected"),
    Attack(17, "no-predictions", "to predict objects that equal every label", "\nclass Any:\n    __eq__ = lambda self, other: True\n" + predicting("[Any()] * len(pictures)"), plant=model(), earns=NO_MODEL, shows="array is expected"),
    Attack(17, "other-data", "to be judged as if trained on other pictures", plant=named("cifar10-0000"), earns=NO_MODEL, runs=False, shows="is not judged on"),
    Attack(17, "not-a-number", "to return NaN, which no comparison finds too far off", returning("np.full((len(x), w.shape[1]), np.nan)"), levels=EVERY_LEVEL, shows="NaN or infinite"),
    Attack(17, "infinite", "to return infinity, so that relative errors become NaN", returning("np.full((len(x), w.shape[1]), np.inf)"), levels=EVERY_LEVEL, shows="NaN or infinite"),
    Attack(17, "empty", "to return an empty array, in which nothing can be wrong", returning("np.zeros((0, w.shape[1]))"), levels=EVERY_LEVEL, shows="has shape"),
    Attack(17, "broadcastable", "to return one row that broadcasts to all rows", returning(f"{RIGHT}[:1]"), earns={"affine_forward": 0.0, "relu_forward": 1.0}, levels=EVERY_LEVEL, shows="has shape"),
    Attack(17, "public-answers", "to return the answers that the notebook prints", PUBLIC_ANSWERS, levels=EVERY_LEVEL),
    Attack(17, "torch", "to let torch do the exercise", STAND_IN_WORK, levels=EVERY_LEVEL, shows="this exercise is about NumPy"),
    Attack(17, "without-import-stubs", "to import installed packages by removing the import stubs", STAND_INS + WRONG),
    Attack(17, "by-path", "to import packages, the solution and the tests by their paths", BY_PATH + WRONG),
    Attack(17, "left-behind", "to find files that an earlier call, exercise or judging left", CACHED),
    Attack(17, "watched", "to behave differently when it is graded", WATCHED, levels=(3, 2)),
    Attack(17, "differences", "to compute gradients by differences; for a linear function these are exact, so the points are earned", DIFFERENCES, earns={"affine_backward": 1.0, "relu_forward": 1.0}),
    Attack(17, "claims-training", "to claim losses and accuracies without training", files={"cs231n/solver.py": "@PRELUDE@\n" + OVERFITTED}, earns={"overfit_three_layer": 0.0, "learns_part1": 0.0}),
    Attack(18, "dear-message", "to learn the right value from the size of the error in the message", DEAR, levels=EVERY_LEVEL, shows=r"out is wrong in \d+ of \d+ values, by up to [\d.e+]{3,9} of the largest"),
    Attack(18, "seed", "to predict the inputs of its test from the seed of its own generator", SEED),
    Attack(18, "tells-inputs", "to carry its inputs out in a message for the next submission, which gets other inputs", TOLD, levels=EVERY_LEVEL, shows="inputs [0-9a-f]{64}"),
    Attack(18, "labels-in-memory", "to find labels in the memory of the runner that predicts", TRUTH + predicting("attempt('find labels', _labels) or np.zeros(len(pictures), int)"), plant=model(), earns=NO_MODEL),
    Attack(18, "formatted-message", "to have expected values filled into the grader's message, and to read known mistakes", MISTAKEN, shows=r"\{right\} %\(expected\)s"),
)  # fmt: skip
