"""A net over sandwiches of naive layers, where the ReLU comes after the pooling."""

import numpy as np

from ..layer_utils import *
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
        self.reg, self.dtype = reg, dtype
        F = num_filters
        rows = [(F, C * filter_size**2), (F * (H // 2) * (W // 2), hidden_dim), (hidden_dim, num_classes)]
        matrices = [np.random.normal(0, weight_scale, size).astype(dtype) for size in rows]
        self.params = {"W1": matrices[0].reshape(F, C, filter_size, filter_size), "b1": np.zeros(F, dtype)}
        for i in (2, 3):
            self.params[f"W{i}"] = matrices[i - 1]
            self.params[f"b{i}"] = np.zeros(matrices[i - 1].shape[1], dtype)

    def loss(self, X, y=None):
        W1, W2, W3 = self.params["W1"], self.params["W2"], self.params["W3"]
        conv_param = {"stride": 1, "pad": W1.shape[-1] // 2}
        pool_param = {"stride": 2, "pool_height": 2, "pool_width": 2}
        x = X.astype(self.dtype)
        x, conv = conv_relu_pool_forward(x, W1, self.params["b1"], conv_param, pool_param)
        x, hidden = affine_relu_forward(x, W2, self.params["b2"])
        x, last = affine_forward(x, W3, self.params["b3"])
        if y is None:
            return x
        loss, d = softmax_loss(x, y)
        d, dW3, db3 = affine_backward(d, last)
        d, dW2, db2 = affine_relu_backward(d, hidden)
        d, dW1, db1 = conv_relu_pool_backward(d, conv)
        loss += 0.5 * self.reg * sum(W.ravel() @ W.ravel() for W in (W1, W2, W3))
        grads = {"W1": dW1 + self.reg * W1, "W2": dW2 + self.reg * W2, "W3": dW3 + self.reg * W3}
        grads.update(b1=db1, b2=db2, b3=db3)
        return loss, grads
