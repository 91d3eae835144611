"""Nets that compute their layers themselves: ReLU and dropout are one mask."""

import numpy as np

from ..layers import *
from .model import Model


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

    def loss(self, X, y=None):
        X, L, p = X.reshape(X.shape[0], -1).astype(self.dtype), self.num_layers, self.params
        train = y is not None
        if self.seed is not None:
            np.random.seed(self.seed)
        hs, masks, caches = [X], [], []
        for i in range(1, L):
            h = np.einsum("nd,dh->nh", hs[-1], p[f"W{i}"]) + p[f"b{i}"]
            if self.normalization is not None:
                norm = {"batchnorm": batchnorm_forward, "layernorm": layernorm_forward}[self.normalization]
                self.bn_params[i - 1]["mode"] = "train" if train else "test"
                h, cache = norm(h, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])
                caches.append(cache)
            kept = (np.random.rand(*h.shape) < self.keep) / self.keep if train and self.use_dropout else 1.0
            masks.append(((h > 0) * kept).astype(self.dtype))
            hs.append(h * masks[-1])
        scores = np.einsum("nd,dh->nh", hs[-1], p[f"W{L}"]) + p[f"b{L}"]
        if not train:
            return scores
        loss, d = softmax_loss(scores, y)
        grads = {}
        for i in reversed(range(1, L + 1)):
            if i < L:
                d = d * masks.pop()
                if self.normalization is not None:
                    back = {"batchnorm": batchnorm_backward, "layernorm": layernorm_backward}[self.normalization]
                    d, grads[f"gamma{i}"], grads[f"beta{i}"] = back(d, caches.pop())
            W = p[f"W{i}"]
            grads[f"W{i}"] = np.einsum("nd,nh->dh", hs[i - 1], d) + self.reg * W
            grads[f"b{i}"] = np.einsum("nh->h", d)
            loss = loss + 0.5 * self.reg * np.einsum("dh,dh->", W, W)
            d = np.einsum("nh,dh->nd", d, W)
        return loss, grads
