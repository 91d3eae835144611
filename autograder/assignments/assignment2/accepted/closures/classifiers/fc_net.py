"""Nets that call themselves for the rest of their layers."""

import numpy as np

from ..layers import *
from .model import Model


def _scores(X, layers, finish):
    """Go through the layers; at the end `finish` takes the scores. Gradients come back through the calls' returns.

    A layer is a pair: a function of x, which returns out and its backward function, and the gradients' names.
    """
    if not layers:
        return finish(X)
    (layer, names), *rest = layers
    out, backward = layer(X)
    result = _scores(out, rest, finish)
    if not isinstance(result, tuple):
        return result  # scores: nothing comes back
    loss, dout, grads = result
    gradients = backward(dout)
    gradients = gradients if names else (gradients,)
    return loss, gradients[0], {**grads, **dict(zip(names, gradients[1:]))}


def _finish(y):
    return lambda scores: scores if y is None else (*softmax_loss(scores, y), {})


def _regularised(result, params, reg):
    if not isinstance(result, tuple):
        return result
    loss, _, grads = result
    weights = {name: value for name, value in params.items() if name.startswith("W")}
    loss = loss + reg / 2 * sum(float(np.vdot(W, W)) for W in weights.values())
    return loss, {**grads, **{name: grads[name] + reg * W for name, W in weights.items()}}


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        draw = lambda *shape: weight_scale * np.random.randn(*shape)
        self.reg = reg
        self.params = {"W1": draw(input_dim, hidden_dim), "W2": draw(hidden_dim, num_classes)}
        self.params |= {"b1": np.zeros(hidden_dim), "b2": np.zeros(num_classes)}

    def loss(self, X, y=None):
        p = self.params
        layers = [
            (lambda x: affine_forward(x, p["W1"], p["b1"]), ("W1", "b1")),
            (relu_forward, ()),
            (lambda x: affine_forward(x, p["W2"], p["b2"]), ("W2", "b2")),
        ]
        return _regularised(_scores(X, layers, _finish(y)), p, self.reg)


class FullyConnectedNet(Model):
    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self.normalization, self.use_dropout = normalization, dropout != 1
        self.reg, self.dtype = reg, dtype
        self.num_layers = 1 + len(hidden_dims)
        self.dropout_param = {"p": dropout, **({} if seed is None else {"seed": seed})} if self.use_dropout else {}
        self.bn_params = [{} for _ in hidden_dims] if normalization else []

        def build(i, size, following):
            if not following:
                return {}
            mine = {f"W{i}": weight_scale * np.random.randn(size, following[0]), f"b{i}": np.zeros(following[0])}
            if normalization and len(following) > 1:
                mine |= {f"gamma{i}": np.ones(following[0]), f"beta{i}": np.zeros(following[0])}
            return mine | build(i + 1, *following[:1], following[1:])

        made = build(1, input_dim, [*hidden_dims, num_classes])
        self.params = {name: value.astype(dtype) for name, value in made.items()}

    def _layers(self, mode):
        def affine(i):
            return lambda x: affine_forward(x, self.params[f"W{i}"], self.params[f"b{i}"])

        def norm(i):
            forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
            self.bn_params[i - 1]["mode"] = mode
            gamma, beta = self.params[f"gamma{i}"], self.params[f"beta{i}"]
            return lambda x: forward(x, gamma, beta, self.bn_params[i - 1])

        for i in range(1, self.num_layers):
            yield affine(i), (f"W{i}", f"b{i}")
            if self.normalization:
                yield norm(i), (f"gamma{i}", f"beta{i}")
            yield relu_forward, ()
            if self.use_dropout:
                yield lambda x: dropout_forward(x, {**self.dropout_param, "mode": mode}), ()
        yield affine(self.num_layers), (f"W{self.num_layers}", f"b{self.num_layers}")

    def loss(self, X, y=None):
        layers = list(self._layers("test" if y is None else "train"))
        result = _scores(X.astype(self.dtype), layers, _finish(y))
        return _regularised(result, self.params, self.reg)
