"""A net of naive layers, one after the other."""

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
        self.reg = reg
        self.dtype = dtype
        self.params = {
            "W1": np.random.normal(0, weight_scale, (num_filters, C, filter_size, filter_size)),
            "b1": np.zeros(num_filters),
            "W2": np.random.normal(0, weight_scale, (num_filters * H * W // 4, hidden_dim)),
            "b2": np.zeros(hidden_dim),
            "W3": np.random.normal(0, weight_scale, (hidden_dim, num_classes)),
            "b3": np.zeros(num_classes),
        }
        for name in self.params:
            self.params[name] = self.params[name].astype(dtype)

    def loss(self, X, y=None):
        p = self.params
        X = X.astype(self.dtype)
        pad = (p["W1"].shape[2] - 1) // 2
        out1, cache1 = conv_forward_naive(X, p["W1"], p["b1"], {"stride": 1, "pad": pad})
        out2, cache2 = relu_forward(out1)
        out3, cache3 = max_pool_forward_naive(out2, {"pool_height": 2, "pool_width": 2, "stride": 2})
        out4, cache4 = affine_forward(out3, p["W2"], p["b2"])
        out5, cache5 = relu_forward(out4)
        scores, cache6 = affine_forward(out5, p["W3"], p["b3"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads = {}
        d5, grads["W3"], grads["b3"] = affine_backward(dscores, cache6)
        d4 = relu_backward(d5, cache5)
        d3, grads["W2"], grads["b2"] = affine_backward(d4, cache4)
        d2 = max_pool_backward_naive(d3, cache3)
        d1 = relu_backward(d2, cache2)
        dx, grads["W1"], grads["b1"] = conv_backward_naive(d1, cache1)
        for name in ("W1", "W2", "W3"):
            for where in np.ndindex(p[name].shape):
                loss += 0.5 * self.reg * p[name][where] ** 2
                grads[name][where] += self.reg * p[name][where]
        return loss, grads
