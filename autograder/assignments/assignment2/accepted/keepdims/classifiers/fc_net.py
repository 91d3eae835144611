"""Nets whose gradients of biases are rows; in the deep one the biases, gammas and betas are rows, too."""

import numpy as np

from ..layers import *


class TwoLayerNet(object):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {
            "W1": np.random.normal(loc=0.0, scale=weight_scale, size=(input_dim, hidden_dim)),
            "b1": np.zeros(hidden_dim),
            "W2": np.random.normal(loc=0.0, scale=weight_scale, size=(hidden_dim, num_classes)),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X, y=None):
        W1, W2 = self.params["W1"], self.params["W2"]
        hidden, cache1 = affine_forward(X, W1, self.params["b1"])
        active, cache2 = relu_forward(hidden)
        scores, cache3 = affine_forward(active, W2, self.params["b2"])
        if y is None:
            return scores
        data_loss, dscores = softmax_loss(scores, y)
        reg_loss = 0.5 * self.reg * np.sum(W1 * W1, keepdims=True) + 0.5 * self.reg * np.sum(W2 * W2, keepdims=True)
        dactive, dW2, db2 = affine_backward(dscores, cache3)
        dhidden = relu_backward(dactive, cache2)
        dX, dW1, db1 = affine_backward(dhidden, cache1)
        loss = np.squeeze(data_loss + reg_loss)  # an array without dimensions
        return loss, {"W1": dW1 + self.reg * W1, "b1": db1, "W2": dW2 + self.reg * W2, "b2": db2}


class FullyConnectedNet(object):
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
        self.normalization = normalization
        self.use_dropout = dropout != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        layers_dims = np.hstack([input_dim, hidden_dims, num_classes])
        for i in range(self.num_layers):
            size = (layers_dims[i], layers_dims[i + 1])
            self.params["W" + str(i + 1)] = np.random.normal(loc=0.0, scale=weight_scale, size=size)
            self.params["b" + str(i + 1)] = np.zeros((1, layers_dims[i + 1]))
            if normalization is not None and i + 1 < self.num_layers:
                self.params["gamma" + str(i + 1)] = np.ones((1, layers_dims[i + 1]))
                self.params["beta" + str(i + 1)] = np.zeros((1, layers_dims[i + 1]))
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for i in range(self.num_layers - 1)]
        if self.normalization == "layernorm":
            self.bn_params = [{} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def _row(self, name, i):
        return self.params[name + str(i)].reshape(1, -1)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        outs, caches = {0: X}, {}
        for i in range(1, self.num_layers + 1):
            layer = {}
            out, layer["affine"] = affine_forward(outs[i - 1], self.params["W" + str(i)], self.params["b" + str(i)])
            if i < self.num_layers:
                if self.normalization == "batchnorm":
                    gamma, beta = self._row("gamma", i), self._row("beta", i)
                    out, layer["norm"] = batchnorm_forward(out, gamma, beta, self.bn_params[i - 1])
                elif self.normalization == "layernorm":
                    gamma, beta = self._row("gamma", i), self._row("beta", i)
                    out, layer["norm"] = layernorm_forward(out, gamma, beta, self.bn_params[i - 1])
                out, layer["relu"] = relu_forward(out)
                if self.use_dropout:
                    out, layer["dropout"] = dropout_forward(out, self.dropout_param)
            outs[i], caches[i] = out, layer
        scores = outs[self.num_layers]
        if mode == "test":
            return scores

        loss, dout = softmax_loss(scores, y)
        loss += 0.5 * self.reg * np.sum([np.sum(self.params["W" + str(i)] ** 2) for i in caches])
        grads = {}
        for i in sorted(caches, reverse=True):
            layer = caches[i]
            if "dropout" in layer:
                dout = dropout_backward(dout, layer["dropout"])
            if "relu" in layer:
                dout = relu_backward(dout, layer["relu"])
            if "norm" in layer:
                backward = {"batchnorm": batchnorm_backward_alt, "layernorm": layernorm_backward}[self.normalization]
                dout, grads["gamma" + str(i)], grads["beta" + str(i)] = backward(dout, layer["norm"])
            dout, dw, grads["b" + str(i)] = affine_backward(dout, layer["affine"])
            grads["W" + str(i)] = dw + self.reg * self.params["W" + str(i)]
        return loss, grads
