"""Layers by other layers."""

import numpy as np


def affine_forward(x, w, b):
    N = len(x)
    return x.reshape(N, -1) @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx, _ = affine_forward(dout, w.T, 0)
    dw, _ = affine_forward(x.reshape(len(x), -1).T, dout, 0)
    return dx.reshape(x.shape), dw, dout.sum(0)


def relu_forward(x):
    return max_of([x, np.zeros_like(x)])


def relu_backward(dout, cache):
    return max_of_backward(dout, cache)[0]


def max_of(options):
    """The largest of some arrays, element by element; the cache tells which it was."""
    options = np.stack(options)
    which = options.argmax(axis=0)
    return np.take_along_axis(options, which[None], axis=0)[0], (which, len(options))


def max_of_backward(dout, cache):
    which, count = cache
    return [np.where(which == option, dout, np.zeros_like(dout)) for option in range(count)]


def standardise(x, eps, mean=None, var=None):
    """Over axis 0, with given statistics or its own."""
    mean = x.mean(axis=0) if mean is None else mean
    var = ((x - mean) ** 2).mean(axis=0) if var is None else var
    std = np.sqrt(var + eps)
    return (x - mean) / std, std, mean, var


def standardise_backward(dhat, hat, std):
    return (dhat - dhat.mean(axis=0) - hat * (dhat * hat).mean(axis=0)) / std


def running_average(old, new, decay):
    return decay * old + (1 - decay) * new


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    if mode not in {"train", "test"}:
        raise ValueError(f"mode {mode!r}")
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    bn_param.setdefault("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    bn_param.setdefault("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if mode == "test":
        hat, std, _, _ = standardise(x, eps, bn_param["running_mean"], bn_param["running_var"])
    else:
        hat, std, mean, var = standardise(x, eps)
        bn_param["running_mean"] = running_average(bn_param["running_mean"], mean, momentum)
        bn_param["running_var"] = running_average(bn_param["running_var"], var, momentum)
    return hat * gamma + beta, (hat, std, gamma)


def batchnorm_backward(dout, cache):
    hat, std, gamma = cache
    return standardise_backward(dout * gamma, hat, std), (dout * hat).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout.copy(), cache)


def layernorm_forward(x, gamma, beta, ln_param):
    ones, zeros = np.ones(len(x), x.dtype), np.zeros(len(x), x.dtype)
    hat, cache = batchnorm_forward(x.T, ones, zeros, {"mode": "train", "eps": ln_param.get("eps", 1e-5)})
    return hat.T * gamma + beta, (hat.T, gamma, cache)


def layernorm_backward(dout, cache):
    hat, gamma, inner = cache
    dx, _, _ = batchnorm_backward((dout * gamma).T, inner)
    _, dgamma, dbeta = batchnorm_backward(dout, (hat, 1, 1))  # these two are the same as there
    return dx.T, dgamma, dbeta


def dropout_forward(x, dropout_param):
    if dropout_param["mode"] not in {"train", "test"}:
        raise ValueError(f"mode {dropout_param['mode']!r}")
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "test":
        return dropout_backward(x, 1), 1
    factors = np.random.geometric(dropout_param["p"], size=x.shape) == 1  # at the first try: with probability p
    factors = factors.astype(x.dtype) / dropout_param["p"]
    return dropout_backward(x, factors), factors


def dropout_backward(dout, cache):
    return dout * cache  # the forward pass does just that


def _windows(shape, HH, WW, s):
    for i in range(0, shape[2] - HH + 1, s):
        for j in range(0, shape[3] - WW + 1, s):
            yield i // s, j // s, (slice(None), slice(None), slice(i, i + HH), slice(j, j + WW))


def _pad(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))) if p else x


def _unpad(x, p):
    return x[:, :, p:-p, p:-p] if p else x


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    HH, WW = w.shape[2:]
    matrix, padded, outs = w.reshape(len(w), -1).T, _pad(x, p), {}
    for i, j, window in _windows(padded.shape, HH, WW, s):
        outs[i, j] = affine_forward(padded[window], matrix, b)
    rows, columns = 1 + max(i for i, _ in outs), 1 + max(j for _, j in outs)
    out = np.array([[outs[i, j][0] for j in range(columns)] for i in range(rows)]).transpose(2, 3, 0, 1)
    return out, ({place: cache for place, (_, cache) in outs.items()}, padded.shape, w.shape, s, p)


def conv_backward_naive(dout, cache):
    caches, shape, w_shape, s, p = cache
    F, _, HH, WW = w_shape
    dpadded = np.zeros(shape, dtype=dout.dtype)
    dmatrix, db = 0, 0
    for i, j, window in _windows(shape, HH, WW, s):
        dx, dw, one_db = affine_backward(dout[:, :, i, j], caches[i, j])
        dpadded[window] += dx
        dmatrix, db = dmatrix + dw, db + one_db
    return _unpad(dpadded, p), dmatrix.T.reshape(w_shape), db


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    rows, columns = 1 + (x.shape[2] - ph) // s, 1 + (x.shape[3] - pw) // s
    views = [_pixel(x, u, v, rows, columns, s) for u in range(ph) for v in range(pw)]
    out, cache = max_of(views)
    return out, (cache, x.shape, pw, s)


def _pixel(x, u, v, rows, columns, s):
    """A view of the pixel (u, v) of all windows."""
    return x[:, :, u : u + s * (rows - 1) + 1 : s, v : v + s * (columns - 1) + 1 : s]


def max_pool_backward_naive(dout, cache):
    inner, shape, pw, s = cache
    dx = np.zeros(shape, dtype=dout.dtype)
    for k, gradient in enumerate(max_of_backward(dout, inner)):
        view = _pixel(dx, k // pw, k % pw, *dout.shape[2:], s)
        view += gradient
    return dx


def _channels_last(x):
    return np.swapaxes(x, 0, 1).reshape(x.shape[1], -1).T


def _channels_second(flat, shape):
    N, C, H, W = shape
    return np.swapaxes(flat.T.reshape(C, N, H, W), 0, 1)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    flat, cache = batchnorm_forward(_channels_last(x), gamma, beta, bn_param)
    return _channels_second(flat, x.shape), cache


def spatial_batchnorm_backward(dout, cache):
    flat, dgamma, dbeta = batchnorm_backward(_channels_last(dout), cache)
    return _channels_second(flat, dout.shape), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    rows = x.reshape(x.shape[0] * G, -1)
    ones, zeros = np.ones(rows.shape[1], x.dtype), np.zeros(rows.shape[1], x.dtype)
    hat, cache = layernorm_forward(rows, ones, zeros, gn_param)
    hat = hat.reshape(x.shape)
    return hat * gamma + beta, (hat, gamma, cache)


def spatial_groupnorm_backward(dout, cache):
    hat, gamma, inner = cache
    dx, _, _ = layernorm_backward((dout * gamma).reshape(inner[0].shape), inner)
    _, dgamma, dbeta = spatial_batchnorm_backward(dout, (_channels_last(hat), 1, 1))
    return dx.reshape(dout.shape), dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape)
