"""Nets that write down what they do on a tape, and play the tape backwards."""

import numpy as np

from ..layers import *
from .model import Model


class Tape:
    """Each entry: a backward function, its cache, and the names of the gradients that it gives beside dx."""

    def __init__(self):
        self.entries = []

    def write(self, result, backward, *names):
        out, cache = result
        self.entries.append((backward, cache, names))
        return out

    def play_back(self, dout):
        grads = {}
        for backward, cache, names in reversed(self.entries):
            gradient = backward(dout, cache)
            dout, *others = gradient if names else (gradient,)
            grads.update(zip(names, others))
        return grads


def _regularise(loss, grads, params, reg):
    for name, value in params.items():
        if "W" in name:
            loss = loss + 0.5 * reg * np.sum(value**2)
            grads[name] = grads[name] + reg * value
    return loss, grads


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params, self.reg = {}, reg
        self.params["W1"] = np.random.normal(0, weight_scale, (input_dim, hidden_dim))
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        p, tape = self.params, Tape()
        hidden = tape.write(affine_forward(X, p["W1"], p["b1"]), affine_backward, "W1", "b1")
        active = tape.write(relu_forward(hidden), relu_backward)
        scores = tape.write(affine_forward(active, p["W2"], p["b2"]), affine_backward, "W2", "b2")
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        return _regularise(loss, tape.play_back(dscores), p, self.reg)


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
        self.normalization = normalization
        self.use_dropout = dropout != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        inputs, outputs = [input_dim, *hidden_dims], [*hidden_dims, num_classes]
        for i, (n_in, n_out) in enumerate(zip(inputs, outputs)):
            self.params[f"W{i + 1}"] = np.random.randn(n_in, n_out) * weight_scale
            self.params[f"b{i + 1}"] = np.zeros(n_out)
        for i, n_out in enumerate(hidden_dims if normalization else ()):
            self.params[f"gamma{i + 1}"] = np.ones(n_out)
            self.params[f"beta{i + 1}"] = np.zeros(n_out)
        for name in self.params:
            self.params[name] = self.params[name].astype(dtype)
        self.dropout_param = {"mode": "train", "p": dropout} if self.use_dropout else {}
        if self.use_dropout and seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} for _ in hidden_dims] if normalization else []

    def loss(self, X, y=None):
        mode = "test" if y is None else "train"
        self.dropout_param["mode"] = mode
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        p, tape = self.params, Tape()
        out = X.astype(self.dtype)
        for i in range(1, self.num_layers):
            W, b, gamma, beta = (f"{name}{i}" for name in ("W", "b", "gamma", "beta"))
            out = tape.write(affine_forward(out, p[W], p[b]), affine_backward, W, b)
            if self.normalization == "batchnorm":
                result = batchnorm_forward(out, p[gamma], p[beta], self.bn_params[i - 1])
                out = tape.write(result, batchnorm_backward, gamma, beta)
            elif self.normalization == "layernorm":
                result = layernorm_forward(out, p[gamma], p[beta], self.bn_params[i - 1])
                out = tape.write(result, layernorm_backward, gamma, beta)
            out = tape.write(relu_forward(out), relu_backward)
            if self.use_dropout:
                out = tape.write(dropout_forward(out, self.dropout_param), dropout_backward)
        W, b = f"W{self.num_layers}", f"b{self.num_layers}"
        scores = tape.write(affine_forward(out, p[W], p[b]), affine_backward, W, b)
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        return _regularise(loss, tape.play_back(dscores), p, self.reg)
