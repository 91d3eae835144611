"""Sandwich layers: layers that often follow each other, joined into one forward and one backward function.
All given complete; add your own as your nets grow (such as affine - batch norm - relu)."""

from .fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from .layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)


def affine_relu_forward(x, w, b):
    """Forward pass of an affine layer followed by a ReLU.

    Parameters
    ----------
    x : array, shape (N, d1, ..., dk)
    w : array, shape (D, M)
    b : array, shape (M,)

    Returns
    -------
    out : array, shape (N, M)
    cache : tuple
        The two layers' caches, for `affine_relu_backward`.
    """
    scores, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(scores)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Backward pass of an affine layer followed by a ReLU: the same layers in reverse order.

    Returns
    -------
    dx, dw, db : arrays
        In the shapes of x, w and b.
    """
    affine_cache, relu_cache = cache
    dscores = relu_backward(dout, relu_cache)
    return affine_backward(dscores, affine_cache)


def conv_relu_forward(x, w, b, conv_param):
    """Forward pass of a convolution followed by a ReLU.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
    w : array, shape (F, C, HH, WW)
    b : array, shape (F,)
    conv_param : dict
        `stride` and `pad`, as for `layers.conv_forward_naive`.

    Returns
    -------
    out : array, shape (N, F, H', W')
    cache : tuple
        The two layers' caches, for `conv_relu_backward`.
    """
    scores, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(scores)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    """Backward pass of a convolution followed by a ReLU.

    Returns
    -------
    dx, dw, db : arrays
        In the shapes of x, w and b.
    """
    conv_cache, relu_cache = cache
    return conv_backward_fast(relu_backward(dout, relu_cache), conv_cache)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """Forward pass of a convolution, spatial batch normalisation and a ReLU.

    Parameters
    ----------
    x, w, b, conv_param
        As for `conv_relu_forward`.
    gamma, beta : array, shape (F,)
        Scale and shift of the normalisation.
    bn_param : dict
        As for `layers.spatial_batchnorm_forward`.

    Returns
    -------
    out : array, shape (N, F, H', W')
    cache : tuple
        The three layers' caches, for `conv_bn_relu_backward`.
    """
    scores, conv_cache = conv_forward_fast(x, w, b, conv_param)
    normalised, bn_cache = spatial_batchnorm_forward(scores, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normalised)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout, cache):
    """Backward pass of a convolution, spatial batch normalisation and a ReLU.

    Returns
    -------
    dx, dw, db, dgamma, dbeta : arrays
        In the shapes of x, w, b, gamma and beta.
    """
    conv_cache, bn_cache, relu_cache = cache
    dnormalised = relu_backward(dout, relu_cache)
    dscores, dgamma, dbeta = spatial_batchnorm_backward(dnormalised, bn_cache)
    return *conv_backward_fast(dscores, conv_cache), dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """Forward pass of a convolution, a ReLU and max pooling.

    Parameters
    ----------
    x, w, b, conv_param
        As for `conv_relu_forward`.
    pool_param : dict
        As for `layers.max_pool_forward_naive`.

    Returns
    -------
    out : array, shape (N, F, H'', W'')
    cache : tuple
        The layers' caches, for `conv_relu_pool_backward`.
    """
    active, conv_relu_cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_fast(active, pool_param)
    return out, (conv_relu_cache, pool_cache)


def conv_relu_pool_backward(dout, cache):
    """Backward pass of a convolution, a ReLU and max pooling.

    Returns
    -------
    dx, dw, db : arrays
        In the shapes of x, w and b.
    """
    conv_relu_cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward_fast(dout, pool_cache), conv_relu_cache)
