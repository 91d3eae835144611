"""The layers of a neural network: each one a forward and a backward function over plain NumPy arrays.
Layers know nothing of each other; `layer_utils` joins them and `classifiers` builds whole nets.

Every `*_forward` returns `(out, cache)`, and the matching `*_backward(dout, cache)` returns the gradients of the loss
in the order of the forward's array arguments. `dout` is the gradient of the loss with respect to `out`, in the shape
of `out`. You choose what to put into the cache: whatever the backward pass needs. Two rules hold for all functions:
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
        `(x, w, b)`, with x in its original shape.
    """
    out = None
    # YOUR CODE HERE
    raise NotImplementedError()
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
    # YOUR CODE HERE
    raise NotImplementedError()
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
    # YOUR CODE HERE
    raise NotImplementedError()
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
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """Forward pass of batch normalisation (Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167).

    In training, each feature (column) is normalised with the mean and the biased variance of the batch:
    `out = gamma * (x - mean) / sqrt(variance + eps) + beta`. Training also updates two running averages,

        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * variance

    and test mode normalises with these. So a picture's scores do not depend on the other pictures of its batch.

    Parameters
    ----------
    x : array, shape (N, D)
    gamma, beta : array, shape (D,)
        Scale and shift, which are learnt.
    bn_param : dict
        `mode`: "train" or "test", required. `eps`: added to the variance, by default 1e-5. `momentum`: of the running
        averages, by default 0.9. `running_mean`, `running_var`: arrays of shape (D,), zeros at first; training stores
        the new ones here.

    Returns
    -------
    out : array, shape (N, D)
    cache : anything
        What the backward pass needs, in train mode.

    Raises
    ------
    ValueError
        If the mode is neither "train" nor "test".
    """
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        # Normalise with the statistics of the batch, and move the running averages towards them.
        # YOUR CODE HERE
        raise NotImplementedError()
    elif mode == "test":
        # Normalise with the running averages.
        # YOUR CODE HERE
        raise NotImplementedError()
    else:
        raise ValueError(f"the mode of batch normalisation is 'train' or 'test', not {mode!r}")

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """Backward pass of batch normalisation, node by node.

    Draw the forward pass as a graph of simple operations, and go through it backwards: one line for each node. If a
    value is used twice, add its two gradients.

    Parameters
    ----------
    dout : array, shape (N, D)
        Gradient of the loss with respect to the layer's output.
    cache : anything
        From `batchnorm_forward` in train mode.

    Returns
    -------
    dx : array, shape (N, D)
    dgamma, dbeta : array, shape (D,)
    """
    dx, dgamma, dbeta = None, None, None
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """Backward pass of batch normalisation by one simplified expression.

    Work out the derivative of the loss with respect to x on paper, simplify it, and write down the result. It gives the
    same gradients as `batchnorm_backward`, faster. Use the same cache.

    Parameters
    ----------
    dout : array, shape (N, D)
    cache : anything
        From `batchnorm_forward` in train mode.

    Returns
    -------
    dx : array, shape (N, D)
    dgamma, dbeta : array, shape (D,)
    """
    dx, dgamma, dbeta = None, None, None
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """Forward pass of layer normalisation (Ba, Kiros and Hinton, 2016, https://arxiv.org/abs/1607.06450).

    Each example (row) is normalised with the mean and the biased variance of its own features; then each feature is
    scaled by its gamma and shifted by its beta. No example depends on another one, so training and test time are the
    same, and there are no running averages.

    Parameters
    ----------
    x : array, shape (N, D)
    gamma, beta : array, shape (D,)
    ln_param : dict
        `eps`: added to the variance, by default 1e-5.

    Returns
    -------
    out : array, shape (N, D)
    cache : anything
        What the backward pass needs.
    """
    out, cache = None, None
    eps = ln_param.get("eps", 1e-5)
    # YOUR CODE HERE
    raise NotImplementedError()
    return out, cache


def layernorm_backward(dout, cache):
    """Backward pass of layer normalisation. You can reuse much of batch normalisation's backward pass.

    Parameters
    ----------
    dout : array, shape (N, D)
    cache : anything
        From `layernorm_forward`.

    Returns
    -------
    dx : array, shape (N, D)
    dgamma, dbeta : array, shape (D,)
    """
    dx, dgamma, dbeta = None, None, None
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """Forward pass of inverted dropout (Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html).

    In training, each number is kept with probability p and divided by p, or else set to zero. Test mode changes
    nothing.

    Parameters
    ----------
    x : array, any shape
    dropout_param : dict
        `p`: the probability to KEEP a number. `mode`: "train" or "test". `seed`: if given, NumPy's random numbers are
        seeded with it before the mask is drawn, so that a gradient check draws the same mask again and again.

    Returns
    -------
    out : array, the shape of x
    cache : tuple
        `(dropout_param, mask)`.

    Raises
    ------
    ValueError
        If the mode is neither "train" nor "test".
    """
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    mask, out = None, None
    if mode == "train":
        # Draw a mask that includes the division by p, and apply it.
        # YOUR CODE HERE
        raise NotImplementedError()
    elif mode == "test":
        # YOUR CODE HERE
        raise NotImplementedError()
    else:
        raise ValueError(f"the mode of dropout is 'train' or 'test', not {mode!r}")

    cache = (dropout_param, mask)
    return out.astype(x.dtype, copy=False), cache


def dropout_backward(dout, cache):
    """Backward pass of inverted dropout.

    Parameters
    ----------
    dout : array, any shape
    cache : tuple
        `(dropout_param, mask)` from `dropout_forward`.

    Returns
    -------
    dx : array, the shape of dout
    """
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    dx = None
    if mode == "train":
        # YOUR CODE HERE
        raise NotImplementedError()
    elif mode == "test":
        dx = dout
    return dx


