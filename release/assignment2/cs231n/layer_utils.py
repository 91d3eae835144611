"""Sandwich layers: layers that often follow each other, joined into one forward and one backward function.
All given complete; add your own as your nets grow (affine - batch norm - relu, say)."""

from .layers import affine_backward, affine_forward, relu_backward, relu_forward


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
