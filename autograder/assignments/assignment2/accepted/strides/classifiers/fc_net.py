"""Nets of sandwiches, with the alternative backward pass and dropout in front of the ReLU."""

import numpy as np

from .. import layers as L
from .model import Model


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        draw = np.random.RandomState(np.random.randint(2**31)).standard_normal
        self.params = {"W1": draw((input_dim, hidden_dim)), "W2": draw((hidden_dim, num_classes))}
        self.params = {name: W * weight_scale for name, W in self.params.items()}
        self.params["b1"], self.params["b2"] = np.zeros(hidden_dim), np.zeros(num_classes)

    def loss(self, X, y=None):
        h, c1 = L.affine_forward(X, self.params["W1"], self.params["b1"])
        h, c2 = L.relu_forward(h)
        scores, c3 = L.affine_forward(h, self.params["W2"], self.params["b2"])
        if y is None:
            return scores
        loss, d = L.softmax_loss(scores, y)
        d, dW2, db2 = L.affine_backward(d, c3)
        _, dW1, db1 = L.affine_backward(L.relu_backward(d, c2), c1)
        grads = dict(W1=dW1, b1=db1, W2=dW2, b2=db2)
        for name in ("W1", "W2"):
            W = self.params[name]
            loss, grads[name] = loss + np.vdot(W, W) * self.reg / 2, grads[name] + self.reg * W
        return loss, grads


def _hidden_forward(net, i, h):
    p = net.params
    h, c1 = L.affine_forward(h, p["W%d" % i], p["b%d" % i])
    c2 = None
    if net.normalization == "batchnorm":
        h, c2 = L.batchnorm_forward(h, p["gamma%d" % i], p["beta%d" % i], net.bn_params[i - 1])
    if net.normalization == "layernorm":
        h, c2 = L.layernorm_forward(h, p["gamma%d" % i], p["beta%d" % i], {})
    c3 = None
    if net.use_dropout:  # in front of the ReLU: the same
        h, c3 = L.dropout_forward(h, net.dropout_param)
    h, c4 = L.relu_forward(h)
    return h, (c1, c2, c3, c4)


def _hidden_backward(net, i, d, cache, grads):
    c1, c2, c3, c4 = cache
    d = L.relu_backward(d, c4)
    if net.use_dropout:
        d = L.dropout_backward(d, c3)
    if net.normalization == "batchnorm":
        d, grads["gamma%d" % i], grads["beta%d" % i] = L.batchnorm_backward_alt(d, c2)
    elif net.normalization:
        d, grads["gamma%d" % i], grads["beta%d" % i] = L.layernorm_backward(d, c2)
    d, dw, grads["b%d" % i] = L.affine_backward(d, c1)
    grads["W%d" % i] = dw + net.reg * net.params["W%d" % i]
    return d


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
        self.num_layers = len(hidden_dims) + 1
        dims = [input_dim, *hidden_dims, num_classes]
        W = [np.random.normal(0, weight_scale, shape) for shape in zip(dims[:-1], dims[1:])]
        values = {"W%d" % i: matrix for i, matrix in enumerate(W, 1)}
        values |= {"b%d" % i: np.zeros(dim) for i, dim in enumerate(dims[1:], 1)}
        if normalization:
            values |= {"gamma%d" % i: np.ones(dim) for i, dim in enumerate(hidden_dims, 1)}
            values |= {"beta%d" % i: np.zeros(dim) for i, dim in enumerate(hidden_dims, 1)}
        self.params = {name: value.astype(dtype) for name, value in values.items()}
        self.dropout_param = {"mode": "train", "p": dropout, "seed": seed} if self.use_dropout else {}
        self.bn_params = [{"mode": "train"} for _ in hidden_dims] if normalization == "batchnorm" else []

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        h, caches, last = X, [], self.num_layers
        for i in range(1, last):
            h, cache = _hidden_forward(self, i, h)
            caches.append(cache)
        scores, top = L.affine_forward(h, self.params["W%d" % last], self.params["b%d" % last])
        if mode == "test":
            return scores
        loss, d = L.softmax_loss(scores, y)
        loss += self.reg / 2 * sum((v * v).sum() for k, v in self.params.items() if k[0] == "W")
        grads = {}
        d, grads["W%d" % last], grads["b%d" % last] = L.affine_backward(d, top)
        grads["W%d" % last] = grads["W%d" % last] + self.reg * self.params["W%d" % last]
        while caches:
            d = _hidden_backward(self, len(caches), d, caches.pop(), grads)
        return loss, grads
