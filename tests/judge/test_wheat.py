"""Correct code in other styles gets full credit in the core tests, whatever it costs in special cases."""

from pathlib import Path

import pytest

from .conftest import Judge

pytestmark = pytest.mark.xdist_group("wheat")

VARIANTS = {
    "affine in loops": (
        "layers.py",
        "def affine_forward(x, w, b):\n"
        "    out = np.zeros((x.shape[0], w.shape[1]))\n"
        "    for n in range(x.shape[0]):\n"
        "        for m in range(w.shape[1]):\n"
        "            out[n, m] = np.sum(x[n].ravel() * w[:, m]) + b[m]\n"
        "    return out, (x, w, b)\n",
        ["affine_forward", "affine_backward", "two_layer_net"],
    ),
    "gradients by einsum, with a dimension kept": (
        "layers.py",
        "def affine_backward(dout, cache):\n"
        "    x, w, b = cache\n"
        "    dx = np.einsum('nm,dm->nd', dout, w).reshape(x.shape)\n"
        "    return dx, np.einsum('nd,nm->dm', x.reshape(x.shape[0], -1), dout), dout.sum(axis=0, keepdims=True)\n",
        ["affine_backward", "two_layer_net", "fully_connected_net"],
    ),
    "ReLU in place": (
        "layers.py",
        "def relu_forward(x):\n    return x * (x > 0), x\n"
        "def relu_backward(dout, cache):\n    dout[cache <= 0] = 0\n    return dout\n",
        ["relu_forward", "relu_backward", "two_layer_net", "fully_connected_net"],
    ),
    "another cache, another subgradient, extra arguments, prints": (
        "layers.py",
        "def relu_forward(x, verbose=True):\n    print('relu', x.shape)\n    out = np.where(x < 0, 0.0, x)\n    return out, {'mask': x >= 0}\n"
        "def relu_backward(dout, cache):\n    return np.multiply(dout, cache['mask'])\n",
        ["relu_forward", "relu_backward", "two_layer_net"],
    ),
    "update rules in place": (
        "optim.py",
        "def sgd_momentum(w, dw, config=None):\n"
        "    if config is None: config = {}\n"
        "    config.setdefault('learning_rate', 1e-2); config.setdefault('momentum', 0.9)\n"
        "    v = config.get('velocity', np.zeros_like(w))\n"
        "    v *= config['momentum']; v -= config['learning_rate'] * dw\n"
        "    w += v\n    config['velocity'] = v\n    return w, config\n",
        ["sgd_momentum", "learns_part1"],
    ),
    "epsilon inside the root": (
        "optim.py",
        "def rmsprop(w, dw, config=None):\n"
        "    if config is None: config = {}\n"
        "    c = config\n"
        "    for k, v in dict(learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros_like(w)).items(): c.setdefault(k, v)\n"
        "    c['cache'] = c['decay_rate'] * c['cache'] + (1 - c['decay_rate']) * dw * dw\n"
        "    return w - c['learning_rate'] * dw / np.sqrt(c['cache'] + c['epsilon'] ** 2), c\n",
        ["rmsprop"],
    ),
    "Adam with the corrections folded into the step": (
        "optim.py",
        "def adam(x, dx, config=None):\n"
        "    c = dict(config or {})\n"
        "    for k, v in dict(learning_rate=1e-3, beta1=.9, beta2=.999, epsilon=1e-8, m=0 * x, v=0 * x, t=0).items(): c.setdefault(k, v)\n"
        "    c['t'] += 1\n    c['m'] = c['beta1'] * c['m'] + (1 - c['beta1']) * dx\n"
        "    c['v'] = c['beta2'] * c['v'] + (1 - c['beta2']) * dx ** 2\n"
        "    root = np.sqrt(1 - c['beta2'] ** c['t'])\n"
        "    step = c['learning_rate'] * root / (1 - c['beta1'] ** c['t'])\n"
        "    return x - step * c['m'] / (np.sqrt(c['v']) + c['epsilon'] * root), c\n",
        ["adam"],
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_gets_full_core(judge: Judge, name: str) -> None:
    module, text, exercises = VARIANTS[name]

    def change(folder: Path) -> None:
        path = folder / "cs231n" / module
        path.write_text(path.read_text() + "\n" + text)

    for exercise in judge(change, *exercises).exercises:
        assert exercise.score >= 0.8 * exercise.points
        for test in exercise.tests:
            assert test.kind == "edge" or test.outcome == "passed", f"{test.name}: {test.message}"
