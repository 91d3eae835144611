"""A net over the fast layers that plays its tape backwards."""

import numpy as np

from ..fast_layers import *
from ..layers import *
from .fc_net import Tape
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
        self.params, self.reg, self.dtype = {}, reg, dtype
        C, H, W = input_dim
        self.params["W1"] = np.random.randn(num_filters, C, filter_size, filter_size)
        self.params["W2"] = np.random.randn(num_filters * (H // 2) * (W // 2), hidden_dim)
        self.params["W3"] = np.random.randn(hidden_dim, num_classes)
        for name in ("W1", "W2", "W3"):
            self.params[name] = (self.params[name] * weight_scale).astype(dtype)
        for name, units in (("b1", num_filters), ("b2", hidden_dim), ("b3", num_classes)):
            self.params[name] = np.zeros(units).astype(dtype)

    def loss(self, X, y=None):
        p, tape = self.params, Tape()
        conv_param = {"stride": 1, "pad": (p["W1"].shape[2] - 1) // 2}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        out = X.astype(self.dtype)
        out = tape.write(conv_forward_fast(out, p["W1"], p["b1"], conv_param), conv_backward_fast, "W1", "b1")
        out = tape.write(relu_forward(out), relu_backward)
        out = tape.write(max_pool_forward_fast(out, pool_param), max_pool_backward_fast)
        out = tape.write(affine_forward(out, p["W2"], p["b2"]), affine_backward, "W2", "b2")
        out = tape.write(relu_forward(out), relu_backward)
        scores = tape.write(affine_forward(out, p["W3"], p["b3"]), affine_backward, "W3", "b3")
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads = tape.play_back(dscores)
        for name in ("W1", "W2", "W3"):
            loss = loss + self.reg / 2 * np.sum(np.square(p[name]))
            grads[name] = grads[name] + self.reg * p[name]
        return loss, grads
