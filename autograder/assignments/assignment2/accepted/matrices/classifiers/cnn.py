"""A net whose loss is regularised by traces."""

import numpy as np

from ..layers import *
from .model import Model


class ThreeLayerConvNet(Model):
    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        C, H, W = input_dim
        self.reg, self.dtype, self.size = reg, dtype, filter_size
        normal = np.random.standard_normal
        self.params = {
            "W1": weight_scale * normal((num_filters, C * filter_size**2)).reshape(-1, C, filter_size, filter_size),
            "W2": weight_scale * normal((num_filters * (H // 2) * (W // 2), hidden_dim)),
            "W3": weight_scale * normal((hidden_dim, num_classes)),
        }
        for i, units in ((1, num_filters), (2, hidden_dim), (3, num_classes)):
            self.params[f"b{i}"] = np.zeros(units)
        self.params = {name: matrix.astype(dtype) for name, matrix in self.params.items()}

    def loss(self, X, y=None):
        W1, W2, W3 = (self.params[f"W{i}"] for i in (1, 2, 3))
        b1, b2, b3 = (self.params[f"b{i}"] for i in (1, 2, 3))
        conv, A = conv_forward_naive(X.astype(self.dtype), W1, b1, {"stride": 1, "pad": self.size // 2})
        gate1 = conv > 0
        pooled, P = max_pool_forward_naive(conv * gate1, {"pool_height": 2, "pool_width": 2, "stride": 2})
        flat = pooled.reshape(len(X), -1)
        hidden = flat @ W2 + b2
        gate2 = hidden > 0
        scores = ((hidden * gate2) @ W3 + b3).astype(self.dtype)
        if y is None:
            return scores
        loss, D3 = softmax_loss(scores, y)
        D2 = (D3 @ W3.T) * gate2
        D1 = max_pool_backward_naive((D2 @ W2.T).reshape(pooled.shape), P) * gate1
        _, dW1, db1 = conv_backward_naive(D1, A)
        M1 = W1.reshape(len(W1), -1)
        loss += self.reg / 2 * (np.trace(M1 @ M1.T) + np.trace(W2.T @ W2) + np.trace(W3.T @ W3))
        grads = {"W1": dW1 + self.reg * W1, "b1": db1}
        grads |= {"W2": flat.T @ D2 + self.reg * W2, "b2": D2.sum(axis=0)}
        grads |= {"W3": (hidden * gate2).T @ D3 + self.reg * W3, "b3": D3.sum(axis=0)}
        return loss, grads
