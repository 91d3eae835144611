"""A net by sandwiches, which adds to its gradients in place."""

import numpy as np

from ..fast_layers import *
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
        self.reg, self.dtype = reg, dtype
        dummy = np.zeros((1, *input_dim))[:, :, ::2, ::2]
        sizes = [
            (num_filters, input_dim[0], filter_size, filter_size),
            (num_filters * dummy[0, 0].size, hidden_dim),
            (hidden_dim, num_classes),
        ]
        self.params = {}
        for i, size in enumerate(sizes, 1):
            self.params["b%d" % i] = np.zeros(size[0] if i == 1 else size[-1], dtype=dtype)
            self.params["W%d" % i] = (weight_scale * np.random.standard_normal(size)).astype(dtype)

    def loss(self, X, y=None):
        (W1, b1), (W2, b2), (W3, b3) = [(self.params["W%d" % i], self.params["b%d" % i]) for i in (1, 2, 3)]
        X = X.astype(self.dtype)
        out1, conv = conv_relu_forward(X, W1, b1, dict(stride=1, pad=W1.shape[-1] // 2))
        out2, pool = max_pool_forward_fast(out1, dict(pool_height=2, pool_width=2, stride=2))
        out3, hidden = affine_relu_forward(out2, W2, b2)
        scores, last = affine_forward(out3, W3, b3)
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        grads = {}
        d, grads["W3"], grads["b3"] = affine_backward(d, last)
        d, grads["W2"], grads["b2"] = affine_relu_backward(d, hidden)
        _, grads["W1"], grads["b1"] = conv_relu_backward(max_pool_backward_fast(d, pool), conv)
        for name in grads:
            if name[0] == "W":
                loss = loss + 0.5 * self.reg * np.linalg.norm(self.params[name]) ** 2
                grads[name] += self.reg * self.params[name]
        return loss, grads
