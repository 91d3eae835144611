"""Nets that compute in the type that they are told, with small functions of their own."""

import numpy as np

from .model import Model


def _softmax(scores, y):
    shifted = scores - scores.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    totals = weights.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = np.mean(np.log(totals)[:, 0] - shifted[rows, y])
    dscores = weights / totals
    dscores[rows, y] -= 1
    return loss, dscores / len(y)


def _norm_backward(dout, xhat, std, gamma, axis):
    d = dout * gamma
    dx = d - d.mean(axis=axis, keepdims=True) - xhat * (d * xhat).mean(axis=axis, keepdims=True)
    return dx / std, (dout * xhat).sum(axis=0), dout.sum(axis=0)


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {
            "W1": weight_scale * np.random.randn(input_dim, hidden_dim).astype(np.float32),
            "b1": np.zeros(hidden_dim, dtype=np.float32),
            "W2": weight_scale * np.random.randn(hidden_dim, num_classes).astype(np.float32),
            "b2": np.zeros(num_classes, dtype=np.float32),
        }

    def loss(self, X, y=None):
        W1, b1, W2, b2 = self.params["W1"], self.params["b1"], self.params["W2"], self.params["b2"]
        X = X.reshape(len(X), -1)
        hidden = np.maximum(X @ W1 + b1, 0)
        scores = hidden @ W2 + b2
        if y is None:
            return scores
        loss, dscores = _softmax(scores, y)
        loss += 0.5 * self.reg * ((W1**2).sum() + (W2**2).sum())
        dhidden = dscores @ W2.T
        dhidden[hidden == 0] = 0
        grads = {"W1": X.T @ dhidden + self.reg * W1, "b1": dhidden.sum(axis=0)}
        grads.update({"W2": hidden.T @ dscores + self.reg * W2, "b2": dscores.sum(axis=0)})
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
        self.normalization, self.dropout, self.seed = normalization, dropout, seed
        self.use_dropout = dropout != 1
        self.dtype, self.reg = dtype, np.dtype(dtype).type(reg)
        self.num_layers = len(hidden_dims) + 1
        self.params, self.bn_params, self.dropout_param = {}, [], {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
        sizes = [input_dim, *hidden_dims, num_classes]
        for i, (above, below) in enumerate(zip(sizes, sizes[1:]), start=1):
            self.params[f"W{i}"] = (np.random.standard_normal((above, below)) * weight_scale).astype(dtype)
            self.params[f"b{i}"] = np.zeros(below, dtype=dtype)
            if normalization and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(below, dtype=dtype)
                self.params[f"beta{i}"] = np.zeros(below, dtype=dtype)
                zeros = {"running_mean": np.zeros(below, dtype=dtype), "running_var": np.zeros(below, dtype=dtype)}
                self.bn_params.append({"mode": "train", **zeros} if normalization == "batchnorm" else {})

    def _normalise(self, i, x, train):
        if self.normalization == "layernorm":
            mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
        elif train:
            mean, var = x.mean(axis=0), x.var(axis=0)
            kept = self.bn_params[i - 1]
            kept["running_mean"] = 0.9 * kept["running_mean"] + 0.1 * mean
            kept["running_var"] = 0.9 * kept["running_var"] + 0.1 * var
        else:
            mean, var = self.bn_params[i - 1]["running_mean"], self.bn_params[i - 1]["running_var"]
        std = np.sqrt(var + 1e-5)
        return (x - mean) / std, std

    def loss(self, X, y=None):
        params, train = self.params, y is not None
        if train and self.use_dropout and self.seed is not None:
            np.random.seed(self.seed)
        x = X.reshape(len(X), -1).astype(self.dtype)
        steps = []
        for i in range(1, self.num_layers):
            step = {"x": x}
            x = x @ params[f"W{i}"] + params[f"b{i}"]
            if self.normalization:
                step["hat"], step["std"] = self._normalise(i, x, train)
                x = params[f"gamma{i}"] * step["hat"] + params[f"beta{i}"]
            step["mask"] = (x > 0).astype(self.dtype)
            if train and self.use_dropout:
                step["mask"] *= (np.random.rand(*x.shape) < self.dropout) / np.dtype(self.dtype).type(self.dropout)
            x = x * step["mask"]
            steps.append(step)
        scores = x @ params[f"W{self.num_layers}"] + params[f"b{self.num_layers}"]
        if not train:
            return scores
        loss, d = _softmax(scores, y)
        steps.append({"x": x})
        grads = {}
        for i in range(self.num_layers, 0, -1):
            step = steps[i - 1]
            if "mask" in step:
                d = d * step["mask"]
            if "hat" in step:
                axis = 0 if self.normalization == "batchnorm" else 1
                d, dgamma, dbeta = _norm_backward(d, step["hat"], step["std"], params[f"gamma{i}"], axis)
                grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma, dbeta
            W = params[f"W{i}"]
            grads[f"W{i}"], grads[f"b{i}"] = step["x"].T @ d + self.reg * W, d.sum(axis=0)
            loss += 0.5 * self.reg * (W * W).sum()
            d = d @ W.T
        return loss, grads
