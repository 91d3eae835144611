"""Sandwich layers, whose backward passes hand on what they get with a star."""

from .layers import *


def affine_relu_forward(x, w, b):
    z, inner = affine_forward(x, w, b)
    out, outer = relu_forward(z)
    return out, [inner, outer]


def affine_relu_backward(dout, cache):
    inner, outer = cache
    return (*affine_backward(relu_backward(dout, outer), inner),)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    z, first = conv_forward_naive(x, w, b, conv_param)
    z, second = spatial_batchnorm_forward(z, gamma, beta, bn_param)
    out, third = relu_forward(z)
    return out, [first, second, third]


def conv_bn_relu_backward(dout, cache):
    first, second, third = cache
    dz, *norm = spatial_batchnorm_backward(relu_backward(dout, third), second)
    return (*conv_backward_naive(dz, first), *norm)


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    z, first = conv_forward_naive(x, w, b, conv_param)
    z, second = relu_forward(z)
    out, third = max_pool_forward_naive(z, pool_param)
    return out, [first, second, third]


def conv_relu_pool_backward(dout, cache):
    first, second, third = cache
    return conv_backward_naive(relu_backward(max_pool_backward_naive(dout, third), second), first)
