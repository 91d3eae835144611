"""Nets as lists of layer objects, made anew for each batch."""

import numpy as np

from ..layers import *
from .model import Model


def _run(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def _train(layers, scores, y, weights, reg):
    loss, dout = softmax_loss(scores, y)
    for layer in layers[::-1]:
        dout = layer.backward(dout)
    return loss + 0.5 * reg * sum(np.sum(W**2) for W in weights)


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg, self.params = reg, {}
        for i, (a, b) in enumerate([(input_dim, hidden_dim), (hidden_dim, num_classes)], start=1):
            self.params["W%d" % i] = np.random.normal(scale=weight_scale, size=(a, b))
            self.params["b%d" % i] = np.zeros(b)

    def loss(self, X, y=None):
        p = self.params
        layers = [Affine(p["W1"], p["b1"]), ReLU(), Affine(p["W2"], p["b2"])]
        scores = _run(layers, X)
        if y is None:
            return scores
        loss = _train(layers, scores, y, (p["W1"], p["W2"]), self.reg)
        grads = {}
        for i, layer in ((1, layers[0]), (2, layers[2])):
            grads["W%d" % i] = layer.dw + self.reg * layer.w
            grads["b%d" % i] = layer.db
        return loss, grads


class Normalised:
    """One of the two normalisations, through the functions, which look after the running averages."""

    def __init__(self, kind, gamma, beta, param):
        self.forward_function = {"batchnorm": batchnorm_forward, "layernorm": layernorm_forward}[kind]
        self.backward_function = {"batchnorm": batchnorm_backward, "layernorm": layernorm_backward}[kind]
        self.args = (gamma, beta, param)

    def forward(self, x):
        out, self.cache = self.forward_function(x, *self.args)
        return out

    def backward(self, dout):
        dx, self.dgamma, self.dbeta = self.backward_function(dout, self.cache)
        return dx


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
        self.reg, self.dtype, self.num_layers = float(reg), dtype, len(hidden_dims) + 1
        self.params = {}
        fan_in = input_dim
        for i, units in enumerate([*hidden_dims, num_classes], start=1):
            self.params["W%d" % i] = np.random.normal(scale=weight_scale, size=(fan_in, units)).astype(dtype)
            self.params["b%d" % i] = np.zeros(units, dtype=dtype)
            if normalization and i < self.num_layers:
                self.params["gamma%d" % i] = np.ones(units, dtype=dtype)
                self.params["beta%d" % i] = np.zeros(units, dtype=dtype)
            fan_in = units
        self.dropout_param = {"p": dropout, "seed": seed} if self.use_dropout else {}
        self.bn_params = [{} for _ in hidden_dims] if normalization else []

    def _layers(self, mode):
        p = self.params
        for i in range(1, self.num_layers):
            yield Affine(p["W%d" % i], p["b%d" % i])
            if self.normalization:
                self.bn_params[i - 1]["mode"] = mode
                yield Normalised(self.normalization, p["gamma%d" % i], p["beta%d" % i], self.bn_params[i - 1])
            yield ReLU()
            if self.use_dropout:
                yield Dropout({**self.dropout_param, "mode": mode})
        yield Affine(p["W%d" % self.num_layers], p["b%d" % self.num_layers])

    def loss(self, X, y=None):
        x = X.astype(self.dtype)
        layers = []
        for layer in self._layers("test" if y is None else "train"):
            x = layer.forward(x)
            layers.append(layer)
        if y is None:
            return x
        affine = [layer for layer in layers if isinstance(layer, Affine)]
        loss = _train(layers, x, y, [layer.w for layer in affine], self.reg)
        grads = {}
        for i, layer in enumerate(affine, start=1):
            grads["W%d" % i], grads["b%d" % i] = layer.dw + self.reg * layer.w, layer.db
        for i, layer in enumerate([layer for layer in layers if isinstance(layer, Normalised)], start=1):
            grads["gamma%d" % i], grads["beta%d" % i] = layer.dgamma, layer.dbeta
        return loss, grads
