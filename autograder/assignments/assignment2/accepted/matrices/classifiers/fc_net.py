"""Nets as products of matrices, with ReLU and dropout as one matrix of factors."""

import numpy as np

from ..layers import *
from .model import Model


def _cross_entropy(scores, y):
    """Loss and gradient by the log of the sum of exponentials."""
    truth = np.eye(scores.shape[1])[y]
    top = scores.max(axis=1)
    logsum = top + np.log(np.exp(scores - np.outer(top, np.ones(scores.shape[1]))) @ np.ones(scores.shape[1]))
    loss = (logsum - (scores * truth) @ np.ones(scores.shape[1])).mean()
    return loss, (np.exp(scores - logsum[:, None]) - truth) / len(y)


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {
            "W1": np.random.standard_normal((input_dim, hidden_dim)) @ (weight_scale * np.eye(hidden_dim)),
            "W2": np.random.standard_normal((hidden_dim, num_classes)) @ (weight_scale * np.eye(num_classes)),
            "b1": np.zeros(hidden_dim),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        X, ones = X.reshape(len(X), -1), np.ones(len(X))
        A = X @ W1 + np.outer(ones, b1)
        gate = (A > 0) * 1.0
        scores = (A * gate) @ W2 + np.outer(ones, b2)
        if y is None:
            return scores
        loss, D = _cross_entropy(scores, y)
        loss += self.reg / 2 * (np.trace(W1.T @ W1) + np.trace(W2.T @ W2))
        B = (D @ W2.T) * gate
        grads = {"W1": X.T @ B + self.reg * W1, "W2": (A * gate).T @ D + self.reg * W2}
        return loss, {**grads, "b1": ones @ B, "b2": ones @ D}


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
        self.reg, self.dtype, self.num_layers = reg, dtype, 1 + len(hidden_dims)
        self.dropout_param = {"mode": "train", "p": dropout} if self.use_dropout else {}
        if seed is not None and self.use_dropout:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} if normalization == "batchnorm" else {} for _ in hidden_dims]
        self.params, shape = {}, [input_dim]
        for i, units in enumerate([*hidden_dims, num_classes], 1):
            shape = [shape[-1], units]
            self.params[f"W{i}"], self.params[f"b{i}"] = np.random.normal(0, weight_scale, shape), np.zeros(units)
            if normalization is not None and i <= len(hidden_dims):
                self.params[f"gamma{i}"], self.params[f"beta{i}"] = np.ones(units), np.zeros(units)
        self.params = {name: matrix.astype(dtype) for name, matrix in self.params.items()}

    def loss(self, X, y=None):
        p, L = self.params, self.num_layers
        train, keep, seed = y is not None, self.dropout_param.get("p", 1), self.dropout_param.get("seed")
        if seed is not None:
            np.random.seed(seed)
        H, factors, norms = [X.reshape(len(X), -1).astype(self.dtype)], [], []
        for i in range(1, L):
            A = H[-1] @ p[f"W{i}"] + p[f"b{i}"]
            if self.normalization == "batchnorm":
                self.bn_params[i - 1]["mode"] = "train" if train else "test"
                A, norm = batchnorm_forward(A, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])
                norms.append((batchnorm_backward_alt, norm))
            elif self.normalization == "layernorm":
                A, norm = layernorm_forward(A, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])
                norms.append((layernorm_backward, norm))
            factors.append((A > 0) * ((np.random.rand(*A.shape) < keep) / keep if train else 1.0))
            H.append(A * factors[-1])
        scores = (H[-1] @ p[f"W{L}"] + p[f"b{L}"]).astype(self.dtype)
        if not train:
            return scores
        loss, D = _cross_entropy(scores, y)
        loss += 0.5 * self.reg * sum(np.linalg.norm(p[f"W{i}"], "fro") ** 2 for i in range(1, L + 1))
        grads = {}
        for i in range(L, 0, -1):
            grads[f"W{i}"], grads[f"b{i}"] = H[i - 1].T @ D + self.reg * p[f"W{i}"], np.ones(len(D)) @ D
            if i > 1:
                D = (D @ p[f"W{i}"].T) * factors[i - 2]
                if norms:
                    backward, norm = norms[i - 2]
                    D, grads[f"gamma{i - 1}"], grads[f"beta{i - 1}"] = backward(D, norm)
        return loss, grads
