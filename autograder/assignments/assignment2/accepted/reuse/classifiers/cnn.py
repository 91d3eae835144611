"""A convolutional net whose upper part is a net with two layers."""

import numpy as np

from ..layer_utils import *
from .fc_net import FullyConnectedNet
from .model import Model


class _Top(FullyConnectedNet):
    """Gives the gradient of its input, too."""

    def hidden_backward(self, i, dout, cache, grads):
        self.dx = super().hidden_backward(i, dout, cache, grads)
        return self.dx


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
        W1 = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        self.top = _Top(
            [hidden_dim], num_filters * H * W // 4, num_classes, reg=reg, weight_scale=weight_scale, dtype=dtype
        )
        self.params = {}
        self.params["W1"], self.params["b1"] = W1.astype(dtype), np.zeros(num_filters, dtype)
        self.params["W2"], self.params["b2"] = self.top.params["W1"], self.top.params["b1"]
        self.params["W3"], self.params["b3"] = self.top.params["W2"], self.top.params["b2"]

    def loss(self, X, y=None):
        W1, b1 = self.params["W1"], self.params["b1"]
        for i in (1, 2):
            for kind in "Wb":
                self.top.params[f"{kind}{i}"] = self.params[f"{kind}{i + 1}"]
        conv_param = {"stride": 1, "pad": (W1.shape[2] - 1) // 2}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        out, cache = conv_relu_pool_forward(X.astype(self.dtype), W1, b1, conv_param, pool_param)
        if y is None:
            return self.top.loss(out)
        loss, above = self.top.loss(out, y)
        _, dW1, db1 = conv_relu_pool_backward(self.top.dx.reshape(out.shape), cache)
        grads = {f"{kind}{i + 1}": above[f"{kind}{i}"] for kind in "Wb" for i in (1, 2)}
        grads.update(W1=dW1 + self.reg * W1, b1=db1)
        return loss + 0.5 * self.reg * (W1 * W1).sum(), grads
