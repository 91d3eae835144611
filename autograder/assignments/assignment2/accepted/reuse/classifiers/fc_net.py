"""Nets: the one with two layers is the deep one with one hidden layer."""

import numpy as np

from ..layer_utils import *
from ..layers import *
from .model import Model

NORMS = {
    "batchnorm": (batchnorm_forward, batchnorm_backward),
    "layernorm": (layernorm_forward, layernorm_backward),
}


class FullyConnectedNet(Model):
    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self.normalization, self.reg, self.dtype = normalization, float(reg), dtype
        self.use_dropout, self.num_layers = dropout != 1, len(hidden_dims) + 1
        self.dropout_param, self.bn_params, self.params = {}, [], {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        fan_in = input_dim
        for i, units in enumerate(list(hidden_dims) + [num_classes], start=1):
            start = {"W": weight_scale * np.random.randn(fan_in, units), "b": np.zeros(units)}
            if normalization and i < self.num_layers:
                start.update(gamma=np.ones(units), beta=np.zeros(units))
                self.bn_params.append({"mode": "train"})
            self.params.update({name + str(i): value.astype(dtype) for name, value in start.items()})
            fan_in = units

    def get(self, i, *names):
        return [self.params[name + str(i)] for name in names]

    def hidden_forward(self, i, x):
        if self.normalization is None:
            out, cache = affine_relu_forward(x, *self.get(i, "W", "b"))
        else:
            args = self.get(i, "W", "b", "gamma", "beta")
            norm, _ = NORMS[self.normalization]
            out, cache = affine_norm_relu_forward(x, *args, self.bn_params[i - 1], norm)
        if not self.use_dropout:
            return out, (cache, None)
        out, mask = dropout_forward(out, self.dropout_param)
        return out, (cache, mask)

    def hidden_backward(self, i, dout, cache, grads):
        cache, mask = cache
        if self.use_dropout:
            dout = dropout_backward(dout, mask)
        if self.normalization is None:
            dout, *gradients = affine_relu_backward(dout, cache)
        else:
            dout, *gradients = affine_norm_relu_backward(dout, cache, NORMS[self.normalization][1])
        grads.update({name + str(i): gradient for name, gradient in zip(("W", "b", "gamma", "beta"), gradients)})
        return dout

    def loss(self, X, y=None):
        for param in (self.dropout_param, *self.bn_params):
            param["mode"] = "test" if y is None else "train"
        out, caches = X.astype(self.dtype), {}
        for i in range(1, self.num_layers):
            out, caches[i] = self.hidden_forward(i, out)
        last = self.num_layers
        scores, cache = affine_forward(out, *self.get(last, "W", "b"))
        if y is None:
            return scores
        loss, dout = softmax_loss(scores, y)
        grads = {}
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dout, cache)
        for i in sorted(caches)[::-1]:
            dout = self.hidden_backward(i, dout, caches[i], grads)
        for i in range(1, last + 1):
            (W,) = self.get(i, "W")
            loss, grads[f"W{i}"] = loss + 0.5 * self.reg * (W * W).sum(), grads[f"W{i}"] + self.reg * W
        return loss, grads


class TwoLayerNet(FullyConnectedNet):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        super().__init__([hidden_dim], input_dim, num_classes, reg=reg, weight_scale=weight_scale, dtype=np.float64)
