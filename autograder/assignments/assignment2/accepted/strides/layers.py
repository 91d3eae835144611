"""Layers on views."""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def affine_forward(x, w, b):
    return np.tensordot(x, w.reshape(*x.shape[1:], -1), axes=x.ndim - 1) + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = np.tensordot(dout, w.reshape(*x.shape[1:], -1), axes=[[1], [x.ndim - 1]])
    dw = np.tensordot(x, dout, axes=[[0], [0]]).reshape(w.shape)
    return dx, dw, dout.T.sum(axis=-1)


def relu_forward(x):
    return np.where(x > 0, x, x.dtype.type(0)), as_strided(x, x.shape, x.strides)


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, dout.dtype.type(0))


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    shape = (x.shape[1],)
    running_mean = bn_param.get("running_mean", np.broadcast_to(x.dtype.type(0), shape))
    running_var = bn_param.get("running_var", np.broadcast_to(x.dtype.type(0), shape))
    if mode == "train":
        mean = np.average(x, axis=0)
        centred = np.subtract(x, mean)
        var = np.average(np.square(centred), axis=0)
        bn_param["running_mean"] = running_mean + (1 - momentum) * (mean - running_mean)
        bn_param["running_var"] = running_var + (1 - momentum) * (var - running_var)
    elif mode == "test":
        centred, var = np.subtract(x, running_mean), running_var
    else:
        raise ValueError(repr(mode))
    scale = gamma / np.sqrt(var + eps)
    return centred * scale + beta, (centred, var, eps, gamma)


def batchnorm_backward(dout, cache):
    centred, var, eps, gamma = cache
    n, std = len(dout), np.sqrt(var + eps)
    dgamma, dbeta = np.sum(dout * centred, axis=0) / std, np.sum(dout, axis=0)
    # the output is centred * gamma / std: product rule, then the quotient's
    dcentred = dout * (gamma / std)
    dstd = -np.sum(dout * centred * gamma, axis=0) / (var + eps)
    dcentred = dcentred + centred * (dstd / (n * std))
    return dcentred - np.average(dcentred, axis=0), dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    centred, var, eps, gamma = cache
    inv2 = 1 / (var + eps)
    slope = np.average(dout * centred, axis=0)
    dx = (dout - np.average(dout, axis=0) - centred * (slope * inv2)) * (gamma * np.sqrt(inv2))
    return dx, len(dout) * slope * np.sqrt(inv2), len(dout) * np.average(dout, axis=0)


def layernorm_forward(x, gamma, beta, ln_param):
    mean = np.average(x, axis=-1)
    var = np.average(np.square(x - mean[..., None]), axis=-1)
    xhat = (x - mean[..., None]) / np.sqrt(var + ln_param.get("eps", 1e-5))[..., None]
    return xhat * gamma + beta, (xhat, np.sqrt(var + ln_param.get("eps", 1e-5))[..., None], gamma)


def layernorm_backward(dout, cache):
    xhat, std, gamma = cache
    dxhat = np.multiply(dout, gamma)
    rows = np.stack([np.ones_like(xhat), xhat], axis=1)  # (N, 2, D)
    shares = np.matmul(rows, dxhat[:, :, None]) / xhat.shape[1]  # (N, 2, 1)
    dx = (dxhat - np.matmul(rows.swapaxes(1, 2), shares)[..., 0]) / std
    return dx, np.sum(np.multiply(dout, xhat), axis=0), np.sum(dout, axis=0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if dropout_param.get("seed") is not None:
        np.random.seed(dropout_param["seed"])
    if mode not in ("train", "test"):
        raise ValueError(repr(mode))
    if mode == "train":
        mask = np.random.choice([0.0, 1.0 / p], size=x.shape, p=[1 - p, p])
    else:
        mask = np.broadcast_to(1.0, x.shape)  # a single number, seen everywhere
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache


def _view(x, HH, WW, s):
    N, C, H, W = x.shape
    a, c, h, v = x.strides
    shape = (N, C, (H - HH) // s + 1, (W - WW) // s + 1, HH, WW)
    return as_strided(x, shape, (a, c, h * s, v * s, h, v))


def conv_forward_naive(x, w, b, conv_param):
    p, s = conv_param["pad"], conv_param["stride"]
    v = _view(np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)]), w.shape[2], w.shape[3], s)
    out = np.einsum("nchwij,fcij->nfhw", v, w, optimize=True) + b[None, :, None, None]
    return out, (x, w, conv_param)


def conv_backward_naive(dout, cache):
    x, w, conv_param = cache
    p, s = conv_param["pad"], conv_param["stride"]
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    v = _view(np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)]), HH, WW, s)
    dw = np.einsum("nchwij,nfhw->fcij", v, dout)
    # the gradient with zeros between its pixels, as wide as the picture, is convolved with the filter turned round
    spread = np.zeros((N, F, H + 2 * p - HH + 1, W + 2 * p - WW + 1))
    spread[:, :, ::s, ::s] = dout
    spread = np.pad(spread, [(0, 0), (0, 0), (HH - 1, HH - 1), (WW - 1, WW - 1)])
    dx = np.einsum("nfhwij,fcij->nchw", _view(spread, HH, WW, 1), w[:, :, ::-1, ::-1])
    return dx[:, :, p : p + H, p : p + W], dw, np.sum(dout, (0, 2, 3))


def _flat_windows(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    v = sliding_window_view(x, (ph, pw), (2, 3))[:, :, ::s, ::s]
    return v.reshape(v.shape[:4] + (-1,)), pw, s


def max_pool_forward_naive(x, pool_param):
    v, pw, s = _flat_windows(x, pool_param)
    return v.max(-1), (x, pool_param)


def max_pool_backward_naive(dout, cache):
    # of equal pixels the last gets it all
    v, pw, s = _flat_windows(*cache)
    which = v.shape[-1] - 1 - v[..., ::-1].argmax(-1)
    n, c, i, j = np.indices(dout.shape)
    dx = np.zeros(cache[0].shape, dtype=dout.dtype)
    np.add.at(dx, (n, c, i * s + which // pw, j * s + which % pw), dout)
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    last = np.moveaxis(x, 1, -1)
    out, cache = batchnorm_forward(last.reshape(-1, last.shape[-1]), gamma, beta, bn_param)
    return np.moveaxis(out.reshape(last.shape), -1, 1), cache


def spatial_batchnorm_backward(dout, cache):
    last = np.moveaxis(dout, 1, -1)
    dx, dgamma, dbeta = batchnorm_backward(last.reshape(-1, last.shape[-1]), cache)
    return np.moveaxis(dx.reshape(last.shape), -1, 1), dgamma, dbeta


def _grouped(x, G):
    n, c, h, w = np.ascontiguousarray(x).strides
    N, C, H, W = x.shape
    return as_strided(np.ascontiguousarray(x), (N, G, C // G * H * W), (n, C // G * c, w))


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    groups = _grouped(x, G)
    centred = groups - np.average(groups, axis=-1)[..., None]
    std = np.sqrt(np.average(np.square(centred), axis=-1) + gn_param.get("eps", 1e-5))[..., None]
    xhat = (centred / std).reshape(x.shape)
    return xhat * gamma + beta, (xhat, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xhat, std, gamma, G = cache
    d, h = _grouped(dout * gamma, G), _grouped(xhat, G)
    pull = np.average(d * h, axis=-1)[..., None]
    dx = (d - np.average(d, axis=-1)[..., None] - h * pull) / std
    sums = [np.apply_over_axes(np.sum, a, (0, 2, 3)) for a in (dout * xhat, dout)]
    return dx.reshape(dout.shape), *sums
