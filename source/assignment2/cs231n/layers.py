"""The layers of a neural network: each one a forward and a backward function over plain NumPy arrays.
Layers know nothing of each other; `layer_utils` joins them and `classifiers` builds whole nets.

Every `*_forward` returns `(out, cache)`, and the matching `*_backward(dout, cache)` returns the gradients of the loss
in the order of the forward's array arguments. `dout` is the gradient of the loss with respect to `out`, and has its
shape. What goes into the cache is your choice: whatever the backward pass needs. Two rules hold throughout:
no function changes the arrays that it is given, and results have the type of their inputs (float32 stays float32).
"""

import numpy as np


def affine_forward(x, w, b):
    """Forward pass of an affine (fully connected) layer: `out = x w + b`.

    Each example is flattened into one row of D = d1 * ... * dk numbers first.

    Parameters
    ----------
    x : array, shape (N, d1, ..., dk)
        N examples, of any shape.
    w : array, shape (D, M)
        Weights.
    b : array, shape (M,)
        Biases.

    Returns
    -------
    out : array, shape (N, M)
    cache : tuple
        `(x, w, b)`, with x in the shape in which it came.
    """
    out = None
    ### BEGIN SOLUTION
    out = x.reshape(len(x), -1) @ w + b
    ### END SOLUTION
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    """Backward pass of an affine layer.

    Parameters
    ----------
    dout : array, shape (N, M)
        Gradient of the loss with respect to the layer's output.
    cache : tuple
        `(x, w, b)` from `affine_forward`.

    Returns
    -------
    dx : array, shape (N, d1, ..., dk)
        Gradient with respect to x, in x's own shape.
    dw : array, shape (D, M)
    db : array, shape (M,)
    """
    x, w, _ = cache
    dx, dw, db = None, None, None
    ### BEGIN SOLUTION
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), -1).T @ dout
    db = dout.sum(axis=0)
    ### END SOLUTION
    return dx, dw, db


def relu_forward(x):
    """Forward pass of a layer of rectified linear units: `out = max(0, x)`, element by element.

    Parameters
    ----------
    x : array, any shape

    Returns
    -------
    out : array, the shape of x
    cache : array
        x itself.
    """
    out = None
    ### BEGIN SOLUTION
    out = np.maximum(x, 0)
    ### END SOLUTION
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """Backward pass of a layer of rectified linear units.

    Parameters
    ----------
    dout : array, any shape
        Gradient of the loss with respect to the layer's output. It must not be changed.
    cache : array
        The input x of `relu_forward`, in the shape of dout.

    Returns
    -------
    dx : array, the shape of x
        The gradient at exactly x = 0 does not exist; 0 is the usual choice.
    """
    x = cache
    dx = None
    ### BEGIN SOLUTION
    dx = dout * (x > 0)
    ### END SOLUTION
    return dx


def svm_loss(x, y):
    """Loss and gradient of the multiclass support vector machine, with a margin of 1 (given).

    Parameters
    ----------
    x : array, shape (N, C)
        Scores: `x[i, j]` is how strongly the net believes that example i is of class j.
    y : integer array, shape (N,)
        Labels, `0 <= y[i] < C`.

    Returns
    -------
    loss : float
        `sum_j max(0, x[i, j] - x[i, y[i]] + 1)` over the wrong classes j, averaged over the examples i.
    dx : array, shape (N, C)
        Gradient of the loss with respect to the scores.
    """
    n = len(x)
    rows = np.arange(n)
    margins = np.maximum(0, x - x[rows, y][:, np.newaxis] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / n
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] = -dx.sum(axis=1)  # the right class's score stands in every violated margin
    return loss, dx / n


def softmax_loss(x, y):
    """Loss and gradient of softmax classification: the mean cross-entropy (given).

    Only differences of scores matter to a softmax, so each row's largest score is taken off first:
    `exp` then never overflows, however large the scores are.

    Parameters
    ----------
    x : array, shape (N, C)
        Scores: `x[i, j]` is the unnormalised log-probability that example i is of class j.
    y : integer array, shape (N,)
        Labels, `0 <= y[i] < C`.

    Returns
    -------
    loss : float
        `-log p(y[i])`, averaged over the examples i.
    dx : array, shape (N, C)
        Gradient of the loss with respect to the scores.
    """
    n = len(x)
    rows = np.arange(n)
    shifted = x - x.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probabilities[rows, y].mean()
    dx = np.exp(log_probabilities)
    dx[rows, y] -= 1
    return loss, dx / n
