"""Sandwich layers as chains of objects."""

from .layers import *


class Chain:
    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        first = self.layers[0]
        return dout, first.dw, first.db


class SpatialBatchNorm:
    def __init__(self, gamma, beta, bn_param):
        self.args = (gamma, beta, bn_param)

    def forward(self, x):
        out, self.cache = spatial_batchnorm_forward(x, *self.args)
        return out

    def backward(self, dout):
        dx, self.dgamma, self.dbeta = spatial_batchnorm_backward(dout, self.cache)
        return dx


def affine_relu_forward(x, w, b):
    chain = Chain(Affine(w, b), ReLU())
    return chain.forward(x), chain


def affine_relu_backward(dout, cache):
    return cache.backward(dout)


def conv_relu_forward(x, w, b, conv_param):
    chain = Chain(Convolution(w, b, conv_param), ReLU())
    return chain.forward(x), chain


def conv_relu_backward(dout, cache):
    return cache.backward(dout)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    chain = Chain(Convolution(w, b, conv_param), SpatialBatchNorm(gamma, beta, bn_param), ReLU())
    return chain.forward(x), chain


def conv_bn_relu_backward(dout, cache):
    return *cache.backward(dout), cache.layers[1].dgamma, cache.layers[1].dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    chain = Chain(Convolution(w, b, conv_param), ReLU(), MaxPool(pool_param))
    return chain.forward(x), chain


def conv_relu_pool_backward(dout, cache):
    return cache.backward(dout)
