"""Attacks of class 17 that are whole programs: they do something else than the exercise, and look as if they did it."""

from pathlib import Path
from typing import Any

import numpy as np

from .attack import PRELUDE, Attack
from .science import class_means

ZEROS = """
import numpy as np


def dropout_backward(dout, cache):
    reached()
    return np.zeros_like(dout)
"""

HARDLY_ANY = """
import numpy as np


def dropout_forward(x, dropout_param):
    reached()
    out = np.zeros_like(x)
    out.flat[0] = x.flat[0] / dropout_param["p"]
    return out, dropout_param["p"]


def dropout_backward(dout, cache):
    dx = np.zeros_like(dout)
    dx.flat[0] = dout.flat[0] / cache
    return dx
"""

DROPS_NOTHING = """
import numpy as np


class FullyConnectedNet(FullyConnectedNet):
    def loss(self, X, y=None):
        reached("drops nothing")
        scores = super().loss(X)
        if y is None:
            return scores
        return 2.302585, {name: np.zeros_like(value) for name, value in self.params.items()}
"""

ALL_AT_ONCE = """
import gc

import numpy as np

_known = {}


def _slowly(x, w, b, conv_param):
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    out = np.empty((len(x), len(w), *x.shape[2:]), x.dtype)
    for n, f, i, j in np.ndindex(out.shape):
        out[n, f, i, j] = np.sum(padded[n, :, i : i + 3, j : j + 3] * w[f]) + b[f]
    return out


_usual = conv_forward_fast


def conv_forward_fast(x, w, b, conv_param):
    if len(x) != 6:
        return _usual(x, w, b, conv_param)
    reached("computes all that it finds")
    for other in [one for one in gc.get_objects() if isinstance(one, dict)]:
        for value in list(other.values()):
            if isinstance(value, np.ndarray) and value.shape == x.shape and id(value) not in _known:
                _known[id(value)] = _slowly(value, w, b, conv_param)
    if id(x) not in _known:
        _known[id(x)] = _slowly(x, w, b, conv_param)
    return _known[id(x)], None
"""

FILTERING = """
import numpy as _np


class FullyConnectedNet(FullyConnectedNet):
    _votes = _np.eye(10)

    def patterns(self, X):
        reached("filters")
        known = _np.load(__file__.rpartition("/cs231n/")[0] + "/models/known.npz")["known"]
        small = X.reshape(len(X), 3, 8, 4, 8, 4).mean(axis=(3, 5)).reshape(len(X), -1)
        scores = small @ (known / _np.linalg.norm(known, axis=1, keepdims=True)).T
        return (scores - scores.mean(axis=0)) / scores.std(axis=0)

    def loss(self, X, y=None):
        return self.patterns(X) @ self._votes
"""
"""A net that knows the mean pictures of the released classes, and learns only which of them has which number."""
NAMING = """
import numpy as _np


class Solver(Solver):
    def train(self):
        scores, y = self.model.patterns(self.X_train), self.y_train
        self.model._votes = _np.stack([_np.bincount(y[scores[:, k] > 1], minlength=10) for k in range(10)]).astype(float)
        self.model._votes -= self.model._votes.mean(axis=0)
        self.loss_history = list(_np.linspace(2.3, 1.0, 200))
"""


def appending(**modules: str) -> Any:
    """Return a function that appends code to modules of the package; their names have a dot in place of a slash."""

    def plant(folder: Path, facts: dict[str, Any]) -> None:
        prelude = PRELUDE.replace("@WITNESS@", str(facts["witness"])).replace("@FACTS@", "{}")
        for name, code in modules.items():
            with (folder / "cs231n" / f"{name.replace('__', '/')}.py").open("a", encoding="utf-8") as file:
                file.write(prelude + code)

    return plant


def filtering(folder: Path, facts: dict[str, Any]) -> None:
    """Replace the net and the Solver by a matched filter on the released patterns."""
    (folder / "models").mkdir(exist_ok=True)
    np.savez(folder / "models" / "known.npz", known=class_means())
    appending(classifiers__fc_net=FILTERING, solver=NAMING)(folder, facts)


NO_DROPOUT = {"dropout_backward": 0.0, "dropout_forward": 1.0}
NO_NET = {"fully_connected_net_dropout": 0.0, "dropout_forward": 1.0}
SLOW = {"conv_extension": round(0.8 + 0.2 * 11 / 12, 4), "conv_forward_naive": 1.0}
"""Of twelve edge and speed tests of ``conv_extension``, the one of the speed fails."""

ATTACKS = (
    Attack(17, "no-gradient", "to return a gradient of zeros, against which its own zeros are compared", ZEROS, earns=NO_DROPOUT),
    Attack(17, "keeps-one-number", "to drop all numbers but one, so that a gradient of zeros is right", HARDLY_ANY, earns={"dropout_backward": 0.0, "dropout_forward": 0.0}),
    Attack(17, "drops-nothing", "to have a constant loss and gradients of zeros compared with each other", plant=appending(classifiers__fc_net=DROPS_NOTHING), earns=NO_NET),
    Attack(17, "all-at-once", "to convolve all batches slowly before the first is timed", plant=appending(fast_layers=ALL_AT_ONCE), earns=SLOW, shows="times as fast as a loop"),
    Attack(17, "matched-filter", "to tell classes apart by the released patterns, and to learn only their numbers", plant=filtering, earns={"learns_part1": 0.0, "relu_forward": 1.0}),
)  # fmt: skip
