"""Sandwich layers over the fast layers."""

from .fast_layers import *
from .layers import *


def affine_relu_forward(x, w, b):
    product, affine_cache = affine_forward(x, w, b)
    out, gate = relu_forward(product)
    return out, (gate, affine_cache)


def affine_relu_backward(dout, cache):
    gate, affine_cache = cache
    dproduct = relu_backward(dout, gate)
    dx, dw, db = affine_backward(dproduct, affine_cache)
    return dx, dw, db


def conv_relu_forward(x, w, b, conv_param):
    product, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, gate = relu_forward(product)
    return out, (gate, conv_cache)


def conv_relu_backward(dout, cache):
    gate, conv_cache = cache
    dproduct = relu_backward(dout, gate)
    dx, dw, db = conv_backward_fast(dproduct, conv_cache)
    return dx, dw, db


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    product, conv_cache = conv_forward_fast(x, w, b, conv_param)
    normal, bn_cache = spatial_batchnorm_forward(product, gamma, beta, bn_param)
    out, gate = relu_forward(normal)
    return out, (gate, bn_cache, conv_cache)


def conv_bn_relu_backward(dout, cache):
    gate, bn_cache, conv_cache = cache
    dnormal = relu_backward(dout, gate)
    dproduct, dgamma, dbeta = spatial_batchnorm_backward(dnormal, bn_cache)
    dx, dw, db = conv_backward_fast(dproduct, conv_cache)
    return dx, dw, db, dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    product, conv_cache = conv_forward_fast(x, w, b, conv_param)
    positive, gate = relu_forward(product)
    out, pool_cache = max_pool_forward_fast(positive, pool_param)
    return out, (pool_cache, gate, conv_cache)


def conv_relu_pool_backward(dout, cache):
    pool_cache, gate, conv_cache = cache
    dpositive = max_pool_backward_fast(dout, pool_cache)
    dproduct = relu_backward(dpositive, gate)
    dx, dw, db = conv_backward_fast(dproduct, conv_cache)
    return dx, dw, db
