"""A net as a list of layer objects."""

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
        self.reg, self.dtype = reg, dtype
        channels, height, width = input_dim
        shapes = [
            (num_filters, channels, filter_size, filter_size),
            (num_filters * height * width // 4, hidden_dim),
            (hidden_dim, num_classes),
        ]
        outputs = [num_filters, hidden_dim, num_classes]
        self.params = {}
        for i in (1, 2, 3):
            self.params["W%d" % i] = np.random.normal(scale=weight_scale, size=shapes[i - 1]).astype(dtype)
            self.params["b%d" % i] = np.zeros(outputs[i - 1], dtype=dtype)

    def loss(self, X, y=None):
        (W1, b1), (W2, b2), (W3, b3) = ((self.params["W%d" % i], self.params["b%d" % i]) for i in (1, 2, 3))
        layers = [
            Convolution(W1, b1, {"stride": 1, "pad": (W1.shape[2] - 1) // 2}),
            ReLU(),
            MaxPool({"pool_height": 2, "pool_width": 2, "stride": 2}),
            Affine(W2, b2),
            ReLU(),
            Affine(W3, b3),
        ]
        out = X.astype(self.dtype)
        for layer in layers:
            out = layer.forward(out)
        if y is None:
            return out
        loss, dout = softmax_loss(out, y)
        for layer in reversed(layers):
            dout = layer.backward(dout)
        grads = {}
        for i, layer in enumerate((layers[0], layers[3], layers[5]), start=1):
            grads["W%d" % i], grads["b%d" % i] = layer.dw + self.reg * layer.w, layer.db
            loss += 0.5 * self.reg * np.sum(layer.w**2)
        return loss, grads