def conv_forward_naive(x, w, b, conv_param):
    """Forward pass of a convolutional layer, by plain loops.

    Each of F filters slides over the picture, `stride` pixels at a time, and gives one number for each place: the sum
    of the products of its weights with the pixels below it, over all channels, plus its bias.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
        N pictures with C channels, of height H and width W.
    w : array, shape (F, C, HH, WW)
        F filters of height HH and width WW.
    b : array, shape (F,)
        Biases.
    conv_param : dict
        `stride`: pixels between neighbouring places, in both directions. `pad`: rows and columns of zeros that are put
        around each picture, on all four sides.

    Returns
    -------
    out : array, shape (N, F, H', W')
        `H' = 1 + (H + 2 * pad - HH) / stride` and `W' = 1 + (W + 2 * pad - WW) / stride`.
    cache : tuple
        `(x, w, b, conv_param)`.
    """
    out = None
    # np.pad puts the zeros around x.
    # YOUR CODE HERE
    raise NotImplementedError()
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    """Backward pass of a convolutional layer, by plain loops.

    Parameters
    ----------
    dout : array, shape (N, F, H', W')
    cache : tuple
        `(x, w, b, conv_param)` from `conv_forward_naive`.

    Returns
    -------
    dx : array, shape (N, C, H, W)
    dw : array, shape (F, C, HH, WW)
    db : array, shape (F,)
    """
    x, w, _, conv_param = cache
    dx, dw, db = None, None, None
    # Windows overlap: each pixel gets gradients from every window that contains it. Do not forget that pad may be 0.
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    """Forward pass of max pooling, by plain loops: the largest pixel of each window, in each channel by itself.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
    pool_param : dict
        `pool_height`, `pool_width`: size of a window. `stride`: pixels between neighbouring windows, which
        overlap if the stride is smaller than they are.

    Returns
    -------
    out : array, shape (N, C, H', W')
        `H' = 1 + (H - pool_height) / stride` and `W' = 1 + (W - pool_width) / stride`.
    cache : tuple
        `(x, pool_param)`.
    """
    out = None
    # YOUR CODE HERE
    raise NotImplementedError()
    cache = (x, pool_param)
    return out, cache


def max_pool_backward_naive(dout, cache):
    """Backward pass of max pooling, by plain loops.

    Parameters
    ----------
    dout : array, shape (N, C, H', W')
    cache : tuple
        `(x, pool_param)` from `max_pool_forward_naive`.

    Returns
    -------
    dx : array, shape (N, C, H, W)
        The gradient of a window goes to its largest pixel. If several are equally large, they may share it in any way.
    """
    x, pool_param = cache
    dx = None
    # A pixel that is the largest of several overlapping windows gets the gradients of all of them.
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Forward pass of spatial batch normalisation: batch normalisation for pictures.

    In a convolutional layer the same filter makes every pixel of a channel, so each channel is normalised as a whole:
    mean and variance are taken over the pictures and over their rows and columns.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
    gamma, beta : array, shape (C,)
    bn_param : dict
        As for `batchnorm_forward`; the running averages have shape (C,).

    Returns
    -------
    out : array, shape (N, C, H, W)
    cache : anything
        What the backward pass needs, in train mode.
    """
    out, cache = None, None
    # Give batchnorm_forward x in another shape: this needs a few lines, and the order of the axes matters.
    # YOUR CODE HERE
    raise NotImplementedError()
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """Backward pass of spatial batch normalisation.

    Parameters
    ----------
    dout : array, shape (N, C, H, W)
    cache : anything
        From `spatial_batchnorm_forward` in train mode.

    Returns
    -------
    dx : array, shape (N, C, H, W)
    dgamma, dbeta : array, shape (C,)
    """
    dx, dgamma, dbeta = None, None, None
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Forward pass of group normalisation (Wu and He, 2018, https://arxiv.org/abs/1803.08494).

    The channels of each picture are split into G groups of C / G neighbours, and each group of each picture is
    normalised by itself. G = 1 is layer normalisation. No picture depends on another one. Then each channel is scaled
    by its gamma and shifted by its beta.

    Parameters
    ----------
    x : array, shape (N, C, H, W)
    gamma, beta : array, shape (1, C, 1, 1)
    G : int
        Number of groups, a divisor of C.
    gn_param : dict
        `eps`: added to the variance, by default 1e-5.

    Returns
    -------
    out : array, shape (N, C, H, W)
    cache : anything
        What the backward pass needs.
    """
    out, cache = None, None
    eps = gn_param.get("eps", 1e-5)
    # YOUR CODE HERE
    raise NotImplementedError()
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    """Backward pass of group normalisation.

    Parameters
    ----------
    dout : array, shape (N, C, H, W)
    cache : anything
        From `spatial_groupnorm_forward`.

    Returns
    -------
    dx : array, shape (N, C, H, W)
    dgamma, dbeta : array, shape (1, C, 1, 1)
    """
    dx, dgamma, dbeta = None, None, None
    # YOUR CODE HERE
    raise NotImplementedError()
    return dx, dgamma, dbeta


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
    dx[rows, y] = -dx.sum(axis=1)  # the correct class's score is part of every violated margin
    return loss, dx / n


def softmax_loss(x, y):
    """Loss and gradient of softmax classification: the mean cross-entropy (given).

    A softmax depends only on differences of scores, so each row's largest score is subtracted first:
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
