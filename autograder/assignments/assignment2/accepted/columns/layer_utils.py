"""Sandwich layers of naive layers."""

from .layers import *


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, {"fc": fc_cache, "relu": relu_cache}


def affine_relu_backward(dout, cache):
    return affine_backward(relu_backward(dout, cache["relu"]), cache["fc"])


def conv_relu_forward(x, w, b, conv_param):
    a, conv_cache = conv_forward_naive(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, {"conv": conv_cache, "relu": relu_cache}


def conv_relu_backward(dout, cache):
    return conv_backward_naive(relu_backward(dout, cache["relu"]), cache["conv"])


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    a, conv_cache = conv_forward_naive(x, w, b, conv_param)
    an, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(an)
    return out, {"conv": conv_cache, "bn": bn_cache, "relu": relu_cache}


def conv_bn_relu_backward(dout, cache):
    dan = relu_backward(dout, cache["relu"])
    da, dgamma, dbeta = spatial_batchnorm_backward(dan, cache["bn"])
    dx, dw, db = conv_backward_naive(da, cache["conv"])
    return dx, dw, db, dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    # the ReLU after the pooling: the largest is the same, and there is less to do
    a, conv_cache = conv_forward_naive(x, w, b, conv_param)
    m, pool_cache = max_pool_forward_naive(a, pool_param)
    out, relu_cache = relu_forward(m)
    return out, {"conv": conv_cache, "pool": pool_cache, "relu": relu_cache}


def conv_relu_pool_backward(dout, cache):
    dm = relu_backward(dout, cache["relu"])
    return conv_backward_naive(max_pool_backward_naive(dm, cache["pool"]), cache["conv"])
