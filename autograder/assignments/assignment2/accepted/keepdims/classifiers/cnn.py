"""A net of naive layers, drawn with normal, whose biases are rows."""

import numpy as np

from ..layers import *


class ThreeLayerConvNet(object):
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
        self.params, self.reg, self.dtype, self.filter_size = {}, reg, dtype, filter_size
        C, H, W = input_dim
        p = self.params
        p["W1"] = np.random.normal(0, weight_scale, (num_filters, C, filter_size, filter_size))
        p["W2"] = np.random.normal(0, weight_scale, (num_filters * H * W // 4, hidden_dim))
        p["W3"] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
        p["b1"], p["b2"], p["b3"] = np.zeros((1, num_filters)), np.zeros((1, hidden_dim)), np.zeros((1, num_classes))
        for k in p:
            p[k] = p[k].astype(dtype)

    def loss(self, X, y=None):
        p, pad = self.params, (self.filter_size - 1) // 2
        a1, c1 = conv_forward_naive(X.astype(self.dtype), p["W1"], p["b1"], {"stride": 1, "pad": pad})
        a2, c2 = relu_forward(a1)
        a3, c3 = max_pool_forward_naive(a2, {"pool_height": 2, "pool_width": 2, "stride": 2})
        a4, c4 = affine_forward(a3, p["W2"], p["b2"])
        a5, c5 = relu_forward(a4)
        scores, c6 = affine_forward(a5, p["W3"], p["b3"])
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        loss += self.reg / 2 * sum((p[k] ** 2).sum() for k in ["W1", "W2", "W3"])
        g = {}
        d, g["W3"], g["b3"] = affine_backward(d, c6)
        d, g["W2"], g["b2"] = affine_backward(relu_backward(d, c5), c4)
        d = max_pool_backward_naive(d, c3)
        d, g["W1"], g["b1"] = conv_backward_naive(relu_backward(d, c2), c1)
        for k in ["W1", "W2", "W3"]:
            g[k] = g[k] + self.reg * p[k]
        return loss, g
