"""Nets that compute their layers themselves; in the deep one examples come last, and a matrix takes the means away."""

import numpy as np

from ..layers import *
from .model import Model

NORMS = {  # how a centring matrix is applied, squares are summed up, and a number for each sum is multiplied in
    "batchnorm": ("hm,mn->hn", "hn,hn->h", "hn,h->hn"),
    "layernorm": ("gn,gh->hn", "hn,hn->n", "hn,n->hn"),
}


class TwoLayerNet(Model):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        sizes = (input_dim, hidden_dim, num_classes)
        self.reg, self.params = reg, {}
        for i in (1, 2):
            self.params[f"W{i}"] = np.random.randn(sizes[i - 1], sizes[i]) * weight_scale
            self.params[f"b{i}"] = np.zeros((sizes[i],))

    def loss(self, X, y=None):
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        X = X.reshape(len(X), -1)
        h = np.einsum("nd,dh->nh", X, W1) + b1
        h = h * (h > 0)
        scores = np.einsum("nh,hc->nc", h, W2) + b2
        if y is None:
            return scores
        e = np.exp(scores - scores.max(1)[:, None])
        probs = np.einsum("nc,n->nc", e, 1 / np.einsum("nc->n", e))
        truth = np.eye(scores.shape[1])[y]
        loss = -np.log(np.einsum("nc,nc->n", probs, truth)).mean()
        loss += 0.5 * self.reg * (np.einsum("dh,dh->", W1, W1) + np.einsum("hc,hc->", W2, W2))
        ds = (probs - truth) / len(X)
        dh = np.einsum("nc,hc,nh->nh", ds, W2, (h > 0).astype(h.dtype))
        grads = {
            "W2": np.einsum("nh,nc->hc", h, ds) + self.reg * W2,
            "b2": np.einsum("nc->c", ds),
            "W1": np.einsum("nd,nh->dh", X, dh) + self.reg * W1,
            "b1": np.einsum("nh->h", dh),
        }
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
        self.keep, self.seed, self.normalization = dropout, seed, normalization
        self.use_dropout = dropout != 1
        self.reg, self.dtype, self.num_layers = reg, dtype, len(hidden_dims) + 1
        self.dropout_param = {"p": dropout, "mode": "train"} if self.use_dropout else {}
        self.bn_params = [{"mode": "train"} for _ in hidden_dims] if normalization else []
        sizes, self.params = [input_dim, *hidden_dims, num_classes], {}
        for i in range(1, len(sizes)):
            self.params[f"W{i}"] = (weight_scale * np.random.randn(sizes[i - 1], sizes[i])).astype(dtype)
            self.params[f"b{i}"] = np.zeros(sizes[i], dtype)
        if normalization:
            for i, h in enumerate(hidden_dims, 1):
                self.params[f"gamma{i}"], self.params[f"beta{i}"] = np.ones(h, dtype), np.zeros(h, dtype)

    def _size(self, a):
        return a.shape[1] if self.normalization == "batchnorm" else a.shape[0]

    def _centred(self, a):
        n = self._size(a)
        return np.einsum(NORMS[self.normalization][0], a, np.eye(n, dtype=a.dtype) - 1 / n)

    def _normalise(self, i, a, train):
        _, squares, multiply = NORMS[self.normalization]
        known = self.bn_params[i - 1]
        if train or self.normalization == "layernorm":
            centred = self._centred(a)
            var = np.einsum(squares, centred, centred) / self._size(a)
        else:
            none = np.zeros(len(a), dtype=a.dtype)
            centred, var = a - known.get("running_mean", none)[:, None], known.get("running_var", none)
        if train and self.normalization == "batchnorm":
            for name, new in (("running_mean", np.einsum("hn->h", a) / a.shape[1]), ("running_var", var)):
                known[name] = 0.9 * known.get(name, 0 * new) + 0.1 * new
        inv = (var + 1e-5) ** -0.5
        return np.einsum(multiply, centred, inv), inv

    def _normalise_backward(self, d, xhat, inv):
        _, squares, multiply = NORMS[self.normalization]
        pull = np.einsum(squares, d, xhat) / self._size(d)
        return np.einsum(multiply, self._centred(d) - np.einsum(multiply, xhat, pull), inv)

    def loss(self, X, y=None):
        p, L, train = self.params, self.num_layers, y is not None
        if self.seed is not None:
            np.random.seed(self.seed)
        # what a layer sees: the pictures, or what the layer below gave and how much of each number gets through.
        # ReLU and dropout are such a gate, which is one more factor in the sums.
        below = [np.einsum("nd->dn", X.reshape(len(X), -1)).astype(self.dtype)]
        steps = []
        for i in range(1, L + 1):
            factors = ",".join(["dn"] * len(below))
            a = np.einsum(f"dh,{factors}->hn", p[f"W{i}"], *below) + p[f"b{i}"][:, None]
            norm = None
            if i < L and self.normalization:
                norm = self._normalise(i, a, train)
                a = np.einsum("hn,h->hn", norm[0], p[f"gamma{i}"]) + p[f"beta{i}"][:, None]
            steps.append((factors, below, norm))
            gate = (a > 0).astype(self.dtype)
            if i < L and train and self.use_dropout:
                gate[np.random.rand(*gate.shape) >= self.keep] = 0
                gate /= self.keep
            below = [a, gate]
        scores = np.einsum("cn->nc", a)
        if not train:
            return scores

        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * sum(np.einsum("dh,dh->", p[f"W{i}"], p[f"W{i}"]) for i in range(1, L + 1))
        d, grads = np.einsum("nc->cn", dscores), {}
        for i in range(L, 0, -1):
            factors, below, norm = steps.pop()
            if norm is not None:
                grads[f"gamma{i}"], grads[f"beta{i}"] = np.einsum("hn,hn->h", d, norm[0]), np.einsum("hn->h", d)
                d = self._normalise_backward(np.einsum("hn,h->hn", d, p[f"gamma{i}"]), *norm)
            grads[f"W{i}"] = np.einsum(f"hn,{factors}->dh", d, *below) + self.reg * p[f"W{i}"]
            grads[f"b{i}"] = np.einsum("hn->h", d)
            if i > 1:
                d = np.einsum("dh,hn,dn->dn", p[f"W{i}"], d, below[1])
        return loss, grads
