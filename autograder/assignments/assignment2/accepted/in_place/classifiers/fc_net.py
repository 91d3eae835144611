"""Nets that add to their gradients in place."""

import numpy as np

from ..layer_utils import *
from ..layers import *
from .model import Model


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        self.params["W1"] = np.random.randn(input_dim, hidden_dim)
        self.params["W2"] = np.random.randn(hidden_dim, num_classes)
        self.params["W1"] *= weight_scale
        self.params["W2"] *= weight_scale
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        out, hidden = affine_relu_forward(X, self.params["W1"], self.params["b1"])
        out, last = affine_forward(out, self.params["W2"], self.params["b2"])
        if y is None:
            return out
        grads = {}
        loss, dout = softmax_loss(out, y)
        loss += 0.5 * self.reg * (np.sum(self.params["W1"] ** 2) + np.sum(self.params["W2"] ** 2))
        dout, grads["W2"], grads["b2"] = affine_backward(dout, last)
        dout, grads["W1"], grads["b1"] = affine_relu_backward(dout, hidden)
        grads["W1"] += self.reg * self.params["W1"]
        grads["W2"] += self.reg * self.params["W2"]
        return loss, grads


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
        self.normalization, self.use_dropout, self.reg, self.dtype = normalization, dropout != 1, reg, dtype
        self.params, self.dropout_param, self.bn_params = {}, {}, []
        last = input_dim
        layer = 0
        for size in hidden_dims:
            layer += 1
            self.params["W%d" % layer] = np.random.normal(size=(last, size))
            self.params["b%d" % layer] = np.zeros(size)
            if normalization:
                self.params["gamma%d" % layer] = np.ones(size)
                self.params["beta%d" % layer] = np.zeros(size)
                self.bn_params.append({"mode": "train"} if normalization == "batchnorm" else {})
            last = size
        self.num_layers = layer + 1
        self.params["W%d" % self.num_layers] = np.random.normal(size=(last, num_classes))
        self.params["b%d" % self.num_layers] = np.zeros(num_classes)
        for name, value in self.params.items():
            if name[0] == "W":
                value *= weight_scale
            self.params[name] = value.astype(dtype)
        if self.use_dropout:
            self.dropout_param.update(mode="train", p=dropout)
            if seed is not None:
                self.dropout_param.update(seed=seed)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        self.dropout_param["mode"] = "test" if y is None else "train"
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = self.dropout_param["mode"]
        caches, out = [], X
        for i in range(1, self.num_layers):
            out, cache = affine_forward(out, self.params["W%d" % i], self.params["b%d" % i])
            caches.append(cache)
            if self.normalization:
                forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
                gamma, beta = self.params["gamma%d" % i], self.params["beta%d" % i]
                out, cache = forward(out, gamma, beta, self.bn_params[i - 1])
                caches.append(cache)
            out, cache = relu_forward(out)
            caches.append(cache)
            if self.use_dropout:
                out, cache = dropout_forward(out, self.dropout_param)
                caches.append(cache)
        i = self.num_layers
        scores, cache = affine_forward(out, self.params["W%d" % i], self.params["b%d" % i])
        if y is None:
            return scores
        loss, dout = softmax_loss(scores, y)
        grads = {}
        dout, grads["W%d" % i], grads["b%d" % i] = affine_backward(dout, cache)
        while i > 1:
            i -= 1
            if self.use_dropout:
                dout = dropout_backward(dout, caches.pop())
            dout = relu_backward(dout, caches.pop())
            if self.normalization:
                backward = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
                dout, grads["gamma%d" % i], grads["beta%d" % i] = backward(dout, caches.pop())
            dout, grads["W%d" % i], grads["b%d" % i] = affine_backward(dout, caches.pop())
        for name, value in grads.items():
            if name[0] == "W":
                value += self.reg * self.params[name]
                loss += 0.5 * self.reg * np.sum(np.square(self.params[name]))
        return loss, grads
