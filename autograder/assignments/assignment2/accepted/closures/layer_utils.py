"""Sandwich layers: composed functions."""

from .layers import *


def _composed(x, *layers):
    """Through all layers; the cache takes the gradient back through all of them."""
    backwards = []
    for layer in layers:
        x, backward = layer(x)
        backwards.insert(0, backward)

    def back(dout):
        others = ()
        for backward in backwards:
            result = backward(dout)
            dout, *more = result if isinstance(result, tuple) else (result,)
            others = (*more, *others)
        return dout, *others

    return x, back


def affine_relu_forward(x, w, b):
    return _composed(x, lambda x: affine_forward(x, w, b), relu_forward)


def affine_relu_backward(dout, cache):
    return cache(dout)


def conv_relu_forward(x, w, b, conv_param):
    return _composed(x, lambda x: conv_forward_naive(x, w, b, conv_param), relu_forward)


def conv_relu_backward(dout, cache):
    return cache(dout)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    convolve = lambda x: conv_forward_naive(x, w, b, conv_param)
    normalise = lambda x: spatial_batchnorm_forward(x, gamma, beta, bn_param)
    return _composed(x, convolve, normalise, relu_forward)


def conv_bn_relu_backward(dout, cache):
    return cache(dout)


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    convolve = lambda x: conv_forward_naive(x, w, b, conv_param)
    return _composed(x, convolve, relu_forward, lambda x: max_pool_forward_naive(x, pool_param))


def conv_relu_pool_backward(dout, cache):
    return cache(dout)
