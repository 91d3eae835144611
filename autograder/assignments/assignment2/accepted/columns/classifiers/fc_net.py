"""Nets whose weights and biases are one matrix on the way through."""

import numpy as np

from ..layers import *
from .model import Model


def _columns(x):
    return np.column_stack([x, np.ones(len(x), dtype=x.dtype)])


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        numbers = np.random.normal(0, weight_scale, input_dim * hidden_dim + hidden_dim * num_classes)
        first, second = np.split(numbers, [input_dim * hidden_dim])
        self.params = {"W1": first.reshape(input_dim, hidden_dim), "W2": second.reshape(hidden_dim, num_classes)}
        self.params.update(b1=np.zeros(hidden_dim), b2=np.zeros(num_classes))

    def loss(self, X, y=None):
        top = np.vstack([self.params["W1"], self.params["b1"]])
        bottom = np.vstack([self.params["W2"], self.params["b2"]])
        x1 = _columns(X.reshape(len(X), -1))
        a = x1 @ top
        x2 = _columns(np.where(a > 0, a, 0))
        scores = x2 @ bottom
        if y is None:
            return scores
        loss, ds = softmax_loss(scores, y)
        loss += 0.5 * self.reg * sum(np.linalg.norm(M[:-1]) ** 2 for M in (top, bottom))
        dbottom = x2.T @ ds
        dtop = x1.T @ np.where(a > 0, (ds @ bottom.T)[:, :-1], 0)
        for dM, M in ((dtop, top), (dbottom, bottom)):
            dM[:-1] += self.reg * M[:-1]
        return loss, {"W1": dtop[:-1], "b1": dtop[-1], "W2": dbottom[:-1], "b2": dbottom[-1]}


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
        self.normalization, self.reg, self.dtype = normalization, reg, dtype
        self.use_dropout = dropout != 1
        self.num_layers = len(hidden_dims) + 1
        self.params = {}
        sizes = np.array([input_dim] + list(hidden_dims) + [num_classes])
        for i, shape in enumerate(np.column_stack([sizes[:-1], sizes[1:]]), start=1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(*shape)
            self.params[f"b{i}"] = np.zeros(shape[1])
            if normalization and i < self.num_layers:
                self.params[f"gamma{i}"], self.params[f"beta{i}"] = np.ones(shape[1]), np.zeros(shape[1])
        self.params = {k: v.astype(dtype) for k, v in self.params.items()}
        self.dropout_param = {"mode": "train", "p": dropout} if self.use_dropout else {}
        if self.use_dropout and seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} for _ in hidden_dims] if normalization else []

    def loss(self, X, y=None):
        mode = "test" if y is None else "train"
        for param in [self.dropout_param, *self.bn_params]:
            param["mode"] = mode
        x = X.astype(self.dtype).reshape(len(X), -1)
        last, tape = self.num_layers, []
        for i in range(1, last + 1):
            ones = _columns(x)
            x = ones @ np.vstack([self.params[f"W{i}"], self.params[f"b{i}"]])
            norm_cache, relu_cache, dropout_cache = None, None, None
            if i < last:
                if self.normalization:
                    norm = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
                    args = (self.params[f"gamma{i}"], self.params[f"beta{i}"], self.bn_params[i - 1])
                    x, norm_cache = norm(x, *args)
                x, relu_cache = relu_forward(x)
                if self.use_dropout:
                    x, dropout_cache = dropout_forward(x, self.dropout_param)
            tape.append((i, ones, norm_cache, relu_cache, dropout_cache))
        if y is None:
            return x
        loss, d = softmax_loss(x, y)
        weights = np.concatenate([self.params[f"W{i}"].ravel() for i in range(1, last + 1)])
        loss += 0.5 * self.reg * weights.dot(weights)
        grads = {}
        for i, ones, norm_cache, relu_cache, dropout_cache in tape[::-1]:
            if dropout_cache is not None:
                d = dropout_backward(d, dropout_cache)
            if relu_cache is not None:
                d = relu_backward(d, relu_cache)
            if norm_cache is not None:
                norm = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
                d, dgamma, dbeta = norm(d, norm_cache)
                grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma.ravel(), dbeta.ravel()
            dM = ones.T @ d
            grads[f"W{i}"], grads[f"b{i}"] = dM[:-1] + self.reg * self.params[f"W{i}"], dM[-1]
            d = d @ self.params[f"W{i}"].T
        return loss, grads
