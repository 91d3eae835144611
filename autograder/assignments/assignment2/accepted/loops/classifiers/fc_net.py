"""Nets over naive layers, with regularisation weight by weight."""

import numpy as np

from ..layers import *
from .model import Model


def regularise(loss, grads, params, reg):
    for name in params:
        if name.startswith("W"):
            for i in range(params[name].shape[0]):
                for j in range(params[name].shape[1]):
                    loss += 0.5 * reg * params[name][i, j] ** 2
                    grads[name][i, j] += reg * params[name][i, j]
    return loss, grads


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {"W1": np.zeros((input_dim, hidden_dim)), "W2": np.zeros((hidden_dim, num_classes))}
        for name in ("W1", "W2"):
            for where in np.ndindex(self.params[name].shape):
                self.params[name][where] = np.random.normal(0, weight_scale)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        a, cache_a = affine_forward(X, self.params["W1"], self.params["b1"])
        h, cache_h = relu_forward(a)
        scores, cache_s = affine_forward(h, self.params["W2"], self.params["b2"])
        if y is None:
            return scores
        loss, ds = softmax_loss(scores, y)
        grads = {}
        dh, grads["W2"], grads["b2"] = affine_backward(ds, cache_s)
        da = relu_backward(dh, cache_h)
        dx, grads["W1"], grads["b1"] = affine_backward(da, cache_a)
        return regularise(loss, grads, self.params, self.reg)


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
        before = input_dim
        for i in range(len(hidden_dims)):
            n = str(i + 1)
            self.params["W" + n] = np.random.normal(0, weight_scale, (before, hidden_dims[i])).astype(dtype)
            self.params["b" + n] = np.zeros(hidden_dims[i], dtype=dtype)
            if normalization is not None:
                self.params["gamma" + n] = np.ones(hidden_dims[i], dtype=dtype)
                self.params["beta" + n] = np.zeros(hidden_dims[i], dtype=dtype)
            before = hidden_dims[i]
        n = str(self.num_layers)
        self.params["W" + n] = np.random.normal(0, weight_scale, (before, num_classes)).astype(dtype)
        self.params["b" + n] = np.zeros(num_classes, dtype=dtype)

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        if normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        p, L = self.params, self.num_layers
        out = X
        affine_caches, norm_caches, relu_caches, dropout_caches = {}, {}, {}, {}
        for i in range(1, L):
            out, affine_caches[i] = affine_forward(out, p[f"W{i}"], p[f"b{i}"])
            if self.normalization == "batchnorm":
                out, norm_caches[i] = batchnorm_forward(out, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])
            if self.normalization == "layernorm":
                out, norm_caches[i] = layernorm_forward(out, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])
            out, relu_caches[i] = relu_forward(out)
            if self.use_dropout:
                out, dropout_caches[i] = dropout_forward(out, self.dropout_param)
        scores, affine_caches[L] = affine_forward(out, p[f"W{L}"], p[f"b{L}"])
        if mode == "test":
            return scores

        loss, dout = softmax_loss(scores, y)
        grads = {}
        dout, grads[f"W{L}"], grads[f"b{L}"] = affine_backward(dout, affine_caches[L])
        for i in range(L - 1, 0, -1):
            if self.use_dropout:
                dout = dropout_backward(dout, dropout_caches[i])
            dout = relu_backward(dout, relu_caches[i])
            if self.normalization == "batchnorm":
                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = batchnorm_backward(dout, norm_caches[i])
            if self.normalization == "layernorm":
                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = layernorm_backward(dout, norm_caches[i])
            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, affine_caches[i])
        return regularise(loss, grads, p, self.reg)
