"""Sandwich layers, with ones for normalised nets, the longer by the shorter."""

from .fast_layers import *
from .layers import *


def affine_relu_forward(x, w, b):
    out, cache = affine_forward(x, w, b)
    out, mask = relu_forward(out)
    return out, (cache, mask)


def affine_relu_backward(dout, cache):
    inner, mask = cache
    return affine_backward(relu_backward(dout, mask), inner)


def affine_norm_relu_forward(x, w, b, gamma, beta, param, norm):
    out, cache = affine_forward(x, w, b)
    out, norm_cache = norm(out, gamma, beta, param)
    out, mask = relu_forward(out)
    return out, (cache, norm_cache, mask)


def affine_norm_relu_backward(dout, cache, norm_backward):
    inner, norm_cache, mask = cache
    dout, dgamma, dbeta = norm_backward(relu_backward(dout, mask), norm_cache)
    return *affine_backward(dout, inner), dgamma, dbeta


def conv_relu_forward(x, w, b, conv_param):
    out, cache = conv_forward_fast(x, w, b, conv_param)
    out, mask = relu_forward(out)
    return out, (cache, mask)


def conv_relu_backward(dout, cache):
    inner, mask = cache
    return conv_backward_fast(relu_backward(dout, mask), inner)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    out, cache = conv_forward_fast(x, w, b, conv_param)
    out, bn_cache = spatial_batchnorm_forward(out, gamma, beta, bn_param)
    out, mask = relu_forward(out)
    return out, ((cache, mask), bn_cache)


def conv_bn_relu_backward(dout, cache):
    (inner, mask), bn_cache = cache
    dout, dgamma, dbeta = spatial_batchnorm_backward(relu_backward(dout, mask), bn_cache)
    return *conv_backward_fast(dout, inner), dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    out, cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_fast(out, pool_param)
    return out, (cache, pool_cache)


def conv_relu_pool_backward(dout, cache):
    return conv_relu_backward(max_pool_backward_fast(dout, cache[1]), cache[0])
