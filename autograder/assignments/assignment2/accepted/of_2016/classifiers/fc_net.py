"""Nets with a branch for each kind of layer, and names glued together."""

import numpy as np

from ..layers import *

try:
    xrange
except NameError:
    xrange = range


class TwoLayerNet(object):
    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        self.D, self.M, self.C = input_dim, hidden_dim, num_classes
        self.params["W1"] = weight_scale * np.random.randn(self.D, self.M)
        self.params["b1"] = np.zeros(self.M)
        self.params["W2"] = weight_scale * np.random.randn(self.M, self.C)
        self.params["b2"] = np.zeros(self.C)

    def loss(self, X, y=None):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        X = X.reshape(X.shape[0], self.D)
        out1, cache1 = affine_forward(X, W1, b1)
        out2, cache2 = relu_forward(out1)
        scores, cache3 = affine_forward(out2, W2, b2)
        # If y is None then we are in test mode so just return scores
        if y is None:
            return scores
        data_loss, dscores = softmax_loss(scores, y)
        reg_loss = 0.5 * self.reg * np.sum(W1**2)
        reg_loss += 0.5 * self.reg * np.sum(W2**2)
        loss = data_loss + reg_loss
        dx2, dW2, db2 = affine_backward(dscores, cache3)
        dx1, dW1, db1 = affine_backward(relu_backward(dx2, cache2), cache1)
        dW2 += self.reg * W2
        dW1 += self.reg * W1
        grads = {}
        grads.update({"W1": dW1, "b1": db1, "W2": dW2, "b2": db2})
        return loss, grads


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
        self.use_batchnorm = normalization == "batchnorm"
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for l in xrange(1, self.num_layers + 1):
            self.params["W" + str(l)] = np.random.randn(dims[l - 1], dims[l]) * weight_scale
            self.params["b" + str(l)] = np.zeros(dims[l])
        if self.normalization != None:
            for l in xrange(1, self.num_layers):
                self.params["gamma" + str(l)] = np.ones(dims[l])
                self.params["beta" + str(l)] = np.zeros(dims[l])
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for i in xrange(self.num_layers - 1)]
        if self.normalization == "layernorm":
            self.bn_params = [{} for i in xrange(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.dropout_param is not None:
            self.dropout_param["mode"] = mode
        if self.use_batchnorm:
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        caches = []
        a = X
        for l in xrange(1, self.num_layers):
            W, b = self.params["W" + str(l)], self.params["b" + str(l)]
            if self.normalization == "batchnorm":
                gamma, beta = self.params["gamma" + str(l)], self.params["beta" + str(l)]
                a, fc = affine_forward(a, W, b)
                a, bn = batchnorm_forward(a, gamma, beta, self.bn_params[l - 1])
                a, relu = relu_forward(a)
                cache = (fc, bn, relu)
            elif self.normalization == "layernorm":
                gamma, beta = self.params["gamma" + str(l)], self.params["beta" + str(l)]
                a, fc = affine_forward(a, W, b)
                a, ln = layernorm_forward(a, gamma, beta, self.bn_params[l - 1])
                a, relu = relu_forward(a)
                cache = (fc, ln, relu)
            else:
                a, fc = affine_forward(a, W, b)
                a, relu = relu_forward(a)
                cache = (fc, relu)
            if self.use_dropout:
                a, drop = dropout_forward(a, self.dropout_param)
                cache = (cache, drop)
            caches.append(cache)
        L = str(self.num_layers)
        scores, cache = affine_forward(a, self.params["W" + L], self.params["b" + L])
        caches.append(cache)
        if mode == "test":
            return scores

        loss, grads = 0.0, {}
        loss, da = softmax_loss(scores, y)
        for l in xrange(self.num_layers):
            loss += 0.5 * self.reg * np.sum(self.params["W" + str(l + 1)] * self.params["W" + str(l + 1)])
        da, dW, db = affine_backward(da, caches[-1])
        grads["W" + L] = dW + self.reg * self.params["W" + L]
        grads["b" + L] = db
        for l in xrange(self.num_layers - 1, 0, -1):
            cache = caches[l - 1]
            if self.use_dropout:
                cache, drop = cache
                da = dropout_backward(da, drop)
            if self.normalization == "batchnorm":
                fc, bn, relu = cache
                da, dgamma, dbeta = batchnorm_backward(relu_backward(da, relu), bn)
                grads["gamma" + str(l)], grads["beta" + str(l)] = dgamma, dbeta
            elif self.normalization == "layernorm":
                fc, ln, relu = cache
                da, dgamma, dbeta = layernorm_backward(relu_backward(da, relu), ln)
                grads["gamma" + str(l)], grads["beta" + str(l)] = dgamma, dbeta
            else:
                fc, relu = cache
                da = relu_backward(da, relu)
            da, dW, db = affine_backward(da, fc)
            grads["W" + str(l)] = dW + self.reg * self.params["W" + str(l)]
            grads["b" + str(l)] = db
        return loss, grads
