"""A net in the type that it is told, over the fast layers and with the affine layers written out."""

import numpy as np

from ..fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from .fc_net import _softmax
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

        def draw(*shape):
            return np.asarray(np.random.normal(scale=weight_scale, size=shape), dtype=dtype)

        self.params = dict(
            W1=draw(num_filters, channels, filter_size, filter_size),
            W2=draw(num_filters * (height // 2) * (width // 2), hidden_dim),
            W3=draw(hidden_dim, num_classes),
            b1=np.zeros(num_filters, dtype),
            b2=np.zeros(hidden_dim, dtype),
            b3=np.zeros(num_classes, dtype),
        )

    def loss(self, X, y=None):
        W1, W2, W3, b1, b2, b3 = (self.params[name] for name in ("W1", "W2", "W3", "b1", "b2", "b3"))
        X = np.asarray(X, dtype=self.dtype)
        conv_param = {"stride": 1, "pad": (W1.shape[3] - 1) // 2}
        conv, conv_cache = conv_forward_fast(X, W1, b1, conv_param)
        pooled, pool_cache = max_pool_forward_fast(conv, {"pool_height": 2, "pool_width": 2, "stride": 2})
        flat = np.maximum(pooled, 0).reshape(len(X), -1)  # the largest comes first and the ReLU then: the same
        hidden = np.maximum(flat @ W2 + b2, 0)
        scores = hidden @ W3 + b3
        if y is None:
            return scores
        loss, dscores = _softmax(scores, y)
        dhidden = (dscores @ W3.T) * (hidden > 0)
        dflat = (dhidden @ W2.T) * (flat > 0)
        dconv = max_pool_backward_fast(dflat.reshape(pooled.shape), pool_cache)
        _, dW1, db1 = conv_backward_fast(dconv, conv_cache)
        grads = {"W1": dW1, "b1": db1, "W2": flat.T @ dhidden, "b2": dhidden.sum(axis=0)}
        grads.update(W3=hidden.T @ dscores, b3=dscores.sum(axis=0))
        for name in ("W1", "W2", "W3"):
            W = self.params[name]
            grads[name] = grads[name] + self.reg * W
            loss = loss + self.reg * (W * W).sum() / 2
        return loss, grads
