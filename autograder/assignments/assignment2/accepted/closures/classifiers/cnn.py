"""A net that is composed of functions."""

import numpy as np

from ..layers import *
from .fc_net import _finish, _regularised, _scores
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
        self.reg, self.dtype = reg, dtype
        C, H, W = input_dim
        shapes = {
            "1": ((num_filters, C, filter_size, filter_size), num_filters),
            "2": ((num_filters * (H // 2) * (W // 2), hidden_dim), hidden_dim),
            "3": ((hidden_dim, num_classes), num_classes),
        }
        draw = lambda shape: (weight_scale * np.random.randn(*shape)).astype(dtype)
        self.params = {"W" + i: draw(shape) for i, (shape, _) in shapes.items()}
        self.params |= {"b" + i: np.zeros(units, dtype) for i, (_, units) in shapes.items()}

    def loss(self, X, y=None):
        p = self.params
        conv_param = {"stride": 1, "pad": (p["W1"].shape[-1] - 1) // 2}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        layers = [
            (lambda x: conv_forward_naive(x, p["W1"], p["b1"], conv_param), ("W1", "b1")),
            (relu_forward, ()),
            (lambda x: max_pool_forward_naive(x, pool_param), ()),
            (lambda x: affine_forward(x, p["W2"], p["b2"]), ("W2", "b2")),
            (relu_forward, ()),
            (lambda x: affine_forward(x, p["W3"], p["b3"]), ("W3", "b3")),
        ]
        return _regularised(_scores(X.astype(self.dtype), layers, _finish(y)), p, self.reg)
